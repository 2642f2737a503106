"""What anybody may ask about our certificates."""

import base64
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from csms.errors import NotFound
from csms.services import authorities, certificates, revocation
from csms.services.revocation import Publisher
from csms.store.connection import Store
from tests.pki import house
from tests.services.pki_office import OPERATOR, Office, open_office
from tests.wire.appliance import SetClock


@pytest.fixture
async def office(store: Store) -> Office:
    opened = await open_office(store, SetClock(house.NOW))
    await opened.init(organization="Voltaire")
    return opened


@pytest.fixture
def publisher(office: Office) -> Publisher:
    return Publisher(office.unit)


async def issued(office: Office) -> tuple[x509.Certificate, x509.Certificate]:
    """Return a station's certificate and its issuer."""
    chain = await certificates.sign_for_station(office.unit, office.stations["CP1"], house.request())
    leaf, issuer = x509.load_pem_x509_certificates(chain)
    return leaf, issuer


def question(leaf: x509.Certificate, issuer: x509.Certificate) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA256())
    return builder.build().public_bytes(serialization.Encoding.DER)


async def said(publisher: Publisher, der: bytes) -> ocsp.OCSPResponse:
    answered = await publisher.ocsp(der)
    assert answered.media_type == "application/ocsp-response"
    return ocsp.load_der_ocsp_response(answered.content)


async def test_good_then_revoked_at_once_though_the_answer_was_kept(
    office: Office, publisher: Publisher
) -> None:
    leaf, issuer = await issued(office)
    der = question(leaf, issuer)
    first = await said(publisher, der)
    assert first.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert (await publisher.ocsp(der)).content == (await publisher.ocsp(der)).content
    await office.do(certificates.revoke, OPERATOR, certificate=f"{leaf.serial_number:x}")
    second = await said(publisher, der)
    assert second.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert second.revocation_time_utc == house.NOW


async def test_an_answer_is_not_kept_for_long(office: Office, publisher: Publisher) -> None:
    leaf, issuer = await issued(office)
    await publisher.ocsp(question(leaf, issuer))
    office.clock.forward(minutes=6)
    later = await said(publisher, question(leaf, issuer))
    assert later.this_update_utc == office.clock.now()


async def test_servers_and_authorities_are_answered_for_too(office: Office, publisher: Publisher) -> None:
    held = {a["role"]: a for a in (await office.status())["authorities"]}
    pem = (await office.see(authorities.export, OPERATOR, chain=True))["pem"].encode()
    root, server_ca, station_ca = x509.load_pem_x509_certificates(pem)
    for certificate, issuer in (
        (server_ca, root),
        (station_ca, root),
        ((await office.shown())[0], server_ca),
    ):
        answer = await said(publisher, question(certificate, issuer))
        assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert held["ROOT"]["hasKey"]
    await office.do(authorities.remove_key, OPERATOR)
    office.clock.forward(minutes=6)
    away = await said(publisher, question(server_ca, root))
    assert away.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


async def test_what_we_never_issued_is_unknown_and_others_are_no_business_of_ours(
    office: Office, publisher: Publisher
) -> None:
    _, issuer = await issued(office)
    other = house.trust(organization="Other")
    stranger = x509.load_pem_x509_certificate(house.authority.sign_station(
        other.stations, house.request(), house.span(99), house.Links()))  # fmt: skip
    built = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        *_hashes(issuer), serial_number=12345, algorithm=hashes.SHA256()
    )
    unknown = await said(publisher, built.build().public_bytes(serialization.Encoding.DER))
    assert unknown.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    foreign = await said(publisher, question(stranger, other.stations.certificate))
    assert foreign.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


def _hashes(issuer: x509.Certificate) -> tuple[bytes, bytes]:
    from csms.pki.revocation import issuer_hashes

    return issuer_hashes(issuer, hashes.SHA256())


async def test_a_question_in_the_address(office: Office, publisher: Publisher) -> None:
    leaf, issuer = await issued(office)
    text = base64.b64encode(question(leaf, issuer)).decode()
    for written in (text, quote(text, safe="")):
        answer = ocsp.load_der_ocsp_response((await publisher.ocsp_in_path(written)).content)
        assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    for junk in ("%%%", "", "é", "AAAA"):
        answer = ocsp.load_der_ocsp_response((await publisher.ocsp_in_path(junk)).content)
        assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


async def test_lists_and_authorities_by_their_names(office: Office, publisher: Publisher) -> None:
    for one in (await office.status())["authorities"]:
        crl = await publisher.document(f"{one['id']}.crl")
        assert x509.load_der_x509_crl(crl.content).issuer.rfc4514_string() == one["subject"]
        assert crl.media_type == "application/pkix-crl"
        certificate = await publisher.document(f"{one['id']}.crt")
        assert x509.load_der_x509_certificate(certificate.content).subject.rfc4514_string() == one["subject"]
    root = x509.load_pem_x509_certificate((await publisher.document("root.pem")).content)
    assert root.subject.rfc4514_string() == "CN=Voltaire Root G1 EC,O=Voltaire"


@pytest.mark.parametrize("name", ["", "x.crl", "x.crt", "root", "csms.key", "../csms.db", "a.pem"])
async def test_there_is_nothing_else(publisher: Publisher, name: str) -> None:
    with pytest.raises(NotFound):
        await publisher.document(name)


async def test_what_is_kept_is_bounded(office: Office, publisher: Publisher, monkeypatch) -> None:
    monkeypatch.setattr(revocation, "MOST_KEPT", 2)
    for name in ("CP1", "CP2", "CP3"):
        chain = await certificates.sign_for_station(office.unit, office.stations[name], house.request())
        leaf, issuer = x509.load_pem_x509_certificates(chain)
        await publisher.ocsp(question(leaf, issuer))
    assert len(publisher._kept) == 2


async def test_strangers_may_not_have_any_number_signed(office: Office, monkeypatch) -> None:
    monkeypatch.setattr(revocation, "SIGNED_A_MINUTE", 3)
    publisher = Publisher(office.unit)
    leaf, issuer = await issued(office)
    kept = question(leaf, issuer)
    await publisher.ocsp(kept)
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA256())
    fresh = builder.add_extension(x509.OCSPNonce(b"n" * 16), critical=False).build()
    der = fresh.public_bytes(serialization.Encoding.DER)
    answers = [(await said(publisher, der)).response_status.name for _ in range(3)]
    assert answers == ["SUCCESSFUL", "SUCCESSFUL", "TRY_LATER"]
    assert (await said(publisher, kept)).certificate_status is ocsp.OCSPCertStatus.GOOD

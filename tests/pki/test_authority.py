"""Authorities and what they sign, as OpenSSL sees it."""

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.pki import authority, keys
from csms.pki.authority import UnusableRequestError
from csms.pki.keys import Algorithm
from csms.pki.links import Links
from tests.pki import house
from tests.pki.openssl import OpenSSL

TRUST = {
    "EC": house.trust(),
    "RSA-PSS": house.trust(Algorithm.RSA),
    "RSA-PKCS1": house.trust(Algorithm.RSA, pss=False),
}


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSSL:
    return OpenSSL(tmp_path)


@pytest.mark.parametrize("leaf_keys", list(Algorithm))
@pytest.mark.parametrize("kind", list(TRUST))
class TestWhatOpensslSays:
    def test_a_server(self, openssl: OpenSSL, kind: str, leaf_keys: Algorithm) -> None:
        trust = TRUST[kind]
        key = keys.public_of(keys.make(leaf_keys))
        hosts = ["csms.example", "*.csms.example", "192.0.2.7", "2001:db8::7"]
        leaf = authority.issue_server(trust.servers, key, hosts, house.span(9, 90), Links())
        assert openssl.verify(trust.root.pem, leaf, trust.servers.pem) == "OK"
        text = openssl.text(leaf)
        assert "O = Voltaire, CN = csms.example" in text
        names = "DNS:csms.example, DNS:*.csms.example, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7"
        assert names in text
        usage = "Digital Signature, Key Encipherment" if leaf_keys is Algorithm.RSA else "Digital Signature\n"
        assert usage in text
        assert "CA:FALSE" in text
        assert "Extended Key Usage" not in text

    def test_a_station(self, openssl: OpenSSL, kind: str, leaf_keys: Algorithm) -> None:
        trust = TRUST[kind]
        csr = house.request("SN-1", keys.make(leaf_keys), O="Voltaire")
        leaf = authority.sign_station(trust.stations, csr, house.span(0xABC), Links())
        assert openssl.verify(trust.root.pem, leaf, trust.stations.pem) == "OK"
        assert openssl.verify(trust.root.pem, leaf, trust.servers.pem) != "OK"
        assert "O = Voltaire, CN = SN-1" in openssl.text(leaf)

    def test_a_leaf_cannot_sign(self, openssl: OpenSSL, kind: str, leaf_keys: Algorithm) -> None:
        trust = TRUST[kind]
        key = keys.make(leaf_keys)
        leaf = authority.certify(trust.stations, "SN-1", keys.public_of(key), house.span(5), Links())
        false = authority.Authority(authority.load_certificate(leaf), key)
        forged = authority.certify(false, "SN-2", keys.public_of(key), house.span(6), Links())
        assert "invalid CA certificate" in openssl.verify(trust.root.pem, forged, leaf, trust.stations.pem)


def test_the_signature_is_of_the_kind_that_was_chosen() -> None:
    assert authority.uses_pss(TRUST["RSA-PSS"].stations.certificate)
    assert not authority.uses_pss(TRUST["RSA-PKCS1"].stations.certificate)
    leaf = authority.sign_station(TRUST["RSA-PSS"].stations, house.request(), house.span(5), Links())
    scheme = authority.load_certificate(leaf).signature_algorithm_parameters
    assert isinstance(scheme, padding.PSS)


def test_an_authority_for_leaves_makes_no_other(openssl: OpenSSL) -> None:
    trust = TRUST["EC"]
    below = authority.make_sub_authority(
        trust.stations, "Deeper", keys.make(Algorithm.EC, authority=True), house.span(7), Links()
    )
    leaf = authority.sign_station(below, house.request(), house.span(8), Links())
    assert "path length constraint" in openssl.verify(trust.root.pem, leaf, below.pem, trust.stations.pem)


def test_a_new_root_is_believed_by_whoever_knows_only_the_old_one(openssl: OpenSSL) -> None:
    old, new = TRUST["EC"], house.trust(organization="Voltaire Two")
    cross = authority.cross_sign(old.root, new.root.certificate, house.span(11, 900))
    leaf = authority.sign_station(new.stations, house.request(), house.span(12), Links())
    assert openssl.verify(new.root.pem, leaf, new.stations.pem) == "OK"
    assert openssl.verify(old.root.pem, leaf, new.stations.pem, cross) == "OK"
    assert openssl.verify(old.root.pem, leaf, new.stations.pem) != "OK"


def test_nothing_outlives_its_issuer() -> None:
    trust = TRUST["EC"]
    leaf = authority.sign_station(trust.stations, house.request(), house.span(5, 36_500), Links())
    assert (
        authority.load_certificate(leaf).not_valid_after_utc == trust.stations.certificate.not_valid_after_utc
    )


def test_a_certificate_is_valid_for_a_station_whose_clock_lags() -> None:
    leaf = authority.load_certificate(
        authority.sign_station(TRUST["EC"].stations, house.request(), house.span(5), Links())
    )
    assert leaf.not_valid_before_utc <= house.NOW - timedelta(minutes=59)


def test_pointers_stand_where_they_are_wanted(openssl: OpenSSL) -> None:
    links = Links("http://a/ocsp", "http://a/1.crl", "http://a/1.crt")
    text = openssl.text(authority.sign_station(TRUST["EC"].stations, house.request(), house.span(5), links))
    for line in ("OCSP - URI:http://a/ocsp", "CA Issuers - URI:http://a/1.crt", "URI:http://a/1.crl"):
        assert line in text
    bare = openssl.text(authority.sign_station(TRUST["EC"].stations, house.request(), house.span(5), Links()))
    assert "URI:" not in bare


def test_a_request_gets_its_name_and_nothing_else_it_wishes_for() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "SN-1"),
            x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "Root of all"),
            x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "ca@csms.example"),
        ]
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName("csms.example")]), critical=False
    )
    csr = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    leaf = authority.load_certificate(
        authority.sign_station(TRUST["EC"].stations, csr, house.span(5), Links())
    )
    assert leaf.subject.rfc4514_string() == "CN=SN-1,O=Voltaire"
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def _with_a_foreign_signature() -> bytes:
    """Return a request that names one key and is signed by another."""
    mine, theirs = house.request("SN-1"), house.request("SN-1")
    one, other = x509.load_pem_x509_csr(mine), x509.load_pem_x509_csr(theirs)
    der = one.public_bytes(serialization.Encoding.DER)
    at = der.index(one.tbs_certrequest_bytes)
    forged = der[:at] + other.tbs_certrequest_bytes + der[at + len(one.tbs_certrequest_bytes) :]
    return ssl_pem(forged)


def ssl_pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE REQUEST-----\n" + body + b"-----END CERTIFICATE REQUEST-----\n"


@pytest.mark.parametrize(
    ("csr", "reason"),
    [
        (b"", "cannot be read"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "cannot be read"),
        (house.request(None), "names no CN"),
        (house.request("SN-1", rsa.generate_private_key(65537, 1024)), "1024 bits is too short"),
        (house.request("SN-1", ec.generate_private_key(ec.SECP192R1())), "192 bits is too short"),
        (_with_a_foreign_signature(), "not signed with its own key"),
    ],
)
def test_what_cannot_be_signed_is_refused(csr: bytes, reason: str) -> None:
    with pytest.raises(UnusableRequestError, match=reason):
        authority.sign_station(TRUST["EC"].stations, csr, house.span(5), Links())


def test_other_kinds_of_keys_are_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "SN-1")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, None)
    with pytest.raises(UnusableRequestError, match="only RSA and elliptic curve"):
        authority.read_request(csr.public_bytes(serialization.Encoding.PEM))


@given(junk=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_junk_is_refused_and_never_crashes(junk: bytes) -> None:
    for content in (junk, ssl_pem(junk)):
        with pytest.raises(UnusableRequestError):
            authority.read_request(content)


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_a_request_with_one_byte_changed_is_never_signed_for_another_name(at: int, flip: int) -> None:
    der = bytearray(x509.load_pem_x509_csr(CSR).public_bytes(serialization.Encoding.DER))
    der[at % len(der)] ^= flip
    try:
        leaf = authority.sign_station(TRUST["EC"].stations, ssl_pem(bytes(der)), house.span(5), Links())
    except UnusableRequestError:
        return
    assert authority.load_certificate(leaf).subject.rfc4514_string() == "CN=SN-1,O=Voltaire"


CSR = house.request("SN-1", O="Voltaire")


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1)


@given(common=NAMES.filter(lambda text: len(text.encode()) <= authority.LONGEST_NAME))
@settings(max_examples=100, deadline=None)
def test_whatever_a_station_is_called_its_certificate_says_so(common: str) -> None:
    leaf = authority.sign_station(TRUST["EC"].stations, house.request(common), house.span(5), Links())
    assert authority.subject_of(authority.load_certificate(leaf))["CN"] == common


@given(name=NAMES)
@settings(max_examples=50, deadline=None)
def test_an_operators_long_name_is_cut_between_characters(name: str) -> None:
    root = authority.make_root(name, name, KEY, house.span(1), pss=False)
    assert name.startswith(root.organization)
    assert len(root.organization.encode()) <= authority.LONGEST_NAME


KEY = keys.make(Algorithm.EC)


def test_a_chain_is_checked_link_by_link() -> None:
    trust, other = TRUST["EC"], house.trust()
    leaf = authority.load_certificate(
        authority.sign_station(trust.stations, house.request(), house.span(5), Links())
    )
    assert authority.check_chain([leaf, trust.stations.certificate, trust.root.certificate]) is None
    wrong = authority.check_chain([leaf, other.stations.certificate])
    assert wrong is not None
    assert "has not signed CN=SN-1" in wrong

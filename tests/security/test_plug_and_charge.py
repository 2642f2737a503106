"""Plug & Charge: contracts judged with real OCSP over HTTP, vehicles' certificates from a provider (C07, M01–M06)."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from cryptography.x509 import ocsp

from csms.pki import hash_data
from csms.services.pnc_policy import PncPolicy
from tests.pki import papers
from tests.pki.papers import Paper
from tests.security.charger import Charger, connected
from tests.security.outside import Outside, provider
from tests.wire.appliance import Appliance

EMAID = "DE8AA1A2B3C4D59"


class Mobility:
    """A mobility operator: root, authority below it, a contract, and a responder that says what it is told."""

    def __init__(self, outside: Outside) -> None:
        url = outside.url("/ocsp")
        self.root = papers.certify("MO Root", ca=True)
        self.authority = papers.certify("MO Sub", self.root, ca=True, ocsp_url=url)
        self.contract = papers.certify(EMAID, self.authority, ocsp_url=url)
        self.status = {self.contract: ocsp.OCSPCertStatus.GOOD, self.authority: ocsp.OCSPCertStatus.GOOD}
        self.url = url

    def answer(self, body: bytes, _headers: dict[str, str]) -> tuple[int, bytes]:
        asked = ocsp.load_der_ocsp_request(body).serial_number
        paper = next(each for each in self.status if each.certificate.serial_number == asked)
        return 200, papers.ocsp_answer(paper, paper.above[0], status=self.status[paper])

    def hashes(self, *about: Paper) -> list[dict[str, str]]:
        """Return the hash data of certificates as a station sends it."""
        return [
            hash_data.of(each.certificate, each.above[0].certificate).to_wire() | {"responderURL": self.url}
            for each in about
        ]


@pytest.fixture
async def outside(nursery: trio.Nursery) -> Outside:
    made = Outside()
    await nursery.start(made.run)
    return made


@pytest.fixture
async def mobility(csms: Appliance, outside: Outside) -> Mobility:
    """A mobility operator whose root the tenant trusts, and whose responder is asked although it is local."""
    made = Mobility(outside)
    outside.handler = made.answer
    csms.unit.policy = replace(csms.unit.policy, pnc=PncPolicy(ocsp_private=True, ocsp_timeout_s=2.0))
    for paper in (made.root, made.authority):
        await csms.verb("trust.add", store_name="mo", pem=paper.pem)
    await csms.verb("token.add", uid=EMAID, type="eMAID")
    return made


@pytest.fixture
async def charger(csms: Appliance) -> Charger:
    return await connected(csms, "2.0.1")


async def authorize(charger: Charger, **contract: Any) -> tuple[str, str | None]:
    answer = await charger.call("Authorize", {"idToken": {"idToken": EMAID, "type": "eMAID"}} | contract)
    return answer["idTokenInfo"]["status"], answer.get("certificateStatus")


async def test_a_good_contract_charges_by_its_chain_or_its_hashes(
    mobility: Mobility, charger: Charger, outside: Outside
) -> None:
    assert await authorize(charger, certificate=mobility.contract.chain) == ("Accepted", "Accepted")
    assert len(outside.asked) == 2
    hashes = mobility.hashes(mobility.contract, mobility.authority)
    assert await authorize(charger, iso15118CertificateHashData=hashes) == ("Accepted", "Accepted")
    assert len(outside.asked) == 2, "what the responder said still holds"


async def test_what_a_responder_said_survives_a_restart_and_ends_in_time(
    csms: Appliance, mobility: Mobility, charger: Charger, outside: Outside
) -> None:
    hashes = mobility.hashes(mobility.contract)
    await authorize(charger, iso15118CertificateHashData=hashes)
    heir = await csms.restarted()
    heir.unit.policy = csms.unit.policy
    again = await connected(heir, "2.0.1")
    assert await authorize(again, iso15118CertificateHashData=hashes) == ("Accepted", "Accepted")
    assert len(outside.asked) == 1
    heir.clock.forward(hours=25)
    assert await authorize(again, iso15118CertificateHashData=hashes) == ("Invalid", "CertChainError")
    assert len(outside.asked) == 2, "its answer has become stale, and the new one is as old"


async def test_a_revoked_contract_charges_nobody(mobility: Mobility, charger: Charger) -> None:
    mobility.status[mobility.contract] = ocsp.OCSPCertStatus.REVOKED
    assert await authorize(charger, certificate=mobility.contract.chain) == ("Invalid", "CertificateRevoked")
    hashes = mobility.hashes(mobility.authority, mobility.contract)
    assert await authorize(charger, iso15118CertificateHashData=hashes) == ("Invalid", "CertificateRevoked")


async def test_a_revoked_authority_spoils_its_contracts(mobility: Mobility, charger: Charger) -> None:
    mobility.status[mobility.authority] = ocsp.OCSPCertStatus.REVOKED
    assert await authorize(charger, certificate=mobility.contract.chain) == ("Invalid", "CertificateRevoked")


async def test_an_expired_contract_is_expired(
    csms: Appliance, mobility: Mobility, charger: Charger, outside: Outside
) -> None:
    csms.clock.forward(days=366)
    assert await authorize(charger, certificate=mobility.contract.chain) == ("Expired", "CertificateExpired")
    assert outside.asked == []


@pytest.mark.parametrize("chain", ["nothing", "alone", "stranger"])
async def test_a_broken_chain_is_a_chain_error(mobility: Mobility, charger: Charger, chain: str) -> None:
    said = {
        "nothing": "nothing",
        "alone": papers.certify(EMAID, papers.certify("MO Sub", ca=True)).pem,
        "stranger": papers.certify(EMAID).pem,
    }
    assert await authorize(charger, certificate=said[chain]) == ("Invalid", "CertChainError")


async def test_a_certificate_for_another_contract_is_a_chain_error(
    mobility: Mobility, charger: Charger
) -> None:
    other = papers.certify("DE8AA999999999X", mobility.authority)
    assert await authorize(charger, certificate=other.chain) == ("Invalid", "CertChainError")


async def test_a_cancelled_contract_keeps_its_own_verdict(
    csms: Appliance, mobility: Mobility, charger: Charger
) -> None:
    await csms.verb("token.blocked", uid=EMAID, blocked=True)
    assert await authorize(charger, certificate=mobility.contract.chain) == ("Blocked", "ContractCancelled")
    await csms.verb("token.remove", uid=EMAID)
    assert await authorize(charger, certificate=mobility.contract.chain) == ("Invalid", "ContractCancelled")


@pytest.mark.parametrize("failure", ["silent", "refusing", "lying", "unknown"])
async def test_without_a_responders_word_nobody_charges(
    csms: Appliance, mobility: Mobility, charger: Charger, outside: Outside, failure: str
) -> None:
    csms.unit.policy = replace(csms.unit.policy, pnc=PncPolicy(ocsp_private=True, ocsp_timeout_s=0.05))
    stranger = papers.certify("MO Sub", ca=True)
    handlers: dict[str, Any] = {
        "silent": None,
        "refusing": lambda _body, _headers: (500, b""),
        "lying": lambda _body, _headers: (
            200,
            papers.ocsp_answer(mobility.contract, mobility.authority, signer=stranger),
        ),
        "unknown": mobility.answer,
    }
    outside.handler = handlers[failure]
    mobility.status[mobility.contract] = ocsp.OCSPCertStatus.UNKNOWN
    hashes = mobility.hashes(mobility.contract)
    assert await authorize(charger, iso15118CertificateHashData=hashes) == ("Invalid", "CertChainError")


async def test_hashes_of_an_unknown_issuer_prove_nothing(
    csms: Appliance, mobility: Mobility, charger: Charger
) -> None:
    for anchor in await csms.verb("trust.list"):
        await csms.verb("trust.remove", anchor=anchor["fingerprint"])
    hashes = mobility.hashes(mobility.contract)
    assert await authorize(charger, iso15118CertificateHashData=hashes) == ("Invalid", "CertChainError")


async def test_an_id_token_without_certificate_is_judged_as_ever(
    mobility: Mobility, charger: Charger
) -> None:
    assert await authorize(charger) == ("Accepted", None)


async def test_a_private_responder_is_not_asked(
    csms: Appliance, mobility: Mobility, charger: Charger, outside: Outside
) -> None:
    """X201-15."""
    csms.unit.policy = replace(csms.unit.policy, pnc=PncPolicy())
    hashes = mobility.hashes(mobility.contract)
    assert await authorize(charger, iso15118CertificateHashData=hashes) == ("Invalid", "CertChainError")
    answer = await charger.call("GetCertificateStatus", {"ocspRequestData": hashes[0]})
    assert answer["status"] == "Failed"
    assert "not public" in answer["statusInfo"]["additionalInfo"]
    assert outside.asked == []


@pytest.mark.parametrize("status", [ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED])
async def test_a_certificates_status_is_the_responders_own_word(
    mobility: Mobility, charger: Charger, status: ocsp.OCSPCertStatus
) -> None:
    """TC_M_24."""
    mobility.status[mobility.contract] = status
    [asked] = mobility.hashes(mobility.contract)
    answer = await charger.call("GetCertificateStatus", {"ocspRequestData": asked})
    assert answer["status"] == "Accepted"
    said = ocsp.load_der_ocsp_response(base64.b64decode(answer["ocspResult"]))
    assert said.certificate_status is status


async def test_hash_data_that_is_none_has_no_status(mobility: Mobility, charger: Charger) -> None:
    [asked] = mobility.hashes(mobility.contract)
    answer = await charger.call("GetCertificateStatus", {"ocspRequestData": asked | {"serialNumber": "zz"}})
    assert answer["status"] == "Failed"


def exi(action: str = "Install") -> dict[str, str]:
    return {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": action, "exiRequest": "gJgC"}


@pytest.mark.parametrize("action", ["Install", "Update"])
async def test_a_vehicle_gets_its_providers_answer(
    csms: Appliance, charger: Charger, outside: Outside, tmp_path: Path, action: str
) -> None:
    """TC_M_26, TC_M_28."""
    token = tmp_path / "token"
    token.write_text("open-sesame\n")
    outside.handler = provider
    pnc = PncPolicy(provider_url=outside.url("/contracts"), provider_token_file=token)
    csms.unit.policy = replace(csms.unit.policy, pnc=pnc)
    answer = await charger.call("Get15118EVCertificate", exi(action))
    assert answer == {"status": "Accepted", "exiResponse": "EXI for CP1 gJgC"}
    assert outside.asked[0][0]["authorization"] == "Bearer open-sesame"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((500, b""), "answered 500"),
        ((200, b"nonsense"), "cannot be read"),
        ((200, b"[]"), "cannot be read"),
        ((200, b'{"status": "Failed"}'), "says Failed"),
        ((200, b'{"status": "Accepted", "exiResponse": "%s"}' % (b"x" * 7501)), "7501 characters"),
        ((200, b"x" * 70_000), "longer than"),
        (None, "no answer within"),
    ],
    ids=["error", "no-json", "no-object", "failed", "too-long", "endless", "silent"],
)
async def test_a_provider_that_fails_is_a_failure_in_time(
    csms: Appliance, charger: Charger, outside: Outside, answer: Any, why: str
) -> None:
    outside.handler = None if answer is None else lambda _body, _headers: answer
    pnc = PncPolicy(provider_url=outside.url(), provider_timeout_s=0.2 if answer is None else 2.0)
    csms.unit.policy = replace(csms.unit.policy, pnc=pnc)
    with trio.fail_after(5):
        said = await charger.call("Get15118EVCertificate", exi())
    assert said["status"] == "Failed"
    assert why in said["statusInfo"]["additionalInfo"]


async def test_without_a_provider_there_is_no_contract(charger: Charger) -> None:
    said = await charger.call("Get15118EVCertificate", exi())
    assert (said["status"], said["exiResponse"]) == ("Failed", "")
    assert "pnc.provider_url" in said["statusInfo"]["additionalInfo"]


async def test_what_vehicles_say_is_kept_without_the_exi(csms: Appliance, charger: Charger) -> None:
    await charger.call("Get15118EVCertificate", exi())
    [row] = await csms.rows("SELECT body FROM station_events WHERE kind = 'certificate.requested'")
    assert "gJgC" not in row["body"]

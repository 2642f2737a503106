"""Block M: what stations ask for vehicles: the status of a certificate, a contract (OCPP 2.0.1 M01, M02, M06; TC_M)."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from cryptography.x509 import ocsp

from csms.pki import hash_data
from csms.services.pnc_policy import PncPolicy
from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.pki import papers
from tests.security.outside import Outside
from tests.wire.station import Payload


@pytest.fixture
async def outside(nursery: trio.Nursery) -> Outside:
    """A server of somebody else on loopback."""
    made = Outside()
    await nursery.start(made.run)
    return made


class Responder:
    """A V2G hierarchy whose responder answers for the authority below the root, and nobody else."""

    def __init__(self, outside: Outside) -> None:
        self.root = papers.certify("V2G Root", ca=True)
        self.authority = papers.certify("V2G Sub", self.root, ca=True, ocsp_url=outside.url("/ocsp"))
        self.question: Payload = hash_data.of(self.authority.certificate, self.root.certificate).to_wire()
        self.question["responderURL"] = outside.url("/ocsp")
        outside.handler = self.answer

    def answer(self, _body: bytes, _headers: dict[str, str]) -> tuple[int, bytes]:
        return 200, papers.ocsp_answer(self.authority, self.root, status=ocsp.OCSPCertStatus.GOOD)


def _policy(site: Site, policy: PncPolicy) -> None:
    site.csms.unit.policy = replace(site.csms.unit.policy, pnc=policy)


@case("TC_M_24_CSMS")
async def test_tc_m_24_the_status_of_a_certificate(site: Site, outside: Outside) -> None:
    responder = Responder(outside)
    _policy(site, PncPolicy(ocsp_private=True))
    await site.verb("trust.add", store_name="v2g", pem=responder.root.pem)
    station = await site.station201()
    answer = await station.call("GetCertificateStatus", {"ocspRequestData": responder.question})
    assert answer["status"] == "Accepted"
    told = ocsp.load_der_ocsp_response(base64.b64decode(answer["ocspResult"], validate=True))
    assert told.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert told.serial_number == responder.authority.certificate.serial_number


@case("X201-15")
async def test_x201_15_a_responder_behind_our_walls_is_not_asked(site: Site, outside: Outside) -> None:
    responder = Responder(outside)
    station = await site.station201()
    for url in (outside.url("/ocsp"), "http://169.254.169.254/", "http://[::1]/", "http://10.0.0.1/"):
        asked = responder.question | {"responderURL": url}
        answer = await station.call("GetCertificateStatus", {"ocspRequestData": asked})
        assert answer["status"] == "Failed"
        assert "ocspResult" not in answer
    assert outside.asked == []


@pytest.mark.parametrize("action", [row("TC_M_26_CSMS", "Install"), row("TC_M_28_CSMS", "Update")])
async def test_a_vehicle_gets_its_contract(site: Site, outside: Outside, tmp_path: Path, action: str) -> None:
    """What the vehicle asks goes to the provider of contracts as it is, and so does the answer back."""

    def provider(body: bytes, _headers: dict[str, str]) -> tuple[int, bytes]:
        asked = json.loads(body)
        assert (asked["action"], asked["exiRequest"]) == (action, "gJgCEXI=")
        return 200, json.dumps({"status": "Accepted", "exiResponse": "gJgDEXI="}).encode()

    outside.handler = provider
    token = tmp_path / "token"
    token.write_text("open-sesame")
    _policy(site, PncPolicy(provider_url=outside.url("/contracts"), provider_token_file=token))
    station = await site.station201()
    said = {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": action,
        "exiRequest": "gJgCEXI=",
    }
    answer = await station.call("Get15118EVCertificate", said)
    assert (answer["status"], answer["exiResponse"]) == ("Accepted", "gJgDEXI=")
    assert len(outside.asked) == 1

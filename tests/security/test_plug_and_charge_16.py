"""Plug & Charge over OCPP 1.6: the messages of 2.0.1 in DataTransfer, both ways."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
import trio
import trio.testing
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from csms.services.pnc_policy import PncPolicy
from csms.store import stations
from tests.pki import papers
from tests.security.charger import Charger, connected
from tests.security.outside import Outside, provider
from tests.security.test_plug_and_charge import EMAID, Mobility, exi, mobility, outside
from tests.wire.appliance import Appliance

__all__ = ["mobility", "outside"]

VENDOR = "org.openchargealliance.iso15118pnc"


@pytest.fixture
async def charger(csms: Appliance) -> Charger:
    return await connected(csms)


async def transfer(charger: Charger, message: str, data: Any) -> tuple[str, Any]:
    """Send a message in DataTransfer; return the status and what is inside the answer."""
    text = data if isinstance(data, str) else json.dumps(data)
    answer = await charger.call("DataTransfer", {"vendorId": VENDOR, "messageId": message, "data": text})
    return answer["status"], json.loads(answer["data"]) if "data" in answer else None


@pytest.mark.parametrize("token", [EMAID, {"idToken": EMAID, "type": "eMAID"}], ids=["text", "object"])
async def test_a_contract_charges(mobility: Mobility, charger: Charger, token: Any) -> None:
    for proof in (
        {"certificate": mobility.contract.chain},
        {"iso15118CertificateHashData": mobility.hashes(mobility.contract)},
    ):
        status, said = await transfer(charger, "Authorize", {"idToken": token} | proof)
        assert status == "Accepted"
        assert said["idTokenInfo"]["status"] == "Accepted"
        assert said["certificateStatus"] == "Accepted"


async def test_a_contract_that_was_revoked_does_not(mobility: Mobility, charger: Charger) -> None:
    mobility.status[mobility.contract] = ocsp.OCSPCertStatus.REVOKED
    asked = {"idToken": EMAID, "certificate": mobility.contract.chain}
    _, said = await transfer(charger, "Authorize", asked)
    assert (said["idTokenInfo"]["status"], said["certificateStatus"]) == ("Invalid", "CertificateRevoked")


async def test_a_certificates_status_is_the_responders_own_word(mobility: Mobility, charger: Charger) -> None:
    [asked] = mobility.hashes(mobility.contract)
    status, said = await transfer(charger, "GetCertificateStatus", {"ocspRequestData": asked})
    assert (status, said["status"]) == ("Accepted", "Accepted")
    answer = ocsp.load_der_ocsp_response(base64.b64decode(said["ocspResult"]))
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD


async def test_a_vehicle_gets_its_providers_answer(
    csms: Appliance, charger: Charger, outside: Outside
) -> None:
    outside.handler = provider
    csms.unit.policy = replace(csms.unit.policy, pnc=PncPolicy(provider_url=outside.url()))
    assert await transfer(charger, "Get15118EVCertificate", exi()) == (
        "Accepted",
        {"status": "Accepted", "exiResponse": "EXI for CP1 gJgC"},
    )


async def test_a_certificate_towards_vehicles_comes_the_way_it_was_asked_for(pki: Appliance) -> None:
    station = await connected(pki)
    station.answers["DataTransfer"] = {"status": "Accepted", "data": '{"status": "Accepted"}'}
    key = ec.generate_private_key(ec.SECP256R1())
    asked = {"csr": papers.csr("cp001", "Depot", key=key), "certificateType": "V2GCertificate"}
    assert await transfer(station, "SignCertificate", asked) == ("Accepted", {"status": "Accepted"})
    with trio.fail_after(10):
        signed = await station.until_asked("DataTransfer")
    assert (signed["vendorId"], signed["messageId"]) == (VENDOR, "CertificateSigned")
    inner = json.loads(signed["data"])
    assert inner["certificateType"] == "V2GCertificate"
    assert "BEGIN CERTIFICATE" in inner["certificateChain"]
    with trio.fail_after(10):
        while not await pki.rows("SELECT 1 FROM certificate_requests WHERE state = 'INSTALLED'"):
            await trio.testing.wait_all_tasks_blocked(0.005)


async def speaks(csms: Appliance) -> None:
    """Have CP1 known to speak Plug & Charge."""
    [row] = await csms.rows("SELECT id FROM stations WHERE station_id = 'CP1'")
    told = {"station_key": row["id"], "name": "ISO15118PnCEnabled", "value": "true", "readonly": 0}
    await csms.unit.run(lambda tx: stations.write_settings(tx.db, [told | {"reported_at": tx.at}]))


async def test_roots_are_installed_listed_and_deleted_where_the_station_knows_how(
    csms: Appliance, charger: Charger
) -> None:
    root = papers.certify("V2G Root", ca=True)
    order: dict[str, Any] = {"verb": "certificate.install", "station": "CP1"}
    args = {"use": "V2GRootCertificate", "certificate": root.pem}
    with pytest.raises(Exception, match="ISO15118PnCEnabled"):
        await csms.verb("station.command", **order, args=args)
    assert "DataTransfer" not in [name for name, _ in charger.asked]
    await speaks(csms)
    charger.answers["DataTransfer"] = {"status": "Accepted", "data": '{"status": "Accepted"}'}
    done = await csms.verb("station.command", **order, args=args)
    assert (done["action"], done["outcome"]) == ("DataTransfer", "DONE")
    [held] = await csms.verb("station.certificates", station="CP1")
    assert held["usage"] == "V2GRootCertificate"
    delete = {"verb": "certificate.delete", "args": {"serial_number": held["serialNumber"]}}
    assert (await csms.verb("station.command", station="CP1", **delete))["outcome"] == "DONE"
    assert await csms.verb("station.certificates", station="CP1") == []
    assert [payload["messageId"] for name, payload in charger.asked if name == "DataTransfer"] == [
        "InstallCertificate",
        "DeleteCertificate",
    ]


@pytest.mark.parametrize(
    ("data", "outcome"), [('{"status": "Rejected"}', "REFUSED"), ("nonsense", "REFUSED"), (None, "REFUSED")]
)
async def test_a_refusal_inside_is_a_refusal(
    csms: Appliance, charger: Charger, data: str | None, outcome: str
) -> None:
    await speaks(csms)
    charger.answers["DataTransfer"] = {"status": "Accepted"} | ({"data": data} if data else {})
    args = {"message": "SignV2GCertificate"}
    done = await csms.verb("station.command", station="CP1", verb="certificate.renew", args=args)
    assert done["outcome"] == outcome


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"vendorId": "org.example"}, "UnknownVendorId"),
        ({"vendorId": VENDOR, "messageId": "Nonsense", "data": "{}"}, "UnknownMessageId"),
        ({"vendorId": VENDOR}, "UnknownMessageId"),
        ({"vendorId": VENDOR, "messageId": "Authorize"}, "Rejected"),
        ({"vendorId": VENDOR, "messageId": "Authorize", "data": "{"}, "Rejected"),
        ({"vendorId": VENDOR, "messageId": "Authorize", "data": "[]"}, "Rejected"),
        ({"vendorId": VENDOR, "messageId": "SignCertificate", "data": "{}"}, "Rejected"),
        ({"vendorId": VENDOR, "messageId": "GetCertificateStatus", "data": "{}"}, "Rejected"),
    ],
)
async def test_what_is_no_such_message_is_kept_and_told(
    csms: Appliance, charger: Charger, payload: dict[str, Any], status: str
) -> None:
    assert await charger.call("DataTransfer", payload) == {"status": status}
    assert len(await csms.rows("SELECT 1 FROM station_events WHERE kind = 'data.transfer'")) == 1

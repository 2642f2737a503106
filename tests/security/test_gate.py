"""Security profiles at the gate, over real TLS (A00; TC_085–087, TC_A_01–08; X201-11, X201-12)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import trio
import trio.testing
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from csms.services.contract_certificates import ContractCertificates
from csms.services.pnc_policy import PncPolicy
from tests.conformance.cases import case
from tests.ocpp.station import basic
from tests.pki import papers
from tests.pki.papers import NOON, Paper
from tests.security import tls
from tests.security.charger import VERSIONS, Charger, connected, request
from tests.security.outside import Outside
from tests.security.test_plug_and_charge import outside
from tests.wire.appliance import Appliance

__all__ = ["outside"]

BOTH = pytest.mark.parametrize("version", VERSIONS)
PASSWORD = "a-Password-of-20-char"
BASIC = {"Authorization": basic(b"CP2:" + PASSWORD.encode())}


async def certified(csms: Appliance, version: str = "1.6", *, serial: str = "SN-1") -> dict[str, Any]:
    """Give CP1 a certificate of ours, set it to profile 3, and return what it connects with."""
    key = ec.generate_private_key(ec.SECP256R1())
    station = await connected(csms, version)
    assert await station.sign(request(key, serial)) == "Accepted"
    chain = (await station.signed())["certificateChain"]
    await installed(csms)
    await csms.verb("station.update", station="CP1", security_profile=3)
    return {"chain": chain, "key": papers.Paper(papers.certify("x").certificate, key).key_pem}


async def installed(csms: Appliance, number: int = 1) -> None:
    """Wait until so many certificates have arrived."""
    sql = "SELECT 1 FROM certificate_requests WHERE state = 'INSTALLED'"
    with trio.fail_after(10):
        while len(await csms.rows(sql)) < number:
            await trio.testing.wait_all_tasks_blocked(0.005)


async def events(csms: Appliance) -> list[str]:
    found = await csms.rows("SELECT body FROM station_events WHERE kind = 'security.event' ORDER BY id")
    return [row["body"] for row in found]


@BOTH
async def test_a_station_of_profile_3_comes_in_with_its_certificate_alone(
    pki: Appliance, version: str
) -> None:
    own = await certified(pki, version)
    station = await tls.enter(pki, version, **own)
    assert (await station.boot())["status"] == "Accepted"
    await station.call("Heartbeat")
    assert await events(pki) == []


async def test_the_certificate_alone_is_enough_without_the_authority_between(pki: Appliance) -> None:
    own = await certified(pki)
    own["chain"] = own["chain"].split("-----END CERTIFICATE-----\n")[0] + "-----END CERTIFICATE-----\n"
    assert (await tls.knock(pki, **own)).status == 101


async def test_profile_3_wants_a_certificate_and_no_password_helps(pki: Appliance) -> None:
    await certified(pki)
    await pki.verb("station.password", station="CP1", password=PASSWORD)
    reply = await tls.knock(pki, headers={"Authorization": basic(b"CP1:" + PASSWORD.encode())})
    assert reply.status == 403
    assert "client certificate" in reply.body
    line = pki.line()
    assert (await line.handshake("/ocpp/CP1", protocols="ocpp1.6")).status == 403


@BOTH
async def test_of_the_profiles_each_has_its_door(pki: Appliance, version: str) -> None:
    await pki.verb("station.add", station_id="CP2", security_profile=1, password=PASSWORD)
    assert (await tls.knock(pki, version, "CP2", headers=BASIC)).status == 403
    plain = pki.line()
    assert (await plain.handshake("/ocpp/CP2", protocols=f"ocpp{version}", **BASIC)).status == 101
    await pki.verb("station.update", station="CP2", security_profile=2)
    assert (await tls.knock(pki, version, "CP2", headers=BASIC)).status == 101
    assert (await tls.knock(pki, version, "CP2")).status == 401
    wrong = {"Authorization": basic(b"CP2:another-Password-000")}
    assert (await tls.knock(pki, version, "CP2", headers=wrong)).status == 401
    stranger = {"Authorization": basic(b"CP1:" + PASSWORD.encode())}
    assert (await tls.knock(pki, version, "CP2", headers=stranger)).status == 401
    again = pki.line()
    assert (await again.handshake("/ocpp/CP2", protocols=f"ocpp{version}", **BASIC)).status == 403


async def test_a_certificate_of_a_stranger_ends_the_handshake(pki: Appliance) -> None:
    await certified(pki)
    with pytest.raises((trio.BrokenResourceError, EOFError)):
        await tls.knock(pki, paper=papers.certify("SN-1", papers.certify("Nobody", ca=True)))


async def test_a_revoked_certificate_is_refused_and_its_connection_closed(pki: Appliance) -> None:
    own = await certified(pki)
    station = await tls.enter(pki, **own)
    await station.boot()
    [row] = await pki.rows("SELECT serial_number FROM pki_certificates WHERE kind <> 'SERVER'")
    await pki.verb("pki.revoke", certificate=row["serial_number"])
    with trio.fail_after(10):
        await station.ended.wait()
    reply = await tls.knock(pki, **own)
    assert (reply.status, "revoked" in reply.body) == (403, True)
    assert "InvalidChargingStationCertificate" in (await events(pki))[0]
    [alert] = await pki.verb("alert.list")
    assert alert["category"] == "SECURITY_ALERT"


async def test_a_certificate_opens_no_door_but_its_own(pki: Appliance) -> None:
    own = await certified(pki)
    await pki.verb("station.add", station_id="CP2", security_profile=3)
    await pki.unit.run(
        lambda tx: tx.db.run("UPDATE stations SET serial_number = 'SN-1' WHERE station_id = 'CP2'")
    )
    reply = await tls.knock(pki, station_id="CP2", **own)
    assert (reply.status, "something else" in reply.body) == (403, True)


async def test_a_certificate_for_another_serial_number_is_refused(pki: Appliance) -> None:
    own = await certified(pki)
    await pki.verb("station.update", station="CP1", serial="SN-9")
    reply = await tls.knock(pki, **own)
    assert (reply.status, "SN-9" in reply.body) == (403, True)


async def test_a_vehicles_certificate_is_no_stations(pki: Appliance) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    station = await connected(pki, "2.0.1")
    assert await station.sign(request(key), "V2GCertificate") == "Accepted"
    chain = (await station.signed())["certificateChain"]
    await pki.verb("station.update", station="CP1", security_profile=3)
    own = {"chain": chain, "key": papers.Paper(papers.certify("x").certificate, key).key_pem}
    assert "something else" in (await tls.knock(pki, **own)).body


@case("X201-11")
@BOTH
async def test_a_boot_with_another_serial_number_ends_the_connection(pki: Appliance, version: str) -> None:
    own = await certified(pki, version)
    station = await tls.enter(pki, version, **own)
    assert (await station.boot("SN-7"))["status"] == "Rejected"
    with trio.fail_after(10):
        await station.ended.wait()
    assert station.close_frame is not None
    assert station.close_frame[0] == 1008
    [row] = await pki.rows("SELECT serial_number FROM stations WHERE station_id = 'CP1'")
    assert row["serial_number"] == "SN-1"
    assert "SN-7" in (await events(pki))[0]


async def test_a_boot_without_serial_number_is_taken(pki: Appliance) -> None:
    own = await certified(pki)
    station = await tls.enter(pki, **own)
    assert (await station.boot(None))["status"] == "Accepted"
    await station.drop()
    assert (await tls.knock(pki, **own)).status == 101


@case("X201-12")
@BOTH
async def test_an_expired_certificate_is_refused_unless_the_operator_allows_its_renewal(
    pki: Appliance, version: str
) -> None:
    own = await certified(pki, version)
    pki.clock.forward(days=366)
    reply = await tls.knock(pki, version, **own)
    assert (reply.status, "expired_certificate=true" in reply.body) == (403, True)
    await pki.verb("station.update", station="CP1", quirks={"expired_certificate": True})
    station = await tls.enter(pki, version, **own)
    assert (await station.boot())["status"] == "Pending"
    told = str((await pki.verb("doctor.station", station="CP1"))["findings"])
    assert "may only renew its certificate: its certificate has expired" in told
    assert await station.error("StatusNotification", _status(version)) == "SecurityError"
    action = "ExtendedTriggerMessage" if version == "1.6" else "TriggerMessage"
    with trio.fail_after(10):
        asked = await station.until_asked(action)
    assert asked["requestedMessage"].startswith("SignCharg")
    key = ec.generate_private_key(ec.SECP256R1())
    assert await station.sign(request(key)) == "Accepted"
    chain = (await station.signed())["certificateChain"]
    await installed(pki, 2)
    with trio.fail_after(10):
        await station.ended.wait()
    renewed = {"chain": chain, "key": papers.Paper(papers.certify("x").certificate, key).key_pem}
    back = await tls.enter(pki, version, **renewed)
    assert (await back.boot())["status"] == "Accepted"
    await back.call("StatusNotification", _status(version))


def _status(version: str) -> dict[str, Any]:
    if version == "1.6":
        return {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    moment = "2026-03-02T12:00:00.000Z"
    return {"timestamp": moment, "connectorStatus": "Available", "evseId": 1, "connectorId": 1}


async def test_an_operator_who_edits_a_held_back_station_lets_it_do_no_more(pki: Appliance) -> None:
    own = await certified(pki)
    pki.clock.forward(days=366)
    await pki.verb("station.update", station="CP1", quirks={"expired_certificate": True})
    station = await tls.enter(pki, **own)
    await station.boot()
    await pki.verb("station.update", station="CP1", name="the one at the gate")
    await trio.testing.wait_all_tasks_blocked(0.01)
    assert await station.error("StatusNotification", _status("1.6")) == "SecurityError"


@pytest.fixture
def maker() -> Paper:
    return papers.certify("Maker", ca=True)


async def trusted(csms: Appliance, store: str, paper: Paper) -> None:
    await csms.verb("trust.add", store_name=store, pem=paper.pem)


async def test_a_factory_certificate_serves_for_the_first_renewal_only(pki: Appliance, maker: Paper) -> None:
    await trusted(pki, "manufacturer", maker)
    await pki.verb("station.update", station="CP1", security_profile=3, serial="SN-1")
    factory = papers.certify("SN-1", maker, organization="Maker AG")
    station = await tls.enter(pki, "2.0.1", paper=factory)
    assert (await station.boot())["status"] == "Pending"
    key = ec.generate_private_key(ec.SECP256R1())
    with trio.fail_after(10):
        await station.until_asked("TriggerMessage")
    assert await station.sign(request(key)) == "Accepted"
    await station.signed()
    await installed(pki)
    with trio.fail_after(10):
        await station.ended.wait()
    reply = await tls.knock(pki, "2.0.1", paper=factory)
    assert (reply.status, "factory" in reply.body) == (403, True)


async def test_certificates_of_another_authority_of_the_operators_are_good(
    pki: Appliance, maker: Paper
) -> None:
    await trusted(pki, "station_ca", maker)
    await pki.verb("station.update", station="CP1", security_profile=3, serial="SN-1")
    good = papers.certify("SN-1", maker)
    assert (await tls.knock(pki, paper=good)).status == 101
    other = papers.certify("SN-1", maker, organization="Somebody")
    assert "Somebody" in (await tls.knock(pki, paper=other)).body
    await pki.verb("station.update", station="CP1", quirks={"organization": "Somebody"})
    assert (await tls.knock(pki, paper=other)).status == 101
    early = papers.certify("SN-1", maker, begin=NOON + timedelta(days=1))
    assert (await tls.knock(pki, paper=early)).status == 403


async def test_a_tenants_authority_opens_no_other_tenants_door(pki: Appliance, maker: Paper) -> None:
    await pki.verb("tenant.add", name="other")
    await pki.verb("station.add", station_id="CP5", tenant="other", security_profile=3)
    await pki.verb("trust.add", store_name="station_ca", pem=maker.pem, tenant="other")
    await pki.verb("station.update", station="CP1", security_profile=3, serial="SN-1", tenant="default")
    assert (await tls.knock(pki, paper=papers.certify("SN-1", maker))).status == 403
    assert (await tls.knock(pki, station_id="CP5", paper=papers.certify("CP5", maker))).status == 101


async def test_who_was_at_a_higher_profile_never_comes_back_lower(pki: Appliance) -> None:
    own = await certified(pki)
    await tls.enter(pki, **own)
    with pytest.raises(Exception, match="never goes back"):
        await pki.verb("station.update", station="CP1", security_profile=2)
    plain: Charger = Charger(pki.stream(), pki.nursery)
    assert (await plain.handshake("/ocpp/CP1", protocols="ocpp1.6")).status == 403


@pytest.mark.parametrize(
    ("status", "admitted"),
    [(ocsp.OCSPCertStatus.GOOD, True), (ocsp.OCSPCertStatus.REVOKED, False), (None, True)],
    ids=["good", "revoked", "silent"],
)
async def test_another_authoritys_responder_is_asked(
    pki: Appliance, maker: Paper, outside: Outside, status: Any, admitted: bool
) -> None:
    """A00.FR.705; a responder that says nothing keeps nobody out."""
    await trusted(pki, "station_ca", maker)
    await pki.verb("station.update", station="CP1", security_profile=3, serial="SN-1")
    own = papers.certify("SN-1", maker, ocsp_url=outside.url())
    answer = papers.ocsp_answer(own, maker, status=status) if status else b""
    outside.handler = lambda _body, _headers: (200 if status else 500, answer)
    pki.unit.policy = replace(pki.unit.policy, pnc=PncPolicy(ocsp_private=True))
    gate: Any = pki.server._gate
    gate._standing = ContractCertificates(pki.unit).standing
    assert (await tls.knock(pki, paper=own)).status == (101 if admitted else 403)
    assert len(outside.asked) == 1
    assert len(await events(pki)) == (0 if admitted else 1)

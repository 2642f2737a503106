"""Who gets in: ids in every spelling, tenants, passwords, subprotocols, and why others do not (X16-21, X16-22)."""

from typing import Any

import pytest
import trio

from csms.ocpp.turnstile import REFUSALS_A_MINUTE
from tests.conformance.cases import case
from tests.ocpp.station import basic
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import boot, start
from tests.wire.station import Station


async def _findings(csms: Appliance, station_id: str = "CP1") -> str:
    report = await csms.verb("doctor.station", station=station_id)
    return "\n".join(finding["text"] for finding in report["findings"])


@case("X16-21")
@pytest.mark.parametrize(
    ("station_id", "path"),
    [
        ("a b", "/ocpp/a%20b"),
        ("a/b", "/ocpp/a%2Fb"),
        ("a%2Fb", "/ocpp/a%252Fb"),
        ("Straße*1", "/ocpp/Stra%C3%9Fe*1"),
        ("Straße", "/ocpp/Straße".encode().decode("latin-1")),
        ("CP1", "/CP1"),
        ("CP1", "/ocpp/1.6/CP1"),
        ("CP1", "/ocpp/1.6J/CP1"),
        ("CP1", "/ocpp/ocpp1.6/CP1"),
        ("CP1", "/OCPP/CP1/"),
        ("CP1", "/ocpp//CP1"),
        ("CP1", "/ocpp/CP1?token=1"),
        ("CP1", "/ocpp/default/CP1"),
        ("16", "/ocpp/16"),
        ("x" * 48, "/ocpp/" + "x" * 48),
    ],
)
@ARITHMETIC
async def test_x16_21_the_right_station_whatever_its_id(csms: Appliance, station_id: str, path: str) -> None:
    if station_id != "CP1":
        await csms.verb("station.add", station_id=station_id, security_profile=0)
    line = csms.line()
    await line.connect(path)
    await line.call("BootNotification", boot())
    assert [link.station.station_id for link in csms.house.link.links()] == [station_id]


@case("X16-21")
@pytest.mark.parametrize(
    "path",
    [
        "/ocpp/NONE",
        "/ocpp/cp1",
        "/ocpp/CP1%00",
        "/ocpp/CP1%20",
        "/ocpp/%FF",
        "/",
        "/ocpp",
        "/a/b/c/CP1",
        "/ocpp/nobody/CP1",
    ],
)
async def test_x16_21_unknown_stations_are_refused(csms: Appliance, path: str) -> None:
    reply = await csms.line().handshake(path)
    assert reply.status == 404, reply


async def test_the_doctor_says_why_a_station_was_refused(csms: Appliance) -> None:
    await csms.line().handshake("/ocpp/cp1", User_Agent="Box/1", Authorization=basic(b"cp1:secret"))
    assert "cp1 is not registered; did you mean CP1?" in await _findings(csms, "cp1")
    report = await csms.verb("doctor.station", station="cp1")
    [refusal] = report["refusals"]
    assert (refusal["httpStatus"], refusal["at"][:19]) == (404, "2026-03-02T12:00:00")
    shown = str(refusal["handshake"])
    assert "/ocpp/cp1" in shown
    assert "Box/1" in shown
    assert "192.0.2.7" in shown
    assert "secret" not in shown
    assert basic(b"cp1:secret") not in shown


async def test_the_doctor_names_an_unknown_tenant(csms: Appliance) -> None:
    reply = await csms.line().handshake("/ocpp/nobody/CP1")
    assert "no tenant 'nobody' has a station 'CP1'" in reply.body
    assert "no tenant 'nobody'" in await _findings(csms)


PASSWORDS: list[tuple[str, bytes, int]] = [
    ("plain-text-password", b"plain-text-password", 101),
    ("plain-text-password", b"plain-text-passwore", 401),
    ("plain-text-password", b"", 401),
    ("with:colons:inside", b"with:colons:inside", 101),
    ("00ff80:3a".replace(":", "") + "41424344", b"\x00\xff\x80:ABCD", 101),
    ("00FF803A41424344", b"\x00\xff\x80:ABCD", 101),
    ("00ff803a41424344", b"\x00\xff\x80:ABCE", 401),
    ("pässwörter", "pässwörter".encode(), 101),
]


@case("X16-22")
@pytest.mark.parametrize(("password", "sent", "status"), PASSWORDS)
@ARITHMETIC
async def test_x16_22_basic_passwords_are_bytes(
    csms: Appliance, password: str, sent: bytes, status: int
) -> None:
    await csms.verb("station.add", station_id="CP:2", security_profile=1, password=password)
    reply = await csms.line().handshake("/ocpp/CP%3A2", Authorization=basic(b"CP:2:" + sent))
    assert reply.status == status, reply
    if status == 401:
        assert reply.headers["www-authenticate"] == 'Basic realm="ocpp"'


async def test_tc_085_basic_authentication(csms: Appliance) -> None:
    password = (await csms.verb("station.add", station_id="CP2", security_profile=1))["password"]
    right = basic(f"CP2:{password}".encode())
    await csms.station("CP2", Authorization=right)
    for wrong in (
        basic(f"CP3:{password}".encode()),
        basic(b"CP2:nope"),
        basic(b"CP2"),
        "Basic !!!",
        "Bearer x",
    ):
        assert (await csms.line().handshake("/ocpp/CP2", Authorization=wrong)).status == 401
    assert (await csms.line().handshake("/ocpp/CP2")).status == 401
    assert "no HTTP Basic credentials" in await _findings(csms, "CP2")
    new = (await csms.verb("station.password", station="CP2"))["password"]
    assert (await csms.line().handshake("/ocpp/CP2", Authorization=right)).status == 401
    assert "wrong password" in await _findings(csms, "CP2")
    await csms.station("CP2", Authorization=basic(f"CP2:{new}".encode()))
    assert password not in str(await csms.rows("SELECT * FROM refusals"))


@pytest.mark.parametrize("profile", [2, 3])
async def test_a_profile_with_tls_does_not_come_in_without(csms: Appliance, profile: int) -> None:
    await csms.verb("station.add", station_id="CP2", security_profile=profile)
    reply = await csms.line().handshake("/ocpp/CP2")
    assert reply.status == 403
    assert "TLS" in reply.body


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [
        ("ocpp1.6", "ocpp1.6"),
        ("ocpp9.9, ocpp1.6", "ocpp1.6"),
        ("OCPP1.6", "OCPP1.6"),
        ("ocpp9.9", None),
        (None, None),
    ],
)
@ARITHMETIC
async def test_tc_088_subprotocol(csms: Appliance, offer: str | None, chosen: str | None) -> None:
    line = csms.line()
    reply = await line.handshake("/ocpp/CP1", protocols=offer)
    assert (reply.status, reply.headers.get("sec-websocket-protocol")) == (101, chosen)
    line.listen()
    if chosen:
        await line.call("BootNotification", boot())
    else:
        await line.ended.wait()
        assert line.close_frame is not None
        assert "no common subprotocol" in await _findings(csms)


async def test_a_station_that_names_no_subprotocol_may_be_taken_for_1_6(csms: Appliance) -> None:
    await csms.verb("station.update", station="CP1", quirks={"assume": "1.6"})
    station = await csms.station(protocols=None)
    await station.call("BootNotification", boot())


async def _second_tenant(csms: Appliance) -> None:
    await csms.verb("tenant.add", name="other", party_id="OTH")
    await csms.verb("station.add", station_id="CP1", security_profile=0, tenant="other")
    await csms.verb("token.add", uid="TAG2", tenant="other")


async def test_two_tenants_with_the_same_station_id(csms: Appliance) -> None:
    await _second_tenant(csms)
    refused = await csms.line().handshake("/ocpp/CP1")
    assert (refused.status, "/ocpp/<tenant>/<station id>" in refused.body) == (404, True)
    for tenant, good, foreign in (("default", "TAG1", "TAG2"), ("other", "TAG2", "TAG1")):
        station = await csms.station(f"{tenant}/CP1")
        await station.call("BootNotification", boot(chargePointModel=tenant))
        answer = await station.call("Authorize", {"idTag": foreign})
        assert answer == {"idTagInfo": {"status": "Invalid"}}
        assert (await station.call("Authorize", {"idTag": good}))["idTagInfo"]["status"] == "Accepted"
        await station.call("StartTransaction", start(idTag=good))
    for tenant in ("default", "other"):
        shown = await csms.verb("station.show", station="CP1", tenant=tenant)
        assert shown["model"] == tenant
        assert len(await csms.verb("transaction.list", tenant=tenant)) == 1
        messages = await csms.messages(tenant=tenant)
        assert {m["tenantId"] for m in messages} == {shown["tenantId"]}
    ids = {t["ocppId"] for t in await csms.verb("transaction.list")}
    assert len(ids) == 2


async def test_a_password_tells_which_tenant_is_meant(csms: Appliance) -> None:
    await _second_tenant(csms)
    one = await csms.verb("station.add", station_id="CP9", security_profile=1, tenant="default")
    two = await csms.verb("station.add", station_id="CP9", security_profile=1, tenant="other")
    for added in (two, one):
        station = await csms.station("CP9", Authorization=basic(f"CP9:{added['password']}".encode()))
        await station.call("BootNotification", boot())
        [link] = [link for link in csms.house.link.links() if link.station.tenant_id == added["tenantId"]]
        assert link.station.key == added["id"]


async def test_a_suspended_tenant(csms: Appliance, station: Station) -> None:
    await _second_tenant(csms)
    stays = await csms.station("other/CP1")
    await csms.verb("tenant.status", tenant="default", status="SUSPENDED")
    await station.ended.wait()
    assert station.close_frame is not None
    reply = await csms.line().handshake("/ocpp/default/CP1")
    assert reply.status == 403
    assert reply.body == "this station may not connect at present: ask its operator\n"
    report = await csms.verb("doctor.station", station="CP1", tenant="default")
    assert report["refusals"][0]["reason"] == "tenant default is suspended: csms tenant activate default"
    await stays.call("BootNotification", boot())
    unambiguous = await csms.station("CP1")
    await unambiguous.call("BootNotification", boot())
    await csms.verb("tenant.status", tenant="default", status="ACTIVE")
    back = await csms.station("default/CP1")
    await back.call("BootNotification", boot())


async def test_a_removed_station_is_disconnected_and_refused(csms: Appliance, station: Station) -> None:
    key = (await csms.verb("station.show", station="CP1"))["id"]
    csms.roll.forget(key)
    assert await station.error("StartTransaction", start()) == "SecurityError"
    await csms.verb("station.remove", station="CP1")
    await station.ended.wait()
    assert (await csms.line().handshake("/ocpp/CP1")).status == 404


async def test_a_scanner_does_not_fill_the_database(csms: Appliance) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(200):
            nursery.start_soon(csms.line().handshake, f"/ocpp/X{number}")
    [row] = await csms.rows("SELECT count(*) AS n FROM refusals")
    assert row["n"] == 120


async def test_connecting_and_leaving_are_events(csms: Appliance, station: Station) -> None:
    async with csms.unit.bus.subscribe() as events:
        await station.drop()
        left: Any = await anext(events)
        back = await csms.station()
        came = await anext(events)
        newer = await csms.station()
        again = await anext(events)
        await back.ended.wait()
    assert [e.kind for e in (left, came, again)] == [
        "station.disconnected",
        "station.connected",
        "station.connected",
    ]
    await newer.call("BootNotification", boot())
    events_kept = await csms.rows("SELECT kind FROM outbox WHERE kind = 'station.disconnected'")
    assert len(events_kept) == 1, "a superseded connection is no station going offline"


async def test_guessing_a_password_gets_slow_and_nobody_else(csms: Appliance) -> None:
    password = (await csms.verb("station.add", station_id="CP9", security_profile=1))["password"]
    right, wrong = basic(f"CP9:{password}".encode()), basic(b"CP9:wrong")
    for _ in range(REFUSALS_A_MINUTE):
        assert (await csms.line().handshake("/ocpp/CP9", Authorization=wrong)).status == 401
    stopped = await csms.line().handshake("/ocpp/CP9", Authorization=right)
    assert stopped.status == 429
    assert 0 < int(stopped.headers["retry-after"]) <= 60
    assert (await csms.line().handshake("/ocpp/CP1")).status == 101
    csms.clock.forward(minutes=1)
    assert (await csms.line().handshake("/ocpp/CP9", Authorization=right)).status == 101

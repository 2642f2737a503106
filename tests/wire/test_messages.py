"""The message log and the doctor: what operators see of what passed on the wire."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from csms.ocpp import schemas
from csms.ocpp.v16.routes import INBOUND, OUTBOUND
from csms.store.connection import open_store
from tests.store.faults import Scripted
from tests.wire.appliance import Appliance, SeededEntropy, SetClock, appliance
from tests.wire.furniture import furnish
from tests.wire.payloads import boot, start, status, stop
from tests.wire.spoiled import FROM_STATIONS
from tests.wire.station import Station


def test_every_action_of_the_standard_has_its_row() -> None:
    assert {*INBOUND, "Heartbeat"} == set(FROM_STATIONS)
    assert {*INBOUND, "Heartbeat", *OUTBOUND} == schemas.actions("1.6")
    assert len(OUTBOUND) == 26


async def test_each_exchange_is_kept_as_it_was(csms: Appliance, station: Station) -> None:
    payload = status("Charging", vendorErrorCode="é")
    await station.call("StatusNotification", payload, message_id="s1")
    csms.clock.forward(minutes=1)
    await station.call("Heartbeat")
    await station.error("StatusNotification", {"connectorId": 1})
    booted, told, refused = await csms.messages(station="CP1")
    assert (booted["action"], told["action"], refused["action"]) == (
        "BootNotification",
        "StatusNotification",
        "StatusNotification",
    )
    assert json.loads(told["request"]) == payload
    assert json.loads(told["response"]) == [3, "s1", {}]
    assert (told["direction"], told["messageId"], told["note"]) == ("in", "s1", None)
    assert (told["stationId"], told["at"]) == ("CP1", "2026-03-02T12:00:00.000000Z")
    assert json.loads(refused["response"])[:3] == [4, "m4", "OccurenceConstraintViolation"]
    assert "errorCode" in refused["note"]


async def test_our_requests_are_kept_and_secrets_are_not(csms: Appliance, station: Station) -> None:
    key = "0123456789abcdef0123"
    change = {"key": "AuthorizationKey", "value": key}
    await csms.verb("station.call", station="CP1", action="ChangeConfiguration", payload=change)
    await csms.verb("station.call", station="CP1", action="ClearCache", payload={})
    assert [payload for action, payload in station.asked if action == "ChangeConfiguration"] == [change]
    change_kept, clear_kept = (await csms.messages(station="CP1"))[-2:]
    assert (change_kept["direction"], change_kept["action"]) == ("out", "ChangeConfiguration")
    assert json.loads(clear_kept["response"]) == {"status": "Accepted"}
    for table in ("messages", "commands", "outbox", "audit", "station_settings", "station_events"):
        assert key not in str(await csms.rows(f"SELECT * FROM {table}")), table


async def test_messages_are_listed_by_station_action_and_position(csms: Appliance, station: Station) -> None:
    await csms.verb("station.add", station_id="CP2", security_profile=0)
    other = await csms.station("CP2")
    await other.call("BootNotification", boot())
    for minute in range(3):
        await station.call("StatusNotification", status(minutes=minute))
    assert len(await csms.messages()) == 5
    assert [m["action"] for m in await csms.messages(station="CP2")] == ["BootNotification"]
    found = await csms.messages(action="StatusNotification", limit=2)
    assert [json.loads(m["request"])["timestamp"][14:16] for m in found] == ["01", "02"]
    assert [m["id"] for m in await csms.messages(after=found[0]["id"])] == [found[1]["id"]]


async def test_a_name_with_a_nul_does_not_stop_the_log(csms: Appliance, station: Station) -> None:
    await station.raw('[2,"a\\u0000b","No\\u0000thing",{"x":"\\u0000"}]')
    await station.stray()
    await station.raw('[2,"a\\u0000b","StatusNotification",{"\\u0000":1}]')
    await station.stray()
    await csms.message_log.flush()
    assert [m["messageId"] for m in await csms.messages(station="CP1")][-2:] == ["a\ufffdb"] * 2


async def test_the_doctor_of_a_healthy_station(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status())
    report = await csms.verb("doctor.station", station="CP1")
    assert [finding["ok"] for finding in report["findings"]] == [True, True]
    assert report["findings"][1]["text"] == "last heard 2026-03-02 12:00:00 UTC"
    assert (report["refusals"], report["oddMessages"]) == ([], [])


async def test_the_doctor_of_stations_that_never_came(csms: Appliance) -> None:
    report = await csms.verb("doctor.station", station="CP1")
    assert "has never connected" in report["findings"][1]["text"]
    report = await csms.verb("doctor.station", station="GHOST")
    assert report["findings"] == [{"ok": False, "text": "GHOST is not registered: csms station add GHOST"}]


async def test_the_doctor_shows_what_was_odd(csms: Appliance, station: Station) -> None:
    await station.raw("nonsense")
    await station.call("StatusNotification", status(errorCode="Bats"))
    await station.error("MeterValues", {})
    await csms.message_log.flush()
    report = await csms.verb("doctor.station", station="CP1")
    odd = [finding["text"] for finding in report["findings"] if not finding["ok"]]
    assert [text.split(":")[0] for text in odd] == ["StatusNotification", "malformed", "MeterValues"]
    assert "Bats" in odd[0]


async def test_a_station_once_refused_is_not_accused_for_ever(csms: Appliance) -> None:
    added = await csms.verb("station.add", station_id="CP2", security_profile=1)
    await csms.line().handshake("/ocpp/CP2")
    report = await csms.verb("doctor.station", station="CP2")
    assert any(not f["ok"] and "was refused: no HTTP Basic" in f["text"] for f in report["findings"])
    await csms.verb("station.update", station="CP2", security_profile=0)
    csms.clock.forward(minutes=1)
    station = await csms.station("CP2")
    await station.call("BootNotification", boot())
    report = await csms.verb("doctor.station", station="CP2")
    assert all(finding["ok"] for finding in report["findings"])
    assert added["password"] not in str(report)


@pytest.fixture
def faults() -> Scripted:
    return Scripted()


@pytest.fixture
async def troubled(store_url: str, clock: SetClock, faults: Scripted) -> AsyncIterator[Appliance]:
    """An appliance whose disk fills up when the test says so."""
    async with (
        open_store(store_url, faults=faults) as store,
        appliance(store, clock, SeededEntropy()) as running,
    ):
        await running.unit.run(furnish)
        yield running


async def test_what_could_not_be_stored_is_never_acknowledged(
    troubled: Appliance, faults: Scripted, logs: list[Any]
) -> None:
    station = await troubled.station()
    await station.call("BootNotification", boot())
    faults.fail_at("before_commit", OSError("no space left on device"))
    assert await station.error("StartTransaction", start()) == "InternalError"
    assert await troubled.transactions() == []
    assert [e["event"] for e in logs if e["log_level"] == "error"] != []
    logs.clear()
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    faults.fail_at("before_commit", OSError("no space left on device"))
    assert await station.error("StopTransaction", stop(tid)) == "InternalError"
    logs.clear()
    assert await station.call("StopTransaction", stop(tid)) == {}
    [shown] = await troubled.transactions()
    assert (shown["state"], shown["energyWh"]) == ("ENDED", 10_000)
    notes = [m["note"] for m in await troubled.messages() if m["note"]]
    assert len(notes) == 2


async def test_no_event_leaves_before_its_commit(
    troubled: Appliance, faults: Scripted, logs: list[Any]
) -> None:
    station = await troubled.station()
    await station.call("BootNotification", boot())
    async with troubled.unit.bus.subscribe() as events:
        faults.fail_at("before_commit", OSError("no space left on device"))
        await station.error("StartTransaction", start())
        await station.call("StatusNotification", status())
        assert (await anext(events)).kind == "connector.status"
    logs.clear()

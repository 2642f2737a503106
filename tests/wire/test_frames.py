"""Messages in any order and of any shape: the connection lives, or says why it does not (X16-15 … X16-20)."""

import json
from typing import Any

import pytest
import trio
import trio.testing

from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import boot, meter_values, reading, start, status
from tests.wire.station import CallError, Station

TO_STATIONS = [
    "Reset",
    "RemoteStartTransaction",
    "GetConfiguration",
    "TriggerMessage",
    "SetChargingProfile",
    "GetLog",
]


@case("X16-15")
async def test_x16_15_unknown_actions_and_those_of_the_other_direction(
    csms: Appliance, station: Station
) -> None:
    assert await station.error("CustomOperation") == "NotImplemented"
    assert await station.error("") == "NotImplemented"
    assert await station.error("a\x00b") == "NotImplemented"
    assert await station.error("../../v201/schemas/HeartbeatRequest") == "NotImplemented"
    for action in TO_STATIONS:
        assert await station.error(action) == "NotSupported"
    notes = [m["note"] for m in await csms.messages() if m["action"] == "CustomOperation"]
    assert notes == ["unknown action CustomOperation"]


@case("X16-15")
@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"errorCode": "NoError", "status": "Available"}, "OccurenceConstraintViolation"),
        ({"connectorId": "1", "errorCode": "NoError", "status": "Available"}, "TypeConstraintViolation"),
        ({"connectorId": 1, "errorCode": "NoError", "status": "Asleep"}, "PropertyConstraintViolation"),
        ({"connectorId": 1, "errorCode": "NoError", "status": "Available", "x": 1}, "FormationViolation"),
    ],
)
@ARITHMETIC
async def test_x16_15_error_codes_as_1_6_spells_them(
    csms: Appliance, payload: dict[str, Any], code: str
) -> None:
    await csms.verb("station.update", station="CP1", quirks={"strict": True})
    station = await csms.station()
    await station.call("BootNotification", boot())
    with pytest.raises(CallError) as refusal:
        await station.call("StatusNotification", payload)
    assert (refusal.value.code, refusal.value.details) == (code, {})
    assert 0 < len(refusal.value.description) <= 255


@case("X16-16")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "{}",
        "[]",
        "[2]",
        "null",
        '[9,"1"]',
        '[2,"1","Heartbeat"]',
        '[2,"1",{"a":1},{}]',
        '[2,"1","Heartbeat",[]]',
        '[2,"1","MeterValues",{"connectorId":NaN}]',
        '[2,"1","MeterValues",{"connectorId":1e999}]',
        '[2,{},"Heartbeat",{}]',
        '[3,"nobody",{}]',
        '[3,"nobody"]',
        '[4,"-1","GenericError","",{}]',
        '[4,"x"]',
        "[" * 100_000,
        '[2,"1","DataTransfer",{"data":' + "[" * 100_000,
        '[2,"1","\\ud800",{}]',
        '[2,"' + "i" * 5000 + '","Heartbeat",{}]',
        "\x00",
    ],
    ids=lambda text: text[:30] or "empty",
)
@ARITHMETIC
async def test_x16_16_malformed_frames_end_nothing(csms: Appliance, station: Station, text: str) -> None:
    await station.raw(text)
    assert "currentTime" in await station.call("Heartbeat")
    for answer in [await station.stray() for _ in range(len(station.heard) - 2)]:
        assert answer[0] == 4
        assert answer[2] in ("FormationViolation", "ProtocolError", "GenericError")
    await csms.message_log.flush()
    found = [m for m in await csms.messages(station="CP1") if m["note"]]
    assert len(found) == 1
    assert found[0]["action"] in ("malformed", "unexpected_answer")


@pytest.mark.parametrize("raw_id", ["123", '"a\\u0062"', '""', "1.50", '"\\u0000"', '"ü"'])
@ARITHMETIC
async def test_message_ids_come_back_as_they_came(csms: Appliance, station: Station, raw_id: str) -> None:
    await station.raw(f'[2,{raw_id},"StartTransaction",{json.dumps(start())}]')
    await station.stray()
    assert station.heard[-1].startswith(f"[3,{raw_id},")
    await station.raw(f'[2,{raw_id},"StartTransaction",{json.dumps(start())}]')
    await station.stray()
    assert station.heard[-1] == station.heard[-2]
    await station.raw(f'[2,{raw_id},"Nonsense",{{}}]')
    await station.stray()
    assert station.heard[-1].startswith(f"[4,{raw_id},")
    await csms.message_log.flush()


@case("X16-17")
async def test_x16_17_pipelined_calls_are_answered_in_order(csms: Appliance, station: Station) -> None:
    calls = [
        ("StatusNotification", status("Preparing")),
        ("StartTransaction", start()),
        ("Heartbeat", {}),
        ("MeterValues", meter_values(None, reading(1, 1100))),
        ("StatusNotification", status("Charging")),
        *[("Heartbeat", {})] * 30,
    ]
    for number, (action, payload) in enumerate(calls):
        await station.raw(json.dumps([2, f"p{number}", action, payload]))
    answers = [await station.stray() for _ in calls]
    assert [a[1] for a in answers] == [f"p{number}" for number in range(len(calls))]
    assert {a[0] for a in answers} == {3}
    [shown] = await csms.transactions()
    assert len(shown["meterValues"]) == 1


@case("X16-18")
async def test_x16_18_a_station_is_answered_while_it_owes_us_an_answer(
    csms: Appliance, station: Station
) -> None:
    owed = trio.Event()

    async def later(_: dict[str, Any]) -> dict[str, Any]:
        await owed.wait()
        return {"configurationKey": []}

    station.answers["GetConfiguration"] = later
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_call, csms, "GetConfiguration")
        await station.until_asked("GetConfiguration")
        assert (await station.call("StartTransaction", start()))["transactionId"] > 0
        assert "currentTime" in await station.call("Heartbeat")
        owed.set()
    [command] = await csms.verb("station.commands", station="CP1")
    assert command["outcome"] == "DONE"


async def _call(csms: Appliance, action: str) -> dict[str, Any]:
    result: dict[str, Any] = await csms.verb("station.call", station="CP1", action=action, payload={})
    return result


@case("X16-19")
async def test_x16_19_a_station_that_never_answers(
    csms: Appliance, station: Station, mock_clock: trio.testing.MockClock
) -> None:
    station.answers["ClearCache"] = None
    results: list[dict[str, Any]] = []

    async def send() -> None:
        results.append(await _call(csms, "ClearCache"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await station.until_asked("ClearCache")
        mock_clock.jump(31)
    assert [(r["status"], r["outcome"]) for r in results] == [("TIMEOUT", "TIMED_OUT")]
    station.answers["GetLocalListVersion"] = {"listVersion": 3}
    assert (await _call(csms, "GetLocalListVersion"))["outcome"] == "DONE"
    late = json.loads(station.heard[-2])
    assert late[2] == "ClearCache"
    await station.raw(json.dumps([3, late[1], {"status": "Accepted"}]))
    assert "currentTime" in await station.call("Heartbeat")
    found = [m for m in await csms.messages() if m["note"]]
    assert ("late_answer", "the answer to ClearCache came too late") in [
        (m["action"], m["note"]) for m in found
    ]


@case("X16-20")
async def test_x16_20_a_newer_connection_replaces_the_old(csms: Appliance, station: Station) -> None:
    station.answers["ClearCache"] = None
    results: list[dict[str, Any]] = []

    async def send() -> None:
        results.append(await _call(csms, "ClearCache"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await station.until_asked("ClearCache")
        newer = await csms.station()
    assert (results[0]["status"], results[0]["outcome"]) == ("OFFLINE", "FAILED")
    await station.ended.wait()
    assert station.close_frame is not None
    assert "newer" in station.close_frame[1]
    assert (await _call(csms, "ClearCache"))["status"] == "ANSWERED"
    assert "currentTime" in await newer.call("Heartbeat")
    kinds = [r["kind"] for r in await csms.rows("SELECT kind FROM outbox ORDER BY id")]
    assert "station.disconnected" not in kinds


async def test_a_station_that_is_offline_cannot_be_asked(csms: Appliance, station: Station) -> None:
    await station.drop()
    async with csms.unit.bus.subscribe():
        while csms.house.link.links():
            await trio.testing.wait_all_tasks_blocked()
    result = await _call(csms, "ClearCache")
    assert (result["status"], result["outcome"], result["response"]) == ("OFFLINE", "FAILED", None)

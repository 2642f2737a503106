"""What comes again: the same answer and no second row (OCPP 1.6 J errata §4.1.1, ocpp.md idempotency)."""

import json
from typing import Any

import pytest

from csms.store.connection import open_store
from tests.conformance.cases import case
from tests.wire.appliance import Appliance, SeededEntropy, SetClock, appliance
from tests.wire.furniture import ARITHMETIC, furnish
from tests.wire.payloads import boot, meter_values, reading, sample, start, stop
from tests.wire.station import Station


async def _counts(csms: Appliance) -> dict[str, int]:
    tables = ("transactions", "cdrs", "corrections", "meter_values")
    return {t: (await csms.rows(f"SELECT count(*) AS n FROM {t}"))[0]["n"] for t in tables}


@case("X16-01")
async def test_x16_01_same_call_twice_gets_identical_bytes_and_one_row(
    csms: Appliance, station: Station
) -> None:
    text = json.dumps([2, "s-1", "StartTransaction", start()])
    await station.raw(text)
    first = await station.stray()
    csms.clock.forward(hours=3)
    await station.raw(text)
    assert await station.stray() == first
    assert station.heard[-1] == station.heard[-2]
    assert (await _counts(csms))["transactions"] == 1
    assert len([m for m in await csms.messages() if m["action"] == "StartTransaction"]) == 1


async def test_same_bytes_get_the_old_answer_even_when_the_token_was_blocked_since(
    csms: Appliance, station: Station
) -> None:
    first = await station.call("StartTransaction", start(), message_id="s-1")
    await csms.verb("token.blocked", uid="TAG1", blocked=True)
    assert await station.call("StartTransaction", start(), message_id="s-1") == first
    assert first["idTagInfo"]["status"] == "Accepted"


@case("X16-02")
async def test_x16_02_same_start_with_a_new_message_id(csms: Appliance, station: Station) -> None:
    first = await station.call("StartTransaction", start(), message_id="a")
    await csms.verb("token.blocked", uid="TAG1", blocked=True)
    again = await station.call("StartTransaction", start(idTag="tag1"), message_id="b")
    assert again["transactionId"] == first["transactionId"]
    assert again["idTagInfo"]["status"] == "Accepted"
    assert (await _counts(csms))["transactions"] == 1


async def test_a_start_repeated_after_its_stop_begins_nothing(csms: Appliance, station: Station) -> None:
    first = await station.call("StartTransaction", start())
    await station.call("StopTransaction", stop(first["transactionId"]))
    again = await station.call("StartTransaction", start())
    assert again["transactionId"] == first["transactionId"]
    assert (await _counts(csms))["transactions"] == 1


@pytest.mark.parametrize(
    "changed",
    [{"connectorId": 2}, {"idTag": "TAG2"}, {"meterStart": 1001}, {"timestamp": "2026-03-02T12:00:01Z"}],
    ids=lambda fields: next(iter(fields)),
)
@ARITHMETIC
async def test_another_start_with_a_used_message_id_is_another_transaction(
    csms: Appliance, station: Station, changed: dict[str, Any]
) -> None:
    first = await station.call("StartTransaction", start(), message_id="1")
    second = await station.call("StartTransaction", start(**changed), message_id="1")
    assert second["transactionId"] != first["transactionId"]
    assert (await _counts(csms))["transactions"] == 2


@case("X16-05")
async def test_x16_05_second_stop_is_a_no_op(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.call("StopTransaction", stop(tid), message_id="a")
    [before] = await csms.transactions()
    counts = await _counts(csms)
    assert await station.call("StopTransaction", stop(tid), message_id="a") == {}
    assert await station.call("StopTransaction", stop(tid), message_id="b") == {}
    assert await csms.transactions() == [before]
    assert await _counts(csms) == counts


async def test_a_second_stop_that_differs_is_recorded_and_changes_nothing(
    csms: Appliance, station: Station
) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.call("StopTransaction", stop(tid, reason="EVDisconnected"))
    [cdr] = await csms.rows("SELECT * FROM cdrs")
    for message_id in ("x", "y"):
        await station.call("StopTransaction", stop(tid, 90, meterStop=20_000), message_id=message_id)
    [shown] = await csms.transactions()
    assert (shown["energyWh"], shown["stopReason"]) == (10_000, "EVDisconnected")
    assert [c["kind"] for c in shown["corrections"]] == ["second_stop_ignored"]
    assert shown["corrections"][0]["detail"]["meterStopWh"] == 20_000
    assert await csms.rows("SELECT * FROM cdrs") == [cdr]


async def test_repeated_meter_values_replace_themselves(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    values = meter_values(tid, reading(10, 2000, sample("7000", measurand="Power.Active.Import", unit="W")))
    assert await station.call("MeterValues", values, message_id="a") == {}
    assert await station.call("MeterValues", values, message_id="a") == {}
    assert await station.call("MeterValues", values, message_id="b") == {}
    [shown] = await csms.transactions()
    assert [r["energyWh"] for r in shown["meterValues"]] == [2000]


async def test_two_kinds_of_reading_of_one_moment_are_both_kept(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.call("MeterValues", meter_values(tid, reading(10, 2000)))
    await station.call("MeterValues", meter_values(tid, reading(10, sample("2000", context="Sample.Clock"))))
    [shown] = await csms.transactions()
    assert len(shown["meterValues"]) == 2


async def test_meter_values_repeated_after_the_stop_are_no_correction(
    csms: Appliance, station: Station
) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.call("MeterValues", meter_values(tid, reading(10, 2000)))
    await station.call("StopTransaction", stop(tid))
    await station.call("MeterValues", meter_values(tid, reading(10, 2000)))
    [shown] = await csms.transactions()
    assert shown["corrections"] == []


async def test_a_late_reading_is_kept_and_noted_and_the_cdr_stays(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.call("StopTransaction", stop(tid))
    [cdr] = await csms.rows("SELECT * FROM cdrs")
    await station.call("MeterValues", meter_values(tid, reading(70, 99_000)))
    [shown] = await csms.transactions()
    assert [c["kind"] for c in shown["corrections"]] == ["reading_after_end"]
    assert (shown["energyWh"], len(shown["meterValues"])) == (10_000, 1)
    assert await csms.rows("SELECT * FROM cdrs") == [cdr]


async def test_every_message_of_a_charge_again_after_a_restart(csms: Appliance, station: Station) -> None:
    charge: list[tuple[str, dict[str, Any]]] = [("StartTransaction", start())]
    answers = [await station.call(*charge[0], message_id="m0")]
    tid = answers[0]["transactionId"]
    charge += [
        ("MeterValues", meter_values(tid, reading(10, 2000))),
        ("StopTransaction", stop(tid, idTag="TAG1", transactionData=[reading(60, 11_000)])),
    ]
    for number, message in enumerate(charge[1:], start=1):
        answers.append(await station.call(*message, message_id=f"m{number}"))
    before, counts = await csms.transactions(), await _counts(csms)

    heir = await csms.restarted()
    back = await heir.station()
    for prefix in ("m", "n"):
        again = [await back.call(*message, message_id=f"{prefix}{n}") for n, message in enumerate(charge)]
        assert again == answers
    assert await heir.transactions() == before
    assert await _counts(heir) == counts


@case("X16-24")
async def test_a_start_that_was_not_answered_before_the_process_died(store_url: str, clock: SetClock) -> None:
    entropy = SeededEntropy()
    async with open_store(store_url) as store, appliance(store, clock, entropy) as csms:
        await csms.unit.run(furnish)
        station = await csms.station()
        first = await station.call("StartTransaction", start(), message_id="q")
    async with open_store(store_url) as store, appliance(store, clock, entropy) as csms:
        station = await csms.station()
        again = await station.call("StartTransaction", start(), message_id="q")
        assert again == first
        await station.call("StopTransaction", stop(again["transactionId"]))
        [shown] = await csms.transactions()
        assert (shown["state"], shown["energyWh"]) == ("ENDED", 10_000)


async def test_the_same_message_of_two_stations_is_two(csms: Appliance, station: Station) -> None:
    await csms.verb("station.add", station_id="CP2", security_profile=0)
    other = await csms.station("CP2")
    one = await station.call("StartTransaction", start(), message_id="1")
    two = await other.call("StartTransaction", start(), message_id="1")
    assert one["transactionId"] != two["transactionId"]


async def test_a_replay_window_that_is_over_still_gives_the_same_transaction(
    csms: Appliance, station: Station
) -> None:
    first = await station.call("StartTransaction", start(), message_id="1")
    csms.clock.forward(days=40)
    assert (await station.call("StartTransaction", start(), message_id="1"))["transactionId"] == first[
        "transactionId"
    ]


async def test_a_boot_or_status_that_comes_again_is_taken_again(csms: Appliance, station: Station) -> None:
    """Stations restart their message ids: what names no moment of its own must never be answered from memory."""
    first = await station.call("BootNotification", boot(), message_id="1")
    csms.clock.forward(days=1)
    second = await station.call("BootNotification", boot(), message_id="1")
    assert first["currentTime"] == "2026-03-02T12:00:00.000Z"
    assert second["currentTime"] == "2026-03-03T12:00:00.000Z"

"""Whole charges, step by step as the certification tests walk them (ocpp.md §6.1)."""

from typing import Any

import pytest

from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import meter_values, reading, start, status, stop
from tests.wire.station import Station


async def _says(station: Station, *statuses: str, minutes: float = 0) -> None:
    for number, said in enumerate(statuses):
        assert await station.call("StatusNotification", status(said, minutes=minutes + number / 60)) == {}


async def _authorized(station: Station) -> None:
    assert (await station.call("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"


async def _started(station: Station) -> int:
    answer = await station.call("StartTransaction", start())
    assert answer["idTagInfo"]["status"] == "Accepted"
    return int(answer["transactionId"])


async def _connector(csms: Appliance) -> str:
    return str((await csms.connectors())[1]["status"])


async def test_tc_003_plug_in_first(csms: Appliance, station: Station) -> None:
    await _says(station, "Preparing")
    await _authorized(station)
    await _started(station)
    await _says(station, "Charging")
    assert await _connector(csms) == "CHARGING"


async def test_tc_004_1_identification_first(csms: Appliance, station: Station) -> None:
    await _authorized(station)
    await _says(station, "Preparing")
    await _started(station)
    await _says(station, "Charging")
    [shown] = await csms.transactions()
    assert (shown["state"], shown["authorization"], shown["evseId"]) == ("ACTIVE", "Accepted", 1)


async def test_tc_004_2_identification_first_and_nobody_plugs_in(csms: Appliance, station: Station) -> None:
    await _authorized(station)
    await _says(station, "Preparing", "Available")
    assert await csms.transactions() == []
    assert await _connector(csms) == "AVAILABLE"


async def test_tc_005_1_unplugged_at_the_vehicle(csms: Appliance, station: Station) -> None:
    tid = await _started(station)
    await _says(station, "Charging", "SuspendedEV")
    await station.call("StopTransaction", stop(tid, reason="EVDisconnected"))
    await _says(station, "Finishing", "Available", minutes=1)
    [shown] = await csms.transactions()
    assert (shown["state"], shown["stopReason"]) == ("ENDED", "EVDisconnected")
    assert await _connector(csms) == "AVAILABLE"


async def test_tc_007_a_cached_id(csms: Appliance, station: Station) -> None:
    await _says(station, "Preparing")
    await _started(station)


@pytest.mark.parametrize(
    "reason", ["Local", "Remote", "EVDisconnected", "EmergencyStop", "Other", "Boredom", None]
)
@ARITHMETIC
async def test_a_stop_for_any_reason(csms: Appliance, station: Station, reason: str | None) -> None:
    tid = await _started(station)
    await station.call("StopTransaction", stop(tid, reason=reason))
    [shown] = await csms.transactions()
    assert shown["stopReason"] == (reason or "Local")


async def test_a_charge_and_its_cdr(csms: Appliance, station: Station) -> None:
    tid = await _started(station)
    for minute, register in ((15, 3500), (30, 6000), (45, 8500)):
        await station.call("MeterValues", meter_values(tid, reading(minute, register)))
    csms.clock.forward(hours=1)
    await station.call("StopTransaction", stop(tid))
    [shown] = await csms.transactions()
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    document = cdr["document"]
    assert document["session_id"] == shown["id"]
    assert document["cdr_token"]["uid"] == "TAG1"
    assert (document["start_date_time"], document["end_date_time"]) == (shown["startedAt"], shown["endedAt"])
    assert (document["total_energy"], document["currency"]) == (10, "EUR")
    assert document["total_cost"]["excl_vat"] == 3
    assert document["tariffs"][0]["id"] == "energy"
    assert cdr["createdAt"] == "2026-03-02T13:00:00.000Z"


async def test_the_tariff_of_the_start_counts(csms: Appliance, station: Station) -> None:
    tid = await _started(station)
    dearer: dict[str, Any] = {
        "id": "energy",
        "currency": "EUR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 9.99, "step_size": 1}]}],
    }
    await csms.verb("tariff.add", document=dearer)
    await station.call("StopTransaction", stop(tid))
    [cdr] = await csms.verb("cdr.list")
    assert (cdr["totalCost"], cdr["tariffId"]) == (3, "energy")


async def test_end_of_transaction_and_cdr_are_one_commit(csms: Appliance, station: Station) -> None:
    tid = await _started(station)
    async with csms.unit.bus.subscribe() as events:
        await station.call("StopTransaction", stop(tid))
        kinds = [(await anext(events)).kind, (await anext(events)).kind]
    assert kinds == ["transaction.ended", "cdr.created"]
    rows = await csms.rows("SELECT kind FROM outbox ORDER BY id DESC LIMIT 2")
    assert [row["kind"] for row in rows] == ["cdr.created", "transaction.ended"]


async def test_a_charge_without_tariff_has_a_cdr_of_nothing(csms: Appliance, station: Station) -> None:
    await csms.verb("tariff.active", tariff="energy", active=False)
    tid = await _started(station)
    await station.call("StopTransaction", stop(tid))
    [cdr] = await csms.verb("cdr.list")
    assert (cdr["totalCost"], cdr["energyWh"], cdr["tariffId"]) == (0, 10_000, None)


async def test_a_charge_of_no_time_and_no_energy(csms: Appliance, station: Station) -> None:
    tid = await _started(station)
    await station.call("StopTransaction", stop(tid, 0, meterStop=1000))
    [cdr] = await csms.verb("cdr.list")
    assert (cdr["energyWh"], cdr["totalCost"]) == (0, 0)


async def test_a_charge_of_a_week(csms: Appliance, station: Station) -> None:
    tid = await _started(station)
    csms.clock.forward(days=7)
    await station.call("StopTransaction", stop(tid, 7 * 24 * 60))
    [shown] = await csms.transactions()
    assert (shown["energyWh"], shown["corrections"]) == (10_000, [])

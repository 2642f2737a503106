"""Parking is what the vehicle does not want: billed by the connector's states, by idle energy where there are none."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.wire.appliance import NOON, Appliance
from tests.wire.payloads import meter_values, reading, start, status, stop
from tests.wire.station import Station

TARIFF: dict[str, Any] = {
    "id": "PARK",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [
                {"type": "TIME", "price": 1, "step_size": 1},
                {"type": "PARKING_TIME", "price": 6, "step_size": 1},
            ]
        }
    ],
}


@pytest.fixture
async def parked(csms: Appliance, station: Station) -> Station:
    await csms.verb("tariff.add", document=TARIFF)
    await csms.verb("tariff.assign", tariff="PARK", station="CP1")
    return station


async def cost(csms: Appliance, station: Station, *changes: tuple[int, str]) -> Decimal:
    """Charge for an hour, idle from minute 30 on, with changes of state on the way."""
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    for minute, state in changes:
        csms.clock.at = NOON + timedelta(minutes=minute)
        await station.call("StatusNotification", status(state, minutes=minute))
    for minute, register in ((15, 5000), (30, 10_000), (45, 10_000)):
        await station.call("MeterValues", meter_values(tid, reading(minute, register)))
    csms.clock.at = NOON + timedelta(hours=1)
    await station.call("StopTransaction", stop(tid, meterStop=10_000))
    [shown] = await csms.transactions()
    return Decimal((await csms.verb("cdr.show", cdr=shown["cdrId"]))["totalCost"])


async def test_a_vehicle_that_is_full_parks(csms: Appliance, parked: Station) -> None:
    assert await cost(csms, parked, (1, "Charging"), (30, "SuspendedEV")) == Decimal("3.5")


async def test_a_vehicle_that_is_held_back_does_not_park(csms: Appliance, parked: Station) -> None:
    assert await cost(csms, parked, (1, "Charging"), (30, "SuspendedEVSE")) == 1


async def test_a_station_that_reports_no_states_is_billed_by_idle_energy(
    csms: Appliance, parked: Station
) -> None:
    assert await cost(csms, parked) == Decimal("3.5")


async def test_a_charge_that_cannot_be_priced_gets_a_cdr_without_a_price(
    csms: Appliance, parked: Station
) -> None:
    csms.clock.forward(days=400)
    tid = (await parked.call("StartTransaction", start()))["transactionId"]
    await parked.call("StopTransaction", stop(tid, timestamp="2027-04-06T12:00:00Z"))
    [shown] = await csms.transactions()
    assert [entry["kind"] for entry in shown["corrections"]] == ["not_priced"]
    assert (await csms.verb("cdr.show", cdr=shown["cdrId"]))["totalCost"] == 0


async def test_a_reservation_that_is_used_is_billed_until_the_start(
    csms: Appliance, station: Station
) -> None:
    reserved = {"price_components": [{"type": "TIME", "price": 4, "step_size": 1}]}
    reserved["restrictions"] = {"reservation": "RESERVATION"}
    energy = {"price_components": [{"type": "ENERGY", "price": 1, "step_size": 1}]}
    await csms.verb("tariff.add", document=TARIFF | {"elements": [reserved, energy]})
    await csms.verb("tariff.assign", tariff="PARK", station="CP1")
    request = {"connectorId": 1, "idTag": "TAG1", "reservationId": 7, "expiryDate": "2026-03-02T15:00:00Z"}
    station.answers["ReserveNow"] = {"status": "Accepted"}
    await csms.verb("station.call", station="CP1", action="ReserveNow", payload=request)
    csms.clock.forward(minutes=30)
    tid = (await station.call("StartTransaction", start(30, reservationId=7)))["transactionId"]
    csms.clock.forward(hours=1)
    await station.call("StopTransaction", stop(tid, 90))
    [shown] = await csms.transactions()
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    assert cdr["document"]["total_reservation_cost"] == {"excl_vat": 2}
    assert cdr["totalCost"] == 12

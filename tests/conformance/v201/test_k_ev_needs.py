"""Block K: schedules agreed with the vehicle by ISO 15118 (OCPP 2.0.1 Part 2 §K15–K17, Part 6 TC_K_53–59)."""

from typing import Any

from tests.conformance.cases import case
from tests.conformance.site import Site
from tests.conformance.v201.profiles import profile, schedule
from tests.conformance.v201.station import Station201
from tests.wire.station import Payload

TUPLES = 2
AC: Payload = {"energyAmount": 20_000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 400}


async def _connected(site: Site) -> Station201:
    """Return a station with an authorised vehicle on EVSE 1 that has not charged yet, and 16 A for it."""
    station = await site.station201()
    await site.command(station, "limit", amps=16, evse_id=1)
    station.asked.clear()
    await station.authorized()
    await station.ev_connected_pre_session()
    return station


async def _needs(site: Site, station: Station201, times: int = 1) -> Payload:
    """Tell what the vehicle needs and return the profile that comes of it, within 60 s (K15.FR.08)."""
    needs: Payload = {"requestedEnergyTransfer": "AC_three_phase", "acChargingParameters": AC}
    said = {"evseId": 1, "maxScheduleTuples": TUPLES, "chargingNeeds": needs}
    answer = await station.call("NotifyEVChargingNeeds", said)
    assert answer["status"] == "Accepted"
    await site.forward(seconds=59)
    asked = station.asked_for("SetChargingProfile")
    assert len(asked) == times
    return _agreeable(station, asked[-1])


def _agreeable(station: Station201, asked: Payload) -> Payload:
    """Return the profile that was asked for, having seen that it suits the transaction and the vehicle."""
    wanted: Payload = asked["chargingProfile"]
    assert (asked["evseId"], wanted["chargingProfilePurpose"]) == (1, "TxProfile")
    assert wanted["transactionId"] == station.charge().id
    assert 1 <= len(wanted["chargingSchedule"]) <= 3
    for each in wanted["chargingSchedule"]:
        assert 1 <= len(each["chargingSchedulePeriod"]) <= TUPLES
    return wanted


def _limits(wanted: Payload) -> list[float]:
    return [
        period["limit"] for each in wanted["chargingSchedule"] for period in each["chargingSchedulePeriod"]
    ]


async def _agrees(station: Station201, limit: float, **fields: Any) -> None:
    """Tell what schedule the vehicle will keep, and begin or go on with it."""
    said = {"timeBase": station.at(), "evseId": 1, "chargingSchedule": schedule(limit=limit, **fields)}
    assert (await station.call("NotifyEVChargingSchedule", said))["status"] == "Accepted"


async def _goes_on(station: Station201, trigger: str = "ChargingRateChanged") -> None:
    assert await station.event(trigger, chargingState="Charging") == {}


@case("TC_K_53_CSMS", "X201-16")
async def test_tc_k_53_a_schedule_for_the_needs_of_a_vehicle(site: Site) -> None:
    station = await _connected(site)
    await _needs(site, station)
    await _agrees(station, 10.0)
    await _goes_on(station, "ChargingStateChanged")
    await site.forward(minutes=2)
    assert len(station.asked_for("SetChargingProfile")) == 1
    [shown] = await site.transactions(station)
    assert shown["state"] == "ACTIVE"


@case("TC_K_55_CSMS", "X201-17")
async def test_tc_k_55_a_vehicle_that_wants_more_than_it_may(site: Site) -> None:
    station = await _connected(site)
    first = await _needs(site, station)
    said = {"timeBase": station.at(), "evseId": 1, "chargingSchedule": schedule(limit=63.0)}
    assert (await station.call("NotifyEVChargingSchedule", said))["status"] == "Rejected"
    await _goes_on(station, "ChargingStateChanged")
    await site.forward(seconds=59)
    asked = station.asked_for("SetChargingProfile")
    assert len(asked) == 2
    again = _agreeable(station, asked[1])
    assert _limits(again) == _limits(first)
    await _agrees(station, min(_limits(again)))
    await _goes_on(station)


@case("TC_K_57_CSMS")
async def test_tc_k_57_the_vehicle_renegotiates(site: Site) -> None:
    station = await _connected(site)
    await _needs(site, station)
    await _agrees(station, 10.0)
    await _goes_on(station, "ChargingStateChanged")
    await site.forward(minutes=10)
    await _needs(site, station, times=2)
    await _goes_on(station)
    await _agrees(station, 12.0)
    await _goes_on(station)


async def _renegotiated(site: Site, station: Station201) -> Payload:
    """Change the profile of the running transaction as an operator does; returns what the station got."""
    await _needs(site, station)
    await _agrees(station, 10.0)
    await _goes_on(station, "ChargingStateChanged")
    old = station.asked_for("SetChargingProfile")[0]["chargingProfile"]
    new = profile(old["id"], "TxProfile", transactionId=station.charge().id, limit=8.0)
    sent = await site.call(station, "SetChargingProfile", {"evseId": 1, "chargingProfile": new})
    assert sent["outcome"] == "DONE"
    asked: Payload = station.asked_for("SetChargingProfile")[1]
    assert asked["chargingProfile"] == new
    return asked


@case("TC_K_58_CSMS")
async def test_tc_k_58_the_operator_renegotiates(site: Site) -> None:
    station = await _connected(site)
    await _renegotiated(site, station)
    await _agrees(station, 8.0)
    await _goes_on(station)
    await site.forward(minutes=2)
    assert len(station.asked_for("SetChargingProfile")) == 2


@case("TC_K_59_CSMS")
async def test_tc_k_59_the_vehicle_answers_with_new_needs(site: Site) -> None:
    station = await _connected(site)
    await _renegotiated(site, station)
    wanted = await _needs(site, station, times=3)
    await _agrees(station, min(_limits(wanted)))
    await _goes_on(station)

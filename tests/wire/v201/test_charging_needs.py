"""Needs and plans of vehicles on the wire (OCPP 2.0.1 K15 to K17, X201-16 and 17)."""

from typing import Any

import pytest

from csms.services import vehicle_profiles
from tests.wire.appliance import Appliance
from tests.wire.payloads import at
from tests.wire.station import CallError, Payload, Station
from tests.wire.v201.conftest import connected
from tests.wire.v201.payloads import ended, started
from tests.wire.v201.test_charging import by_hand, order, schedule, sent

__all__ = ["by_hand"]

AC: Payload = {
    "requestedEnergyTransfer": "AC_three_phase",
    "acChargingParameters": {
        "energyAmount": 20_000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 230
    },
}  # fmt: skip


async def round_(csms: Appliance) -> None:
    await vehicle_profiles.rounds(csms.house).once()


async def needs_at(csms: Appliance) -> dict[str, Any]:
    [kept] = (await csms.verb("station.profiles", station="CP1"))["needs"]
    found: dict[str, Any] = kept
    return found


async def need(station: Station, most: int | None = None, **needs: Any) -> str:
    payload: Payload = {"evseId": 1, "chargingNeeds": AC | needs}
    answer = await station.call(
        "NotifyEVChargingNeeds", payload | ({"maxScheduleTuples": most} if most else {})
    )
    return str(answer["status"])


async def plan(station: Station, *limits: float) -> str:
    payload = {"timeBase": at(0), "evseId": 1, "chargingSchedule": schedule(*limits)}
    return str((await station.call("NotifyEVChargingSchedule", payload))["status"])


async def test_x201_16_needs_are_answered_with_a_profile(csms: Appliance, station: Station) -> None:
    periods = [{"start_s": 3600 * n, "limit": limit} for n, limit in enumerate((20, 10, 16, 8))]
    await order(csms, "profile.set", purpose="default", evse_id=1, periods=periods)
    await order(csms, "profile.set", purpose="station", limit=12, stack_level=1)
    await station.call("TransactionEvent", started())
    assert await need(station, 3) == "Accepted"
    assert len(sent(station)) == 2
    await round_(csms)
    payload = sent(station)[-1]
    offered = payload["chargingProfile"]
    assert (payload["evseId"], offered["chargingProfilePurpose"]) == (1, "TxProfile")
    assert (offered["transactionId"], offered["stackLevel"]) == ("T1", 0)
    [one] = offered["chargingSchedule"]
    limits = [(p["startPeriod"], p["limit"]) for p in one["chargingSchedulePeriod"]]
    assert limits == [(0, 10.0), (7200, 12.0), (10800, 8.0)]
    assert one["startSchedule"] == at(0)
    kept = await needs_at(csms)
    assert (kept["status"], kept["profileId"], kept["problem"]) == ("SENT", offered["id"], None)
    assert len(sent(station)) == 3
    await round_(csms)
    assert len(sent(station)) == 3


async def test_x201_16_limits_of_others_bound_the_offer_too(csms: Appliance, station: Station) -> None:
    limit = {"chargingLimit": {"chargingLimitSource": "EMS"}, "chargingSchedule": [schedule(6900, unit="W")]}
    await station.call("NotifyChargingLimit", limit)
    await station.call("TransactionEvent", started())
    await need(station)
    await round_(csms)
    [payload] = sent(station)
    [one] = payload["chargingProfile"]["chargingSchedule"]
    assert one["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 10.0}]


async def test_x201_16_the_transaction_may_come_after_its_needs(csms: Appliance, station: Station) -> None:
    assert await need(station) == "Processing"
    await round_(csms)
    assert sent(station) == []
    csms.clock.forward(seconds=40)
    await station.call("TransactionEvent", started())
    await round_(csms)
    assert sent(station)[0]["chargingProfile"]["transactionId"] == "T1"


async def test_x201_16_the_next_process_sends_it(csms: Appliance, station: Station) -> None:
    await station.call("TransactionEvent", started())
    await need(station)
    heir = await csms.restarted()
    csms.clock.forward(seconds=30)
    again = await connected(heir)
    await round_(heir)
    assert len(sent(again)) == 1


async def test_x201_16_what_comes_too_late_is_told(csms: Appliance, station: Station) -> None:
    await station.call("TransactionEvent", started())
    await need(station)
    heir = await csms.restarted()
    csms.clock.forward(seconds=60)
    await round_(heir)
    kept = await needs_at(heir)
    assert (kept["status"], kept["problem"]) == ("FAILED", "not sent in time: the station was offline")
    [alert] = await heir.verb("alert.list")
    assert "EVSE 1 of CP1 got no charging profile" in alert["message"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"status": "Rejected"}, "the station answered Rejected"),
        (CallError("InternalError", "oops", {}), "oops"),
    ],
)
async def test_a_station_that_refuses_is_asked_three_times(
    csms: Appliance, station: Station, answer: Any, problem: str
) -> None:
    station.answers["SetChargingProfile"] = answer
    await station.call("TransactionEvent", started())
    await need(station)
    for _ in range(3):
        await round_(csms)
        await round_(csms)
        csms.clock.forward(seconds=10)
    assert len(sent(station)) == 3
    kept = await needs_at(csms)
    assert (kept["status"], kept["attempts"]) == ("FAILED", 3)
    assert problem in kept["problem"]


async def test_a_station_that_knows_no_profiles_is_left_alone(csms: Appliance, station: Station) -> None:
    station.answers["SetChargingProfile"] = CallError("NotImplemented", "", {})
    await station.call("TransactionEvent", started())
    await need(station)
    await round_(csms)
    csms.clock.forward(seconds=20)
    await round_(csms)
    assert len(sent(station)) == 1
    assert (await needs_at(csms))["status"] == "FAILED"


async def test_x201_17_a_plan_above_the_limit_is_renegotiated_under_the_same_id(
    csms: Appliance, station: Station
) -> None:
    await order(csms, "profile.set", purpose="default", evse_id=1, limit=16)
    await station.call("TransactionEvent", started())
    await need(station)
    await round_(csms)
    assert await plan(station, 16, 16) == "Accepted"
    await round_(csms)
    assert len(sent(station)) == 2
    assert await plan(station, 10, 20) == "Rejected"
    await round_(csms)
    first, second = (payload["chargingProfile"] for payload in sent(station)[1:])
    assert second["id"] == first["id"]
    assert second["chargingSchedule"][0]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 16.0}]
    assert (await needs_at(csms))["renegotiations"] == 1
    for _ in range(9):
        await plan(station, 20)
        await round_(csms)
    assert len(sent(station)) == 7
    kept = await needs_at(csms)
    assert (kept["status"], kept["problem"]) == (
        "FAILED",
        "the vehicle's plan exceeds its limits, told 5 times",
    )


async def test_x201_17_a_plan_without_needs_is_held_to_the_operators_profile(
    csms: Appliance, station: Station
) -> None:
    await station.call("TransactionEvent", started())
    await order(csms, "profile.set", purpose="default", evse_id=1, limit=8)
    await order(csms, "profile.set", purpose="transaction", evse_id=1, limit=8, id=55, start_at=at(0))
    assert await plan(station, 6) == "Accepted"
    await round_(csms)
    assert len(sent(station)) == 2
    assert await plan(station, 12) == "Rejected"
    await round_(csms)
    assert sent(station)[-1]["chargingProfile"]["id"] == 55


async def test_a_lower_limit_reaches_the_vehicle_at_once(csms: Appliance, station: Station) -> None:
    await station.call("TransactionEvent", started())
    await need(station)
    await round_(csms)
    csms.clock.forward(minutes=5)
    await order(csms, "profile.set", purpose="default", evse_id=1, limit=10)
    await round_(csms)
    first, _, third = (payload["chargingProfile"] for payload in sent(station))
    assert third["id"] == first["id"]
    assert third["chargingSchedule"][0]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 10.0}]
    await order(csms, "profile.set", purpose="station", limit=63)
    await round_(csms)
    assert len(sent(station)) == 4
    await order(csms, "profile.clear", purpose="default")
    await round_(csms)
    assert sent(station)[-1]["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 32.0}
    ]


async def test_a_charge_that_is_over_needs_nothing(csms: Appliance, station: Station) -> None:
    await station.call("TransactionEvent", started())
    await need(station)
    await station.call("TransactionEvent", ended(1))
    await round_(csms)
    assert sent(station) == []
    assert (await csms.verb("station.profiles", station="CP1"))["needs"] == []


async def test_needs_of_no_evse_are_refused(csms: Appliance, station: Station) -> None:
    answer = await station.call("NotifyEVChargingNeeds", {"evseId": 0, "chargingNeeds": AC})
    assert answer == {"status": "Rejected"}


async def test_direct_current_is_offered_power(csms: Appliance, station: Station) -> None:
    await station.call("TransactionEvent", started())
    direct = {"evMaxCurrent": 200, "evMaxVoltage": 400, "stateOfCharge": 20}
    payload = {
        "evseId": 1,
        "chargingNeeds": {"requestedEnergyTransfer": "DC", "dcChargingParameters": direct},
    }
    assert await station.call("NotifyEVChargingNeeds", payload) == {"status": "Accepted"}
    await round_(csms)
    [one] = sent(station)[0]["chargingProfile"]["chargingSchedule"]
    assert (one["chargingRateUnit"], one["chargingSchedulePeriod"][0]["limit"]) == ("W", 80000.0)


async def test_an_operators_profile_of_the_charge_bounds_the_offer_and_stays(
    csms: Appliance, station: Station
) -> None:
    await station.call("TransactionEvent", started())
    await order(csms, "profile.set", purpose="transaction", evse_id=1, limit=8)
    await need(station)
    await round_(csms)
    offered = sent(station)[-1]["chargingProfile"]
    assert (offered["id"], offered["stackLevel"]) == (2, 1)
    assert offered["chargingSchedule"][0]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 8.0}]
    await order(csms, "profile.set", purpose="default", evse_id=1, limit=20)
    await round_(csms)
    assert len(sent(station)) == 3
    shown = await csms.verb("station.profiles", station="CP1")
    assert [(one["profile"]["id"], one["source"]) for one in shown["profiles"]] == [
        (3, "CSO"), (1, "CSO"), (2, "EV")
    ]  # fmt: skip
    await order(csms, "profile.clear", id=1)
    await order(csms, "profile.set", purpose="default", evse_id=1, limit=18)
    await round_(csms)
    last = sent(station)[-1]["chargingProfile"]
    assert (last["id"], last["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]) == (2, 18.0)


async def test_a_station_without_another_level_has_it_in_the_same_place(
    csms: Appliance, station: Station
) -> None:
    variable = {
        "component": {"name": "SmartChargingCtrlr"},
        "variable": {"name": "ProfileStackLevel"},
        "variableAttribute": [{"value": "0"}],
    }
    report_ = {"requestId": 1, "generatedAt": at(0), "seqNo": 0, "reportData": [variable]}
    await station.call("NotifyReport", report_)
    await station.call("TransactionEvent", started())
    await order(csms, "profile.set", purpose="transaction", evse_id=1, limit=8)
    await need(station)
    await round_(csms)
    offered = sent(station)[-1]["chargingProfile"]
    assert (offered["id"], offered["stackLevel"]) == (1, 0)
    assert offered["chargingSchedule"][0]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 8.0}]

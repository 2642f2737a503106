"""Block K: charging profiles that the operator sets, clears and asks for (OCPP 2.0.1 Part 2 §K, Part 6 TC_K)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.profiles import absolute, profile, report
from tests.conformance.v201.station import TAG1, Station201
from tests.wire.station import CallError, Payload


async def _set(site: Site, station: Station201, evse: int, wanted: Payload) -> Payload:
    """Set a profile and see that it arrives as it is."""
    asked = {"evseId": evse, "chargingProfile": wanted}
    sent = await site.call(station, "SetChargingProfile", asked)
    assert station.asked_for("SetChargingProfile")[-1] == asked
    known = {each["id"]: each for each in await _known(site, station)}
    if sent["outcome"] == "DONE":
        kept = known[wanted["id"]]
        told = (kept["evseId"], kept["purpose"], kept["stackLevel"], kept["kind"])
        assert told == (
            evse,
            wanted["chargingProfilePurpose"],
            wanted["stackLevel"],
            wanted["chargingProfileKind"],
        )
        limits = [period["limit"] for each in kept["schedules"] for period in each["periods"]]
        assert limits == [wanted["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]]
    else:
        assert known == {}
    return sent


async def _known(site: Site, station: Station201) -> list[Payload]:
    """Return the profiles that the station is known to hold."""
    shown = await site.verb("station.profiles", station=station.id)
    return [each["profile"] for each in shown["profiles"]]


@case("TC_K_01_CSMS")
async def test_tc_k_01_a_limit_for_an_evse(site: Site) -> None:
    station = await site.station201()
    assert (await _set(site, station, 1, absolute()))["outcome"] == "DONE"
    done = await site.command(station, "limit", amps=6, evse_id=1, phases=3)
    asked = station.asked_for("SetChargingProfile")[1]
    assert (done["outcome"], asked["evseId"]) == ("DONE", 1)
    wanted = asked["chargingProfile"]
    assert wanted["chargingProfilePurpose"] == "TxDefaultProfile"
    assert "transactionId" not in wanted
    [period] = wanted["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert period == {"startPeriod": 0, "limit": 6.0, "numberPhases": 3}


@case("TC_K_03_CSMS")
async def test_tc_k_03_a_limit_for_the_station(site: Site) -> None:
    station = await site.station201()
    wanted = absolute(purpose="ChargingStationMaxProfile", limit=8.0)
    assert (await _set(site, station, 0, wanted))["outcome"] == "DONE"
    done = await site.command(station, "limit", amps=8)
    asked = station.asked_for("SetChargingProfile")[1]
    assert (done["outcome"], asked["evseId"]) == ("DONE", 0)
    wanted = asked["chargingProfile"]
    assert wanted["chargingProfilePurpose"] == "ChargingStationMaxProfile"
    assert wanted["chargingProfileKind"] == "Absolute"
    assert wanted["chargingSchedule"][0]["startSchedule"]
    assert wanted["chargingSchedule"][0]["chargingSchedulePeriod"][0]["startPeriod"] == 0


@case("TC_K_02_CSMS")
async def test_tc_k_02_a_profile_for_a_transaction_that_is_none(site: Site) -> None:
    station = await site.station201(answers={"SetChargingProfile": {"status": "Rejected"}})
    asked = {"evseId": 1, "chargingProfile": profile(purpose="TxProfile", transactionId="none")}
    sent = await site.call(station, "SetChargingProfile", asked)
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": "Rejected"})
    assert station.asked_for("SetChargingProfile") == [asked]


@case("TC_K_60_CSMS")
async def test_tc_k_60_a_profile_for_the_running_transaction(site: Site) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    running = station.charge().id
    sent = await _set(site, station, 1, profile(purpose="TxProfile", transactionId=running))
    assert sent["outcome"] == "DONE"
    assert await station.event("ChargingRateChanged", chargingState="Charging") == {}
    [shown] = await site.transactions(station)
    assert (shown["ocppId"], shown["state"]) == (running, "ACTIVE")


@case("TC_K_04_CSMS")
@pytest.mark.parametrize(("evse", "purpose"), [(1, "TxDefaultProfile"), (0, "ChargingStationMaxProfile")])
async def test_tc_k_04_a_profile_replaces_the_one_of_its_id(site: Site, evse: int, purpose: str) -> None:
    station = await site.station201()
    for limit in (8.0, 6.0):
        sent = await _set(site, station, evse, absolute(7, purpose, limit=limit))
        assert sent["outcome"] == "DONE"
    for amps in (8, 6):
        assert (await site.command(station, "limit", amps=amps, evse_id=evse))["outcome"] == "DONE"
    asked = [each["chargingProfile"] for each in station.asked_for("SetChargingProfile")]
    assert asked[2]["id"] == asked[3]["id"]
    limits = [each["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] for each in asked]
    assert limits == [8.0, 6.0, 8.0, 6.0]


@case("TC_K_10_CSMS")
async def test_tc_k_10_the_default_for_every_evse(site: Site) -> None:
    station = await site.station201()
    assert (await _set(site, station, 0, absolute()))["outcome"] == "DONE"


@case("TC_K_15_CSMS")
async def test_tc_k_15_a_station_without_smart_charging(site: Site) -> None:
    station = await site.station201(answers={"SetChargingProfile": CallError("NotSupported", "", {})})
    sent = await _set(site, station, 1, absolute())
    assert (sent["status"], sent["outcome"]) == ("ERROR", "FAILED")
    await site.forward(minutes=5)
    assert len(station.asked_for("SetChargingProfile")) == 1
    assert await station.call("Heartbeat")


@case("TC_K_19_CSMS")
@pytest.mark.parametrize("every", ["Daily", "Weekly"])
async def test_tc_k_19_a_recurring_profile(site: Site, every: str) -> None:
    station = await site.station201()
    wanted = absolute(chargingProfileKind="Recurring", recurrencyKind=every)
    assert (await _set(site, station, 1, wanted))["outcome"] == "DONE"


@case("TC_K_70_CSMS")
async def test_tc_k_70_several_profiles_at_a_time(site: Site) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    for evse, wanted in (
        (1, absolute(1, "TxDefaultProfile")),
        (0, absolute(2, "ChargingStationMaxProfile", limit=8.0)),
    ):
        assert (await _set(site, station, evse, wanted))["outcome"] == "DONE"
    [shown] = await site.transactions(station)
    assert shown["state"] == "ACTIVE"


CRITERIA = {"evseId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile"}
CLEARED: list[Any] = [
    row("TC_K_05_CSMS", {"chargingProfileId": 1}, "Accepted", "DONE"),
    row(
        "TC_K_06_CSMS",
        {"chargingProfileCriteria": CRITERIA},
        "Accepted",
        "DONE",
    ),
    row("TC_K_08_CSMS", {"chargingProfileCriteria": CRITERIA}, "Unknown", "REFUSED"),
]


@pytest.mark.parametrize(("criteria", "status", "outcome"), CLEARED)
async def test_a_profile_is_cleared(site: Site, criteria: Payload, status: str, outcome: str) -> None:
    station = await site.station201(answers={"ClearChargingProfile": {"status": status}})
    if status == "Accepted":
        await _set(site, station, 1, absolute())
    sent = await site.call(station, "ClearChargingProfile", criteria)
    assert station.asked_for("ClearChargingProfile") == [criteria]
    assert (sent["outcome"], sent["response"]) == (outcome, {"status": status})
    assert await _known(site, station) == []


MAX = "ChargingStationMaxProfile"
DEFAULT = "TxDefaultProfile"
ASKED: list[Any] = [
    row("TC_K_29_CSMS", 0, {"chargingProfilePurpose": MAX}),
    row("TC_K_30_CSMS", 1, {"chargingProfilePurpose": DEFAULT}),
    row("TC_K_31_CSMS", None, {"chargingProfilePurpose": DEFAULT}),
    row("TC_K_32_CSMS", None, {"chargingProfileId": [1, 2]}),
    row("TC_K_33_CSMS", 1, {"stackLevel": 0}),
    row("TC_K_34_CSMS", 1, {"chargingLimitSource": ["CSO"]}),
    row("TC_K_35_CSMS", 1, {"chargingProfilePurpose": DEFAULT}),
    row("TC_K_36_CSMS", 1, {"chargingProfilePurpose": DEFAULT, "stackLevel": 0}),
]
"""EVSE and criteria of GetChargingProfiles."""


@pytest.mark.parametrize(("evse", "criteria"), ASKED)
async def test_profiles_are_reported(site: Site, evse: int | None, criteria: Payload) -> None:
    """The profiles come after the answer, here in two messages; only with the last one it is done."""
    station = await site.station201()
    await station.energy_transfer_started()
    asked: Payload = {"requestId": 7, "chargingProfile": criteria}
    if evse is not None:
        asked["evseId"] = evse
    sent = await site.call(station, "GetChargingProfiles", asked)
    assert station.asked_for("GetChargingProfiles") == [asked]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    purpose = criteria.get("chargingProfilePurpose", DEFAULT)
    first = report(7, profile(1, purpose), evse=evse or 0, tbc=True)
    assert await station.call("ReportChargingProfiles", first) == {}
    assert (await site.result(sent))["outcome"] == "PENDING"
    second = report(7, profile(2, purpose), evse=evse or 0)
    assert await station.call("ReportChargingProfiles", second) == {}
    assert (await site.result(sent))["outcome"] == "DONE"
    known = await _known(site, station)
    assert [(each["id"], each["evseId"], each["purpose"]) for each in known] == [
        (1, evse or 0, purpose),
        (2, evse or 0, purpose),
    ]


@case("X201-18")
async def test_x201_18_profiles_in_three_messages_and_none_at_all(site: Site) -> None:
    station = await site.station201()
    sent = await site.call(station, "GetChargingProfiles", {"requestId": 7, "chargingProfile": {}})
    for number, (evse, source) in enumerate([(1, "CSO"), (2, "CSO"), (1, "EMS")], start=1):
        assert (await site.result(sent))["outcome"] == "PENDING"
        said = report(7, profile(number), evse=evse, source=source, tbc=number < 3)
        assert await station.call("ReportChargingProfiles", said) == {}
    assert (await site.result(sent))["outcome"] == "DONE"
    station.answers["GetChargingProfiles"] = {"status": "NoProfiles"}
    none = await site.call(station, "GetChargingProfiles", {"requestId": 8, "chargingProfile": {}})
    assert (none["status"], none["response"]) == ("ANSWERED", {"status": "NoProfiles"})
    assert (await site.result(none))["outcome"] != "PENDING"


@case("TC_K_37_CSMS")
async def test_tc_k_37_a_remote_start_with_a_profile(site: Site) -> None:
    station = await site.station201()
    sent = await site.command(station, "start", id_token="TAG1", evse_id=1, limit_a=10)
    [asked] = station.asked_for("RequestStartTransaction")
    wanted = asked["chargingProfile"]
    assert wanted["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in wanted
    assert wanted["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 10.0
    await station.event("RemoteStart", idToken=TAG1, remoteStartId=asked["remoteStartId"])
    assert (await site.result(sent))["outcome"] == "DONE"


@pytest.mark.parametrize("evse", [row("TC_K_43_CSMS", 1), row("TC_K_44_CSMS", 0)])
async def test_the_composite_schedule(site: Site, evse: int) -> None:
    composite = {
        "evseId": evse,
        "duration": 300,
        "scheduleStart": "2026-03-02T12:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11.11}],
    }
    told = {"status": "Accepted", "schedule": composite}
    station = await site.station201(answers={"GetCompositeSchedule": told})
    done = await site.command(station, "schedule", evse_id=evse, duration_s=300)
    assert station.asked_for("GetCompositeSchedule") == [{"evseId": evse, "duration": 300}]
    assert done["outcome"] == "DONE"
    [period] = done["response"]["schedule"]["chargingSchedulePeriod"]
    assert float(period["limit"]) == 11.11

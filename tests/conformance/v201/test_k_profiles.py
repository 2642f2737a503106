"""Block K: charging profiles that the operator sets, clears and asks for (OCPP 2.0.1 Part 2 §K, Part 6 TC_K)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.profiles import profile, report, schedule
from tests.conformance.v201.station import TAG1, Station201
from tests.wire.station import CallError, Payload


async def _set(site: Site, station: Station201, evse: int, **wanted: Any) -> Payload:
    """Set a profile by its own words and see that it arrives as it is."""
    asked = {"evseId": evse, "chargingProfile": profile(**wanted)}
    sent = await site.call(station, "SetChargingProfile", asked)
    assert station.asked_for("SetChargingProfile")[-1] == asked
    return sent


@case("TC_K_01_CSMS")
async def test_tc_k_01_a_limit_for_an_evse(site: Site) -> None:
    station = await site.station201()
    done = await site.command(station, "limit", amps=16, evse_id=1, phases=3)
    [asked] = station.asked_for("SetChargingProfile")
    assert (done["outcome"], asked["evseId"]) == ("DONE", 1)
    wanted = asked["chargingProfile"]
    assert wanted["chargingProfilePurpose"] == "TxDefaultProfile"
    assert "transactionId" not in wanted
    [period] = wanted["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert period == {"startPeriod": 0, "limit": 16.0, "numberPhases": 3}


@case("TC_K_03_CSMS")
async def test_tc_k_03_a_limit_for_the_station(site: Site) -> None:
    station = await site.station201()
    done = await site.command(station, "limit", amps=32)
    [asked] = station.asked_for("SetChargingProfile")
    assert (done["outcome"], asked["evseId"]) == ("DONE", 0)
    wanted = asked["chargingProfile"]
    assert wanted["chargingProfilePurpose"] == "ChargingStationMaxProfile"
    assert wanted["chargingProfileKind"] != "Relative"
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
    sent = await _set(site, station, 1, purpose="TxProfile", transactionId=running)
    assert sent["outcome"] == "DONE"
    assert await station.event("ChargingRateChanged", chargingState="Charging") == {}
    [shown] = await site.transactions(station)
    assert (shown["ocppId"], shown["state"]) == (running, "ACTIVE")


@case("TC_K_04_CSMS")
async def test_tc_k_04_a_profile_replaces_the_one_of_its_id(site: Site) -> None:
    station = await site.station201()
    for amps in (16, 10):
        done = await site.command(station, "limit", amps=amps, evse_id=1)
        assert done["outcome"] == "DONE"
    first, second = (asked["chargingProfile"] for asked in station.asked_for("SetChargingProfile"))
    assert first["id"] == second["id"]
    limits = [each["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] for each in (first, second)]
    assert limits == [16.0, 10.0]


@case("TC_K_10_CSMS")
async def test_tc_k_10_the_default_for_every_evse(site: Site) -> None:
    station = await site.station201()
    assert (await _set(site, station, 0, purpose="TxDefaultProfile"))["outcome"] == "DONE"


@case("TC_K_15_CSMS")
async def test_tc_k_15_a_station_without_smart_charging(site: Site) -> None:
    station = await site.station201(answers={"SetChargingProfile": CallError("NotSupported", "", {})})
    sent = await _set(site, station, 1)
    assert (sent["status"], sent["outcome"]) == ("ERROR", "FAILED")
    await site.forward(minutes=5)
    assert len(station.asked_for("SetChargingProfile")) == 1
    assert await station.call("Heartbeat")


@case("TC_K_19_CSMS")
async def test_tc_k_19_a_recurring_profile(site: Site) -> None:
    station = await site.station201()
    daily = [schedule(startSchedule="2026-03-02T00:00:00.000Z", duration=86_400)]
    sent = await _set(
        site, station, 1, chargingProfileKind="Recurring", recurrencyKind="Daily", chargingSchedule=daily
    )
    assert sent["outcome"] == "DONE"


@case("TC_K_70_CSMS")
async def test_tc_k_70_several_profiles_at_a_time(site: Site) -> None:
    station = await site.station201()
    for level in (0, 1):
        sent = await _set(site, station, 1, number=level + 1, stackLevel=level, limit=16.0 - level)
        assert sent["outcome"] == "DONE"
    installed = [asked["chargingProfile"] for asked in station.asked_for("SetChargingProfile")]
    assert [(each["id"], each["stackLevel"]) for each in installed] == [(1, 0), (2, 1)]


CLEARED: list[Any] = [
    row("TC_K_05_CSMS", {"chargingProfileId": 1}, "Accepted", "DONE"),
    row(
        "TC_K_06_CSMS",
        {"chargingProfileCriteria": {"stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile"}},
        "Accepted",
        "DONE",
    ),
    row("TC_K_08_CSMS", {"chargingProfileId": 1}, "Unknown", "REFUSED"),
]


@pytest.mark.parametrize(("criteria", "status", "outcome"), CLEARED)
async def test_a_profile_is_cleared(site: Site, criteria: Payload, status: str, outcome: str) -> None:
    station = await site.station201(answers={"ClearChargingProfile": {"status": status}})
    if status == "Accepted":
        await _set(site, station, 1)
    sent = await site.call(station, "ClearChargingProfile", criteria)
    assert station.asked_for("ClearChargingProfile") == [criteria]
    assert (sent["outcome"], sent["response"]) == (outcome, {"status": status})


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

"""OCPP 1.6: charging profiles (cases 056, 057, 059, 066, 067)."""

from decimal import Decimal
from typing import Any

from tests.conformance.cases import case
from tests.conformance.site import Site

SCHEDULE: dict[str, Any] = {
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}, {"startPeriod": 300, "limit": 16.5}],
}


def _profile(purpose: str, **fields: Any) -> dict[str, Any]:
    usual = {
        "chargingProfileId": 7,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": SCHEDULE,
    }
    return usual | fields


@case("TC_056")
async def test_tc_056_a_default_profile(site: Site) -> None:
    station = await site.station16()
    asked = {"connectorId": 1, "csChargingProfiles": _profile("TxDefaultProfile")}
    sent = await site.call(station, "SetChargingProfile", asked)
    assert station.asked_for("SetChargingProfile") == [asked]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "DONE")


@case("TC_056")
async def test_tc_056_a_limit_in_the_operators_words(site: Site) -> None:
    station = await site.station16()
    done = await site.command(station, "limit", amps=16, evse_id=1)
    [asked] = station.asked_for("SetChargingProfile")
    profile = asked["csChargingProfiles"]
    assert (asked["connectorId"], profile["chargingProfilePurpose"]) == (1, "TxDefaultProfile")
    assert "transactionId" not in profile
    assert profile["chargingSchedule"]["chargingSchedulePeriod"][0] == {"startPeriod": 0, "limit": 16.0}
    assert done["outcome"] == "DONE"


@case("TC_057")
async def test_tc_057_a_profile_for_the_running_transaction(site: Site) -> None:
    station = await site.station16()
    transaction = await station.charging()
    profile = _profile("TxProfile", transactionId=transaction)
    sent = await site.call(station, "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    [asked] = station.asked_for("SetChargingProfile")
    [shown] = await site.transactions(station)
    assert (asked["connectorId"], asked["csChargingProfiles"]["transactionId"]) == (
        shown["evseId"],
        int(shown["ocppId"]),
    )
    assert sent["outcome"] == "DONE"


@case("TC_059")
async def test_tc_059_a_remote_start_with_a_profile(site: Site) -> None:
    station = await site.station16()
    await station.status("Preparing")
    sent = await site.command(station, "start", id_token="TAG1", evse_id=1, limit_a=10)
    [asked] = station.asked_for("RemoteStartTransaction")
    assert (asked["idTag"], asked["connectorId"]) == ("TAG1", 1)
    assert asked["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in asked["chargingProfile"]
    assert asked["chargingProfile"]["chargingSchedule"]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 10.0}
    ]
    await station.start()
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_066")
async def test_tc_066_the_composite_schedule(site: Site) -> None:
    station = await site.station16()
    told = {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": station.at(),
        "chargingSchedule": SCHEDULE | {"duration": 600},
    }
    station.answers["GetCompositeSchedule"] = told
    asked = {"connectorId": 1, "duration": 600, "chargingRateUnit": "A"}
    sent = await site.call(station, "GetCompositeSchedule", asked)
    assert station.asked_for("GetCompositeSchedule") == [asked]
    assert sent["outcome"] == "DONE"
    periods = sent["response"]["chargingSchedule"]["chargingSchedulePeriod"]
    assert [Decimal(str(period["limit"])) for period in periods] == [6, Decimal("16.5")]


@case("TC_067")
async def test_tc_067_profiles_are_cleared(site: Site) -> None:
    station = await site.station16()
    criteria = {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
    for asked in ({"id": 7}, criteria):
        sent = await site.call(station, "ClearChargingProfile", asked)
        assert station.asked_for("ClearChargingProfile")[-1] == asked
        assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "DONE")
    station.answers["ClearChargingProfile"] = {"status": "Unknown"}
    sent = await site.call(station, "ClearChargingProfile", {"id": 8})
    assert (sent["response"], sent["outcome"]) == ({"status": "Unknown"}, "REFUSED")

"""Block K: limits that others than the operator have set (OCPP 2.0.1 Part 2 §K11–K14, Part 6 TC_K)."""

from tests.conformance.cases import case
from tests.conformance.site import Site
from tests.conformance.v201.profiles import profile, report, schedule
from tests.conformance.v201.station import Station201
from tests.wire.station import Payload


async def _limited(station: Station201, **fields: object) -> Payload:
    said: Payload = {"chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": False}} | fields
    assert await station.call("NotifyChargingLimit", said) == {}
    return said


async def _kept(site: Site, station: Station201) -> list[Payload]:
    return await site.events(station, "charging.limit")


async def _limits(site: Site, station: Station201) -> list[tuple[int, str]]:
    """Return EVSE and source of every limit that holds."""
    shown = await site.verb("station.profiles", station=station.id)
    return [(limit["evseId"], limit["source"]) for limit in shown["externalLimits"]]


@case("TC_K_48_CSMS")
async def test_tc_k_48_an_external_limit(site: Site) -> None:
    station = await site.station201()
    said = await _limited(station, evseId=1, chargingSchedule=[schedule(limit=8.0)])
    assert await _kept(site, station) == [said]
    assert await _limits(site, station) == [(1, "EMS")]


@case("TC_K_50_CSMS")
async def test_tc_k_50_an_external_limit_is_lifted(site: Site) -> None:
    station = await site.station201()
    await _limited(station, evseId=1)
    cleared = {"chargingLimitSource": "EMS", "evseId": 1}
    assert await station.call("ClearedChargingLimit", cleared) == {}
    assert (await _kept(site, station))[-1] == cleared
    assert await _limits(site, station) == []


@case("TC_K_51_CSMS")
async def test_tc_k_51_an_external_limit_is_lifted_while_charging(site: Site) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    await _limited(station, evseId=1)
    assert await station.call("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": 1}) == {}
    assert await station.event("ChargingRateChanged", chargingState="Charging") == {}
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["corrections"]) == ("ACTIVE", [])


@case("TC_K_52_CSMS")
async def test_tc_k_52_external_limits_are_reported(site: Site) -> None:
    station = await site.station201()
    await _limited(station, evseId=1)
    external = {"chargingProfilePurpose": "ChargingStationExternalConstraints"}
    asked = {"requestId": 9, "evseId": 1, "chargingProfile": external}
    sent = await site.call(station, "GetChargingProfiles", asked)
    assert station.asked_for("GetChargingProfiles") == [asked]
    told = report(9, profile(5, "ChargingStationExternalConstraints", limit=8.0), source="EMS")
    assert await station.call("ReportChargingProfiles", told) == {}
    assert (await site.result(sent))["outcome"] == "DONE"

"""OCPP 1.6: charges begun and ended at the station (cases 003–007, 023, 024, 037, 039)."""

from decimal import Decimal

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site


@case("TC_003")
async def test_tc_003_plug_in_first(site: Site) -> None:
    station = await site.station16()
    await station.status("Preparing")
    assert (await station.authorize())["status"] == "Accepted"
    begun = await station.start()
    assert begun["idTagInfo"]["status"] == "Accepted"
    assert begun["transactionId"] > 0
    await station.status("Charging")
    assert (await site.connectors(station))[1]["status"] == "CHARGING"
    await site.forward(minutes=30)
    await station.stop(begun["transactionId"], "Local", idTag="TAG1")
    await station.unplugged()
    [shown] = await site.transactions(station)
    assert (shown["ocppId"], shown["state"], shown["energyWh"]) == (
        str(begun["transactionId"]),
        "ENDED",
        5000,
    )
    assert (await site.cdr(shown))["totalCost"] == Decimal("1.50")
    assert (await site.connectors(station))[1]["status"] == "AVAILABLE"


@case("TC_004_1")
async def test_tc_004_1_identification_first(site: Site) -> None:
    station = await site.station16()
    assert (await station.authorize())["status"] == "Accepted"
    await station.status("Preparing")
    assert (await station.start())["idTagInfo"]["status"] == "Accepted"
    await station.status("Charging")
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["idToken"], shown["evseId"]) == ("ACTIVE", "TAG1", 1)


@case("TC_004_2")
async def test_tc_004_2_nobody_plugs_in_after_identification(site: Site) -> None:
    station = await site.station16()
    assert (await station.authorize())["status"] == "Accepted"
    await station.status("Preparing")
    assert (await site.connectors(station))[1]["status"] == "PREPARING"
    await site.forward(minutes=1)
    await station.status("Available")
    assert (await site.connectors(station))[1]["status"] == "AVAILABLE"
    assert await site.transactions(station) == []


@case("TC_005_1")
async def test_tc_005_1_the_ev_side_is_disconnected(site: Site) -> None:
    station = await site.station16()
    transaction = await station.charging()
    await station.status("SuspendedEV")
    assert (await site.connectors(station))[1]["status"] == "SUSPENDED_EV"
    assert await station.stop(transaction, "EVDisconnected") == {}
    await station.unplugged()
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"]) == ("ENDED", "EVDisconnected")


@case("TC_007")
async def test_tc_007_a_cached_id(site: Site) -> None:
    """The station knows the id tag from its cache: it starts without asking."""
    station = await site.station16()
    await station.status("Preparing")
    begun = await station.start()
    assert begun["idTagInfo"] == {"status": "Accepted", "parentIdTag": "FLEET"}
    await station.status("Charging")
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["authorization"]) == ("ACTIVE", "Accepted")


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        row("TC_023_1", "NOBODY", "Invalid"),
        row("TC_023_2", "EXPIRED", "Expired"),
        row("TC_023_3", "BLOCKED", "Blocked"),
    ],
)
async def test_tc_023_authorize_is_refused(site: Site, tag: str, status: str) -> None:
    station = await site.station16()
    await station.status("Preparing")
    assert (await station.authorize(tag))["status"] == status
    await station.status("Available")
    assert await site.transactions(station) == []


@case("TC_024")
async def test_tc_024_lock_failure(site: Site) -> None:
    station = await site.station16()
    await station.status("Preparing")
    assert (await station.authorize())["status"] == "Accepted"
    await station.status("Faulted", error="ConnectorLockFailure")
    seen = (await site.connectors(station))[1]
    assert (seen["status"], seen["errorCode"]) == ("FAULTED", "ConnectorLockFailure")
    assert await site.transactions(station) == []


@case("TC_037_1")
async def test_tc_037_1_an_offline_start_with_a_valid_tag(site: Site) -> None:
    station = await site.station16()
    begun_at = station.at()
    await station.drop()
    await site.forward(minutes=30)
    station = await site.reconnected(station, booted=False)
    begun = await station.start(timestamp=begun_at)
    assert begun["idTagInfo"]["status"] == "Accepted"
    await station.status("Charging")
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["startedAt"]) == ("ACTIVE", begun_at)
    await site.forward(minutes=30)
    await station.stop(begun["transactionId"], "Local")
    [shown] = await site.transactions(station)
    assert Decimal(str((await site.cdr(shown))["document"]["total_time"])) == 1


@case("TC_037_3")
async def test_tc_037_3_an_offline_start_with_an_invalid_tag(site: Site) -> None:
    station = await site.station16()
    begun_at = station.at()
    await station.drop()
    await site.forward(minutes=30)
    station = await site.reconnected(station, booted=False)
    begun = await station.start("NOBODY", timestamp=begun_at)
    assert begun["idTagInfo"]["status"] == "Invalid"
    assert begun["transactionId"] > 0
    assert await station.stop(begun["transactionId"], "DeAuthorized") == {}
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"], shown["authorization"]) == (
        "ENDED",
        "DeAuthorized",
        "Invalid",
    )


@case("TC_039")
async def test_tc_039_a_whole_transaction_offline(site: Site) -> None:
    station = await site.station16()
    await station.drop()
    await site.forward(minutes=5)
    begun_at = station.at()
    await site.forward(minutes=30)
    ended_at = station.at()
    await site.forward(minutes=60)
    station = await site.reconnected(station, booted=False)
    begun = await station.start(timestamp=begun_at)
    assert begun["idTagInfo"]["status"] == "Accepted"
    assert await station.stop(begun["transactionId"], "Local", timestamp=ended_at) == {}
    [shown] = await site.transactions(station)
    assert (shown["startedAt"], shown["endedAt"], shown["energyWh"]) == (begun_at, ended_at, 5000)
    assert Decimal(str((await site.cdr(shown))["document"]["total_time"])) == Decimal("0.5")

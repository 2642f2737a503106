"""Block G: availability of station, EVSE and connector (OCPP 2.0.1 Part 2 §G, Part 6 TC_G)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201
from tests.conformance.v201.steps import shows
from tests.wire.station import Payload

EVSE = {"evse": {"id": 1}}
CONNECTOR = {"evse": {"id": 1, "connectorId": 1}}
STATION: Payload = {}


async def _change(site: Site, station: Station201, operative: bool, where: Payload) -> Payload:
    """Change the availability and see what the station was asked."""
    asked = {"operationalStatus": "Operative" if operative else "Inoperative"} | where
    sent = await site.call(station, "ChangeAvailability", asked)
    assert station.asked_for("ChangeAvailability")[-1] == asked
    return sent


def _evses(where: Payload) -> list[int]:
    return [where["evse"]["id"]] if where else [1, 2]


async def _shown(site: Site, station: Station201, evses: list[int]) -> list[str]:
    connectors = await site.connectors(station)
    return [connectors[evse]["status"] for evse in evses]


async def _wanted(site: Site, station: Station201, where: Payload) -> bool:
    """Return the intent that is kept for what was named."""
    connectors = await site.connectors(station)
    return bool(connectors[where["evse"]["id"] if where else 0]["availableIntent"])


@pytest.mark.parametrize(
    "where", [row("TC_G_03_CSMS", EVSE), row("TC_G_05_CSMS", STATION), row("TC_G_07_CSMS", CONNECTOR)]
)
async def test_operative_to_inoperative(site: Site, where: Payload) -> None:
    station = await site.station201()
    sent = await _change(site, station, False, where)
    for evse in _evses(where):
        await shows(station, "Unavailable", evse)
    assert (await site.result(sent))["outcome"] == "DONE"
    assert set(await _shown(site, station, _evses(where))) == {"UNAVAILABLE"}
    assert await _wanted(site, station, where) is False


@pytest.mark.parametrize(
    "where", [row("TC_G_04_CSMS", EVSE), row("TC_G_06_CSMS", STATION), row("TC_G_08_CSMS", CONNECTOR)]
)
async def test_inoperative_to_operative(site: Site, where: Payload) -> None:
    station = await site.station201()
    await _change(site, station, False, where)
    for evse in _evses(where):
        await shows(station, "Unavailable", evse)
    sent = await _change(site, station, True, where)
    for evse in _evses(where):
        await shows(station, "Available", evse)
    assert (await site.result(sent))["outcome"] == "DONE"
    assert set(await _shown(site, station, _evses(where))) == {"AVAILABLE"}
    assert await _wanted(site, station, where) is True


@pytest.mark.parametrize(
    "where", [row("TC_G_11_CSMS", EVSE), row("TC_G_14_CSMS", STATION), row("TC_G_17_CSMS", CONNECTOR)]
)
async def test_a_charge_ends_before_the_station_goes_out_of_service(site: Site, where: Payload) -> None:
    station = await site.station201(answers={"ChangeAvailability": {"status": "Scheduled"}})
    await station.energy_transfer_started()
    sent = await _change(site, station, False, where)
    assert (sent["status"], sent["response"]) == ("ANSWERED", {"status": "Scheduled"})
    if not where:
        await shows(station, "Unavailable", 2)
    [shown] = await site.transactions(station)
    assert shown["state"] == "ACTIVE"
    await station.stop_authorized()
    await station.ev_connected_post_session()
    await station.event("EVCommunicationLost", end=True, chargingState="Idle", stoppedReason="EVDisconnected")
    await shows(station, "Unavailable")
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["energyWh"]) == ("ENDED", 5000)
    assert set(await _shown(site, station, _evses(where))) == {"UNAVAILABLE"}
    await site.forward(minutes=1)
    assert (await site.result(sent))["outcome"] == "DONE"
    assert await _wanted(site, station, where) is False


@case("TC_G_20_CSMS")
async def test_tc_g_20_a_lock_fails(site: Site) -> None:
    station = await site.station201()
    await station.authorized()
    event: dict[str, Any] = {
        "eventId": 1,
        "timestamp": station.at(),
        "trigger": "Delta",
        "actualValue": "true",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "ConnectorPlugRetentionLock", "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": "Problem"},
    }
    said = {"generatedAt": station.at(), "seqNo": 0, "eventData": [event]}
    assert await station.call("NotifyEvent", said) == {}
    [kept] = await site.events(station, "device.event")
    assert kept["eventData"] == [event]

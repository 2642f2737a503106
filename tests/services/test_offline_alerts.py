"""A station that is away too long is an alert, until it is heard again."""

import trio.testing

from csms.services import offline_alerts
from csms.services.unit import Policy
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Station


async def leave(csms: Appliance, station: Station) -> None:
    """Be gone, and wait until the appliance knows."""
    await station.drop()
    while csms.house.link.links():
        await trio.testing.wait_all_tasks_blocked()


async def sweep(csms: Appliance, *, minutes: float, offline_alert_s: int = 1200) -> list[str]:
    csms.unit.policy = Policy(offline_alert_s=offline_alert_s)
    csms.clock.forward(minutes=minutes)
    await offline_alerts.sweep(csms.house)
    return [alert["message"] for alert in await csms.verb("alert.list")]


async def test_a_station_that_is_away_too_long_is_told_once(csms: Appliance, station: Station) -> None:
    await leave(csms, station)
    assert await sweep(csms, minutes=19) == []
    assert await sweep(csms, minutes=2) == ["CP1 is offline: last heard 2026-03-02 12:00 UTC"]
    assert len(await sweep(csms, minutes=2)) == 1
    back = await csms.station()
    await back.call("BootNotification", payloads.boot())
    assert await sweep(csms, minutes=0) == []


async def test_one_that_is_connected_is_not_away_however_silent(csms: Appliance, station: Station) -> None:
    assert await sweep(csms, minutes=600) == []


async def test_after_a_stop_of_our_own_stations_get_the_time_to_come_back(
    csms: Appliance, station: Station
) -> None:
    await leave(csms, station)
    csms.clock.forward(minutes=600)
    heir = await csms.restarted()
    assert await sweep(heir, minutes=19) == []
    assert len(await sweep(heir, minutes=2)) == 1


async def test_three_heartbeats_are_waited_for(csms: Appliance, station: Station) -> None:
    await csms.verb("station.update", station="CP1", quirks={"heartbeat_interval_s": 3600})
    await leave(csms, station)
    assert await sweep(csms, minutes=179) == []
    assert len(await sweep(csms, minutes=2)) == 1


async def test_who_is_not_accepted_was_never_there_or_is_not_asked_about_is_no_alert(
    csms: Appliance, station: Station
) -> None:
    await csms.verb("station.add", station_id="CP2", security_profile=0)
    await leave(csms, station)
    assert await sweep(csms, minutes=60, offline_alert_s=0) == []
    await csms.verb("station.update", station="CP1", registration="Rejected")
    assert await sweep(csms, minutes=60) == []


async def test_one_that_is_removed_alerts_no_more(csms: Appliance, station: Station) -> None:
    await leave(csms, station)
    assert len(await sweep(csms, minutes=60)) == 1
    await csms.verb("station.remove", station="CP1")
    assert await csms.verb("alert.list") == []

"""What really comes of commands, in both versions by the same words: Accepted is not the end (issue of outcomes)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from csms.errors import InvalidInput, Unsupported
from csms.services import availability, commands
from csms.store.connection import Store
from tests.wire.orders import VERSIONS, boot, order, outcome, status_of
from tests.wire.site import Site, site
from tests.wire.station import Station


@pytest.fixture
async def web(store: Store, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(store, tmp_path) as running:
        yield running


@VERSIONS
async def test_a_scheduled_change_is_done_when_the_connector_says_so(web: Site, version: str) -> None:
    station = await web.station(version)
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    done = await order(web, "availability", available=False, evse_id=2)
    assert done["outcome"] == "PENDING"
    web.csms.clock.forward(seconds=10)
    await status_of(web, station, version, 1, "Unavailable")
    assert await web.csms.unit.run(availability.follow_up) == 0
    await status_of(web, station, version, 2, "Unavailable")
    await web.csms.unit.run(availability.follow_up)
    assert await outcome(web, done) == ("DONE", "out of service")
    station.answers["ChangeAvailability"] = {"status": "Accepted"}
    assert (await order(web, "availability", available=True, evse_id=2))["outcome"] == "DONE"


@VERSIONS
async def test_a_scheduled_change_of_the_station_needs_every_connector(web: Site, version: str) -> None:
    station = await web.station(version)
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    done = await order(web, "availability", available=False)
    web.csms.clock.forward(seconds=10)
    await status_of(web, station, version, 1, "Unavailable")
    assert await web.csms.unit.run(availability.follow_up) == 0
    await status_of(web, station, version, 2, "Unavailable")
    await web.csms.unit.run(availability.follow_up)
    assert await outcome(web, done) == ("DONE", "out of service")


async def test_a_scheduled_change_that_never_happens_times_out(web: Site) -> None:
    station = await web.station()
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    done = await order(web, "availability", available=False, evse_id=1)
    web.csms.clock.forward(hours=24, seconds=1)
    await web.csms.unit.run(commands.expire)
    assert await outcome(web, done) == ("TIMED_OUT", "no connector changed")


def _changes(station: Station) -> list[dict[str, Any]]:
    return [payload for action, payload in station.asked if action == "ChangeAvailability"]


@VERSIONS
async def test_a_station_that_forgot_its_availability_is_told_again_once_a_boot(
    web: Site, version: str
) -> None:
    station = await web.station(version)
    await order(web, "availability", available=False, evse_id=2)
    web.csms.clock.forward(minutes=5)
    await boot(station, version)
    web.csms.clock.forward(seconds=5)
    await status_of(web, station, version, 1, "Available")
    await status_of(web, station, version, 2, "Available")
    await availability.remind(web.csms.house)
    assert len(_changes(station)) == 1  # it may still be telling its connectors
    web.csms.clock.forward(seconds=30)
    await availability.remind(web.csms.house)
    await availability.remind(web.csms.house)
    again = _changes(station)
    assert len(again) == 2
    assert again[0] == again[1]
    web.csms.clock.forward(minutes=5)
    await boot(station, version)
    web.csms.clock.forward(seconds=5)
    await status_of(web, station, version, 2, "Unavailable")
    web.csms.clock.forward(seconds=30)
    await availability.remind(web.csms.house)
    assert len(_changes(station)) == 2  # this time it has not forgotten


async def test_a_whole_station_is_told_again_at_once(web: Site) -> None:
    station = await web.station()
    await order(web, "availability", available=False)
    web.csms.clock.forward(minutes=5)
    await boot(station, "1.6")
    web.csms.clock.forward(seconds=5)
    await status_of(web, station, "1.6", 2, "Available")
    web.csms.clock.forward(seconds=30)
    web.csms = await web.csms.restarted()
    await availability.remind(web.csms.house)
    assert len(_changes(station)) == 1  # not connected to this run
    station = Station(web.csms.stream(), web.csms.nursery)
    await station.connect("/ocpp/CP1")
    await availability.remind(web.csms.house)
    assert _changes(station) == [{"connectorId": 0, "type": "Inoperative"}]


async def test_one_connector_of_an_evse(web: Site) -> None:
    station = await web.station("2.0.1")
    await order(web, "availability", available=False, evse_id=1, connector_id=2)
    assert _changes(station) == [{"operationalStatus": "Inoperative", "evse": {"id": 1, "connectorId": 2}}]
    await order(web, "unlock", evse_id=1, connector_id=2)
    assert station.asked[-1] == ("UnlockConnector", {"evseId": 1, "connectorId": 2})
    await order(web, "trigger", message="StatusNotification", evse_id=2, connector_id=3)
    assert station.asked[-1][1]["evse"] == {"id": 2, "connectorId": 3}
    await order(web, "trigger", message="TransactionEvent", evse_id=2)
    assert station.asked[-1][1] == {"requestedMessage": "TransactionEvent", "evse": {"id": 2}}
    await order(web, "reset", evse_id=2)
    assert station.asked[-1] == ("Reset", {"type": "OnIdle", "evseId": 2})


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("reset", {"evse_id": 2}),
        ("trigger", {"message": "TransactionEvent"}),
        ("display.set", {"content": "x"}),
        ("display.list", {}),
        ("display.clear", {"id": 1}),
        ("customer", {"id_token": "TAG1"}),
    ],
)
async def test_what_1_6_cannot_do_is_not_sent(web: Site, verb: str, args: dict[str, Any]) -> None:
    station = await web.station()
    with pytest.raises(Unsupported, match=r"1\.6"):
        await order(web, verb, **args)
    assert station.asked == []


async def test_connectors_of_1_6_have_one_number(web: Site) -> None:
    await web.station()
    for verb, more in [
        ("unlock", {}),
        ("availability", {"available": True}),
        ("trigger", {"message": "Heartbeat"}),
    ]:
        with pytest.raises(InvalidInput, match="number of its own"):
            await order(web, verb, evse_id=1, connector_id=2, **more)


@VERSIONS
async def test_a_start_that_no_transaction_follows_times_out_as_such(web: Site, version: str) -> None:
    await web.station(version)
    done = await order(web, "start", id_token="TAG1", evse_id=1)
    web.csms.clock.forward(minutes=3, seconds=1)
    await web.csms.unit.run(commands.expire)
    assert await outcome(web, done) == ("TIMED_OUT", "no transaction followed")


@VERSIONS
@pytest.mark.parametrize("later", [{"evse_id": 2}, {}])
async def test_a_scheduled_change_ends_with_its_opposite(
    web: Site, version: str, later: dict[str, int]
) -> None:
    station = await web.station(version)
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    done = await order(web, "availability", available=False, evse_id=2)
    other = await order(web, "availability", available=False, evse_id=1)
    web.csms.clock.forward(seconds=10)
    station.answers["ChangeAvailability"] = {"status": "Rejected"}
    await order(web, "availability", available=True, **later)
    assert (await outcome(web, done))[0] == "PENDING"
    station.answers["ChangeAvailability"] = {"status": "Accepted"}
    await order(web, "availability", available=True, **later)
    assert await outcome(web, done) == ("FAILED", "superseded by a later one")
    assert (await outcome(web, other))[0] == ("PENDING" if later else "FAILED")

"""What partners read of us over real HTTP: locations, sessions, CDRs, tariffs (OCPI 2.2.1 §4.1.6, §8 to §11)."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import trio

from csms.model.party import Module
from csms.services import publication
from csms.services.roaming_sessions import Waiting
from tests.ocpi.partner import Partner
from tests.ocpi.site import Platform, data
from tests.ocpi.standard import fits
from tests.wire import payloads
from tests.wire.appliance import SetClock
from tests.wire.furniture import TARIFF
from tests.wire.station import Station

LOT = {
    "id": "Lot-1",
    "name": "Market",
    "address": "Marienplatz 1",
    "city": "München",
    "postal_code": "80331",
    "country": "DEU",
    "coordinates": {"latitude": "48.1374", "longitude": "11.5755"},
    "publish": True,
    "facilities": ["WIFI"],
    "opening_times": {"twentyfourseven": True},
}
LOCATIONS = "/2.2.1/sender/locations"
CARD = {
    "country_code": "NL",
    "party_id": "MSP",
    "uid": "CARD1",
    "type": "RFID",
    "contract_id": "NL-MSP-C12345678-X",
    "issuer": "Fake Mobility",
    "valid": True,
    "whitelist": "ALWAYS",
    "last_updated": "2026-03-02T11:00:00Z",
}


@dataclass
class Roaming:
    """A CPO with a registered eMSP, and what the eMSP comes with."""

    cpo: Platform
    token: str
    position: int = 0
    waiting: Waiting = field(default_factory=Waiting)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.cpo.ask("GET", path, self.token, **headers)

    async def read(self, path: str, http: int = 200, status: int = 1000) -> Any:
        return data(await self.get(path), http=http, status=status)

    async def settle(self) -> None:
        """Take in what has happened, as the appliance does several times a second."""
        self.position = await publication.turn(self.cpo.csms.house, self.position, self.waiting)


@pytest.fixture
async def roaming(cpo: Platform, partner: Partner) -> Roaming:
    await cpo.verb("station.add", station_id="CP1", security_profile=0, connectors=2)
    await cpo.verb("tariff.add", document=TARIFF)
    await cpo.verb("tariff.assign", tariff="energy")
    await cpo.verb("location.add", document=LOT)
    await cpo.verb("location.assign", location="Lot-1", stations=["CP1"])
    invited = await cpo.verb("party.invite", role="EMSP")
    registered = data(await cpo.ask("POST", "/2.2.1/credentials", invited["token"], partner.credentials()))
    return Roaming(cpo, registered["token"])


@pytest.fixture
async def station(roaming: Roaming) -> Station:
    connected = await roaming.cpo.csms.station()
    await connected.call("BootNotification", payloads.boot())
    return connected


async def give_card(roaming: Roaming) -> None:
    answer = await roaming.cpo.ask("PUT", "/2.2.1/receiver/tokens/NL/MSP/CARD1", roaming.token, CARD)
    assert answer.json()["status_code"] == 1000, answer.text


def times(location: dict[str, Any]) -> list[str]:
    """Return when the location, its EVSEs and their first connectors last changed."""
    evses = location["evses"]
    connectors = [evse["connectors"][0]["last_updated"] for evse in evses]
    return [location["last_updated"], *(evse["last_updated"] for evse in evses), *connectors]


async def test_operation_10_lists_locations_whole(roaming: Roaming) -> None:
    answer = await roaming.get(LOCATIONS)
    [location] = data(answer)
    assert (answer.headers["x-total-count"], answer.headers["x-limit"]) == ("1", "100")
    assert "link" not in answer.headers
    assert location["country_code"] + location["party_id"] == "DEDEP"
    assert location["coordinates"] == {"latitude": "48.13740", "longitude": "11.57550"}
    assert location["opening_times"] == {"twentyfourseven": True}
    assert [evse["uid"] for evse in location["evses"]] == ["CP1-1", "CP1-2"]
    assert location["evses"][0]["evse_id"] == "DE*DEP*ECP1*1"
    [connector] = location["evses"][0]["connectors"]
    assert connector["tariff_ids"] == ["energy"]
    assert connector["max_electric_power"] == 22080
    assert set(times(location)) == {"2026-03-02T12:00:00.000Z"}


async def test_operations_11_to_13_show_one_object_with_and_without_slash(roaming: Roaming) -> None:
    location = await roaming.read(f"{LOCATIONS}/lot-1")
    assert await roaming.read(f"{LOCATIONS}/Lot-1/") == location
    evse = await roaming.read(f"{LOCATIONS}/Lot-1/cp1-2")
    assert evse == location["evses"][1]
    assert await roaming.read(f"{LOCATIONS}/Lot-1/CP1-2/1") == evse["connectors"][0]
    for unknown in ("elsewhere", "Lot-1/CP9-1", "Lot-1/CP1-1/7"):
        await roaming.read(f"{LOCATIONS}/{unknown}", http=404, status=2003)


async def test_a_location_that_is_not_published_is_not_there(roaming: Roaming) -> None:
    await roaming.cpo.verb("location.add", document=LOT | {"id": "home", "publish": False})
    assert len(await roaming.read(LOCATIONS)) == 1
    await roaming.read(f"{LOCATIONS}/home", http=404, status=2003)


async def test_one_that_is_published_no_more_is_shown_as_that(roaming: Roaming) -> None:
    """Who has a copy has to learn of it."""
    await roaming.cpo.verb("location.update", location="Lot-1", document={"publish": False})
    [location] = await roaming.read(LOCATIONS)
    assert location["publish"] is False


async def test_pages_follow_the_order_of_creation(roaming: Roaming, clock: SetClock) -> None:
    for number in range(2, 7):
        clock.forward(seconds=1)
        await roaming.cpo.verb("location.add", document=LOT | {"id": f"Lot-{number}"})
    clock.forward(seconds=1)
    await roaming.cpo.verb("location.update", location="Lot-1", document={"name": "first"})
    found: list[str] = []
    url: str | None = f"{LOCATIONS}?limit=2&date_from=2026-03-02T12:00:00"
    pages = 0
    while url is not None:
        answer = await roaming.get(url)
        found += [location["id"] for location in data(answer)]
        assert answer.headers["x-total-count"] == "6"
        url = answer.links.get("next", {}).get("url")
        pages += 1
        if url is not None:
            assert "date_from" in parse_qs(urlsplit(url).query)
    assert (found, pages) == ([f"Lot-{number}" for number in range(1, 7)], 3)


async def test_dates_select_by_last_updated(roaming: Roaming, clock: SetClock) -> None:
    """From inclusive, until exclusive; with Z, without, with an offset whose plus became a blank."""
    for query in (
        "date_from=2026-03-02T12:00:00Z",
        "date_from=2026-03-02T12:00:00.000",
        "date_from=2026-03-02T13:00:00+01:00",
        "date_to=2026-03-02T12:00:01Z",
    ):
        assert len(await roaming.read(f"{LOCATIONS}?{query}")) == 1, query
    for query in ("date_from=2026-03-02T12:00:00.001Z", "date_to=2026-03-02T12:00:00Z"):
        answer = await roaming.get(f"{LOCATIONS}?{query}")
        assert (data(answer), answer.headers["x-total-count"]) == ([], "0")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "offset=-1", "offset=1.5", "date_from=soon", "date_to=2026-13-01"]
)  # fmt: skip
async def test_garbage_in_the_query_is_2001(roaming: Roaming, query: str) -> None:
    await roaming.read(f"{LOCATIONS}?{query}", status=2001)


async def test_a_limit_that_is_too_large_becomes_ours(roaming: Roaming) -> None:
    answer = await roaming.get(f"{LOCATIONS}?limit=100000")
    assert (len(data(answer)), answer.headers["x-limit"]) == (1, "100")


async def test_a_status_changes_its_evse_and_the_location_once(
    roaming: Roaming, station: Station, clock: SetClock
) -> None:
    """Pitfall 11: no change without a change, and parents change with their children."""
    await roaming.settle()
    clock.forward(seconds=10)
    await station.call("StatusNotification", payloads.status("Available", connector=1, minutes=0))
    await roaming.settle()
    [location] = await roaming.read(LOCATIONS)
    assert [evse["status"] for evse in location["evses"]] == ["AVAILABLE", "UNKNOWN"]
    before, changed = "2026-03-02T12:00:00.000Z", "2026-03-02T12:00:10.000Z"
    assert times(location) == [changed, changed, before, before, before]
    clock.forward(seconds=10)
    await station.call("StatusNotification", payloads.status("Available", connector=1, minutes=0))
    await roaming.settle()
    assert await roaming.read(LOCATIONS) == [location]


async def test_the_appliance_follows_its_stations_by_itself(
    roaming: Roaming, station: Station, nursery: trio.Nursery
) -> None:
    house = roaming.cpo.csms.house
    async with house.unit.bus.subscribe() as events:
        nursery.start_soon(publication.run, house)
        await station.call("StatusNotification", payloads.status("Faulted", connector=1, minutes=0))
        with trio.fail_after(20):
            told = await anext(event async for event in events if event.kind == "location.changed")
    assert (told.subject, told.body["evseUids"]) == ("Lot-1", ["CP1-1"])
    assert (await roaming.read(f"{LOCATIONS}/Lot-1/CP1-1"))["status"] == "OUTOFORDER"


async def test_a_connector_changes_its_evse_and_the_location(roaming: Roaming, clock: SetClock) -> None:
    clock.forward(seconds=10)
    combo = {"standard": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC", "max_voltage": 920, "max_amperage": 500, "max_electric_power": 150000}  # fmt: skip  # noqa: E501
    await roaming.cpo.verb("location.connector", station="CP1", evse=2, equipment=combo)
    location = await roaming.read(f"{LOCATIONS}/Lot-1")
    before, changed = "2026-03-02T12:00:00.000Z", "2026-03-02T12:00:10.000Z"
    assert times(location) == [changed, before, changed, before, changed]
    assert location["evses"][1]["connectors"][0]["max_electric_power"] == 150000
    clock.forward(seconds=10)
    await roaming.cpo.verb("location.update", location="Lot-1", document={"name": "Square"})
    location = await roaming.read(f"{LOCATIONS}/Lot-1")
    assert times(location) == ["2026-03-02T12:00:20.000Z", before, changed, before, changed]


async def test_an_evse_that_moves_stays_behind_as_removed_and_gets_another_uid(
    roaming: Roaming, clock: SetClock
) -> None:
    """Pitfall 23: a uid is for ever."""
    await roaming.cpo.verb("location.add", document=LOT | {"id": "Lot-2"})
    clock.forward(seconds=10)
    await roaming.cpo.verb("location.assign", location="Lot-2", stations=["CP1"])
    old, new = await roaming.read(LOCATIONS)
    assert [(evse["uid"], evse["status"]) for evse in old["evses"]] == [
        ("CP1-1", "REMOVED"),
        ("CP1-2", "REMOVED"),
    ]
    assert [evse["uid"] for evse in new["evses"]] == ["CP1-1~2", "CP1-2~2"]
    await roaming.cpo.verb("location.remove", location="Lot-2")
    _, gone = await roaming.read(LOCATIONS)
    assert {evse["status"] for evse in gone["evses"]} == {"REMOVED"}
    assert gone["publish"] is False


async def test_a_station_that_is_removed_leaves_removed_evses(roaming: Roaming) -> None:
    await roaming.settle()
    await roaming.cpo.verb("station.remove", station="CP1")
    await roaming.settle()
    [location] = await roaming.read(LOCATIONS)
    assert {evse["status"] for evse in location["evses"]} == {"REMOVED"}


async def test_operation_23_wants_to_know_from_when(roaming: Roaming) -> None:
    await roaming.read("/2.2.1/sender/sessions", status=2001)
    assert await roaming.read("/2.2.1/sender/sessions?date_from=2026-01-01T00:00:00Z") == []


async def test_a_session_of_the_partners_driver_runs_and_completes(
    roaming: Roaming, station: Station, clock: SetClock
) -> None:
    await give_card(roaming)
    started = await station.call("StartTransaction", payloads.start(idTag="CARD1"))
    await roaming.settle()
    sessions = "/2.2.1/sender/sessions?date_from=2026-01-01T00:00:00Z"
    [session] = await roaming.read(sessions)
    assert session["status"] == "ACTIVE"
    shared = ("country_code", "party_id", "uid", "type", "contract_id")
    assert session["cdr_token"] == {name: CARD[name] for name in shared}
    assert (session["location_id"], session["evse_uid"], session["connector_id"]) == ("Lot-1", "CP1-1", "1")
    assert "end_date_time" not in session
    clock.forward(minutes=30)
    reading = payloads.reading(30, 6000)
    await station.call("MeterValues", payloads.meter_values(started["transactionId"], reading))
    await roaming.settle()
    assert await roaming.read(sessions) == [session]  # readings alone wait for half a minute
    roaming.waiting.shown_at.clear()
    await roaming.settle()
    [running] = await roaming.read(sessions)
    assert running["kwh"] > 0
    assert running["total_cost"]["excl_vat"] > 0
    clock.forward(minutes=30)
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    await roaming.settle()
    [done] = await roaming.read(sessions)
    [cdr] = await roaming.read("/2.2.1/sender/cdrs")
    assert (done["status"], done["id"]) == ("COMPLETED", cdr["session_id"])
    assert (done["kwh"], done["total_cost"]) == (cdr["total_energy"], cdr["total_cost"])
    assert done["charging_periods"] == cdr["charging_periods"]


async def test_the_cdr_says_where_the_charge_took_place(roaming: Roaming, station: Station) -> None:
    """§10.4.3: as it was at the start, whatever happens to the location meanwhile."""
    await give_card(roaming)
    started = await station.call("StartTransaction", payloads.start(idTag="CARD1"))
    await roaming.cpo.verb(
        "location.update", location="Lot-1", document={"name": "another", "address": "B 2"}
    )
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    [cdr] = await roaming.read("/2.2.1/sender/cdrs")
    assert cdr["cdr_location"] == {
        "id": "Lot-1",
        "name": "Market",
        "address": "Marienplatz 1",
        "city": "München",
        "postal_code": "80331",
        "country": "DEU",
        "coordinates": {"latitude": "48.13740", "longitude": "11.57550"},
        "evse_uid": "CP1-1",
        "evse_id": "DE*DEP*ECP1*1",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    }
    assert cdr["cdr_token"]["contract_id"] == "NL-MSP-C12345678-X"
    assert await roaming.read(f"/2.2.1/cdrs/{cdr['id']}") == cdr
    assert await roaming.read("/2.2.1/cdrs") == [cdr]


async def test_what_is_of_other_drivers_is_not_there(
    roaming: Roaming, station: Station, cpo: Platform
) -> None:
    await cpo.verb("token.add", uid="OURS")
    started = await station.call("StartTransaction", payloads.start(idTag="OURS"))
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    await roaming.settle()
    [cdr] = await cpo.verb("cdr.list")
    assert await roaming.read("/2.2.1/sender/cdrs") == []
    assert await roaming.read("/2.2.1/sender/sessions?date_from=2026-01-01T00:00:00Z") == []
    await roaming.read(f"/2.2.1/cdrs/{cdr['id']}", http=404, status=2001)


async def test_operation_31_lists_active_tariffs(roaming: Roaming, clock: SetClock) -> None:
    [tariff] = await roaming.read("/2.2.1/sender/tariffs")
    assert (tariff["id"], tariff["last_updated"]) == ("energy", "2026-03-02T12:00:00.000Z")
    assert str(tariff["elements"][0]["price_components"][0]["price"]) == "0.3"
    clock.forward(seconds=1)
    await roaming.cpo.verb("tariff.active", tariff="energy", active=True)
    assert await roaming.read("/2.2.1/sender/tariffs?date_from=2026-03-02T12:00:01Z") == []
    await roaming.cpo.verb("tariff.active", tariff="energy", active=False)
    assert await roaming.read("/2.2.1/sender/tariffs") == []


async def test_the_specifications_own_paths_are_aliases(roaming: Roaming) -> None:
    """Their Link leads to the address that is advertised."""
    await roaming.cpo.verb("location.add", document=LOT | {"id": "Lot-2"})
    answer = await roaming.get("/2.2.1/locations?limit=1")
    assert [location["id"] for location in data(answer)] == ["Lot-1"]
    assert urlsplit(answer.links["next"]["url"]).path == f"/ocpi{LOCATIONS}"
    assert await roaming.read("/2.2.1/locations/Lot-2") == await roaming.read(f"{LOCATIONS}/Lot-2")
    details = await roaming.read("/2.2.1")
    advertised = {entry["url"] for entry in details["endpoints"] if entry["identifier"] == "locations"}
    assert {urlsplit(url).path for url in advertised if "sender" in url} == {f"/ocpi{LOCATIONS}"}


async def test_what_we_say_fits_the_standard(roaming: Roaming, station: Station, clock: SetClock) -> None:
    """Lengths, words, times with Z: also of a location with all there is, and of one whose EVSE is gone."""
    full = LOT | {
        "name": "x" * 255,
        "address": "y" * 255,
        "state": "z" * 45,
        "parking_type": "ON_STREET",
        "charging_when_closed": False,
        "directions": [{"language": "de", "text": "links"}],
        "operator": {"name": "Depot", "website": "https://depot.example"},
        "owner": {"name": "Town"},
        "opening_times": {
            "twentyfourseven": False,
            "regular_hours": [{"weekday": 7, "period_begin": "08:00", "period_end": "20:00"}],
            "exceptional_closings": [
                {"period_begin": "2026-12-25T00:00:00Z", "period_end": "2026-12-26T00:00:00Z"}
            ],
        },
    }
    await roaming.cpo.verb("location.update", location="Lot-1", document=full)
    await give_card(roaming)
    started = await station.call("StartTransaction", payloads.start(idTag="CARD1"))
    await roaming.settle()
    sessions = "/2.2.1/sender/sessions?date_from=2026-01-01T00:00:00Z"
    for session in await roaming.read(sessions):
        fits(Module.SESSIONS, session)
    clock.forward(minutes=61)
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    await roaming.cpo.verb("location.unassign", station="CP1")
    await roaming.settle()
    [session], [cdr] = await roaming.read(sessions), await roaming.read("/2.2.1/sender/cdrs")
    fits(Module.SESSIONS, session)
    fits(Module.CDRS, cdr)
    [location] = await roaming.read(LOCATIONS)
    fits(Module.LOCATIONS, location)
    assert location["evses"][0]["status"] == "REMOVED"
    assert len(location["address"]) == 255
    assert (len(cdr["cdr_location"]["address"]), len(cdr["cdr_location"]["state"])) == (45, 20)

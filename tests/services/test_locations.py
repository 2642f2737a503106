"""Locations as operators keep them, and what follows for what partners are shown, on both databases."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from csms.errors import Conflict, InvalidInput, NotAllowed, NotFound
from csms.services import publication
from csms.services.access import Caller, Role
from csms.services.roaming_sessions import Waiting
from csms.services.verbs import perform
from tests.wire import payloads
from tests.wire.appliance import Appliance, SetClock
from tests.wire.furniture import ARITHMETIC
from tests.wire.station import Station

PLACE = {
    "address": "Street 1",
    "city": "Town",
    "country": "deu",
    "coordinates": {"latitude": "48.1", "longitude": "-11.123456789"},
}


async def add(csms: Appliance, id: str = "Lot", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await csms.verb("location.add", document={"id": id} | PLACE | more)
    return made


async def shown(csms: Appliance, id: str = "Lot") -> dict[str, Any]:
    found: dict[str, Any] = await csms.verb("location.published", location=id)
    return found


async def test_what_is_given_is_kept_and_can_be_taken_away(csms: Appliance, clock: SetClock) -> None:
    made = await add(csms, postal_code="12345", facilities=["WIFI"], operator={"name": "Depot"})
    assert (made["country"], made["timeZone"], made["publish"]) == ("DEU", "Europe/Berlin", False)
    assert (made["latitude"], made["longitude"]) == ("48.10000", "-11.1234568")
    assert made["details"] == {"facilities": ["WIFI"], "operator": {"name": "Depot"}}
    clock.forward(minutes=1)
    less = {"postal_code": "", "facilities": [], "city": "Village"}
    changed = await csms.verb("location.update", location="LOT", document=less)
    assert (changed["postalCode"], changed["city"]) == (None, "Village")
    assert changed["details"] == {"operator": {"name": "Depot"}}
    assert changed["updatedAt"] > made["updatedAt"]
    assert await csms.verb("location.list") == [changed]
    assert await csms.verb("location.show", location="lot") == changed


async def test_a_change_that_changes_nothing_is_none(csms: Appliance, clock: SetClock) -> None:
    made = await add(csms)
    clock.forward(minutes=1)
    assert await csms.verb("location.update", location="Lot", document={"city": "Town"}) == made


async def test_stations_that_named_it_already_stand_there(csms: Appliance) -> None:
    """The location of a station was free text before; by id or name, whatever the case."""
    await csms.verb("station.update", station="CP1", location="lot")
    await csms.verb("station.add", station_id="CP2", location="The Lot")
    await csms.verb("station.add", station_id="CP3", location="elsewhere")
    made = await add(csms, name="The lot")
    assert made["stations"] == ["CP1", "CP2"]
    await csms.verb("station.update", station="CP3", location="LOT")
    assert (await csms.verb("station.show", station="CP3"))["locationId"] == "Lot"
    assert (await csms.verb("location.show", location="Lot"))["stations"] == ["CP1", "CP2", "CP3"]


async def test_assign_and_unassign(csms: Appliance) -> None:
    await add(csms)
    assert (await csms.verb("location.assign", location="Lot", stations=["CP1"]))["stations"] == ["CP1"]
    await csms.verb("location.unassign", station="CP1")
    assert (await csms.verb("station.show", station="CP1"))["locationId"] is None
    with pytest.raises(NotFound, match="no station CP9"):
        await csms.verb("location.assign", location="Lot", stations=["CP9"])


async def test_a_location_that_was_removed_can_come_again(csms: Appliance) -> None:
    await add(csms, publish=True)
    await csms.verb("location.assign", location="Lot", stations=["CP1"])
    await csms.verb("location.remove", location="Lot")
    assert await csms.verb("location.list") == []
    with pytest.raises(NotFound):
        await csms.verb("location.show", location="Lot")
    again = await add(csms, id="LOT", city="Village", publish=True)
    assert (again["id"], again["city"], again["stations"]) == ("Lot", "Village", [])
    assert [evse["status"] for evse in (await shown(csms))["evses"]] == ["REMOVED", "REMOVED"]
    await csms.verb("location.assign", location="Lot", stations=["CP1"])
    found = await shown(csms)
    assert [(evse["uid"], evse["status"]) for evse in found["evses"]] == [
        ("CP1-1~2", "UNKNOWN"), ("CP1-2~2", "UNKNOWN"), ("CP1-1", "REMOVED"), ("CP1-2", "REMOVED"),
    ]  # fmt: skip


@ARITHMETIC
@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 37}, "id"),
        ({"id": "Bäume"}, "id"),
        ({"id": " x"}, "id"),
        ({"publish": True, "address": ""}, "address"),
        ({"country": "DE"}, "country"),
        ({"coordinates": {"latitude": "91", "longitude": "0"}}, "latitude"),
        ({"coordinates": {"latitude": "north", "longitude": "0"}}, "latitude"),
        ({"coordinates": {"latitude": "1"}}, "longitude"),
        ({"time_zone": "Mars/Base"}, "time zone"),
        ({"address": "a\nb"}, "address"),
        ({"city": "x" * 46}, "city"),
        ({"facilities": ["MOON"]}, "facilities"),
        ({"opening_times": {"twentyfourseven": False}}, "regular_hours"),
        (
            {
                "opening_times": {
                    "twentyfourseven": False,
                    "regular_hours": [{"weekday": 1, "period_begin": "18:00", "period_end": "08:00"}],
                }
            },
            "not later",
        ),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_be(csms: Appliance, document: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        await add(csms, **document)
    assert await csms.verb("location.list") == []


@ARITHMETIC
async def test_an_id_is_for_ever_and_for_one(csms: Appliance) -> None:
    await add(csms)
    with pytest.raises(Conflict):
        await add(csms, id="LOT")
    with pytest.raises(InvalidInput, match="never be changed"):
        await csms.verb("location.update", location="Lot", document={"id": "other"})


@ARITHMETIC
async def test_opening_times_are_kept_in_utc_where_ocpi_wants_it(csms: Appliance) -> None:
    hours = {
        "twentyfourseven": False,
        "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "24:00"}],
        "exceptional_closings": [
            {"period_begin": "2026-12-25T03:00:00+01:00", "period_end": "2026-12-25T05:00:00Z"}
        ],
    }
    made = await add(csms, opening_times=hours)
    assert made["details"]["opening_times"]["exceptional_closings"] == [
        {"period_begin": "2026-12-25T02:00:00.000Z", "period_end": "2026-12-25T05:00:00.000Z"}
    ]


async def test_a_tenant_sees_and_changes_only_its_own(csms: Appliance) -> None:
    await add(csms)
    other = await csms.verb("tenant.add", name="other", party_id="OTH")
    stranger = Caller("stranger", Role.TENANT_ADMIN, other["id"], "test")

    async def ask(verb: str, **args: Any) -> Any:
        return await perform(verb, args, stranger, csms.unit, csms.house)

    assert await ask("location.list") == []
    assert (await ask("location.page"))["content"] == []
    for verb, args in (
        ("location.show", {}),
        ("location.published", {}),
        ("location.remove", {}),
        ("location.update", {"document": {"city": "Mine"}}),
    ):
        with pytest.raises(NotFound):
            await ask(verb, location="Lot", **args)
    mine = await ask("location.add", document={"id": "Lot"})
    with pytest.raises(NotFound, match="no station CP1"):
        await ask("location.assign", location="Lot", stations=["CP1"])
    assert mine["tenantId"] == other["id"]
    viewer = Caller("viewer", Role.VIEWER, other["id"], "test")
    with pytest.raises(NotAllowed):
        await perform("location.remove", {"location": "Lot"}, viewer, csms.unit, csms.house)


async def test_equipment_is_said_per_evse_and_connector(csms: Appliance) -> None:
    await add(csms, publish=True)
    await csms.verb("location.assign", location="Lot", stations=["CP1"])
    said = {"evse_id": "DE*CSM*E4711*2", "floor_level": "-1", "capabilities": ["RESERVABLE"]}
    await csms.verb("location.evse", station="CP1", evse=2, equipment=said)
    one, two = (await shown(csms))["evses"]
    assert (one["evse_id"], one["capabilities"]) == (
        "DE*CSM*ECP1*1",
        ["REMOTE_START_STOP_CAPABLE", "RFID_READER"],
    )
    assert (two["evse_id"], two["floor_level"], two["capabilities"]) == (
        "DE*CSM*E4711*2",
        "-1",
        ["RESERVABLE"],
    )
    with pytest.raises(InvalidInput, match="EVSE id"):
        await csms.verb("location.evse", station="CP1", evse=2, equipment={"evse_id": "4711"})
    for place in ({"evse": 3}, {"evse": 0}):
        with pytest.raises(NotFound):
            await csms.verb("location.evse", station="CP1", equipment={}, **place)
    with pytest.raises(NotFound, match="connector 2"):
        await csms.verb("location.connector", station="CP1", evse=1, connector=2, equipment={})


async def test_a_start_that_was_killed_looks_at_everything_again(csms: Appliance, clock: SetClock) -> None:
    """What happened while nobody followed is found by looking at all locations."""
    await add(csms, publish=True)
    await csms.verb("location.assign", location="Lot", stations=["CP1"])
    station: Station = await csms.station()
    await station.call("BootNotification", payloads.boot())
    clock.forward(seconds=5)
    await station.call("StatusNotification", payloads.status("Faulted", connector=1, minutes=0))
    assert (await shown(csms))["evses"][0]["status"] == "UNKNOWN"
    keys = [(row["tenant_id"], row["id_folded"]) for row in await csms.rows("SELECT * FROM locations")]
    await publication.follow(csms.house, keys)
    assert (await shown(csms))["evses"][0]["status"] == "OUTOFORDER"


async def test_listeners_are_told_what_changed(csms: Appliance, clock: SetClock) -> None:
    await add(csms, publish=True)
    await csms.verb("location.assign", location="Lot", stations=["CP1"])
    position = await publication.turn(csms.house, 0, Waiting())
    clock.forward(seconds=5)
    await csms.verb("tariff.assign", tariff="energy", station="CP1", evse_id=1)
    await csms.verb("tariff.active", tariff="energy", active=False)
    await publication.turn(csms.house, position, Waiting())
    told = await csms.rows("SELECT subject, body FROM outbox WHERE kind = 'location.changed' ORDER BY id")
    assert told[-1] == {"subject": "Lot", "body": '{"evseUids":["CP1-1","CP1-2"],"itself":false}'}
    assert "tariff_ids" not in (await shown(csms))["evses"][0]["connectors"][0]


async def test_a_location_that_cannot_be_shown_keeps_no_other_from_it(
    csms: Appliance, logs: list[MutableMapping[str, Any]]
) -> None:
    await add(csms, id="a", publish=True)
    await add(csms, id="b", publish=True)
    await csms.verb("location.assign", location="b", stations=["CP1"])
    await csms.unit.run(lambda tx: tx.db.run("UPDATE locations SET details = 'broken' WHERE id = 'a'"))
    await csms.unit.run(lambda tx: tx.db.run("UPDATE connectors SET status = 'FAULTED'"))
    rows = await csms.rows("SELECT tenant_id, id_folded FROM locations ORDER BY id_folded")
    await publication.follow(csms.house, [(row["tenant_id"], row["id_folded"]) for row in rows])
    assert {evse["status"] for evse in (await shown(csms, "b"))["evses"]} == {"OUTOFORDER"}
    crashed = [entry["locations"] for entry in logs if entry["event"] == "locations_not_shown"]
    assert [[folded for _, folded in keys] for keys in crashed] == [["a", "b"], ["a"]]
    logs.clear()

"""Stations from a list: all or none, and out again without secrets."""

from typing import Any

import pytest

from csms.errors import InvalidInput
from csms.services import admission
from csms.services.admission import Claim, Denied
from tests.wire.appliance import Appliance


async def take(csms: Appliance, *entries: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb("station.import", entries=list(entries))
    return done


async def opens(csms: Appliance, station_id: str, password: str) -> bool:
    claim = Claim(station_id, None, f"{station_id}:{password}".encode(), False, {})
    return not isinstance(await csms.unit.read(lambda tx: admission.admit(tx, claim)), Denied)


async def test_new_stations_get_passwords_and_known_ones_keep_theirs(csms: Appliance) -> None:
    done = await take(
        csms,
        {"id": "CP1", "name": "Gate", "connectors": 3},
        {"id": "A", "security_profile": 1},
        {"id": "B", "password": "chosen-by-hand-123"},
        {"id": "C", "security_profile": 0, "registration": "Pending", "quirks": {"strict": True}},
    )
    assert (done["added"], done["updated"]) == (3, 1)
    [made] = done["passwords"]
    assert made["stationId"] == "A"
    assert await opens(csms, "A", made["password"])
    assert await opens(csms, "B", "chosen-by-hand-123")
    again = await take(csms, {"id": "A", "name": "Left"}, {"id": "B", "password": "another-one-1234"})
    assert (again["updated"], again["passwords"]) == (2, [])
    assert await opens(csms, "A", made["password"])
    assert await opens(csms, "B", "another-one-1234")
    assert not await opens(csms, "B", "chosen-by-hand-123")


async def test_what_is_exported_can_be_imported_and_holds_no_secret(csms: Appliance) -> None:
    await take(
        csms, {"id": "A", "location": "DEPOT", "quirks": {"assume": "1.6"}, "password": "secret-of-a-1234"}
    )
    before = await csms.verb("station.export")
    assert [entry["id"] for entry in before] == ["A", "CP1"]
    assert "secret" not in str(before)
    assert "password" not in str(before)
    done = await take(csms, *before)
    assert done == {"added": 0, "updated": 2, "passwords": []}
    assert await csms.verb("station.export") == before
    await take(csms, {"id": "A", "quirks": {}})
    assert (await csms.verb("station.export"))[0]["quirks"] == {}


async def test_one_bad_entry_leaves_everything_as_it_was(csms: Appliance) -> None:
    before = await csms.verb("station.export")
    for bad in ({"id": "B", "security_profile": 9}, {"id": ""}, {"id": "A"}, {"id": "B", "colour": 1}, {}):
        with pytest.raises(InvalidInput, match=r"^entry 2: "):
            await take(csms, {"id": "A"}, bad)
    with pytest.raises(InvalidInput, match=r"^entry 1: .*0 to 100"):
        await take(csms, {"id": "CP1", "connectors": 101})
    assert await csms.verb("station.export") == before

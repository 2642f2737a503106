"""What partners are shown of our locations: kept as whole Location objects, written anew when something changed.

Nothing of this happens while a station waits: the facts in the outbox say which locations to look at again, several
times a second, and where nothing changed nothing is written. A process that died looks at all of them when it starts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
import trio

from csms.clock import from_text, to_text, to_wire
from csms.errors import CsmsError, StoreStopped
from csms.model import evse as evse_rules
from csms.model import location_document, tariff_document
from csms.model.event import Event
from csms.model.location import Location
from csms.model.location_document import Changed, ShownConnector, ShownEvse
from csms.model.location_words import Capability
from csms.model.station import Connector
from csms.model.tariff import TariffType
from csms.services import roaming_sessions
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import locations as store
from csms.store import outbox, rows, stations, tariffs, tenants
from csms.store.connection import Row

EVERY_S: Final = 0.3
_AT_A_TIME: Final = 50
_USUAL: Final = (Capability.REMOTE_START_STOP_CAPABLE, Capability.RFID_READER)
_OF_PROFILES: Final = {
    "Reservation": Capability.RESERVABLE,
    "SmartCharging": Capability.CHARGING_PROFILE_CAPABLE,
}
"""What a 1.6 station's SupportedFeatureProfiles promise."""

log = structlog.get_logger(__name__)
Key = tuple[str, str]
"""Tenant and folded id of a location."""


class Stale(Exception):
    """Something would have to be written."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """An EVSE of a station that stands at a location."""

    uid: str
    station: Row
    evse_id: int


async def run(house: House) -> None:
    """Keep in step what partners are shown until cancelled."""
    position: int | None = None
    waiting = roaming_sessions.Waiting()
    while True:
        try:
            if position is None:
                latest = await house.unit.read(lambda tx: outbox.latest(tx.db))
                await follow(house, await house.unit.read(lambda tx: store.keys(tx.db)))
                await roaming_sessions.follow(house, await house.unit.read(roaming_sessions.unfinished))
                position = latest
            position = await turn(house, position, waiting)
        except StoreStopped:
            raise
        except CsmsError as error:
            log.error("publication_failed", error=str(error))
        await trio.sleep(EVERY_S)


async def turn(house: House, position: int, waiting: "roaming_sessions.Waiting") -> int:
    """Take in what has happened since `position` in the outbox; returns the position reached."""
    latest = await house.unit.read(lambda tx: outbox.latest(tx.db))
    if latest > position:
        await follow(house, await house.unit.read(lambda tx: store.touched(tx.db, position, latest)))
    await roaming_sessions.turn(house, position, latest, waiting)
    return latest


async def follow(house: House, keys: Sequence[Key]) -> None:
    """Look at locations again, and write those that changed; one that cannot be shown keeps no other from it."""
    for start in range(0, len(keys), _AT_A_TIME):
        some = keys[start : start + _AT_A_TIME]
        try:
            await _follow_some(house, some)
        except CsmsError:
            raise
        except Exception:  # one location must not hold up the others
            log.exception("locations_not_shown", locations=some)
            for key in some if len(some) > 1 else ():
                await follow(house, [key])


async def _follow_some(house: House, keys: Sequence[Key]) -> None:
    stale = await house.unit.read(partial(_stale, keys=keys))
    if stale:
        await house.unit.run(partial(refresh_all, keys=stale))


def refresh_all(tx: Tx, keys: Sequence[Key]) -> None:
    """Write what partners are shown of some locations."""
    for tenant_id, folded in keys:
        refresh(tx, tenant_id, folded)


def refresh(tx: Tx, tenant_id: str, folded: str) -> Changed | None:
    """Write what partners are shown of a location where that changed, and tell listeners; None where nothing did."""
    return _refresh(tx, tenant_id, folded, write=True)


def _stale(tx: Tx, keys: Sequence[Key]) -> list[Key]:
    """Return those of the locations that are to be written."""
    found = []
    for tenant_id, folded in keys:
        try:
            if _refresh(tx, tenant_id, folded, write=False):
                found.append((tenant_id, folded))
        except Stale:
            found.append((tenant_id, folded))
    return found


def _refresh(tx: Tx, tenant_id: str, folded: str, *, write: bool) -> Changed | None:
    row = store.row_of(tx.db, tenant_id, folded)
    if row is None:
        return None
    location = rows.load(Location, row)
    placed = _placed(tx, location, folded, write=write)
    if location.missing:
        return None
    tenant = tenants.identity(tx.db, tenant_id)
    shown = _shown(tx, placed, tenant["country_code"], tenant["party_id"])
    new = location_document.location_object(location, tenant["country_code"], tenant["party_id"], shown)
    now = to_wire(tx.now)
    old = rows.from_json(row["document"]) if row["document"] else None
    changed = location_document.settle(now, new, old)
    if not changed:
        return None
    if write:
        at = to_text(from_text(now))
        store.show(tx.db, tenant_id, folded, rows.to_json(changed.document), at, location.publish)
        if location.publish or location.published_at is not None:
            body = {"evseUids": list(changed.evse_uids), "itself": changed.itself}
            tx.events.append(Event("location.changed", tenant_id, None, location.id, tx.now, body))
    return changed


def _placed(tx: Tx, location: Location, folded: str, *, write: bool) -> list[_Placed]:
    """Return the EVSEs that are at a location; one that came gets a uid, one that went keeps it as REMOVED."""
    known = {
        (row["station_key"], row["evse_id"]): row for row in store.evses_at(tx.db, location.tenant_id, folded)
    }
    placed = []
    there = () if location.removed_at else store.stations_at(tx.db, location.tenant_id, location.id)
    for station in there:
        connectors = stations.connectors(tx.db, station["key"])
        station["connectors"] = connectors
        for evse_id in sorted({connector.evse_id for connector in connectors} - {0}):
            row = known.pop((station["key"], evse_id), None)
            if row is None and not write:
                raise Stale
            uid = row["uid"] if row else _place(tx, location, folded, station, evse_id)
            placed.append(_Placed(uid, station, evse_id))
    if known and not write:
        raise Stale
    for row in known.values():
        store.retire(tx.db, location.tenant_id, row["uid_folded"], tx.at)
    return placed


def _place(tx: Tx, location: Location, folded: str, station: Row, evse_id: int) -> str:
    """Give an EVSE that came to a location a uid that none ever had, and end the one it had elsewhere."""
    before = store.evse_of(tx.db, station["key"], evse_id)
    if before is not None:
        store.retire(tx.db, location.tenant_id, before["uid_folded"], tx.at)
    placing = 1
    uid = evse_rules.uid(station["station_id"], station["key"], evse_id)
    while store.evse_named(tx.db, location.tenant_id, uid) is not None:
        placing += 1
        uid = evse_rules.uid(station["station_id"], station["key"], evse_id, placing)
    values = {
        "tenant_id": location.tenant_id,
        "uid_folded": uid.casefold(),
        "uid": uid,
        "location_folded": folded,
        "station_key": station["key"],
        "evse_id": evse_id,
        "placed_at": tx.at,
    }
    store.place(tx.db, values)
    return uid


def _shown(tx: Tx, placed: list[_Placed], country_code: str, party_id: str) -> list[ShownEvse]:
    """Return the EVSEs with state, equipment and tariffs."""
    shown: list[ShownEvse] = []
    kits: dict[str, dict[tuple[int, int], dict[str, Any]]] = {}
    for one in placed:
        key = one.station["key"]
        if key not in kits:
            kits[key] = store.equipment(tx.db, key)
        kit = location_document.read_evse_equipment(kits[key].get((one.evse_id, 0)))
        connectors: list[Connector] = [c for c in one.station["connectors"] if c.evse_id == one.evse_id]
        whole = next((c.status for c in one.station["connectors"] if c.evse_id == 0), None)
        prices = tariff_ids(tx, one.station["tenant_id"], key, one.evse_id)
        shown.append(
            ShownEvse(
                one.uid,
                kit.evse_id
                or evse_rules.emi3_id(country_code, party_id, one.station["station_id"], one.evse_id),
                evse_rules.status(connectors, whole),
                kit.capabilities if kit.capabilities is not None else _capabilities(tx, one.station),
                kit,
                tuple(
                    ShownConnector(
                        str(c.connector_id),
                        location_document.read_connector_equipment(
                            kits[key].get((c.evse_id, c.connector_id))
                        ),
                        prices,
                    )
                    for c in connectors
                ),
            )
        )
    return shown


def tariff_ids(tx: Tx, tenant_id: str, station_key: str, evse_id: int) -> tuple[str, ...]:
    """Return the tariffs of an EVSE in the order in which a charge would get them.

    Regular ones come before those without a type (model.tariff.choose), up to the first that holds at any time: what
    comes after it never applies.
    """
    applying = [
        tariff_document.decode(row["document"])
        for row in tariffs.applying(tx.db, tenant_id, station_key, evse_id)
    ]
    usual = [t for t in applying if t.type is TariffType.REGULAR] + [t for t in applying if t.type is None]
    ever = next(
        (n for n, t in enumerate(usual) if t.start_date_time is None and t.end_date_time is None), None
    )
    reached = usual if ever is None else usual[: ever + 1]
    special = [tariff for tariff in applying if tariff.type not in (TariffType.REGULAR, None)]
    return tuple(dict.fromkeys(tariff.id for tariff in [*reached, *special]))


def _capabilities(tx: Tx, station: Row) -> tuple[Capability, ...]:
    """Return what a station can do as far as it has said so itself."""
    profiles = stations.setting(tx.db, station["key"], "SupportedFeatureProfiles") or ""
    words = {word.strip() for word in profiles.split(",")}
    return _USUAL + tuple(can for word, can in _OF_PROFILES.items() if word in words)

"""Locations: where stations stand and what is installed there, as operators keep them (OCPI 2.2.1 §8).

A station's location is the id of one; stations that bore its id or name as a mere text are taken up when it is added.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from csms.clock import to_wire
from csms.errors import Conflict, InvalidInput, NotFound
from csms.model import evse as evse_rules
from csms.model.location import (
    ConnectorEquipment,
    Coordinates,
    EvseEquipment,
    ExceptionalPeriod,
    Hours,
    Location,
    LocationFields,
    fold,
)
from csms.model.station import ChargingStation
from csms.services import publication, stations, tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import locations as store
from csms.store import rows
from csms.store import stations as station_store
from csms.store.connection import Row

_TEXTS: Final = ("name", "address", "city", "postal_code", "state")
_DETAILS: Final = (
    "charging_when_closed", "facilities", "parking_type", "directions", "operator", "suboperator", "owner",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LocationView:
    """A location with the ids of its stations. `missing` is what it lacks before partners can be shown it."""

    id: str
    tenant_id: str
    name: str | None
    address: str | None
    city: str | None
    postal_code: str | None
    state: str | None
    country: str | None
    latitude: str | None
    longitude: str | None
    time_zone: str
    publish: bool
    details: dict[str, Any]
    missing: list[str]
    stations: list[str]
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None


def add(tx: Tx, caller: Caller, *, document: LocationFields, tenant: str | None = None) -> LocationView:
    """Add a location, or one again that was removed; stations that name it already stand there."""
    owner = tenants.resolve(tx, caller, tenant)
    if document.id is None:
        raise InvalidInput("a location needs an id of 1 to 36 characters")
    before = store.get(tx.db, owner.id, document.id)
    if before is not None and before.removed_at is None:
        raise Conflict(f"location {before.id} exists already: csms location update {before.id} changes it")
    blank = Location(
        owner.id, before.id if before else document.id, None, None, None, None, None, None, None, None,
        owner.time_zone, False, tx.now, tx.now,
    )  # fmt: skip
    made = _merged(tx, blank, document)
    if before is None:
        store.insert(tx.db, made)
    else:
        store.replace(tx.db, made)
    names = {fold(made.id), fold(made.name or made.id)}
    for place in store.named_places(tx.db, owner.id):
        if place["location_id"] != made.id and fold(place["location_id"]) in names:
            store.move(tx.db, owner.id, place["location_id"], made.id, tx.at)
    publication.refresh(tx, owner.id, fold(made.id))
    tx.audit(caller, owner.id, "location.add", made.id, {"publish": made.publish})
    return show(tx, caller, location=made.id, tenant=owner.id)


def update(
    tx: Tx, caller: Caller, *, location: str, document: LocationFields, tenant: str | None = None
) -> LocationView:
    """Change what is given of a location; its id stays for ever."""
    found = _find(tx, caller, location, tenant)
    if document.id is not None and fold(document.id) != fold(found.id):
        raise InvalidInput("the id of a location can never be changed (OCPI 2.2.1 §8.3.1)")
    changed = _merged(tx, found, document)
    if replace(changed, updated_at=found.updated_at) != found:
        store.replace(tx.db, changed)
        publication.refresh(tx, found.tenant_id, fold(found.id))
        fields = sorted(msgspec.to_builtins(document))
        tx.audit(caller, found.tenant_id, "location.update", found.id, {"fields": fields})
    return show(tx, caller, location=found.id, tenant=found.tenant_id)


def remove(tx: Tx, caller: Caller, *, location: str, tenant: str | None = None) -> LocationView:
    """Remove a location: its stations stand nowhere, and partners see its EVSEs as REMOVED."""
    view = show(tx, caller, location=location, tenant=tenant)
    store.move(tx.db, view.tenant_id, view.id, None, tx.at)
    store.remove(tx.db, view.tenant_id, fold(view.id), tx.at)
    publication.refresh(tx, view.tenant_id, fold(view.id))
    tx.audit(caller, view.tenant_id, "location.remove", view.id, {"stations": view.stations})
    return view


def assign(
    tx: Tx, caller: Caller, *, location: str, stations: list[str], tenant: str | None = None
) -> LocationView:
    """Let stations stand at a location."""
    found = _find(tx, caller, location, tenant)
    for name in stations:
        _put(tx, caller, _station(tx, caller, name, found.tenant_id), found.id)
    publication.refresh(tx, found.tenant_id, fold(found.id))
    return show(tx, caller, location=found.id, tenant=found.tenant_id)


def unassign(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> ChargingStation:
    """Let a station stand nowhere."""
    found = stations.find(tx, caller, station, tenant)
    _put(tx, caller, found, None)
    return replace(found, location_id=None)


def show(tx: Tx, caller: Caller, *, location: str, tenant: str | None = None) -> LocationView:
    """Return one location with its stations."""
    found = _find(tx, caller, location, tenant)
    there = store.stations_at(tx.db, found.tenant_id, found.id)
    return _view(found, [row["station_id"] for row in there])


def list_locations(tx: Tx, caller: Caller, *, tenant: str | None = None) -> list[LocationView]:
    """Return the locations the caller may see."""
    scope = tenants.scope(tx, caller, tenant)
    there = store.station_ids(tx.db, scope)
    return [_view(found, there.get((found.tenant_id, found.id), [])) for found in store.select(tx.db, scope)]


def shower(tx: Tx, scope: str | None) -> Callable[[Row], LocationView]:
    """Return what makes of a row of a tenant's (None: anybody's) locations what operators see."""
    there = store.station_ids(tx.db, scope)

    def shown(row: Row) -> LocationView:
        location = rows.load(Location, row)
        return _view(location, there.get((location.tenant_id, location.id), []))

    return shown


def published(tx: Tx, caller: Caller, *, location: str, tenant: str | None = None) -> dict[str, Any]:
    """Return the Location object that partners are shown."""
    found = _find(tx, caller, location, tenant)
    document = store.shown(tx.db, found.tenant_id, fold(found.id))
    if document is None:
        why = f"it lacks {', '.join(found.missing)}" if found.missing else "it is not published"
        raise NotFound(f"partners are not shown {found.id}: {why}")
    shown: dict[str, Any] = rows.from_json(document)
    return shown


def set_evse(
    tx: Tx, caller: Caller, *, station: str, evse: int, equipment: EvseEquipment, tenant: str | None = None
) -> dict[str, Any]:
    """Say how an EVSE is called and what it can do; what is left out follows from the station again."""
    found = stations.find(tx, caller, station, tenant)
    if equipment.evse_id is not None and not evse_rules.EVSE_ID.fullmatch(equipment.evse_id):
        raise InvalidInput(
            f"{equipment.evse_id!r} is no EVSE id: write it like DE*ABC*E1234*1 (ISO 15118, eMI3)"
        )
    return _equip(tx, caller, found, evse, 0, msgspec.to_builtins(equipment))


def set_connector(
    tx: Tx,
    caller: Caller,
    *,
    station: str,
    evse: int,
    equipment: ConnectorEquipment,
    connector: int = 1,
    tenant: str | None = None,
) -> dict[str, Any]:
    """Say what a connector fits and gives; what is left out is a Type 2 socket of 3 × 230 V, 32 A."""
    found = stations.find(tx, caller, station, tenant)
    if connector < 1:
        raise InvalidInput("connectors are numbered from 1")
    return _equip(tx, caller, found, evse, connector, msgspec.to_builtins(equipment))


def _equip(
    tx: Tx, caller: Caller, station: ChargingStation, evse: int, connector: int, said: dict[str, Any]
) -> dict[str, Any]:
    known = {(c.evse_id, c.connector_id) for c in station_store.connectors(tx.db, station.id)}
    if evse < 1 or not any(e == evse and connector in (0, c) for e, c in known):
        what = f"connector {connector} at EVSE {evse}" if connector else f"EVSE {evse}"
        raise NotFound(f"{station.station_id} has no {what}")
    store.set_equipment(tx.db, station.id, evse, connector, rows.to_json(said))
    if station.location_id is not None:
        publication.refresh(tx, station.tenant_id, fold(station.location_id))
    place = {"evse": evse, "connector": connector or None}
    tx.audit(caller, station.tenant_id, "location.equipment", station.station_id, place | {"equipment": said})
    return {
        "stationId": station.station_id,
        "evseId": evse,
        "connectorId": connector or None,
        "equipment": said,
    }


def _station(tx: Tx, caller: Caller, name: str, tenant_id: str) -> ChargingStation:
    return stations.find(tx, caller, name, tenant_id)


def _put(tx: Tx, caller: Caller, station: ChargingStation, location_id: str | None) -> None:
    """Move one station; the location that it leaves shows its EVSEs as REMOVED."""
    if station.location_id == location_id:
        return
    station_store.update(tx.db, station.id, tx.at, location_id=location_id)
    if station.location_id is not None:
        publication.refresh(tx, station.tenant_id, fold(station.location_id))
    detail = {"before": station.location_id, "after": location_id}
    tx.audit(caller, station.tenant_id, "location.assign", station.station_id, detail)
    tx.emit("station.changed", station.ref, station.id, {"change": "updated"})


def _find(tx: Tx, caller: Caller, location: str, tenant: str | None) -> Location:
    found = store.get(tx.db, tenants.resolve(tx, caller, tenant).id, location)
    if found is None or found.removed_at is not None:
        raise NotFound(f"no location {location}: csms location list shows all")
    return found


def _view(location: Location, station_ids: list[str]) -> LocationView:
    shared = {name: getattr(location, name) for name in LocationView.__slots__ if hasattr(location, name)}
    return LocationView(**shared | {"missing": list(location.missing), "stations": station_ids})


def _merged(tx: Tx, location: Location, given: LocationFields) -> Location:
    """Return a location with what is given of it; InvalidInput where it may not be like that."""
    texts = {name: getattr(given, name) for name in _TEXTS if getattr(given, name) is not None}
    for name, text in texts.items():
        if not text.isprintable():
            raise InvalidInput(f"{name} contains characters that cannot be printed")
    changes: dict[str, Any] = {name: text.strip() or None for name, text in texts.items()}
    if given.country is not None:
        changes["country"] = given.country.upper() or None
    if given.coordinates is not None:
        changes["latitude"], changes["longitude"] = _degrees(given.coordinates)
    if given.time_zone is not None:
        changes["time_zone"] = _zone(given.time_zone)
    if given.publish is not None:
        changes["publish"] = given.publish
    details = {name: msgspec.to_builtins(getattr(given, name)) for name in _DETAILS}
    if given.opening_times is not None:
        details["opening_times"] = _hours(given.opening_times)
    kept = location.details | {name: value for name, value in details.items() if value is not None}
    merged = replace(
        location, updated_at=tx.now, details={n: v for n, v in kept.items() if v != []}, **changes
    )
    if merged.publish and merged.missing:
        raise InvalidInput(f"to publish a location, partners need its {', '.join(merged.missing)}")
    return merged


def _degrees(given: Coordinates) -> tuple[str, str]:
    """Return latitude and longitude with 5 to 7 decimals."""
    found = []
    for name, text, bound in (("latitude", given.latitude, 90), ("longitude", given.longitude, 180)):
        value = Decimal(text)
        if abs(value) > bound:
            raise InvalidInput(f"{name} lies between -{bound} and {bound}")
        decimals = min(max(len(text.partition(".")[2]), 5), 7)
        found.append(f"{value:.{decimals}f}")
    return found[0], found[1]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(f"unknown time zone {name!r}: use an IANA name like Europe/Berlin") from None
    return name


def _hours(hours: Hours) -> dict[str, Any]:
    """Return opening times as an OCPI object; InvalidInput where they contradict themselves."""
    if hours.twentyfourseven == bool(hours.regular_hours):
        raise InvalidInput("opening_times: either twentyfourseven, or at least one of regular_hours")
    for period in hours.regular_hours or ():
        if period.period_end <= period.period_begin:
            raise InvalidInput(f"opening_times: {period.period_end} is not later than {period.period_begin}")
    found: dict[str, Any] = {"twentyfourseven": hours.twentyfourseven}
    if hours.regular_hours:
        found["regular_hours"] = msgspec.to_builtins(hours.regular_hours)
    for name in ("exceptional_openings", "exceptional_closings"):
        if getattr(hours, name):
            found[name] = [_exception(period) for period in getattr(hours, name)]
    return found


def _exception(period: ExceptionalPeriod) -> dict[str, str]:
    if period.period_end <= period.period_begin:
        raise InvalidInput("opening_times: an exception ends after it begins")
    return {"period_begin": to_wire(period.period_begin), "period_end": to_wire(period.period_end)}

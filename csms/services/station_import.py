"""Many stations at once: registered or changed from a list, all or none, and written out again without secrets."""

from dataclasses import dataclass
from typing import Any

import msgspec

from csms.errors import InvalidInput
from csms.model.station import ChargingStation, Registration
from csms.services import stations, tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import stations as store


class StationEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One station of a list; what is absent keeps its value, or gets that of `station add`."""

    id: str
    security_profile: int | None = None
    connectors: int | None = None
    registration: Registration | None = None
    location: str | None = None
    name: str | None = None
    quirks: dict[str, Any] | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """How many stations came and changed, and the passwords made for new ones, shown this once."""

    added: int
    updated: int
    passwords: list[dict[str, str]]


def import_stations(
    tx: Tx, caller: Caller, *, entries: list[dict[str, Any]], tenant: str | None = None
) -> Imported:
    """Register or change stations, all or none; a complaint names its entry."""
    owner = tenants.resolve(tx, caller, tenant)
    added = updated = 0
    made: list[dict[str, str]] = []
    seen: set[str] = set()
    for number, raw in enumerate(entries, start=1):
        try:
            entry = msgspec.convert(raw, StationEntry, strict=False)
            if entry.id in seen:
                raise InvalidInput(f"station {entry.id} stands in the list twice")
            seen.add(entry.id)
            known = store.get(tx.db, owner.id, entry.id)
            if known is None:
                added += 1
                made += _add(tx, caller, owner.id, entry)
            else:
                updated += 1
                _change(tx, caller, owner.id, known, entry)
        except (msgspec.ValidationError, InvalidInput) as error:
            raise InvalidInput(f"entry {number}: {error}") from None
    tx.audit(caller, owner.id, "station.import", str(len(entries)), {"added": added, "updated": updated})
    return Imported(added, updated, made)


def _add(tx: Tx, caller: Caller, tenant_id: str, entry: StationEntry) -> list[dict[str, str]]:
    """Register a station and return the password made for it, if one was."""
    profile = 1 if entry.security_profile is None else entry.security_profile
    new = stations.add(
        tx,
        caller,
        station_id=entry.id,
        tenant=tenant_id,
        security_profile=profile,
        connectors=1 if entry.connectors is None else entry.connectors,
        location=entry.location,
        name=entry.name,
        password=entry.password,
    )
    if entry.registration is not None or entry.quirks:
        stations.update(
            tx,
            caller,
            station=entry.id,
            tenant=tenant_id,
            registration=entry.registration,
            quirks=entry.quirks,
        )
    made = new.password is not None and entry.password is None
    return [{"stationId": entry.id, "password": str(new.password)}] if made else []


def _change(tx: Tx, caller: Caller, tenant_id: str, known: ChargingStation, entry: StationEntry) -> None:
    """Change a station that is registered; connectors are added, never taken away."""
    quirks = entry.quirks
    if quirks is not None:
        quirks = dict.fromkeys(known.quirks) | quirks
    stations.update(
        tx,
        caller,
        station=entry.id,
        tenant=tenant_id,
        security_profile=entry.security_profile,
        registration=entry.registration,
        name=entry.name,
        location=entry.location,
        quirks=quirks,
    )
    if entry.connectors is not None and not 0 <= entry.connectors <= 100:
        raise InvalidInput("a station has 0 to 100 connectors")
    for evse_id in range(1, (entry.connectors or 0) + 1):
        store.ensure_connector(tx.db, known.id, evse_id, 1)
    if entry.password is not None:
        stations.set_password(tx, caller, station=entry.id, tenant=tenant_id, password=entry.password)


def export_stations(tx: Tx, caller: Caller, *, tenant: str | None = None) -> list[dict[str, Any]]:
    """Return the stations as `import_stations` takes them; never a password."""
    return [_entry(view) for view in stations.list_stations(tx, caller, tenant=tenant)]


def _entry(view: stations.StationView) -> dict[str, Any]:
    station = view.station
    return {
        "id": station.station_id,
        "security_profile": station.security_profile,
        "connectors": sum(1 for connector in view.connectors if connector.evse_id),
        "registration": station.registration,
        "location": station.location_id,
        "name": station.name,
        "quirks": station.quirks,
    }

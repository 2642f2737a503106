"""Charging stations: what operators set, and what stations report about themselves and their connectors."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from csms.clock import to_text
from csms.errors import Conflict, InvalidInput, NotFound
from csms.model import quirk
from csms.model.reservation import OUT_OF_ORDER
from csms.model.station import ChargingStation, Connector, ConnectorStatus, Registration, StationRef
from csms.services import (
    alerts,
    corrections,
    local_list_states,
    passwords,
    reservations,
    security_profiles,
    tenants,
)
from csms.services.access import Caller
from csms.services.local_list_states import LocalListState
from csms.services.unit import Tx
from csms.store import abilities, locations, rows
from csms.store import stations as store

LONGEST_STATION_ID = 48
"""identity is at most 48 characters in OCPP 2.0.1 Part 4 §3.1; 1.6 names no bound."""


@dataclass(frozen=True, slots=True)
class NewStation:
    """A station just registered; `password` is shown this once (None for profiles without one)."""

    station: ChargingStation
    password: str | None


@dataclass(frozen=True, slots=True)
class StationView:
    """A station with its connectors, and how its local list stands where one station is shown."""

    station: ChargingStation
    connectors: tuple[Connector, ...]
    local_list: LocalListState | None = None


def add(
    tx: Tx,
    caller: Caller,
    *,
    station_id: str,
    tenant: str | None = None,
    security_profile: int = 1,
    connectors: int = 1,
    location: str | None = None,
    name: str | None = None,
    password: str | None = None,
) -> NewStation:
    """Register a station; profiles 1 and 2 get a generated password unless one is given."""
    owner = tenants.resolve(tx, caller, tenant)
    if not station_id or len(station_id) > LONGEST_STATION_ID or not station_id.isprintable():
        raise InvalidInput(f"a station id has 1 to {LONGEST_STATION_ID} printable characters")
    if security_profile not in range(4):
        raise InvalidInput("the security profile is 0, 1, 2 or 3")
    if not 0 <= connectors <= 100:
        raise InvalidInput("a station has 0 to 100 connectors")
    if store.get(tx.db, owner.id, station_id) is not None:
        raise Conflict(f"station {station_id} exists already")
    secret = _checked(password) if password else passwords.generate() if security_profile in (1, 2) else None
    station = ChargingStation(
        tx.entropy.hex(), owner.id, station_id, Registration.ACCEPTED, security_profile, tx.now, tx.now,
        name=name, location_id=_place(tx, owner.id, location),
    )  # fmt: skip
    store.insert(tx.db, station, passwords.hash_station(secret.encode()) if secret else None)
    for evse_id in range(connectors + 1):
        store.ensure_connector(tx.db, station.id, evse_id, 1 if evse_id else 0)
    tx.audit(
        caller, owner.id, "station.add", station_id, {"profile": security_profile, "connectors": connectors}
    )
    tx.emit("station.changed", station.ref, station.id, {"change": "added"})
    return NewStation(station, secret)


def find(tx: Tx, caller: Caller, station: str, tenant: str | None = None) -> ChargingStation:
    """Return the station a caller means; where two tenants use the id, the tenant must be named."""
    scope = tenants.scope(tx, caller, tenant)
    found = store.named(tx.db, scope, station)
    if not found:
        raise NotFound(
            f"no station {station}: csms station list shows all, csms station add {station} registers it"
        )
    if len(found) > 1:
        raise InvalidInput(f"several tenants have a station {station}: name one with --tenant")
    return found[0]


def show(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> StationView:
    """Return one station with its connectors."""
    found = find(tx, caller, station, tenant)
    connectors = tuple(store.connectors(tx.db, found.id))
    return StationView(found, connectors, local_list_states.state(tx, found))


def list_stations(tx: Tx, caller: Caller, *, tenant: str | None = None) -> list[StationView]:
    """Return the stations the caller may see, each with its connectors."""
    scope = tenants.scope(tx, caller, tenant)
    by_station: dict[str, list[Connector]] = {}
    for connector in store.all_connectors(tx.db, scope):
        by_station.setdefault(connector.station_key, []).append(connector)
    return [StationView(s, tuple(by_station.get(s.id, ()))) for s in store.select(tx.db, scope)]


def update(
    tx: Tx,
    caller: Caller,
    *,
    station: str,
    tenant: str | None = None,
    security_profile: int | None = None,
    registration: Registration | None = None,
    name: str | None = None,
    location: str | None = None,
    quirks: dict[str, Any] | None = None,
    serial: str | None = None,
) -> ChargingStation:
    """Change what an operator may set; a quirk set to None is removed.

    `serial` is the serial number that the station's certificate has to name.
    """
    found = find(tx, caller, station, tenant)
    if security_profile is not None and security_profile not in range(4):
        raise InvalidInput("the security profile is 0, 1, 2 or 3")
    if security_profile is not None:
        security_profiles.check_change(tx, found, security_profile)
    if serial is not None:
        security_profiles.register_serial(tx, found, serial)
    merged = {k: v for k, v in (found.quirks | _checked_quirks(quirks or {})).items() if v is not None}
    changed = replace(
        found,
        security_profile=found.security_profile if security_profile is None else security_profile,
        registration=registration or found.registration,
        name=found.name if name is None else name,
        location_id=found.location_id if location is None else _place(tx, found.tenant_id, location),
        quirks=merged,
        updated_at=tx.now,
    )
    store.update(
        tx.db,
        found.id,
        tx.at,
        security_profile=changed.security_profile,
        registration=changed.registration.value,
        name=changed.name,
        location_id=changed.location_id,
        quirks=rows.to_json(merged),
    )
    detail = {"before": _audited(found), "after": _audited(changed)}
    if serial is not None:
        detail["after"]["serial"] = serial
    tx.audit(caller, found.tenant_id, "station.update", station, detail)
    tx.emit("station.changed", found.ref, found.id, {"change": "updated"})
    return changed


def _checked_quirks(quirks: dict[str, Any]) -> dict[str, Any]:
    """Return quirks with their switches as booleans; InvalidInput names one that is neither on nor off."""
    checked = dict(quirks)
    for name in quirk.SWITCHES & quirks.keys():
        if quirks[name] is not None:
            checked[name] = quirk.switch(quirks[name])
            if checked[name] is None:
                raise InvalidInput(f"the quirk {name} is true or false, not {str(quirks[name])[:40]!r}")
    return checked


def _audited(station: ChargingStation) -> dict[str, Any]:
    """Return what an operator may set of a station."""
    return {
        "profile": station.security_profile,
        "registration": station.registration,
        "name": station.name,
        "location": station.location_id,
        "quirks": station.quirks,
    }


def remove(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> ChargingStation:
    """Remove a station; its transactions and CDRs stay."""
    found = find(tx, caller, station, tenant)
    store.delete(tx.db, found.id)
    alerts.clear_all(tx, found.tenant_id, f"event:{found.id}:")
    alerts.clear(tx, found.tenant_id, f"offline:{found.id}")
    tx.audit(caller, found.tenant_id, "station.remove", station, {})
    tx.emit("station.changed", found.ref, found.id, {"change": "removed"})
    return found


def set_password(
    tx: Tx, caller: Caller, *, station: str, tenant: str | None = None, password: str | None = None
) -> NewStation:
    """Give a station a new password, generated unless given; the old one is refused from now on."""
    found = find(tx, caller, station, tenant)
    secret = _checked(password) if password else passwords.generate()
    hashed = passwords.hash_station(secret.encode())
    store.update(tx.db, found.id, tx.at, password_hash=hashed, pending_password_hash=None)
    tx.audit(caller, found.tenant_id, "station.password", station, {})
    return NewStation(found, secret)


def _place(tx: Tx, tenant_id: str, location: str | None) -> str | None:
    """Return the id of the location that is meant, else the text as it is; an empty one is none."""
    known = locations.get(tx.db, tenant_id, location) if location else None
    return known.id if known is not None and known.removed_at is None else location or None


def _checked(password: str) -> str:
    if not 8 <= len(password) <= 40:
        raise InvalidInput("a station password has 8 to 40 characters; OCPP 2.0.1 A01 wants at least 16")
    return password


@dataclass(frozen=True, slots=True)
class BootReport:
    """What a station says about itself when it boots."""

    vendor: str
    model: str
    serial_number: str | None
    firmware_version: str | None
    ocpp_version: str
    details: dict[str, Any]
    restarted: bool = True
    """Whether the station has been down; not where it only answers a trigger."""


@dataclass(frozen=True, slots=True)
class Booted:
    """Answer to a boot: `interval_s` is the heartbeat's when accepted, else the wait before the next boot."""

    registration: Registration
    at: datetime
    interval_s: int
    refusal: str | None = None
    """Why the connection is closed after this answer."""


def booted(tx: Tx, station: StationRef, report: BootReport) -> Booted:
    """Take in a BootNotification and say whether the station may operate."""
    found = store.by_key(tx.db, station.key)
    if found is None:
        return Booted(Registration.REJECTED, tx.now, tx.policy.boot_retry_s)
    store.update(
        tx.db,
        station.key,
        tx.at,
        vendor=report.vendor,
        model=report.model,
        serial_number=report.serial_number,
        firmware_version=report.firmware_version,
        ocpp_version=report.ocpp_version,
        booted_at=tx.at,
        last_seen_at=tx.at,
        boot=rows.to_json(report.details),
    )
    if report.firmware_version != found.firmware_version:
        abilities.set_known(tx.db, station.key)  # new firmware may know what the old one did not
    body = {"vendor": report.vendor, "model": report.model, "firmwareVersion": report.firmware_version}
    tx.emit("station.booted", station, station.key, body | {"registration": found.registration})
    accepted = found.registration is Registration.ACCEPTED
    interval_s = tx.policy.heartbeat_interval_s if accepted else tx.policy.boot_retry_s
    return Booted(found.registration, tx.now, int(found.quirks.get("heartbeat_interval_s", interval_s)))


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What a station says about one connector; EVSE 0 is the station as a whole."""

    evse_id: int
    connector_id: int
    status: ConnectorStatus
    at: datetime
    error_code: str | None = None
    info: str | None = None
    vendor_error_code: str | None = None


def status(tx: Tx, station: StationRef, report: StatusReport) -> None:
    """Take in a StatusNotification; an older one than the last known changes nothing.

    A clock that is not set or runs ahead counts as ours: what it says must not bar what comes later. "Occupied" says
    less than the charging state of a running transaction and does not replace it.
    """
    if report.status is ConnectorStatus.OCCUPIED and store.charge_state(tx.db, station.key, report.evse_id):
        return
    connector = Connector(
        station.key,
        report.evse_id,
        report.connector_id,
        report.status,
        min(corrections.sane_time(report.at, tx.now), tx.now),
        report.error_code,
        report.info,
        report.vendor_error_code,
    )
    if report.evse_id and connector.status_at is not None:
        store.add_history(
            tx.db, station.key, report.evse_id, to_text(connector.status_at), report.status.value
        )
    if store.set_status(tx.db, connector):
        body = {"evseId": report.evse_id, "connectorId": report.connector_id, "status": report.status}
        subject = f"{station.station_id}/{report.evse_id}/{report.connector_id}"
        tx.emit(
            "connector.status", station, subject, body | {"errorCode": report.error_code, "info": report.info}
        )
        if report.status in OUT_OF_ORDER:
            reservations.out_of_order(tx, station, report.evse_id, report.status)


def record(
    tx: Tx, station: StationRef, kind: str, body: dict[str, Any], reported_at: str | None = None
) -> None:
    """Keep something a station reported that has no table of its own, and tell listeners."""
    values = {
        "tenant_id": station.tenant_id,
        "station_key": station.key,
        "kind": kind,
        "at": tx.at,
        "reported_at": reported_at,
        "body": rows.to_json(body),
    }
    store.add_event(tx.db, values)
    tx.emit(kind, station, station.key, body)


def seen(tx: Tx, moments: list[dict[str, str]]) -> None:
    """Write when stations were last heard; `moments` hold `key` and `at`."""
    store.seen(tx.db, moments)


def by_key(tx: Tx, key: str) -> ChargingStation | None:
    """Return one station by its internal id."""
    return store.by_key(tx.db, key)

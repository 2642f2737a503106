"""Files that stations leave with us or fetch from us: addresses nobody can guess, and what became of each file.

An upload address takes one file and is spent; a download address lets one station fetch one firmware, as often as it
needs, until it expires. Only hashes of addresses are kept. What a station says of an upload and what has arrived here
are held against each other: `Uploaded` without a file is a failure (OCPP 1.6 §4.4; 2.0.1 N01).
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from csms.clock import to_text
from csms.errors import NotFound, StationOffline
from csms.model.alert import AlertCategory, AlertSeverity
from csms.model.command import Command, Outcome, Purpose
from csms.model.station import ChargingStation, StationRef
from csms.model.station_file import Direction, FileAddress, FileState, FirmwareFile, StationFile, safe_name
from csms.services import alerts, commands, stations, tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import commands as command_store
from csms.store import files as store

PATH: Final = "/files/"
"""Under which the listeners for stations answer plain HTTP."""
DISK_FULL: Final = "files.disk_full"
_SECRET_CHARACTERS: Final = 48
_HEX: Final = frozenset("0123456789abcdef")
UPLOAD_WITHIN: Final = timedelta(hours=24)
DOWNLOAD_WITHIN: Final = timedelta(days=7)
_FORGET_ADDRESSES_AFTER: Final = timedelta(days=30)
_SETTLE: Final = timedelta(seconds=30)
"""How long a station may take to tell of an upload that has arrived."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What an address leads to: a place for an upload of at most `max_bytes`, or firmware to fetch."""

    address: FileAddress
    max_bytes: int
    firmware: FirmwareFile | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """Why an address leads to nothing; `gone` where it once did."""

    reason: str
    gone: bool


def base_url(tx: Tx, derived: str | None) -> str:
    """Return the address under which stations reach us over HTTP: as configured, else as the station found us."""
    base = tx.policy.public_url or derived
    if not base:
        raise StationOffline(
            "the station is not connected, and without ocpp.public_url only it knows our address"
        )
    return base.rstrip("/")


def expect(
    tx: Tx, station: ChargingStation, kind: str, base: str, request_id: int | None
) -> tuple[StationFile, str]:
    """Expect a log of a station; returns its record and the one-time address for it."""
    file = StationFile(
        tx.entropy.hex(), station.tenant_id, station.id, station.station_id, kind, FileState.EXPECTED, tx.now,
        request_id=request_id,
    )  # fmt: skip
    store.insert(tx.db, file)
    secret = _address(tx, station, Direction.UPLOAD, file.id, UPLOAD_WITHIN)
    return file, f"{base}{PATH}{secret}"


def offer(tx: Tx, station: ChargingStation, firmware: FirmwareFile, base: str) -> str:
    """Return an address at which a station can fetch firmware, for a week."""
    secret = _address(tx, station, Direction.DOWNLOAD, firmware.id, DOWNLOAD_WITHIN)
    return f"{base}{PATH}{secret}/{quote(firmware.name)}"


def is_address(secret: str) -> bool:
    """Whether something looks like the unguessable part of an address; what does not needs no database."""
    return len(secret) == _SECRET_CHARACTERS and set(secret) <= _HEX


def look_up(tx: Tx, secret: str) -> Offer | Closed:
    """Return what an address leads to now."""
    found = store.address(tx.db, _hash(secret))
    if found is None:
        return Closed("no such address", gone=False)
    if found.spent_at is not None:
        return Closed("this address has taken its file", gone=True)
    if found.expires_at < tx.now:
        return Closed("this address has expired", gone=True)
    if found.direction is Direction.UPLOAD:
        return Offer(found, tx.policy.max_upload_bytes)
    firmware = store.firmware_by_id(tx.db, found.tenant_id, found.file_id)
    if firmware is None:
        return Closed("this firmware was removed", gone=True)
    return Offer(found, 0, firmware)


def received(
    tx: Tx, address: FileAddress, *, file_name: str | None, size_bytes: int, sha256: str
) -> StationFile:
    """Note that a whole file stands in its place; the address is spent. NotFound where another one came first."""
    values = {
        "file_name": safe_name(file_name) if file_name else None,
        "size_bytes": size_bytes,
        "sha256": sha256,
        "at": tx.at,
    }
    taken = store.receive(tx.db, address.file_id, values)
    file = store.get(tx.db, address.tenant_id, address.file_id)
    if not taken or file is None:
        raise NotFound("this address has taken its file")
    store.spend(tx.db, address.address_hash, tx.at)
    alerts.clear(tx, address.tenant_id, DISK_FULL)
    command = command_store.get(tx.db, file.command_id) if file.command_id else None
    if command is not None and command.outcome is Outcome.PENDING:
        commands.note(tx, command, commands.FILE_RECEIVED, within=_SETTLE)
    ref = StationRef(file.tenant_id, file.station_id, file.station_key)
    tx.emit("station.file", ref, file.id, {"kind": file.kind, "sizeBytes": size_bytes, "state": file.state})
    return file


def failed(tx: Tx, address: FileAddress, reason: str, *, full: bool = False) -> None:
    """Keep why an upload broke off; the station may try again. A full disk is an alert."""
    store.update(tx.db, address.file_id, reason=reason[:200])
    if full:
        alerts.raise_alert(
            tx,
            tenant_id=address.tenant_id,
            severity=AlertSeverity.HIGH,
            category=AlertCategory.SYSTEM_ERROR,
            key=DISK_FULL,
            text="a log of a station was not taken: the disk is nearly full",
        )


def follow_upload(
    tx: Tx, station: StationRef, said: str, outcome: Outcome | None, request_id: int | None
) -> None:
    """Take in what a station says of an upload, and hold it against what has arrived here."""
    command = commands.open_one(tx, station, Purpose.LOG, request_id)
    if command is None:
        return
    commands.settle(tx, command, *_judged(tx, command, said, outcome))


def _judged(tx: Tx, command: Command, said: str, outcome: Outcome | None) -> tuple[str, Outcome | None]:
    file = store.of_command(tx.db, command.id)
    if file is None or outcome is None:
        return said, outcome
    arrived = file.state is FileState.RECEIVED
    if outcome is Outcome.DONE and not arrived:
        return f"{said}, but no file has arrived", Outcome.FAILED
    if outcome is Outcome.FAILED and arrived:
        return f"{said}, but the file has arrived", Outcome.DONE
    return said, outcome


def linked(tx: Tx, file_id: str, command_id: str, file_name: str | None) -> None:
    """Note which command asked for a file, and what the station will call it."""
    named = {"file_name": safe_name(file_name)} if file_name else {}
    store.update(tx.db, file_id, command_id=command_id, **named)


def not_coming(tx: Tx, file_id: str) -> None:
    """Forget a file that a station has refused to upload."""
    store.delete(tx.db, file_id)


def list_files(
    tx: Tx, caller: Caller, *, station: str | None = None, tenant: str | None = None, limit: int = 50
) -> list[StationFile]:
    """Return the files of the stations the caller may see, newest first."""
    if station is not None:
        found = stations.find(tx, caller, station, tenant)
        return store.select(tx.db, found.tenant_id, found.station_id, min(limit, 10_000))
    return store.select(tx.db, tenants.scope(tx, caller, tenant), None, min(limit, 10_000))


def show(tx: Tx, caller: Caller, *, file: str, tenant: str | None = None) -> StationFile:
    """Return one file by its id, or the beginning of it."""
    found = store.get(tx.db, tenants.scope(tx, caller, tenant), file)
    if found is None:
        raise NotFound(f"no file {file}: csms station log list shows all")
    return found


def remove(tx: Tx, caller: Caller, *, file: str, tenant: str | None = None) -> StationFile:
    """Forget one file; an upload that is still to come finds nothing."""
    found = show(tx, caller, file=file, tenant=tenant)
    store.delete(tx.db, found.id)
    store.delete_addresses(tx.db, found.tenant_id, found.id)
    tx.audit(caller, found.tenant_id, "station.log.remove", found.station_id, {"file": found.id})
    return found


def end_addresses(tx: Tx) -> int:
    """Give up what has not come in time; returns how many files."""
    return store.end_addresses(tx.db, tx.at, to_text(tx.now - _FORGET_ADDRESSES_AFTER))


def prune(tx: Tx, kept: timedelta) -> int:
    """Forget a slice of the files that are older than `kept`; returns how many."""
    return store.prune(tx.db, to_text(tx.now - kept), 1_000)


def known_ids(tx: Tx) -> frozenset[str]:
    """Return the ids of all files that should stand on the disk."""
    return store.known_ids(tx.db)


def _address(tx: Tx, station: ChargingStation, direction: Direction, file_id: str, within: timedelta) -> str:
    """Make an address and keep its hash; returns the unguessable part."""
    secret = (tx.entropy.hex() + tx.entropy.hex())[:_SECRET_CHARACTERS]
    record = FileAddress(
        _hash(secret), station.tenant_id, station.id, direction, file_id, tx.now, tx.now + within
    )
    store.insert_address(tx.db, record)
    return secret


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def detail(file: StationFile) -> dict[str, Any]:
    """Return what a verb tells of the file it asked for."""
    return {"fileId": file.id}

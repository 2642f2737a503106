"""Firmware to give to stations: a catalogue of files, and the update from the order to the station's wire.

Signed firmware is checked before it is sent: the file against its digest, the signature against the file, the
certificate against time, strength and the makers that the tenant trusts (OCPP 2.0.1 L01; 1.6 security whitepaper L01).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import trio

from csms.errors import Conflict, InvalidInput, NotFound
from csms.model.certificate import TrustStore
from csms.model.command import CallStatus
from csms.model.file_command import PublishFirmware, UnpublishFirmware, UpdateFirmware
from csms.model.station_file import FirmwareFile, safe_name
from csms.services import files, station_orders, tenants, trust
from csms.services.access import Caller
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.file_room import FileRoom
from csms.services.unit import Tx
from csms.store import abilities
from csms.store import files as store

_HEX: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Publish:
    """Fetch firmware of the catalogue for the other stations of a site."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Unpublish:
    """Offer firmware of the catalogue to the others no more."""

    name: str


@dataclass(frozen=True, slots=True)
class Update:
    """Install firmware: a file of the catalogue by its name, or whatever is at a URL; both: the file, from the URL.

    `unsigned` sends signed firmware without its signature.
    """

    name: str | None = None
    url: str | None = None
    retrieve_at: datetime | None = None
    install_at: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None
    unsigned: bool = False


def add(
    tx: Tx,
    caller: Caller,
    *,
    file_id: str,
    name: str,
    size_bytes: int,
    sha256: str,
    md5: str,
    version: str | None = None,
    vendor: str | None = None,
    model: str | None = None,
    signature: str | None = None,
    signing_certificate: str | None = None,
    tenant: str | None = None,
) -> FirmwareFile:
    """List a file that stands in the file room; a signature that does not fit it is refused."""
    owner = tenants.resolve(tx, caller, tenant)
    if safe_name(name) != name:
        raise InvalidInput(f"{name[:100]!r} is no name of a file: letters, digits, - _ . + ( ) and blanks")
    if not _is_hex(sha256, 64) or not _is_hex(md5, 32) or not file_id.isalnum() or size_bytes < 1:
        raise InvalidInput("that describes no file")
    if (signature is None) != (signing_certificate is None):
        raise InvalidInput("a signature and its certificate belong together")
    if store.firmware(tx.db, owner.id, name) is not None:
        raise Conflict(f"there is firmware {name} already: csms firmware remove {name}")
    file = FirmwareFile(
        file_id, owner.id, name, size_bytes, sha256, md5, tx.now, version, vendor, model, signature,
        signing_certificate,
    )  # fmt: skip
    wrong = _signature_problem(tx, file)
    if wrong is not None:
        raise InvalidInput(wrong)
    store.insert_firmware(tx.db, file)
    detail = {"sizeBytes": size_bytes, "sha256": sha256, "signed": signature is not None}
    tx.audit(caller, owner.id, "firmware.add", name, detail)
    return file


def list_firmware(tx: Tx, caller: Caller, *, tenant: str | None = None) -> list[FirmwareFile]:
    """Return the firmware the caller may see, by name."""
    return store.select_firmware(tx.db, tenants.scope(tx, caller, tenant))


def show(tx: Tx, caller: Caller, *, name: str, tenant: str | None = None) -> FirmwareFile:
    """Return one firmware by its name."""
    found = store.firmware(tx.db, tenants.resolve(tx, caller, tenant).id, name)
    if found is None:
        raise NotFound(f"no firmware {name}: csms firmware list shows all")
    return found


def remove(tx: Tx, caller: Caller, *, name: str, tenant: str | None = None) -> FirmwareFile:
    """Forget firmware; stations that are about to fetch it get 410."""
    found = show(tx, caller, name=name, tenant=tenant)
    store.delete_firmware(tx.db, found.tenant_id, found.id)
    tx.audit(caller, found.tenant_id, "firmware.remove", name, {"sha256": found.sha256})
    return found


async def update(errand: Errand, order: Update) -> tuple[CallResult, dict[str, Any]]:
    """Check what is to be installed, and have the station fetch it."""
    unit = errand.house.unit
    file = None
    if order.name is not None:
        file = await _named(errand, order.name)
        await _check(errand, file, order)
    elif order.url is None:
        raise InvalidInput("name firmware of the catalogue, or give its URL")
    command = await unit.run(lambda tx: _prepare(tx, errand, file, order))
    result = await errand.carry_out(command)
    detail = {"requestId": command.number} if result.status is CallStatus.ANSWERED else {}
    return result, detail


async def publish(errand: Errand, order: Publish) -> tuple[CallResult, dict[str, Any]]:
    """Check a file, and have a station fetch it for the others of its site."""
    file = await _named(errand, order.name)
    await _check_file(errand, file)
    command = await errand.house.unit.run(lambda tx: _prepare_publishing(tx, errand, file, order))
    result = await errand.carry_out(command)
    return result, {"requestId": command.number} if result.status is CallStatus.ANSWERED else {}


async def unpublish(errand: Errand, order: Unpublish) -> tuple[CallResult, dict[str, Any]]:
    """Have a station offer firmware no more."""
    file = await _named(errand, order.name)
    return await errand.carry_out(UnpublishFirmware(file.md5)), {}


def _prepare_publishing(tx: Tx, errand: Errand, file: FirmwareFile, order: Publish) -> PublishFirmware:
    number = abilities.count(tx.db, errand.station.id, "request")
    if order.url is not None:
        url = station_orders.address(order.url)
    else:
        url = files.offer(tx, errand.station, file, files.base_url(tx, errand.reached))
    return PublishFirmware(url, file.md5, number)


async def _named(errand: Errand, name: str) -> FirmwareFile:
    found = await errand.house.unit.read(lambda tx: store.firmware(tx.db, errand.station.tenant_id, name))
    if found is None:
        raise NotFound(f"no firmware {name}: csms firmware list shows all, csms firmware add FILE adds it")
    return found


async def _check(errand: Errand, file: FirmwareFile, order: Update) -> None:
    """Hold a file against its digest and its signature; InvalidInput says what is wrong."""
    await _check_file(errand, file)
    if not order.unsigned:
        wrong = await errand.house.unit.read(lambda tx: _signature_problem(tx, file))
        if wrong is not None:
            raise InvalidInput(f"{file.name}: {wrong}; it is not sent")


async def _check_file(errand: Errand, file: FirmwareFile) -> None:
    """Hold a file against its digest; Conflict where it is another, or gone."""
    room = FileRoom(errand.house.data_dir)
    try:
        digest = await trio.to_thread.run_sync(room.digest, file.id)
    except OSError as error:
        raise Conflict(f"the file of firmware {file.name} cannot be read: {error.strerror}") from None
    if digest != file.sha256:
        raise Conflict(f"the file of firmware {file.name} is not what was added: remove it and add it again")


def _prepare(tx: Tx, errand: Errand, file: FirmwareFile | None, order: Update) -> UpdateFirmware:
    """Fetch at once unless told when, from an address of ours unless told where."""
    station = errand.station
    url = None if order.url is None else station_orders.address(order.url)
    if url is None and file is not None:
        url = files.offer(tx, station, file, files.base_url(tx, errand.reached))
    signed = file is not None and file.signature is not None and not order.unsigned
    return UpdateFirmware(
        url=url or "",
        retrieve_at=station_orders.aware(order.retrieve_at) or tx.now,
        retries=order.retries,
        retry_interval_s=order.retry_interval_s,
        number=abilities.count(tx.db, station.id, "request"),
        install_at=station_orders.aware(order.install_at),
        signature=file.signature if file and signed else None,
        signing_certificate=file.signing_certificate if file and signed else None,
    )


def _signature_problem(tx: Tx, file: FirmwareFile) -> str | None:
    from csms.pki import firmware_signature

    if file.signature is None or file.signing_certificate is None:
        return None
    roots = trust.anchors(tx, file.tenant_id, TrustStore.MANUFACTURER)
    pem = file.signing_certificate.encode()
    return firmware_signature.problem(bytes.fromhex(file.sha256), file.signature, pem, roots, tx.now)


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and set(text) <= _HEX

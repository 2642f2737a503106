"""What operators order of stations' certificates and passwords: list, install, delete, renew (A01, A02, M03–M05)."""

from dataclasses import dataclass
from typing import Any, Final

from csms.errors import Conflict, InvalidInput, NotFound, Unsupported
from csms.model import security_command as safety
from csms.model.station_command import Trigger
from csms.model.station_security import INSTALLABLE, CertificateUse, InstalledCertificate
from csms.pki import authority, path
from csms.services import authorities, certificate_delivery, passwords
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.present import view
from csms.services.unit import Tx
from csms.store import station_security as store

ONE_BY_ONE: Final = (CertificateUse.CSMS_ROOT, CertificateUse.MANUFACTURER_ROOT)
"""What a station is asked for that tells one use at a time (OCPP 1.6)."""
_HASH_FIELDS: Final = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")


@dataclass(frozen=True, slots=True)
class ListCertificates:
    """Ask a station what it holds, of one use or of all."""

    use: CertificateUse | None = None


@dataclass(frozen=True, slots=True)
class Install:
    """Have a station trust a root; without a certificate it is that of our own servers."""

    use: CertificateUse
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Have a station forget a certificate, by its serial number."""

    serial_number: str
    use: CertificateUse | None = None


@dataclass(frozen=True, slots=True)
class Renew:
    """Have a station ask for a new certificate."""

    message: Trigger = Trigger.SIGN_CERTIFICATE


@dataclass(frozen=True, slots=True)
class NewPassword:
    """Give a station a new password that nobody needs to know; the old one is refused once it has taken it."""


async def list_certificates(errand: Errand, order: ListCertificates) -> tuple[CallResult, dict[str, Any]]:
    """Ask what a station holds; `detail` tells what it is known to hold then."""
    try:
        result = await errand.carry_out(safety.GetInstalledCertificates(order.use))
    except Unsupported:
        if order.use is not None:
            raise
        for use in ONE_BY_ONE:
            result = await errand.carry_out(safety.GetInstalledCertificates(use))
    held = await errand.house.unit.read(lambda tx: store.installed(tx.db, errand.station.id))
    found = [view(each) for each in held if order.use in (None, each.usage)]
    return result, {"certificates": found}


async def install(errand: Errand, order: Install) -> tuple[CallResult, dict[str, Any]]:
    """Install every certificate of a PEM text; the first that is not taken ends it."""
    if order.use not in INSTALLABLE:
        raise InvalidInput(f"{order.use.value} is not installed: a station asks for it (renew)")
    pem = order.certificate
    if pem is None:
        pem = await errand.house.unit.read(lambda tx: _own_root(tx, errand, order))
    try:
        found = path.read_chain(pem.encode())
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    for certificate in found:
        one = authority.to_pem(certificate).decode()
        result = await errand.carry_out(safety.InstallCertificate(order.use, one))
        if result.outcome != "DONE":
            break
    return result, {"subjects": [each.subject.rfc4514_string() for each in found]}


async def delete(errand: Errand, order: Delete) -> tuple[CallResult, dict[str, Any]]:
    """Delete what the station is known to hold, with the very hash data that it has reported (M04.FR.07)."""
    held = await errand.house.unit.read(lambda tx: store.installed(tx.db, errand.station.id))
    one = _named(held, order)
    wanted: dict[str, Any] = {name: one.as_reported[name] for name in _HASH_FIELDS if name in one.as_reported}
    return await errand.carry_out(safety.DeleteCertificate(wanted, one.usage)), {"use": one.usage.value}


async def renew(errand: Errand, order: Renew) -> tuple[CallResult, dict[str, Any]]:
    """Have a station ask for a certificate, in the operator's name; it gets it by itself."""
    return await certificate_delivery.ask_for_request(errand, order.message), {}


async def new_password(errand: Errand, _order: NewPassword) -> tuple[CallResult, dict[str, Any]]:
    """Change a station's password by its own protocol (A01); services.sign_on settles which one counts."""
    return await errand.carry_out(safety.SetPassword(passwords.generate())), {}


def _own_root(tx: Tx, errand: Errand, order: Install) -> str:
    if order.use is not CertificateUse.CSMS_ROOT:
        raise InvalidInput("name a file with the certificate")
    return authorities.export(tx, errand.caller)["pem"]


def _named(held: list[InstalledCertificate], order: Delete) -> InstalledCertificate:
    wanted = order.serial_number.lower().removeprefix("0x").lstrip("0") or "0"
    found = [c for c in held if c.serial_number == wanted and order.use in (None, c.usage)]
    if not found:
        raise NotFound(
            f"the station is not known to hold {order.serial_number}: csms station certificate list"
        )
    if len({(c.hash_algorithm, c.issuer_name_hash, c.issuer_key_hash) for c in found}) > 1:
        raise Conflict(f"several certificates have serial number {order.serial_number}: name the use")
    return found[0]

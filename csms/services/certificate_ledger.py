"""The certificates that each station is known to hold: from its answers, whoever asked (OCPP 2.0.1 M03–M05)."""

from typing import Any

from csms.clock import to_wire
from csms.model.certificate import CertificateKind
from csms.model.command import CertificateGone, CertificateHeld, CertificatesHeld
from csms.model.station import StationRef
from csms.model.station_security import CertificateRequest, InstalledCertificate
from csms.services import stations
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import station_security as store


def held(tx: Tx, station: StationRef, fact: CertificateHeld) -> None:
    """Note one certificate that a station holds."""
    store.put_installed(
        tx.db,
        InstalledCertificate(
            station_key=station.key,
            tenant_id=station.tenant_id,
            usage=fact.use,
            hash_algorithm=fact.hash_algorithm,
            issuer_name_hash=fact.issuer_name_hash,
            issuer_key_hash=fact.issuer_key_hash,
            serial_number=fact.serial_number,
            as_reported=fact.as_reported,
            child=fact.child,
            reported_at=tx.now,
            subject=fact.subject,
            not_after=fact.not_after,
        ),
    )


def all_held(tx: Tx, station: StationRef, fact: CertificatesHeld) -> None:
    """Note everything a station holds of some uses; what it no longer reports is gone."""
    for each in fact.held:
        held(tx, station, each)
    store.forget_unreported(tx.db, station.key, [use.value for use in fact.uses], tx.at)


def gone(tx: Tx, station: StationRef, fact: CertificateGone) -> None:
    """Note that a station holds a certificate no longer."""
    store.remove_installed(
        tx.db,
        station.key,
        fact.hash_algorithm,
        fact.issuer_name_hash,
        fact.issuer_key_hash,
        fact.serial_number,
    )


def list_installed(
    tx: Tx, caller: Caller, *, station: str, tenant: str | None = None
) -> list[InstalledCertificate]:
    """Return the certificates that a station is known to hold, without asking it."""
    return store.installed(tx.db, stations.find(tx, caller, station, tenant).id)


def request_view(request: CertificateRequest) -> dict[str, Any]:
    """Return a request for a certificate as operators see it, without the texts of request and certificate."""
    return {
        "id": request.id,
        "kind": request.kind or CertificateKind.STATION,
        "state": request.state,
        "requestedAt": to_wire(request.requested_at),
        "updatedAt": to_wire(request.updated_at),
        "attempts": request.attempts,
        "nextTryAt": to_wire(request.next_try_at) if request.next_try_at else None,
        "notAfter": to_wire(request.not_after) if request.not_after else None,
        "reason": request.reason,
    }

"""Stations that nobody has registered, let in to wait for an operator (config `ocpp.onboarding`, off by default).

Such a station boots as Pending: it may do nothing until `csms station update ID --registration accepted`. It has
shown no credentials, so it stands in the list with security profile 0 until an operator gives it a password.
"""

from typing import Final

from csms.model.station import ChargingStation, Registration
from csms.model.tenant import TenantStatus
from csms.services.admission import Claim, Denied, Welcome, admit, welcome
from csms.services.stations import LONGEST_STATION_ID
from csms.services.unit import Tx
from csms.store import stations as store
from csms.store import tenants

MOST_WAITING: Final = 100
"""How many may wait at a time, so that a scanner cannot fill the database."""


def queue(tx: Tx, claim: Claim) -> Welcome | Denied:
    """Let an unknown station in and put it on the list as Pending; one that is known by now is decided as ever."""
    verdict = admit(tx, claim)
    if isinstance(verdict, Welcome) or not verdict.unknown or not tx.policy.onboarding:
        return verdict
    owners = [
        tenant
        for tenant in tenants.select(tx.db)
        if tenant.status is TenantStatus.ACTIVE and claim.tenant in (None, tenant.name, tenant.id)
    ]
    if len(owners) != 1:
        return Denied(
            404, "not registered, and the address names no tenant: connect to /ocpp/<tenant>/<station id>"
        )
    station_id = claim.station_id
    if not station_id.isprintable() or len(station_id) > LONGEST_STATION_ID:
        return Denied(404, f"a station id has 1 to {LONGEST_STATION_ID} printable characters")
    if store.count_waiting(tx.db) >= MOST_WAITING:
        return Denied(
            503, f"{MOST_WAITING} unknown stations wait already: accept or remove some (csms station list)"
        )
    station = ChargingStation(
        tx.entropy.hex(),
        owners[0].id,
        station_id,
        Registration.PENDING,
        0,
        tx.now,
        tx.now,
        onboarded_at=tx.now,
    )
    store.insert(tx.db, station, None)
    store.ensure_connector(tx.db, station.id, 0, 0)
    tx.emit("station.changed", station.ref, station.id, {"change": "added"})
    return welcome(station)

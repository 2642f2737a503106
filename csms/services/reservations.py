"""Reservations: made when a station agrees, ended by use, by a fault, by their time or by the operator.

OCPP 1.6 §5.1, §5.13; 2.0.1 block H. The station keeps the connector; we keep what was agreed, with a time of our own,
for a 1.6 station reports no end, and one that is offline reports none in time.
"""

from typing import Any, Final

from csms.clock import to_text
from csms.errors import InvalidInput, NotFound
from csms.model.command import ReservationMade
from csms.model.id_token import fold
from csms.model.reservation import Reservation, ReservationStatus
from csms.model.station import ConnectorStatus, StationRef
from csms.model.transaction import Transaction
from csms.services import tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import reservations as store
from csms.store import tokens as token_store

_MOST_LISTED: Final = 10_000


def made(tx: Tx, station: StationRef, fact: ReservationMade) -> None:
    """Keep a reservation that a station agreed to; one of the same number is replaced (H01.FR.02)."""
    values = {
        "id": fact.id,
        "tenant_id": station.tenant_id,
        "station_key": station.key,
        "station_id": station.station_id,
        "evse_id": fact.evse_id,
        "id_token": fact.id_token,
        "group_id": fact.group_id,
        "expires_at": to_text(fact.expires_at),
        "connector_type": fact.connector_type,
        "at": tx.at,
    }
    store.put(tx.db, values)
    _changed(tx, station, fact.id, {"status": ReservationStatus.ACTIVE, "evseId": fact.evse_id})


def end(tx: Tx, station: StationRef, reservation_id: int, status: ReservationStatus, because: str) -> None:
    """End a reservation that is still active; nothing happens to one that is over."""
    row = store.end(tx.db, station.key, reservation_id, status.value, because, tx.at)
    if row is not None:
        body = {"status": status, "evseId": row["evse_id"], "because": because}
        _changed(tx, station, reservation_id, body)


def use(tx: Tx, station: StationRef, transaction_id: str, reservation_id: int) -> None:
    """Note that a transaction names the reservation that it uses: the station decides, whatever we thought."""
    if store.use(tx.db, station.key, reservation_id, transaction_id, tx.at):
        body = {"status": ReservationStatus.USED, "transactionId": transaction_id}
        _changed(tx, station, reservation_id, body)


def begun(tx: Tx, station: StationRef, transaction: Transaction) -> int | None:
    """Return the reservation that a transaction uses: the one it names, else the one its EVSE was kept by.

    Stations forget to name it; only a reservation of exactly that EVSE for the same id token or group counts then.
    """
    number = transaction.reservation_id
    if number is None:
        number = next((r.id for r in store.active(tx.db, station.key) if _fits(tx, r, transaction)), None)
    if number is not None:
        use(tx, station, transaction.id, number)
    return number


def _fits(tx: Tx, reservation: Reservation, transaction: Transaction) -> bool:
    if transaction.id_token is None or reservation.evse_id != transaction.evse_id:
        return False
    if fold(reservation.id_token) == fold(transaction.id_token):
        return True
    if reservation.group_id is None:
        return False
    token = token_store.get(tx.db, transaction.tenant_id, transaction.id_token)
    return token is not None and fold(token.group_id or "") == fold(reservation.group_id)


def out_of_order(tx: Tx, station: StationRef, evse_id: int, status: ConnectorStatus) -> None:
    """End the reservations of an EVSE that cannot keep them any more; EVSE 0 is the station with all of them."""
    for reservation in store.active(tx.db, station.key):
        if evse_id in (0, reservation.evse_id):
            what = f"EVSE {evse_id}" if evse_id else "the station"
            because = f"{what} became {status.value.lower()}"
            end(tx, station, reservation.id, ReservationStatus.CANCELLED, because)


def expire(tx: Tx) -> int:
    """End the reservations whose time is over; returns how many."""
    over = store.expire(tx.db, tx.at)
    for row in over:
        station = StationRef(row["tenant_id"], row["station_id"], row["station_key"])
        _changed(tx, station, row["id"], {"status": ReservationStatus.EXPIRED, "evseId": row["evse_id"]})
    return len(over)


def list_reservations(
    tx: Tx,
    caller: Caller,
    *,
    station: str | None = None,
    tenant: str | None = None,
    every: bool = False,
    limit: int = 1000,
) -> list[Reservation]:
    """Return the active reservations the caller may see, newest first; with `every` those that are over too."""
    scope = tenants.scope(tx, caller, tenant)
    return store.select(tx.db, scope, station, every=every, limit=min(limit, _MOST_LISTED))


def show(tx: Tx, caller: Caller, *, station: str, reservation: int, tenant: str | None = None) -> Reservation:
    """Return one reservation of a station by its number there."""
    scope = tenants.scope(tx, caller, tenant)
    found = store.named(tx.db, scope, station, reservation)
    if not found:
        raise NotFound(f"no reservation {reservation} at {station}: csms reservation list shows all")
    if len(found) > 1:
        raise InvalidInput(f"several tenants have a station {station}: name one with --tenant")
    return found[0]


def _changed(tx: Tx, station: StationRef, number: int, body: dict[str, Any]) -> None:
    tx.emit("reservation.changed", station, str(number), body)

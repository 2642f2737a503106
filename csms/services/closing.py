"""Ending by hand a transaction whose stop will never come: the station lost it, was replaced, or burnt."""

from datetime import datetime
from typing import Any

from csms.clock import from_text, to_text
from csms.errors import Conflict, InvalidInput, NotFound
from csms.model.station import StationRef
from csms.model.transaction import ReportKind, Transaction, TransactionReport, TransactionState
from csms.services import corrections, queries, tenants, transaction_events, transactions
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import transactions as store


def close(
    tx: Tx,
    caller: Caller,
    *,
    transaction: str,
    meter_stop_wh: int | None = None,
    ended_at: datetime | None = None,
    tenant: str | None = None,
) -> dict[str, Any]:
    """End a running transaction at its last reading, or as given, and write its CDR; a later stop changes nothing.

    One that has ended but whose start never arrived gets its CDR from what is known.
    """
    found = store.get(tx.db, tenants.scope(tx, caller, tenant), transaction)
    if found is None:
        raise NotFound(f"no transaction {transaction}")
    row = store.raw(tx.db, found.id)
    waits = found.state is TransactionState.ENDED and bool(row["start_unseen"])
    _check(found, waits, meter_stop_wh, ended_at)
    station = StationRef(found.tenant_id, found.station_id, found.station_key)
    last = store.last_reading(tx.db, found.id)
    at = ended_at or found.ended_at or (from_text(last["taken_at"]) if last else found.started_at) or tx.now
    detail = {"by": caller.name, "endedAt": to_text(at), "meterStopWh": meter_stop_wh}
    corrections.note(tx, station, found.id, "closed_by_operator", detail)
    if waits:
        transaction_events.bill(tx, station, found.id)
    else:
        report = TransactionReport(
            ReportKind.ENDED, at, ocpp_id=found.ocpp_id, meter_wh=meter_stop_wh, reason="Other"
        )
        store.update(tx.db, found.id, start_unseen=0)
        transactions.end(tx, station, row | {"start_unseen": 0}, report)
    tx.audit(caller, found.tenant_id, "transaction.close", found.id, detail)
    return queries.show_transaction(tx, caller, transaction=found.id)


def _check(found: Transaction, waits: bool, meter_stop_wh: int | None, ended_at: datetime | None) -> None:
    """Refuse to close what is over, and an end that cannot be."""
    if found.state not in (TransactionState.ACTIVE, TransactionState.AWAITING_STOP) and not waits:
        raise Conflict(f"transaction {found.ocpp_id} is {found.state}: only a running one can be closed")
    if waits and (meter_stop_wh, ended_at) != (None, None):
        raise InvalidInput("it has ended: only its start is missing, and its end stands as reported")
    if meter_stop_wh is not None and meter_stop_wh < (found.meter_start_wh or 0):
        raise InvalidInput(f"the meter stood at {found.meter_start_wh} Wh when it started")
    if ended_at is not None and ended_at.tzinfo is None:
        raise InvalidInput("the moment needs a time zone, like 2027-01-31T08:00:00Z")

"""Ending by hand a transaction whose stop will never come: the station lost it, was replaced, or burnt."""

from datetime import datetime
from typing import Any

from csms.clock import from_text, to_text
from csms.errors import Conflict, InvalidInput, NotFound
from csms.model.station import StationRef
from csms.model.transaction import ReportKind, TransactionReport, TransactionState
from csms.services import corrections, queries, tenants, transactions
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
    """End a running transaction at its last reading, or as given, and write its CDR; a later stop changes nothing."""
    found = store.get(tx.db, tenants.scope(tx, caller, tenant), transaction)
    if found is None:
        raise NotFound(f"no transaction {transaction}")
    if found.state not in (TransactionState.ACTIVE, TransactionState.AWAITING_STOP):
        raise Conflict(f"transaction {transaction} is {found.state}: only a running one can be closed")
    if meter_stop_wh is not None and meter_stop_wh < (found.meter_start_wh or 0):
        raise InvalidInput(f"the meter stood at {found.meter_start_wh} Wh when it started")
    if ended_at is not None and ended_at.tzinfo is None:
        raise InvalidInput("the moment needs a time zone, like 2027-01-31T08:00:00Z")
    station = StationRef(found.tenant_id, found.station_id, found.station_key)
    last = store.last_reading(tx.db, found.id)
    at = ended_at or (from_text(last["taken_at"]) if last else found.started_at) or tx.now
    detail = {"by": caller.name, "endedAt": to_text(at), "meterStopWh": meter_stop_wh}
    corrections.note(tx, station, found.id, "closed_by_operator", detail)
    report = TransactionReport(
        ReportKind.ENDED, at, ocpp_id=found.ocpp_id, meter_wh=meter_stop_wh, reason="Other"
    )
    transactions.end(tx, station, store.raw(tx.db, found.id), report)
    tx.audit(caller, found.tenant_id, "transaction.close", found.id, detail)
    return queries.show_transaction(tx, caller, transaction=found.id)

"""What operators look at: transactions with their meter values, settings of stations."""

from typing import Any

from csms.errors import NotFound
from csms.model.meter import ENERGY_REGISTER
from csms.services import tenants
from csms.services.access import Caller
from csms.services.present import row_view, view
from csms.services.unit import Tx
from csms.store import cdrs
from csms.store import transactions as store


def list_transactions(
    tx: Tx,
    caller: Caller,
    *,
    tenant: str | None = None,
    active: bool = False,
    station: str | None = None,
    limit: int = 100,
) -> list[Any]:
    """Return the latest transactions, newest first."""
    scope = tenants.scope(tx, caller, tenant)
    found = store.select(tx.db, scope, active=active, station_id=station, limit=min(limit, 100_000))
    return [view(transaction) for transaction in found]


def show_transaction(
    tx: Tx, caller: Caller, *, transaction: str, tenant: str | None = None
) -> dict[str, Any]:
    """Return one transaction with its corrections, meter values and CDR id."""
    scope = tenants.scope(tx, caller, tenant)
    found = store.get(tx.db, scope, transaction)
    if found is None:
        raise NotFound(f"no transaction {transaction}")
    cdr = cdrs.get(tx.db, scope, found.id)
    shown = ("taken_at", "received_at", "energy_wh", "power_w", "samples")
    readings = [
        row_view({k: row[k] for k in shown}, ("samples",)) for row in store.meter_values(tx.db, found.id)
    ]
    for reading in readings:
        reading["samples"] = [{"measurand": ENERGY_REGISTER} | sample for sample in reading["samples"]]
    shown_transaction: dict[str, Any] = view(found)
    return shown_transaction | {"cdrId": cdr.id if cdr else None, "meterValues": readings}


def running(tx: Tx, caller: Caller) -> list[dict[str, Any]]:
    """Return the running transactions with energy so far (Wh) and power (W) of the last reading."""
    shown = []
    for found in store.select(tx.db, caller.tenant_id, active=True, limit=10_000):
        last = store.last_reading(tx.db, found.id)
        so_far = (
            last["energy_wh"] - (found.meter_start_wh or 0)
            if last and last["energy_wh"] is not None
            else None
        )
        shown.append(view(found) | {"energySoFarWh": so_far, "powerW": last["power_w"] if last else None})
    return shown

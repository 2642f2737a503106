"""Alerts: raised by any rule, listed and acknowledged by operators, cleared when the cause is gone.

One alert of a key is open at a time in a tenant: a cause that comes again counts it up and tells nobody anew, unless
it has become more urgent.
"""

from typing import Any

from csms.errors import Conflict, NotFound
from csms.model.alert import Alert, AlertCategory, AlertSeverity
from csms.model.event import Event
from csms.services import tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import alerts as store

LONGEST_MESSAGE = 1000


def raise_alert(
    tx: Tx,
    *,
    tenant_id: str,
    severity: AlertSeverity,
    category: AlertCategory,
    key: str,
    text: str,
    station_id: str | None = None,
    transaction_id: str | None = None,
    detail: dict[str, Any] | None = None,
) -> Alert:
    """Raise an alert, or count it up where it is open already; tenant "" is the appliance as a whole."""
    before = store.open_one(tx.db, tenant_id, key)
    alert = store.put(
        tx.db,
        Alert(
            id=tx.entropy.hex(),
            tenant_id=tenant_id,
            severity=severity,
            category=category,
            key=key,
            message=text[:LONGEST_MESSAGE],
            raised_at=tx.now,
            last_at=tx.now,
            station_id=station_id,
            transaction_id=transaction_id,
            metadata=detail or {},
        ),
    )
    if before is None or severity.rank > before.severity.rank:
        _tell(tx, "alert.raised", alert)
    return alert


def clear(tx: Tx, tenant_id: str, key: str) -> bool:
    """End the open alert of a key; returns whether there was one."""
    over = store.clear(tx.db, tenant_id, key, tx.at)
    for alert in over:
        _tell(tx, "alert.cleared", alert)
    return bool(over)


def clear_all(tx: Tx, tenant_id: str, prefix: str) -> int:
    """End the open alerts whose key begins with `prefix`; returns how many."""
    return sum(clear(tx, tenant_id, key) for key in store.open_keys(tx.db, tenant_id, prefix))


def list_alerts(
    tx: Tx,
    caller: Caller,
    *,
    tenant: str | None = None,
    station: str | None = None,
    severity: AlertSeverity | None = None,
    cleared: bool = False,
    limit: int = 100,
) -> list[Alert]:
    """Return the open alerts, newest first; with `cleared`, also those that are over."""
    scope = tenants.scope(tx, caller, tenant)
    return store.select(
        tx.db, scope, station_id=station, severity=severity, cleared=cleared, limit=min(limit, 10_000)
    )


def acknowledge(tx: Tx, caller: Caller, *, alert: str, tenant: str | None = None) -> Alert:
    """Note that the caller has seen an alert; it stays open until its cause is gone."""
    found = _find(tx, caller, alert, tenant)
    if found.acknowledged_at is None:
        store.acknowledge(tx.db, found.id, tx.at, caller.name)
        tx.audit(caller, found.tenant_id or None, "alert.acknowledge", found.id, {"key": found.key})
    return _find(tx, caller, alert, tenant)


def dismiss(tx: Tx, caller: Caller, *, alert: str, tenant: str | None = None) -> Alert:
    """End an alert at an operator's word, whose cause nobody reports as gone."""
    found = _find(tx, caller, alert, tenant)
    if found.cleared_at is not None:
        raise Conflict(f"alert {alert} is over already")
    clear(tx, found.tenant_id, found.key)
    tx.audit(caller, found.tenant_id or None, "alert.clear", found.id, {"key": found.key})
    return _find(tx, caller, alert, tenant)


def _find(tx: Tx, caller: Caller, alert: str, tenant: str | None) -> Alert:
    found = store.get(tx.db, tenants.scope(tx, caller, tenant), alert)
    if found is None:
        raise NotFound(f"no alert {alert}: csms alert list --all shows them")
    return found


def _tell(tx: Tx, kind: str, alert: Alert) -> None:
    body = {
        "severity": alert.severity,
        "category": alert.category,
        "key": alert.key,
        "message": alert.message,
        "transactionId": alert.transaction_id,
        "metadata": alert.metadata,
    }
    tx.events.append(Event(kind, alert.tenant_id, alert.station_id, alert.id, tx.now, body))

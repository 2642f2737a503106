"""Monitors of variables, and the alerts that come of what they see (OCPP 2.0.1 block N).

An event that alerts raises one alert for what is watched; the event that clears it ends it. What a station says of an
earlier moment than the alert's last does not end it.
"""

from typing import Any, Final

from csms.clock import to_text
from csms.model.alert import AlertCategory
from csms.model.command import Coverage, CustomMonitorsGone, MonitorGone, MonitorSet
from csms.model.monitor import DeviceEvent, EventTrigger, Monitor, urgency
from csms.model.station import StationRef
from csms.services import alerts, device_model, stations
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import alerts as alert_store
from csms.store import monitors as store

_LONGEST_VALUE: Final = 200
MOST_OPEN: Final = 100
"""Alerts of one station that may be open; what else it sees is one alert together."""
MOST_MONITORS: Final = 10_000
"""Monitors of one station that are kept."""


def learn(tx: Tx, station: StationRef, fact: MonitorSet | MonitorGone | CustomMonitorsGone) -> None:
    """Keep what an answer tells of a station's monitors."""
    match fact:
        case MonitorSet():
            reported(tx, station, (fact.monitor,), tx.at)
        case MonitorGone():
            store.remove(tx.db, station.key, fact.id)
        case CustomMonitorsGone():
            store.remove_custom(tx.db, station.key)


def reported(tx: Tx, station: StationRef, monitors: tuple[Monitor, ...], asked_at: str) -> None:
    """Keep the monitors that a part of a report tells."""
    if store.count(tx.db, station.key) + len(monitors) <= MOST_MONITORS:
        store.put(tx.db, [_row(station, monitor, asked_at) for monitor in monitors])


def replaced(tx: Tx, station: StationRef, covers: Coverage, asked_at: str) -> None:
    """Forget what a whole report, asked for at that moment, does not have."""
    if covers is Coverage.MONITORS:
        store.remove_older(tx.db, station.key, asked_at)
    else:
        device_model.replaced(tx, station, asked_at)


def seen(tx: Tx, station: StationRef, event: DeviceEvent) -> None:
    """Raise or end the alert of one event; changes and periodic values are no alerts."""
    if event.trigger is not EventTrigger.ALERTING:
        return
    key = f"{_prefix(station)}{event.variable if event.monitor_id is None else event.monitor_id}"
    if event.cleared:
        _end(tx, station, key, event)
        return
    is_new = alert_store.open_one(tx.db, station.tenant_id, key) is None
    if is_new and len(alert_store.open_keys(tx.db, station.tenant_id, _prefix(station))) >= MOST_OPEN:
        key = f"{_prefix(station)}more"
    severity = None
    if event.monitor_id is not None:
        severity = store.severity(tx.db, station.key, event.monitor_id)
    code = f" ({event.tech_code})" if event.tech_code else ""
    alerts.raise_alert(
        tx,
        tenant_id=station.tenant_id,
        severity=urgency(severity),
        category=AlertCategory.SYSTEM_ERROR,
        key=key,
        text=f"{station.station_id}: {event.variable} is {event.value[:_LONGEST_VALUE]}{code}",
        station_id=station.station_id,
        transaction_id=event.transaction_id,
        detail={"eventAt": to_text(event.at), "techInfo": event.tech_info} | (event.detail or {}),
    )


def list_monitors(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> list[dict[str, Any]]:
    """Return the monitors a station is known to have."""
    found = stations.find(tx, caller, station, tenant)
    return [
        {
            "id": row["monitor_id"],
            "variable": row["variable"],
            "type": row["kind"],
            "value": row["value"],
            "severity": row["severity"],
            "transaction": bool(row["in_transaction"]),
            "custom": bool(row["custom"]),
        }
        for row in store.select(tx.db, found.id)
    ]


def _end(tx: Tx, station: StationRef, key: str, event: DeviceEvent) -> None:
    held = alert_store.open_one(tx.db, station.tenant_id, key)
    if held is not None and held.metadata.get("eventAt", "") <= to_text(event.at):
        alerts.clear(tx, station.tenant_id, key)


def _prefix(station: StationRef) -> str:
    return f"event:{station.key}:"


def _row(station: StationRef, monitor: Monitor, asked_at: str) -> dict[str, Any]:
    return {
        "station_key": station.key,
        "id": monitor.id,
        "variable": str(monitor.variable),
        "kind": monitor.kind,
        "value": monitor.value,
        "severity": monitor.severity,
        "in_transaction": int(monitor.in_transaction),
        "custom": int(monitor.custom),
        "asked_at": asked_at,
    }

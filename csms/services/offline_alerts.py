"""Alerts for accepted stations that were not heard for too long; they end when the station is heard again.

How long is the configuration's `ocpp.offline_alert_s`, or three heartbeats where that is longer. When a station was
last heard stands in the database, so that every node judges alike; one that is connected here is not away.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from csms.clock import to_text
from csms.model.alert import AlertCategory, AlertSeverity
from csms.model.station import ChargingStation
from csms.services import alerts
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import alerts as alert_store
from csms.store import stations

EVERY_S: Final = 60.0
_MOST_AT_ONCE: Final = 500
_PREFIX: Final = "offline:"


async def sweep(house: House) -> None:
    """Raise and end the alerts of all stations; while we were down ourselves, no station could be heard."""
    wait_s, unit = house.unit.policy.offline_alert_s, house.unit
    if wait_s and unit.clock.now() >= house.started_at + timedelta(seconds=wait_s):
        connected = {link.station.key for link in house.link.links()}
        await unit.run(lambda tx: judge(tx, connected))


def judge(tx: Tx, connected: Collection[str]) -> None:
    """Raise an alert for each station that is away too long, at most so many at once; end those of the others."""
    before = to_text(tx.now - timedelta(seconds=tx.policy.offline_alert_s))
    silent = {
        station.id: station
        for station in stations.silent(tx.db, before)
        if station.id not in connected and _too_long(tx, station)
    }
    known = alert_store.all_open_keys(tx.db, _PREFIX)
    for tenant_id, key in known:
        if key.removeprefix(_PREFIX) not in silent:
            alerts.clear(tx, tenant_id, key)
    told = {key.removeprefix(_PREFIX) for _, key in known}
    for station in [found for found in silent.values() if found.id not in told][:_MOST_AT_ONCE]:
        _raise(tx, station)


def _too_long(tx: Tx, station: ChargingStation) -> bool:
    """Whether a station has missed three heartbeats, whatever interval it was told."""
    interval_s = float(station.quirks.get("heartbeat_interval_s", tx.policy.heartbeat_interval_s))
    return station.last_seen_at is not None and station.last_seen_at < tx.now - timedelta(
        seconds=3 * interval_s
    )


def _raise(tx: Tx, station: ChargingStation) -> None:
    since = to_text(station.last_seen_at)[:16].replace("T", " ") if station.last_seen_at else "never"
    alerts.raise_alert(
        tx,
        tenant_id=station.tenant_id,
        severity=AlertSeverity.MEDIUM,
        category=AlertCategory.STATION_OFFLINE,
        key=f"{_PREFIX}{station.id}",
        text=f"{station.station_id} is offline: last heard {since} UTC",
        station_id=station.station_id,
    )

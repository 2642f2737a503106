"""Monitors that stations have, under the numbers the stations gave them (OCPP 2.0.1 block N)."""

from typing import Any

from csms.store.connection import Database, Row


def put(db: Database, monitors: list[dict[str, Any]]) -> None:
    """Write monitors, unless something is known of them that was asked for later."""
    db.many(
        """INSERT INTO device_monitors (station_key, monitor_id, variable, kind, value, severity, in_transaction,
             custom, asked_at)
           VALUES (:station_key, :id, :variable, :kind, :value, :severity, :in_transaction, :custom, :asked_at)
           ON CONFLICT (station_key, monitor_id) DO UPDATE SET variable = excluded.variable, kind = excluded.kind,
             value = excluded.value, severity = excluded.severity, in_transaction = excluded.in_transaction,
             custom = CASE WHEN excluded.custom = 1 THEN 1 ELSE device_monitors.custom END, asked_at = excluded.asked_at
           WHERE device_monitors.asked_at <= excluded.asked_at""",
        monitors,
    )


def select(db: Database, station_key: str) -> list[Row]:
    """Return the monitors of a station."""
    return db.all(
        "SELECT * FROM device_monitors WHERE station_key = :key ORDER BY monitor_id", {"key": station_key}
    )


def count(db: Database, station_key: str) -> int:
    """Return how many monitors are known of a station."""
    row = db.one("SELECT count(*) AS n FROM device_monitors WHERE station_key = :key", {"key": station_key})
    return int(row["n"]) if row else 0


def severity(db: Database, station_key: str, monitor_id: int) -> int | None:
    """Return the severity of one monitor, None where it is not known."""
    row = db.one(
        "SELECT severity FROM device_monitors WHERE station_key = :key AND monitor_id = :id",
        {"key": station_key, "id": monitor_id},
    )
    return int(row["severity"]) if row else None


def remove(db: Database, station_key: str, monitor_id: int) -> None:
    """Remove one monitor."""
    db.run(
        "DELETE FROM device_monitors WHERE station_key = :key AND monitor_id = :id",
        {"key": station_key, "id": monitor_id},
    )


def remove_older(db: Database, station_key: str, asked_before: str) -> None:
    """Remove the monitors that a whole report, asked for at that moment, no longer has."""
    db.run(
        "DELETE FROM device_monitors WHERE station_key = :key AND asked_at < :before",
        {"key": station_key, "before": asked_before},
    )


def remove_custom(db: Database, station_key: str) -> None:
    """Remove the monitors that were set by a CSMS."""
    db.run("DELETE FROM device_monitors WHERE station_key = :key AND custom = 1", {"key": station_key})

"""Reservations in the database."""

from typing import Any

from csms.model.reservation import Reservation
from csms.store import rows
from csms.store.connection import Database, Row


def put(db: Database, values: dict[str, Any]) -> None:
    """Insert an active reservation, or replace the one of the same id at the station."""
    db.run(
        """INSERT INTO reservations (id, tenant_id, station_key, station_id, evse_id, id_token, group_id, expires_at,
             status, created_at, updated_at, connector_type)
           VALUES (:id, :tenant_id, :station_key, :station_id, :evse_id, :id_token, :group_id, :expires_at, 'ACTIVE',
             :at, :at, :connector_type)
           ON CONFLICT (station_key, id) DO UPDATE SET evse_id = excluded.evse_id, id_token = excluded.id_token,
             group_id = excluded.group_id, expires_at = excluded.expires_at, status = excluded.status,
             created_at = excluded.created_at, updated_at = excluded.updated_at, transaction_id = NULL,
             connector_type = excluded.connector_type, ended_because = NULL""",
        values,
    )


def end(
    db: Database, station_key: str, reservation_id: int, status: str, because: str, at: str
) -> Row | None:
    """End an active reservation and return it; None where there is none."""
    return db.one(
        """UPDATE reservations SET status = :status, ended_because = :because, updated_at = :at
           WHERE station_key = :station AND id = :id AND status = 'ACTIVE' RETURNING *""",
        {"station": station_key, "id": reservation_id, "status": status, "because": because, "at": at},
    )


def use(db: Database, station_key: str, reservation_id: int, transaction_id: str, at: str) -> int:
    """Note which transaction used a reservation, whatever we thought had become of it; returns how many rows."""
    return db.run(
        """UPDATE reservations SET status = 'USED', ended_because = 'used', updated_at = :at,
             transaction_id = :transaction WHERE station_key = :station AND id = :id AND status <> 'USED'""",
        {"station": station_key, "id": reservation_id, "transaction": transaction_id, "at": at},
    )


def used_by(db: Database, station_key: str, reservation_id: int, transaction_id: str) -> Row | None:
    """Return the reservation that a transaction used."""
    return db.one(
        "SELECT * FROM reservations WHERE station_key = :station AND id = :id AND transaction_id = :transaction",
        {"station": station_key, "id": reservation_id, "transaction": transaction_id},
    )


def active(db: Database, station_key: str) -> list[Reservation]:
    """Return the active reservations of a station, the oldest first."""
    found = db.all(
        """SELECT * FROM reservations WHERE station_key = :key AND status = 'ACTIVE'
           ORDER BY created_at, id""",
        {"key": station_key},
    )
    return [rows.load(Reservation, row) for row in found]


def expire(db: Database, now: str) -> list[Row]:
    """End the reservations whose time is over and return them."""
    return db.all(
        """UPDATE reservations SET status = 'EXPIRED', ended_because = 'its time was over', updated_at = :now
           WHERE status = 'ACTIVE' AND expires_at <= :now RETURNING *""",
        {"now": now},
    )


def numbers(db: Database, station_key: str) -> frozenset[int]:
    """Return the numbers that reservations of a station bear, ended ones too."""
    found = db.all("SELECT id FROM reservations WHERE station_key = :key", {"key": station_key})
    return frozenset(int(row["id"]) for row in found)


def named(db: Database, tenant_id: str | None, station_id: str, number: int) -> list[Reservation]:
    """Return the reservations of a number at the stations of an id, of one tenant or (None) of all."""
    found = db.all(
        """SELECT * FROM reservations WHERE tenant_id = COALESCE(:tenant, tenant_id)
             AND station_id = :station AND id = :id""",
        {"tenant": tenant_id, "station": station_id, "id": number},
    )
    return [rows.load(Reservation, row) for row in found]


def select(
    db: Database, tenant_id: str | None, station_id: str | None, *, every: bool, limit: int
) -> list[Reservation]:
    """Return reservations of a tenant (None: of all), of one station or all, newest first; ended ones by `every`."""
    found = db.all(
        """SELECT * FROM reservations WHERE tenant_id = COALESCE(:tenant, tenant_id)
             AND station_id = COALESCE(:station, station_id) AND (status = 'ACTIVE' OR :every = 1)
           ORDER BY created_at DESC, id DESC LIMIT :limit""",
        {"tenant": tenant_id, "station": station_id, "every": int(every), "limit": limit},
    )
    return [rows.load(Reservation, row) for row in found]


def prune(db: Database, before: str, most: int) -> int:
    """Remove reservations that ended before a moment; CDRs keep what was billed for them."""
    return db.run(
        """DELETE FROM reservations WHERE status <> 'ACTIVE' AND updated_at < :before
             AND (station_key, id) IN (SELECT station_key, id FROM reservations
               WHERE status <> 'ACTIVE' AND updated_at < :before LIMIT :most)""",
        {"before": before, "most": most},
    )

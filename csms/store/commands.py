"""Commands sent to stations and what came of them, and reservations."""

from typing import Any

from csms.model.command import Command, Purpose
from csms.store import rows
from csms.store.connection import Database, Row


def insert(db: Database, command: Command) -> None:
    """Insert a command."""
    rows.insert(db, "commands", rows.dump(command))


def get(db: Database, command_id: str) -> Command | None:
    """Return one command."""
    row = db.one("SELECT * FROM commands WHERE id = :id", {"id": command_id})
    return rows.load(Command, row) if row else None


def update(db: Database, command_id: str, **columns: Any) -> None:
    """Change columns of one command."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    db.run(f"UPDATE commands SET {sets} WHERE id = :id", columns | {"id": command_id})


def pending(db: Database, station_key: str, purpose: Purpose) -> list[Command]:
    """Return the commands of a station with this purpose whose outcome is still open, newest first."""
    found = db.all(
        """SELECT * FROM commands WHERE station_key = :station AND outcome = 'PENDING' AND purpose = :purpose
           ORDER BY requested_at DESC""",
        {"station": station_key, "purpose": purpose.value},
    )
    return [rows.load(Command, row) for row in found]


def expired(db: Database, now: str) -> list[Command]:
    """Return the open commands whose time is over."""
    found = db.all(
        "SELECT * FROM commands WHERE outcome = 'PENDING' AND expires_at < :now LIMIT 500", {"now": now}
    )
    return [rows.load(Command, row) for row in found]


def select(db: Database, station_key: str, limit: int) -> list[Command]:
    """Return the latest commands of a station, newest first."""
    found = db.all(
        "SELECT * FROM commands WHERE station_key = :station ORDER BY requested_at DESC LIMIT :limit",
        {"station": station_key, "limit": limit},
    )
    return [rows.load(Command, row) for row in found]


def begun_transaction(db: Database, station_key: str, command_id: str) -> Row | None:
    """Return the transaction that a remote start of ours has begun."""
    return db.one(
        """SELECT id, ocpp_id FROM transactions WHERE station_key = :station AND remote_command_id = :command
             AND state <> 'ORPHANED'""",
        {"station": station_key, "command": command_id},
    )


def put_reservation(db: Database, values: dict[str, Any]) -> None:
    """Insert a reservation, or replace the one of the same id at the station."""
    db.run(
        """INSERT INTO reservations (id, tenant_id, station_key, station_id, evse_id, id_token, group_id, expires_at,
             status, created_at, updated_at)
           VALUES (:id, :tenant_id, :station_key, :station_id, :evse_id, :id_token, :group_id, :expires_at, :status,
             :at, :at)
           ON CONFLICT (station_key, id) DO UPDATE SET evse_id = excluded.evse_id, id_token = excluded.id_token,
             group_id = excluded.group_id, expires_at = excluded.expires_at, status = excluded.status,
             updated_at = excluded.updated_at, transaction_id = NULL""",
        values,
    )


def close_reservation(
    db: Database, station_key: str, reservation_id: int, status: str, at: str, **columns: Any
) -> int:
    """End an active reservation with a status; returns how many rows changed."""
    sets = "".join(f", {name} = :{name}" for name in columns)
    return db.run(
        f"""UPDATE reservations SET status = :status, updated_at = :at{sets}
            WHERE station_key = :station AND id = :id AND status = 'ACTIVE'""",
        columns | {"station": station_key, "id": reservation_id, "status": status, "at": at},
    )


def reservation_used(db: Database, station_key: str, reservation_id: int, transaction_id: str) -> Row | None:
    """Return the reservation that a transaction used."""
    return db.one(
        "SELECT * FROM reservations WHERE station_key = :station AND id = :id AND transaction_id = :transaction",
        {"station": station_key, "id": reservation_id, "transaction": transaction_id},
    )


def expire_reservations(db: Database, now: str) -> list[Row]:
    """End the reservations whose time is over and return them."""
    return db.all(
        """UPDATE reservations SET status = 'EXPIRED', updated_at = :now
           WHERE status = 'ACTIVE' AND expires_at <= :now RETURNING *""",
        {"now": now},
    )


def reservations(db: Database, station_key: str) -> list[Row]:
    """Return the reservations of a station, newest first."""
    return db.all(
        "SELECT * FROM reservations WHERE station_key = :key ORDER BY created_at DESC", {"key": station_key}
    )

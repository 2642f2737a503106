"""Commands sent to stations and what came of them."""

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


def pending_everywhere(db: Database, purpose: Purpose, before: str) -> list[Command]:
    """Return the commands of a purpose, of all tenants, that were open before a moment, oldest first, 500 at most."""
    found = db.all(
        """SELECT * FROM commands WHERE outcome = 'PENDING' AND purpose = :purpose AND requested_at < :before
           ORDER BY requested_at LIMIT 500""",
        {"purpose": purpose.value, "before": before},
    )
    return [rows.load(Command, row) for row in found]


def asked_since(db: Database, station_key: str, purpose: Purpose, since: str) -> bool:
    """Whether a station has been sent a command of a purpose since a moment."""
    row = db.one(
        """SELECT 1 AS n FROM commands WHERE station_key = :station AND requested_at >= :since
             AND purpose = :purpose LIMIT 1""",
        {"station": station_key, "since": since, "purpose": purpose.value},
    )
    return row is not None


def of_request(db: Database, station_key: str, purpose: Purpose, request_id: int) -> Command | None:
    """Return the latest command of a purpose that a station was given under this number, whatever came of it."""
    row = db.one(
        """SELECT * FROM commands WHERE station_key = :station AND request_id = :request AND purpose = :purpose
           ORDER BY requested_at DESC LIMIT 1""",
        {"station": station_key, "request": request_id, "purpose": purpose.value},
    )
    return rows.load(Command, row) if row else None


def awaiting_number(db: Database, station_key: str, purpose: Purpose, request_id: int) -> Command | None:
    """Return the command under this number that is open, or else the latest that nothing has followed in time."""
    row = db.one(
        """SELECT * FROM commands WHERE station_key = :station AND request_id = :request AND purpose = :purpose
             AND outcome IN ('PENDING', 'TIMED_OUT')
           ORDER BY CASE outcome WHEN 'PENDING' THEN 0 ELSE 1 END, requested_at DESC LIMIT 1""",
        {"station": station_key, "request": request_id, "purpose": purpose.value},
    )
    return rows.load(Command, row) if row else None


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

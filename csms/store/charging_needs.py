"""What vehicles have told of their needs, and what became of it; the latest of each EVSE."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from csms.clock import to_text
from csms.model.charging_needs import ChargingNeeds
from csms.store import rows
from csms.store.connection import Database

_encoder = msgspec.json.Encoder(decimal_format="number")
_needs = msgspec.json.Decoder(ChargingNeeds)


class NeedsStatus(StrEnum):
    """Whether a profile is due for the needs, was sent, or why not stands in `problem`."""

    PENDING = "PENDING"
    SENT = "SENT"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class KeptNeeds:
    """The needs of the vehicle at an EVSE; `asked_at` is when the profile became due, `due_at` until when it helps."""

    station_key: str
    evse_id: int
    transaction_id: str | None
    needs: ChargingNeeds
    received_at: datetime
    asked_at: datetime
    due_at: datetime
    status: NeedsStatus
    attempts: int
    renegotiations: int
    updated_at: datetime
    profile_id: int | None = None
    problem: str | None = None


def put(db: Database, kept: KeptNeeds) -> None:
    """Insert needs, or replace those of the same EVSE."""
    db.run(
        """INSERT INTO charging_needs (station_key, evse_id, transaction_id, needs, received_at, asked_at, due_at,
             status, attempts, renegotiations, profile_id, problem, updated_at)
           VALUES (:station_key, :evse_id, :transaction_id, :needs, :received_at, :asked_at, :due_at, :status,
             :attempts, :renegotiations, :profile_id, :problem, :updated_at)
           ON CONFLICT (station_key, evse_id) DO UPDATE SET transaction_id = excluded.transaction_id,
             needs = excluded.needs, received_at = excluded.received_at, asked_at = excluded.asked_at,
             due_at = excluded.due_at, status = excluded.status, attempts = excluded.attempts,
             renegotiations = excluded.renegotiations, profile_id = excluded.profile_id, problem = excluded.problem,
             updated_at = excluded.updated_at""",
        rows.dump(kept) | {"needs": _encoder.encode(kept.needs).decode()},
    )


def get(db: Database, station_key: str, evse_id: int) -> KeptNeeds | None:
    """Return the latest needs at an EVSE."""
    row = db.one(
        "SELECT * FROM charging_needs WHERE station_key = :key AND evse_id = :evse",
        {"key": station_key, "evse": evse_id},
    )
    return None if row is None else rows.load(KeptNeeds, row, needs=_needs.decode(row["needs"]))


def select(db: Database, station_key: str) -> list[KeptNeeds]:
    """Return the latest needs at each EVSE of a station."""
    found = db.all(
        "SELECT * FROM charging_needs WHERE station_key = :key ORDER BY evse_id", {"key": station_key}
    )
    return [rows.load(KeptNeeds, row, needs=_needs.decode(row["needs"])) for row in found]


def pending(db: Database) -> list[tuple[str, int]]:
    """Return station and EVSE of the needs for which a profile is due, the most urgent first."""
    found = db.all(
        """SELECT station_key, evse_id FROM charging_needs WHERE status = 'PENDING'
           ORDER BY due_at, station_key, evse_id LIMIT 1000"""
    )
    return [(row["station_key"], int(row["evse_id"])) for row in found]


def reconsider(db: Database, station_key: str, now: datetime, due_at: datetime) -> int:
    """Make profiles due again for the needs of a station that have got one: its limits have changed."""
    return db.run(
        """UPDATE charging_needs SET status = 'PENDING', asked_at = :now, due_at = :due, attempts = 0,
             updated_at = :now WHERE station_key = :key AND status = 'SENT'""",
        {"key": station_key, "now": to_text(now), "due": to_text(due_at)},
    )


def remove(db: Database, station_key: str, evse_id: int) -> int:
    """Remove the needs at an EVSE; returns how many rows went."""
    return db.run(
        "DELETE FROM charging_needs WHERE station_key = :key AND evse_id = :evse",
        {"key": station_key, "evse": evse_id},
    )

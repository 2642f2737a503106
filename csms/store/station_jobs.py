"""What is to be done with a station of our own accord, until it is done: it survives the process."""

from typing import Final

from csms.store.connection import Database, Row

MOST_ATTEMPTS: Final = 3
"""A job that was tried so often rests until it is due again, whatever happens in between."""


def put_for_many(
    db: Database, kind: str, due_at: str, tenant_id: str, *, model: str | None, station_id: str | None
) -> None:
    """Add a job for every accepted station of a tenant, a model or an id, from its first attempt on.

    A model is named alone or with its vendor, in whatever case.
    """
    db.run(
        """INSERT INTO station_jobs (station_key, kind, firmware, due_at, attempts)
           SELECT id, :kind, ocpp_version || ' ' || COALESCE(firmware_version, ''), :due, 0 FROM stations
           WHERE tenant_id = :tenant AND registration = 'Accepted' AND ocpp_version IS NOT NULL
             AND station_id = COALESCE(:station, station_id)
             AND (COALESCE(:model, '') = '' OR lower(:model) IN (lower(COALESCE(model, '')),
               lower(COALESCE(vendor, '') || ' ' || COALESCE(model, ''))))
           ON CONFLICT (station_key, kind) DO UPDATE SET due_at = excluded.due_at, firmware = excluded.firmware,
             attempts = 0""",
        {"kind": kind, "due": due_at, "tenant": tenant_id, "model": model, "station": station_id},
    )


def put_after_boot(
    db: Database, station_key: str, kind: str, firmware: str, due_at: str, *, restarted: bool
) -> None:
    """Add a job, or let one that waits be due after a restart; one that rests does so until the firmware changes."""
    db.run(
        """INSERT INTO station_jobs (station_key, kind, firmware, due_at, attempts)
           VALUES (:key, :kind, :firmware, :due, 0)
           ON CONFLICT (station_key, kind) DO UPDATE SET firmware = excluded.firmware,
             attempts = CASE WHEN station_jobs.firmware = excluded.firmware THEN station_jobs.attempts ELSE 0 END,
             due_at = CASE WHEN station_jobs.firmware = excluded.firmware
               AND (station_jobs.attempts >= :most OR :restarted = 0)
               THEN station_jobs.due_at ELSE excluded.due_at END""",
        {
            "key": station_key,
            "kind": kind,
            "firmware": firmware,
            "due": due_at,
            "most": MOST_ATTEMPTS,
            "restarted": int(restarted),
        },
    )


def due(db: Database, now: str, limit: int) -> list[Row]:
    """Return the jobs whose time has come, the longest due first."""
    return db.all(
        "SELECT * FROM station_jobs WHERE due_at <= :now ORDER BY due_at LIMIT :limit",
        {"now": now, "limit": limit},
    )


def of_station(db: Database, station_key: str) -> list[Row]:
    """Return the jobs of one station."""
    return db.all("SELECT * FROM station_jobs WHERE station_key = :key ORDER BY kind", {"key": station_key})


def attempt(db: Database, station_key: str, kind: str, *, now: str, again_at: str, rested_at: str) -> bool:
    """Claim a job that is due and count an attempt; returns False where another has claimed it.

    Unless the job ends before, the next attempt is due at `again_at`, after the last of them at `rested_at`.
    """
    claimed = db.run(
        """UPDATE station_jobs SET attempts = CASE WHEN attempts >= :most THEN 1 ELSE attempts + 1 END,
             due_at = CASE WHEN attempts = :most - 1 THEN :rested ELSE :again END
           WHERE station_key = :key AND kind = :kind AND due_at <= :now""",
        {
            "key": station_key,
            "kind": kind,
            "now": now,
            "again": again_at,
            "rested": rested_at,
            "most": MOST_ATTEMPTS,
        },
    )
    return claimed == 1


def end(db: Database, station_key: str, kind: str) -> None:
    """Remove a job that is done or given up."""
    db.run(
        "DELETE FROM station_jobs WHERE station_key = :key AND kind = :kind",
        {"key": station_key, "kind": kind},
    )


def postpone(db: Database, station_key: str, kind: str, due_at: str) -> None:
    """Let a job be due later, without counting an attempt."""
    db.run(
        "UPDATE station_jobs SET due_at = :due WHERE station_key = :key AND kind = :kind",
        {"key": station_key, "kind": kind, "due": due_at},
    )

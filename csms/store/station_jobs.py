"""What is to be done with a station of our own accord, until it is done: it survives the process."""

from csms.store.connection import Database, Row


def put(db: Database, station_key: str, kind: str, due_at: str) -> None:
    """Add a job, or let it be due anew from its first attempt on."""
    db.run(
        """INSERT INTO station_jobs (station_key, kind, due_at, attempts) VALUES (:key, :kind, :due, 0)
           ON CONFLICT (station_key, kind) DO UPDATE SET due_at = excluded.due_at, attempts = 0""",
        {"key": station_key, "kind": kind, "due": due_at},
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


def attempt(db: Database, station_key: str, kind: str, now: str, again_at: str) -> bool:
    """Claim a job that is due and count an attempt; returns False where another has claimed it.

    Unless the job ends before, the next attempt is due then.
    """
    claimed = db.run(
        """UPDATE station_jobs SET attempts = attempts + 1, due_at = :due
           WHERE station_key = :key AND kind = :kind AND due_at <= :now""",
        {"key": station_key, "kind": kind, "now": now, "due": again_at},
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

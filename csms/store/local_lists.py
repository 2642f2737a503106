"""Which local authorization lists follow the id tokens, how far they have come, and who must not be on them."""

from collections.abc import Sequence
from typing import Any

from csms.store.connection import Database, Row


def tokens_changed(db: Database, tenant_id: str) -> None:
    """Count a change of a tenant's id tokens: every list that follows them is out of step from now on."""
    db.run("UPDATE tenants SET token_changes = token_changes + 1 WHERE id = :id", {"id": tenant_id})


def token_changes(db: Database, tenant_id: str) -> int:
    """Return how often a tenant's id tokens have changed."""
    row = db.one("SELECT token_changes FROM tenants WHERE id = :id", {"id": tenant_id})
    return int(row["token_changes"]) if row else 0


def follow(db: Database, tenant_id: str, follows: bool, at: str) -> None:
    """Let the lists of a tenant's stations follow its id tokens, or not."""
    db.run(
        "UPDATE tenants SET local_list_sync = :follows, updated_at = :at WHERE id = :id",
        {"id": tenant_id, "follows": int(follows), "at": at},
    )


def due(db: Database, now: str) -> list[Row]:
    """Return the stations whose list may be out of step and that may be tried now.

    Each with `quirks`, the tenant's `local_list_sync`, and `forced` where it has to be brought in step whoever follows.
    """
    return db.all(
        """SELECT s.id, s.quirks, t.local_list_sync, COALESCE(y.forced, 0) AS forced
           FROM stations s JOIN tenants t ON t.id = s.tenant_id
             LEFT JOIN local_list_syncs y ON y.station_key = s.id
           WHERE s.registration = 'Accepted' AND (y.due_at IS NULL OR y.due_at <= :now)
             AND (y.forced = 1 OR ((t.local_list_sync = 1 OR s.quirks LIKE '%local_list_sync%')
               AND t.token_changes > COALESCE(y.token_changes, -1)))
           ORDER BY y.due_at, s.id""",
        {"now": now},
    )


def state(db: Database, station_key: str) -> Row | None:
    """Return how far a station's list has come; None where nobody has tried."""
    return db.one("SELECT * FROM local_list_syncs WHERE station_key = :key", {"key": station_key})


def put_state(db: Database, values: dict[str, Any]) -> None:
    """Write how far a station's list has come."""
    db.run(
        """INSERT INTO local_list_syncs (station_key, token_changes, forced, attempts, due_at, tried_at, synced_at,
             problem)
           VALUES (:station_key, :token_changes, :forced, :attempts, :due_at, :tried_at, :synced_at, :problem)
           ON CONFLICT (station_key) DO UPDATE SET token_changes = excluded.token_changes, forced = excluded.forced,
             attempts = excluded.attempts, due_at = excluded.due_at, tried_at = excluded.tried_at,
             synced_at = COALESCE(excluded.synced_at, local_list_syncs.synced_at), problem = excluded.problem""",
        values,
    )


def force(db: Database, station_key: str, now: str) -> None:
    """Have a station's list brought in step now, whether it follows the id tokens or not."""
    db.run(
        """INSERT INTO local_list_syncs (station_key, token_changes, forced, attempts, due_at)
           VALUES (:key, -1, 1, 0, :now)
           ON CONFLICT (station_key) DO UPDATE SET forced = 1, attempts = 0, due_at = excluded.due_at""",
        {"key": station_key, "now": now},
    )


def exclude(db: Database, station_key: str, uids: Sequence[str], at: str) -> None:
    """Keep id tokens (folded) off a station's list until somebody changes them."""
    db.many(
        """INSERT INTO local_list_exclusions (station_key, uid, excluded_at) VALUES (:key, :uid, :at)
           ON CONFLICT (station_key, uid) DO UPDATE SET excluded_at = excluded.excluded_at""",
        [{"key": station_key, "uid": uid, "at": at} for uid in uids],
    )


def exclusions(db: Database, station_key: str) -> dict[str, str]:
    """Return the id tokens (folded) that are kept off a station's list, and since when."""
    found = db.all("SELECT * FROM local_list_exclusions WHERE station_key = :key", {"key": station_key})
    return {row["uid"]: row["excluded_at"] for row in found}

"""The OCPP message log, which is also the record that makes a retried message give the same answer."""

from typing import Any

from csms.store.connection import Database, Row

_INSERT = """INSERT INTO messages (tenant_id, station_key, station_id, direction, message_id, action, digest, at,
               request, response, note)
             VALUES (:tenant_id, :station_key, :station_id, :direction, :message_id, :action, :digest, :at, :request,
               :response, :note)"""


def insert(db: Database, values: dict[str, Any]) -> None:
    """Keep one exchange with a station."""
    db.run(_INSERT, values)


def insert_many(db: Database, many: list[dict[str, Any]]) -> None:
    """Keep several exchanges; every entry has all columns."""
    db.many(_INSERT, many)


def answered(
    db: Database, station_key: str, message_id: str, action: str, digest: str, since: str
) -> str | None:
    """Return the answer that the same message of the same station got since a moment, if any."""
    row = db.one(
        """SELECT response FROM messages WHERE station_key = :station AND message_id = :message AND action = :action
             AND digest = :digest AND digest <> '' AND at >= :since AND response IS NOT NULL LIMIT 1""",
        {"station": station_key, "message": message_id, "action": action, "digest": digest, "since": since},
    )
    return row["response"] if row else None


def select(
    db: Database,
    tenant_id: str | None,
    station_id: str | None,
    *,
    after: int = 0,
    action: str | None = None,
    limit: int = 50,
) -> list[Row]:
    """Return the latest exchanges with an id above `after`, oldest first."""
    found = db.all(
        """SELECT * FROM messages WHERE tenant_id = COALESCE(:tenant, tenant_id)
             AND station_id = COALESCE(:station, station_id) AND action = COALESCE(:action, action) AND id > :after
           ORDER BY id DESC LIMIT :limit""",
        {"tenant": tenant_id, "station": station_id, "after": after, "action": action, "limit": limit},
    )
    return found[::-1]

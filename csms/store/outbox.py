"""The outbox: every event, written in the transaction that caused it, for consumers that must miss none."""

from csms.model.event import Event
from csms.store import rows
from csms.store.connection import Database, Row

_INSERT = """INSERT INTO outbox (tenant_id, station_id, kind, subject, at, body)
             VALUES (:tenant_id, :station_id, :kind, :subject, :at, :body)"""


def append(db: Database, events: list[Event], at: str) -> None:
    """Write the events of one moment in order; `at` is that moment as the database writes it."""
    for event in events:
        values = {
            "tenant_id": event.tenant_id,
            "station_id": event.station_id,
            "kind": event.kind,
            "subject": event.subject,
            "at": at,
            "body": rows.to_json(event.body),
        }
        db.run(_INSERT, values)


def after(db: Database, position: int, limit: int = 500) -> list[Row]:
    """Return events after a position in order."""
    return db.all(
        "SELECT * FROM outbox WHERE id > :position ORDER BY id LIMIT :limit",
        {"position": position, "limit": limit},
    )


def latest(db: Database) -> int:
    """Return the position of the last event, 0 where there is none."""
    row = db.one("SELECT COALESCE(MAX(id), 0) AS position FROM outbox")
    return int(row["position"]) if row else 0

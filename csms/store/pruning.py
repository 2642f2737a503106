"""Removing old rows, bounded by a number of rows so that a unit stays short."""

from csms.store.connection import Database


def messages(db: Database, before: str, most: int) -> int:
    """Remove message records older than a moment."""
    return db.run(
        "DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE at < :before ORDER BY at LIMIT :most)",
        {"before": before, "most": most},
    )


def meter_values(db: Database, before: str, most: int) -> int:
    """Remove meter values received before a moment; the CDRs keep what was billed."""
    return db.run(
        """DELETE FROM meter_values WHERE id IN
             (SELECT id FROM meter_values WHERE received_at < :before ORDER BY id LIMIT :most)""",
        {"before": before, "most": most},
    )


def outbox(db: Database, before: str, most: int) -> int:
    """Remove events older than a moment."""
    return db.run(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE at < :before ORDER BY id LIMIT :most)",
        {"before": before, "most": most},
    )

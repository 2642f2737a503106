"""Removing old rows, bounded by a number of rows so that a unit stays short; ids grow with time."""

from csms.store.connection import Database


def messages(db: Database, before: str, most: int) -> int:
    """Remove message records older than a moment."""
    return db.run(
        """DELETE FROM messages WHERE at < :before
             AND id IN (SELECT id FROM messages ORDER BY id LIMIT :most)""",
        {"before": before, "most": most},
    )


def meter_values(db: Database, before: str, most: int) -> int:
    """Remove meter values received before a moment; the CDRs keep what was billed."""
    return db.run(
        """DELETE FROM meter_values WHERE received_at < :before
             AND id IN (SELECT id FROM meter_values ORDER BY id LIMIT :most)""",
        {"before": before, "most": most},
    )


def connector_history(db: Database, before: str, most: int) -> int:
    """Remove states of connectors older than a moment."""
    return db.run(
        """DELETE FROM connector_history WHERE at < :before
             AND id IN (SELECT id FROM connector_history ORDER BY id LIMIT :most)""",
        {"before": before, "most": most},
    )


def transaction_events(db: Database, before: str, most: int) -> int:
    """Remove numbered events received before a moment; their transactions stay."""
    return db.run(
        """DELETE FROM transaction_events WHERE received_at < :before
             AND id IN (SELECT id FROM transaction_events ORDER BY id LIMIT :most)""",
        {"before": before, "most": most},
    )


def refusals(db: Database, before: str, most: int) -> int:
    """Remove refused handshakes older than a moment."""
    return db.run(
        "DELETE FROM refusals WHERE at < :before AND id IN (SELECT id FROM refusals ORDER BY id LIMIT :most)",
        {"before": before, "most": most},
    )


def alerts(db: Database, before: str, most: int) -> int:
    """Remove alerts that were over before a moment; what is open stays."""
    return db.run(
        """DELETE FROM alerts WHERE cleared_at < :before
             AND id IN (SELECT id FROM alerts WHERE cleared_at IS NOT NULL ORDER BY cleared_at LIMIT :most)""",
        {"before": before, "most": most},
    )


def report_parts(db: Database, before: str) -> int:
    """Remove the notes of which parts of reports have arrived, older than a moment; what they said stays."""
    return db.run("DELETE FROM report_parts WHERE received_at < :before", {"before": before})


def outbox(db: Database, before: str, most: int) -> int:
    """Remove events older than a moment."""
    return db.run(
        "DELETE FROM outbox WHERE at < :before AND id IN (SELECT id FROM outbox ORDER BY id LIMIT :most)",
        {"before": before, "most": most},
    )

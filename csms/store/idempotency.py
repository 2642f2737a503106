"""Answers kept for requests that may come again under an Idempotency-Key."""

from csms.store.connection import Database, Row


def claim(db: Database, user_id: str, name: str, digest: str, at: str) -> bool:
    """Take a key for a request; returns False where it is taken."""
    return bool(
        db.run(
            """INSERT INTO idempotency_keys (user_id, name, digest, at) VALUES (:user, :name, :digest, :at)
               ON CONFLICT DO NOTHING""",
            {"user": user_id, "name": name, "digest": digest, "at": at},
        )
    )


def get(db: Database, user_id: str, name: str) -> Row | None:
    """Return what is kept under a key: digest and answer (None while the request is under way)."""
    return db.one(
        "SELECT digest, answer FROM idempotency_keys WHERE user_id = :user AND name = :name",
        {"user": user_id, "name": name},
    )


def keep(db: Database, user_id: str, name: str, answer: str) -> None:
    """Keep the answer of a request."""
    db.run(
        "UPDATE idempotency_keys SET answer = :answer WHERE user_id = :user AND name = :name",
        {"user": user_id, "name": name, "answer": answer},
    )


def release(db: Database, user_id: str, name: str) -> None:
    """Give a key back: its request changed nothing."""
    db.run(
        "DELETE FROM idempotency_keys WHERE user_id = :user AND name = :name", {"user": user_id, "name": name}
    )


def prune(db: Database, before: str) -> int:
    """Remove what is older than a moment."""
    return db.run("DELETE FROM idempotency_keys WHERE at < :before", {"before": before})

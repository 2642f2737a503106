"""API keys in the database; only the digest of a key is kept."""

from csms.model.user import ApiKey
from csms.store import rows
from csms.store.connection import Database


def insert(db: Database, key: ApiKey, digest: str) -> None:
    """Insert an API key."""
    rows.insert(db, "api_keys", rows.dump(key) | {"digest": digest})


def get(db: Database, key_id: str) -> tuple[ApiKey, str] | None:
    """Return one API key and its digest."""
    row = db.one("SELECT * FROM api_keys WHERE id = :id", {"id": key_id})
    return (rows.load(ApiKey, row), str(row["digest"])) if row else None


def of_user(db: Database, user_id: str) -> list[ApiKey]:
    """Return the API keys of a user, newest first."""
    found = db.all(
        "SELECT * FROM api_keys WHERE user_id = :user ORDER BY created_at DESC, id", {"user": user_id}
    )
    return [rows.load(ApiKey, row) for row in found]


def used(db: Database, key_id: str, at: str) -> None:
    """Write when a key was last used."""
    db.run("UPDATE api_keys SET last_used_at = :at WHERE id = :id", {"id": key_id, "at": at})


def delete(db: Database, key_id: str) -> None:
    """Remove a key."""
    db.run("DELETE FROM api_keys WHERE id = :id", {"id": key_id})

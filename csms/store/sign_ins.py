"""Refresh tokens, of which only digests are kept, and the keys that sign access tokens."""

from dataclasses import dataclass
from datetime import datetime

from csms.store import rows
from csms.store.connection import Database


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One refresh token; those of one sign-in are a family, of which one is unused."""

    digest: str
    family: str
    user_id: str
    scope: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair: it signs until `retires_at`, and what it signed is believed until `expires_at`."""

    id: str
    public_key: str
    private_key: str
    created_at: datetime
    retires_at: datetime
    expires_at: datetime


def insert(db: Database, token: RefreshToken) -> None:
    """Insert a refresh token."""
    rows.insert(db, "refresh_tokens", rows.dump(token))


def get(db: Database, digest: str) -> RefreshToken | None:
    """Return one refresh token."""
    row = db.one("SELECT * FROM refresh_tokens WHERE digest = :digest", {"digest": digest})
    return rows.load(RefreshToken, row) if row else None


def use(db: Database, digest: str, at: str) -> bool:
    """Mark a refresh token as used; returns whether it was unused."""
    return bool(
        db.run(
            "UPDATE refresh_tokens SET used_at = :at WHERE digest = :digest AND used_at IS NULL",
            {"digest": digest, "at": at},
        )
    )


def has_family(db: Database, family: str) -> bool:
    """Whether a sign-in still stands."""
    return (
        db.one("SELECT 1 AS n FROM refresh_tokens WHERE family = :family LIMIT 1", {"family": family})
        is not None
    )


def end_family(db: Database, family: str) -> int:
    """Forget a sign-in with all its tokens; returns how many there were."""
    return db.run("DELETE FROM refresh_tokens WHERE family = :family", {"family": family})


def prune(db: Database, now: str) -> int:
    """Remove the refresh tokens and signing keys whose time is over."""
    gone = db.run("DELETE FROM refresh_tokens WHERE expires_at < :now", {"now": now})
    return gone + db.run("DELETE FROM signing_keys WHERE expires_at < :now", {"now": now})


def insert_key(db: Database, key: SigningKey) -> None:
    """Insert a signing key."""
    rows.insert(db, "signing_keys", rows.dump(key))


def keys(db: Database, now: str) -> list[SigningKey]:
    """Return the signing keys that are still believed, oldest first."""
    found = db.all(
        "SELECT * FROM signing_keys WHERE expires_at >= :now ORDER BY created_at, id", {"now": now}
    )
    return [rows.load(SigningKey, row) for row in found]

"""Id tokens in the database; `uid_folded` is the form they are compared in."""

from csms.model.id_token import IdToken, fold
from csms.store import rows
from csms.store.connection import Database, Row
from csms.store.locations import Window


def insert(db: Database, token: IdToken) -> None:
    """Insert an id token."""
    rows.insert(db, "id_tokens", rows.dump(token) | {"uid_folded": fold(token.uid)})


def get(db: Database, tenant_id: str, uid: str) -> IdToken | None:
    """Return one id token, compared without regard to case."""
    row = db.one(
        "SELECT * FROM id_tokens WHERE tenant_id = :tenant AND uid_folded = :uid",
        {"tenant": tenant_id, "uid": fold(uid)},
    )
    return rows.load(IdToken, row) if row else None


def select(db: Database, tenant_id: str | None) -> list[IdToken]:
    """Return the id tokens of a tenant (or all, for None) by uid."""
    found = db.all(
        "SELECT * FROM id_tokens WHERE tenant_id = COALESCE(:tenant, tenant_id) ORDER BY uid_folded",
        {"tenant": tenant_id},
    )
    return [rows.load(IdToken, row) for row in found]


def judged(db: Database, tenant_id: str) -> list[Row]:
    """Return what local lists need of a tenant's id tokens: a few columns, for there may be many of them."""
    return db.all(
        """SELECT uid, uid_folded, type, group_id, expires_at, blocked, bound, updated_at FROM id_tokens
           WHERE tenant_id = :tenant ORDER BY uid_folded""",
        {"tenant": tenant_id},
    )


def page(db: Database, tenant_id: str, at: str, window: Window) -> tuple[list[IdToken], int]:
    """Return a page of the id tokens of a tenant that changed within a window, oldest first, and how many match.

    A token that expired before `at` changed when it did.
    """
    changed = (
        """CASE WHEN expires_at <= :at AND expires_at > updated_at THEN expires_at ELSE updated_at END"""
    )
    matching = f"FROM id_tokens WHERE tenant_id = :tenant AND {changed} >= :since AND {changed} < :until"
    values = {
        "tenant": tenant_id,
        "at": at,
        "since": window.since,
        "until": window.until,
        "size": window.size,
        "offset": window.offset,
    }
    total = db.one(f"SELECT count(*) AS n {matching}", values)
    found = db.all(f"SELECT * {matching} ORDER BY created_at, id LIMIT :size OFFSET :offset", values)
    return [rows.load(IdToken, row) for row in found], int(total["n"]) if total else 0


def count(db: Database, tenant_id: str, most_characters: int | None) -> int:
    """Return how many id tokens of a tenant are no longer than a station reads (None: all)."""
    row = db.one(
        """SELECT count(*) AS n FROM id_tokens WHERE tenant_id = :tenant
             AND length(uid) <= CAST(COALESCE(:most, 1000) AS BIGINT)""",
        {"tenant": tenant_id, "most": most_characters},
    )
    return int(row["n"]) if row else 0


def upsert(db: Database, token: IdToken) -> None:
    """Insert an id token, or replace what an operator may set of an existing one."""
    db.run(
        """INSERT INTO id_tokens (id, tenant_id, uid, uid_folded, type, group_id, expires_at, blocked, max_active,
             language, created_at, updated_at)
           VALUES (:id, :tenant_id, :uid, :uid_folded, :type, :group_id, :expires_at, :blocked, :max_active,
             :language, :created_at, :updated_at)
           ON CONFLICT (tenant_id, uid_folded) DO UPDATE SET uid = excluded.uid, type = excluded.type,
             group_id = excluded.group_id, expires_at = excluded.expires_at, blocked = excluded.blocked,
             max_active = excluded.max_active, language = excluded.language,
             updated_at = excluded.updated_at""",
        rows.dump(token) | {"uid_folded": fold(token.uid)},
    )


def set_blocked(db: Database, tenant_id: str, uid: str, blocked: bool, at: str) -> int:
    """Block or unblock; returns how many rows changed."""
    return db.run(
        """UPDATE id_tokens SET blocked = :blocked, updated_at = :at
           WHERE tenant_id = :tenant AND uid_folded = :uid""",
        {"tenant": tenant_id, "uid": fold(uid), "blocked": int(blocked), "at": at},
    )


def set_bound(db: Database, tenant_id: str, uid: str, bound: bool, at: str) -> int:
    """Note whether an id token is valid at certain places only; returns how many rows changed."""
    return db.run(
        """UPDATE id_tokens SET bound = :bound, updated_at = :at
           WHERE tenant_id = :tenant AND uid_folded = :uid""",
        {"tenant": tenant_id, "uid": fold(uid), "bound": int(bound), "at": at},
    )


def used(db: Database, token_id: str, at: str) -> None:
    """Count one use."""
    db.run(
        "UPDATE id_tokens SET last_used_at = :at, use_count = use_count + 1 WHERE id = :id",
        {"id": token_id, "at": at},
    )


def delete(db: Database, tenant_id: str, uid: str) -> int:
    """Remove an id token; returns how many rows went."""
    return db.run(
        "DELETE FROM id_tokens WHERE tenant_id = :tenant AND uid_folded = :uid",
        {"tenant": tenant_id, "uid": fold(uid)},
    )

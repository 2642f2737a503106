"""Users in the database; an e-mail address is unique within its tenant."""

from typing import Any

from csms.model.user import User
from csms.store import rows
from csms.store.connection import Database


def insert(db: Database, user: User, password_hash: str) -> None:
    """Insert a user."""
    rows.insert(db, "users", rows.dump(user) | {"password_hash": password_hash})


def get(db: Database, user_id: str) -> User | None:
    """Return one user by id."""
    row = db.one("SELECT * FROM users WHERE id = :id", {"id": user_id})
    return rows.load(User, row) if row else None


def named(db: Database, tenant_id: str | None, email_or_id: str) -> list[User]:
    """Return the users with an e-mail address or an id, of one tenant or (None) of all."""
    found = db.all(
        """SELECT * FROM users WHERE (email = :key OR id = :key)
             AND COALESCE(tenant_id, '') = COALESCE(:tenant, tenant_id, '') ORDER BY created_at, id""",
        {"key": email_or_id, "tenant": tenant_id},
    )
    return [rows.load(User, row) for row in found]


def select(db: Database, tenant_id: str | None) -> list[User]:
    """Return the users of one tenant (or all, for None) by e-mail address."""
    found = db.all(
        """SELECT * FROM users WHERE COALESCE(tenant_id, '') = COALESCE(:tenant, tenant_id, '')
           ORDER BY email, tenant_id""",
        {"tenant": tenant_id},
    )
    return [rows.load(User, row) for row in found]


def password_hash(db: Database, user_id: str) -> str | None:
    """Return the hash of a user's password."""
    row = db.one("SELECT password_hash FROM users WHERE id = :id", {"id": user_id})
    return str(row["password_hash"]) if row else None


def update(db: Database, user_id: str, **columns: Any) -> None:
    """Change columns of one user."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    db.run(f"UPDATE users SET {sets} WHERE id = :id", columns | {"id": user_id})


def delete(db: Database, user_id: str) -> None:
    """Remove a user with the API keys and sign-ins."""
    for table in ("api_keys", "refresh_tokens", "idempotency_keys"):
        db.run(f"DELETE FROM {table} WHERE user_id = :id", {"id": user_id})
    db.run("DELETE FROM users WHERE id = :id", {"id": user_id})


def end_sign_ins(db: Database, user_id: str) -> None:
    """Forget the refresh tokens of a user."""
    db.run("DELETE FROM refresh_tokens WHERE user_id = :id", {"id": user_id})


def count_super_admins(db: Database, status: str) -> int:
    """Return how many users of a status may do everything."""
    row = db.one(
        "SELECT count(*) AS n FROM users WHERE role = 'SUPER_ADMIN' AND status = :status", {"status": status}
    )
    return int(row["n"]) if row else 0

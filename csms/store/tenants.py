"""Tenants in the database."""

from csms.model.tenant import Tenant
from csms.store import rows
from csms.store.connection import Database, Row


def insert(db: Database, tenant: Tenant) -> None:
    """Insert a tenant."""
    rows.insert(db, "tenants", rows.dump(tenant))


def get(db: Database, tenant_id: str) -> Tenant | None:
    """Return one tenant by id."""
    row = db.one("SELECT * FROM tenants WHERE id = :id", {"id": tenant_id})
    return rows.load(Tenant, row) if row else None


def identity(db: Database, tenant_id: str) -> Row:
    """Return what a tenant's bills bear: country_code, party_id, currency, time_zone."""
    row = db.one(
        "SELECT country_code, party_id, currency, time_zone FROM tenants WHERE id = :id", {"id": tenant_id}
    )
    return row or {"country_code": "", "party_id": "", "currency": "EUR", "time_zone": "UTC"}


def find(db: Database, name_or_id: str) -> Tenant | None:
    """Return one tenant by id, as a UUID with dashes or without, or by name, without regard to case."""
    row = db.one(
        "SELECT * FROM tenants WHERE id IN (:key, :bare) OR lower(name) = lower(:key)",
        {"key": name_or_id, "bare": name_or_id.replace("-", "").lower()},
    )
    return rows.load(Tenant, row) if row else None


def select(db: Database) -> list[Tenant]:
    """Return all tenants by name."""
    return [rows.load(Tenant, row) for row in db.all("SELECT * FROM tenants ORDER BY name")]


def set_status(db: Database, tenant_id: str, status: str, at: str, reason: str | None = None) -> None:
    """Change a tenant's status."""
    db.run(
        "UPDATE tenants SET status = :status, status_reason = :reason, updated_at = :at WHERE id = :id",
        {"id": tenant_id, "status": status, "at": at, "reason": reason},
    )


def count_users(db: Database) -> int:
    """Return how many users exist."""
    row = db.one("SELECT count(*) AS n FROM users")
    return int(row["n"]) if row else 0


def touch(db: Database, at: str) -> None:
    """Write the one row that proves the database can be written."""
    db.run(
        "INSERT INTO readiness (id, at) VALUES (1, :at) ON CONFLICT (id) DO UPDATE SET at = excluded.at",
        {"at": at},
    )

"""Who did what: one row for every change an operator makes, in the transaction that makes it."""

from typing import Any

from csms.store import rows
from csms.store.connection import Database, Row


def append(db: Database, values: dict[str, Any]) -> None:
    """Write one audit row."""
    rows.insert(db, "audit", values)


def select(db: Database, tenant_id: str | None, limit: int) -> list[Row]:
    """Return the latest audit rows, newest first."""
    return db.all(
        """SELECT * FROM audit WHERE COALESCE(tenant_id, '') = COALESCE(:tenant, tenant_id, '')
           ORDER BY id DESC LIMIT :limit""",
        {"tenant": tenant_id, "limit": limit},
    )

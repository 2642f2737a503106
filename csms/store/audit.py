"""Who did what: one row for every change an operator makes, in the transaction that makes it, chained by digests."""

from typing import Any

from csms.model import audit_chain
from csms.store import rows
from csms.store.connection import Database, Row


def append(db: Database, values: dict[str, Any]) -> None:
    """Write one audit row as the next link of the chain; whoever writes first holds the head until the commit."""
    head = db.one("UPDATE audit_head SET links = links + 1 WHERE id = 1 RETURNING digest")
    assert head is not None
    digest = audit_chain.link(head["digest"], values)
    rows.insert(db, "audit", values | {"digest": digest})
    db.run("UPDATE audit_head SET digest = :digest WHERE id = 1", {"digest": digest})


def head(db: Database) -> tuple[int, str]:
    """Return how many links the chain has, and the digest of the last."""
    row = db.one("SELECT links, digest FROM audit_head WHERE id = 1")
    assert row is not None
    return row["links"], row["digest"]


def after(db: Database, position: int, limit: int) -> list[Row]:
    """Return rows in order of their numbers, whosever they are."""
    return db.all(
        "SELECT * FROM audit WHERE id > :position ORDER BY id LIMIT :limit",
        {"position": position, "limit": limit},
    )


def select(db: Database, tenant_id: str | None, limit: int) -> list[Row]:
    """Return the latest audit rows, newest first."""
    return db.all(
        """SELECT * FROM audit WHERE COALESCE(tenant_id, '') = COALESCE(:tenant, tenant_id, '')
           ORDER BY id DESC LIMIT :limit""",
        {"tenant": tenant_id, "limit": limit},
    )

"""The audit: who did what, from where, what was before and after; and whether anybody has touched it since."""

from typing import Any

from csms.model.audit_chain import Verdict, Walk
from csms.services import tenants
from csms.services.access import Caller
from csms.services.present import row_view
from csms.services.unit import Tx
from csms.store import audit as store

PART = 1000
"""Rows looked at in one go."""


def list_audit(
    tx: Tx, caller: Caller, *, tenant: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Return who did what, newest first."""
    scope = tenants.scope(tx, caller, tenant)
    return [row_view(row, ("detail",)) for row in store.select(tx.db, scope, min(limit, 10_000))]


def verify(tx: Tx, caller: Caller, *, expect: str | None = None) -> Verdict:
    """Walk along the whole chain, of all tenants, and say whether every row is as it was written.

    `expect` is the digest an earlier verification ended with or any later one; without it, somebody who can write the
    database could have written the chain anew.
    """
    del caller  # the permission is for those bound to no tenant only
    walk, met = Walk(), expect is None
    while part := store.after(tx.db, walk.position, PART):
        walk.go_on(part)
        met = met or any(row["digest"] == expect for row in part)
        if walk.broken is not None:
            break
    links, digest = store.head(tx.db)
    return walk.end(links, digest, met=met)

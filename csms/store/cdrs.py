"""CDRs: written once, in the transaction that ends a charge, and never changed."""

from csms.model.cdr import Cdr
from csms.store import rows
from csms.store.connection import Database


def insert(db: Database, cdr: Cdr, **owner: str) -> None:
    """Insert a CDR; `owner` are token_country and token_party, folded, empty for a token of our own."""
    rows.insert(db, "cdrs", rows.dump(cdr) | owner)


def get(db: Database, tenant_id: str | None, cdr_id: str) -> Cdr | None:
    """Return one CDR by its id or by its transaction's id."""
    row = db.one(
        """SELECT * FROM cdrs WHERE tenant_id = COALESCE(:tenant, tenant_id) AND (id = :id OR transaction_id = :id)""",
        {"tenant": tenant_id, "id": cdr_id},
    )
    return rows.load(Cdr, row) if row else None


def select(
    db: Database,
    tenant_id: str | None,
    *,
    station_id: str | None = None,
    ended_from: str = "",
    ended_before: str = "9999",
    limit: int = 100,
) -> list[Cdr]:
    """Return the latest CDRs that ended in [ended_from, ended_before), newest first."""
    found = db.all(
        """SELECT * FROM cdrs WHERE tenant_id = COALESCE(:tenant, tenant_id)
             AND station_id = COALESCE(:station, station_id) AND ended_at >= :start AND ended_at < :stop
           ORDER BY ended_at DESC LIMIT :limit""",
        {
            "tenant": tenant_id,
            "station": station_id,
            "start": ended_from,
            "stop": ended_before,
            "limit": limit,
        },
    )
    return [rows.load(Cdr, row) for row in found]


def starting_with(db: Database, tenant_id: str | None, prefix: str) -> list[Cdr]:
    """Return up to two CDRs whose id begins with `prefix`, or whose transaction the station knows by this id."""
    found = db.all(
        """SELECT c.* FROM cdrs c JOIN transactions t ON t.id = c.transaction_id
           WHERE c.tenant_id = COALESCE(:tenant, c.tenant_id)
             AND (substr(c.id, 1, :length) = :prefix OR t.ocpp_id = :prefix) LIMIT 2""",
        {"tenant": tenant_id, "prefix": prefix, "length": len(prefix)},
    )
    return [rows.load(Cdr, row) for row in found]

"""What is frozen when a transaction starts, and the Session objects that partners are shown."""

from typing import Any

from csms.store.connection import Database, Row
from csms.store.locations import Window


def get(db: Database, transaction_id: str) -> Row | None:
    """Return what was frozen of a transaction, None where nothing was."""
    return db.one("SELECT * FROM ocpi_sessions WHERE transaction_id = :id", {"id": transaction_id})


def put(db: Database, values: dict[str, Any]) -> None:
    """Write what is frozen of a transaction."""
    db.run(
        """INSERT INTO ocpi_sessions (transaction_id, tenant_id, station_key, location, token, token_country,
             token_party, created_at)
           VALUES (:transaction_id, :tenant_id, :station_key, :location, :token, :token_country, :token_party, :at)
           ON CONFLICT (transaction_id) DO UPDATE SET location = excluded.location, token = excluded.token,
             token_country = excluded.token_country, token_party = excluded.token_party""",
        values,
    )


def set_authorization(db: Database, transaction_id: str, method: str, reference: str | None) -> None:
    """Write how the driver of a transaction was let in."""
    db.run(
        """UPDATE ocpi_sessions SET auth_method = :method, authorization_reference = :reference
           WHERE transaction_id = :id""",
        {"id": transaction_id, "method": method, "reference": reference},
    )


def show(db: Database, transaction_id: str, document: str, at: str) -> None:
    """Write what partners are shown of a session, and when that changed."""
    db.run(
        "UPDATE ocpi_sessions SET document = :document, last_updated = :at WHERE transaction_id = :id",
        {"id": transaction_id, "document": document, "at": at},
    )


def shown(db: Database, tenant_id: str, session_id: str) -> Row | None:
    """Return the Session object that partners are shown, with the party it belongs to."""
    return db.one(
        """SELECT document, token_country, token_party FROM ocpi_sessions
           WHERE transaction_id = :id AND tenant_id = :tenant AND document IS NOT NULL""",
        {"id": session_id, "tenant": tenant_id},
    )


def running(db: Database) -> list[str]:
    """Return the sessions of partners that were not told to be over."""
    found = db.all(
        """SELECT x.transaction_id FROM ocpi_sessions x JOIN transactions t ON t.id = x.transaction_id
           WHERE x.token_country <> '' AND (t.ended_at IS NULL OR x.document IS NULL
             OR x.last_updated < t.ended_at) ORDER BY x.created_at"""
    )
    return [row["transaction_id"] for row in found]


def touched(db: Database, after: int, until: int) -> list[tuple[str, bool]]:
    """Return the sessions of partners that events in (after, until] concern, and whether more than readings came."""
    found = db.all(
        """SELECT o.subject, MAX(CASE WHEN o.kind = 'transaction.updated' THEN 0 ELSE 1 END) AS urgent
           FROM outbox o JOIN ocpi_sessions x ON x.transaction_id = o.subject AND x.token_country <> ''
           WHERE o.id > :after AND o.id <= :until
             AND o.kind IN ('transaction.started', 'transaction.updated', 'transaction.ended')
           GROUP BY o.subject""",
        {"after": after, "until": until},
    )
    return [(row["subject"], bool(row["urgent"])) for row in found]


def page(
    db: Database, tenant_id: str, parties: list[tuple[str, str]], window: Window
) -> tuple[list[str], int]:
    """Return a page of the Session objects of some parties, oldest first, and how many match."""
    return _page(db, "ocpi_sessions", "last_updated", "transaction_id", tenant_id, parties, window)


def cdr_page(
    db: Database, tenant_id: str, parties: list[tuple[str, str]], window: Window
) -> tuple[list[str], int]:
    """Return a page of the CDR objects of some parties, oldest first, and how many match."""
    return _page(db, "cdrs", "created_at", "id", tenant_id, parties, window)


def cdr(db: Database, tenant_id: str, cdr_id: str) -> Row | None:
    """Return the CDR object with the party it belongs to."""
    return db.one(
        "SELECT document, token_country, token_party FROM cdrs WHERE id = :id AND tenant_id = :tenant",
        {"id": cdr_id, "tenant": tenant_id},
    )


def _page(
    db: Database,
    table: str,
    changed: str,
    key: str,
    tenant_id: str,
    parties: list[tuple[str, str]],
    window: Window,
) -> tuple[list[str], int]:
    if not parties:
        return [], 0
    values: dict[str, Any] = {
        "tenant": tenant_id,
        "since": window.since,
        "until": window.until,
        "size": window.size,
        "offset": window.offset,
    }
    owners = []
    for number, (country, party) in enumerate(parties):
        owners.append(f"(token_country = :country{number} AND token_party = :party{number})")
        values |= {f"country{number}": country, f"party{number}": party}
    matching = f"""FROM {table} WHERE tenant_id = :tenant AND ({" OR ".join(owners)})
                     AND {changed} IS NOT NULL AND {changed} >= :since AND {changed} < :until"""
    total = db.one(f"SELECT count(*) AS n {matching}", values)
    found = db.all(
        f"""SELECT document FROM {table} WHERE {key} IN
              (SELECT {key} {matching} ORDER BY created_at, {key} LIMIT :size OFFSET :offset)
            ORDER BY created_at, {key}""",
        values,
    )
    return [row["document"] for row in found], int(total["n"]) if total else 0

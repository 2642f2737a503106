"""Pushes to partners in the database: how far each partner was told, what waits, what was given up."""

from typing import Any, Final

from csms.store import rows
from csms.store.connection import Database, Row

_KINDS: Final = "'location.changed', 'session.changed', 'cdr.created', 'tariff.changed', 'token.changed'"
_OWN: Final = """EXISTS (SELECT 1 FROM party_roles r WHERE r.party = :party AND r.tenant_id = x.tenant_id
                   AND r.country_code = x.token_country AND r.party_id = x.token_party)"""
_EVERYTHING: Final = (
    """SELECT :party, 'location.changed', id, tenant_id, :at FROM locations
       WHERE tenant_id = :tenant AND published_at IS NOT NULL""",
    "SELECT :party, 'tariff.changed', id, tenant_id, :at FROM tariffs WHERE tenant_id = :tenant AND active = 1",
    f"""SELECT :party, 'session.changed', transaction_id, tenant_id, :at FROM ocpi_sessions x
        WHERE tenant_id = :tenant AND document IS NOT NULL AND last_updated >= :since AND {_OWN}""",
    f"""SELECT :party, 'cdr.created', id, tenant_id, :at FROM cdrs x
        WHERE tenant_id = :tenant AND created_at >= :since AND {_OWN}
          AND NOT EXISTS (SELECT 1 FROM pushed_cdrs p WHERE p.party = :party AND p.cdr_id = x.id)""",
)


def cursor(db: Database, tenant_id: str, party: str) -> Row | None:
    """Return how far a partner was told, None where that was not begun."""
    return db.one(
        "SELECT * FROM party_pushes WHERE party = :party AND tenant_id = :tenant",
        {"party": party, "tenant": tenant_id},
    )


def begin(db: Database, tenant_id: str, party: str, at: str) -> None:
    """Begin where the partner's connection last changed, which is when it was registered."""
    db.run(
        """INSERT INTO party_pushes (party, tenant_id, position, created_at)
           SELECT :party, :tenant, COALESCE(
             (SELECT MAX(id) FROM outbox WHERE tenant_id = :tenant AND kind = 'party.changed' AND subject = :party),
             (SELECT MAX(id) FROM outbox), 0), :at
           WHERE NOT EXISTS (SELECT 1 FROM party_pushes WHERE party = :party)""",
        {"party": party, "tenant": tenant_id, "at": at},
    )


def set_cursor(db: Database, tenant_id: str, party: str, **columns: Any) -> None:
    """Change columns of how far a partner was told; values are ready parameters."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    db.run(
        f"UPDATE party_pushes SET {sets} WHERE party = :party AND tenant_id = :tenant",
        columns | {"party": party, "tenant": tenant_id},
    )


def events(db: Database, tenant_id: str, position: int, most: int) -> list[Row]:
    """Return the events after a position of the outbox that may concern partners, in order."""
    return db.all(
        f"""SELECT id, kind, subject, body, at FROM outbox
            WHERE id > :position AND tenant_id = :tenant AND kind IN ({_KINDS}) ORDER BY id LIMIT :most""",
        {"position": position, "tenant": tenant_id, "most": most},
    )


def registered(db: Database) -> list[tuple[str, str]]:
    """Return tenant and id of every registered partner."""
    found = db.all("SELECT tenant_id, id FROM parties WHERE status = 'REGISTERED' ORDER BY id")
    return [(row["tenant_id"], row["id"]) for row in found]


def touched(db: Database, after: int, until: int) -> list[tuple[str, str]]:
    """Return the registered partners of the tenants that events in (after, until] of the outbox concern."""
    found = db.all(
        f"""SELECT p.tenant_id, p.id FROM parties p WHERE p.status = 'REGISTERED' AND p.tenant_id IN (
              SELECT tenant_id FROM outbox WHERE id > :after AND id <= :until
                AND kind IN ({_KINDS}, 'party.changed')) ORDER BY p.id""",
        {"after": after, "until": until},
    )
    return [(row["tenant_id"], row["id"]) for row in found]


def due_again(db: Database, at: str) -> list[tuple[str, str]]:
    """Return the registered partners to which something is to be sent again by now."""
    found = db.all(
        """SELECT p.tenant_id, p.id FROM party_pushes c JOIN parties p ON p.id = c.party
           WHERE c.next_at <= :at AND p.status = 'REGISTERED' ORDER BY p.id""",
        {"at": at},
    )
    return [(row["tenant_id"], row["id"]) for row in found]


def queue_everything(db: Database, tenant_id: str, party: str, since: str, at: str, *, tokens: bool) -> None:
    """Let a partner be sent all that it may see, what was given up included; sessions and CDRs of `since` only."""
    db.run(
        "UPDATE party_deliveries SET reason = NULL, at = :at WHERE party = :party AND tenant_id = :tenant",
        {"party": party, "tenant": tenant_id, "at": at},
    )
    values = {"party": party, "tenant": tenant_id, "since": since, "at": at}
    for query in _EVERYTHING:
        wanted = {name: value for name, value in values.items() if name != "since" or ":since" in query}
        _queue(db, query, wanted)
    if tokens:
        queue_tokens(db, tenant_id, party, "", at)


def queue_tokens(db: Database, tenant_id: str, party: str, since: str, at: str) -> None:
    """Let a partner be sent the id tokens that changed at a moment or after it."""
    query = """SELECT :party, 'token.changed', uid, tenant_id, :at FROM id_tokens
               WHERE tenant_id = :tenant AND updated_at >= :since"""
    _queue(db, query, {"party": party, "tenant": tenant_id, "since": since, "at": at})


def _queue(db: Database, query: str, values: dict[str, Any]) -> None:
    db.run(
        f"""INSERT INTO party_deliveries (party, kind, subject, tenant_id, at) {query}
            ON CONFLICT (party, kind, subject) DO UPDATE SET body = excluded.body, reason = NULL,
              at = excluded.at""",
        values,
    )


def waiting(db: Database, tenant_id: str, party: str, most: int) -> list[Row]:
    """Return what is to be sent to a partner besides what happens."""
    return db.all(
        """SELECT kind, subject, body, at FROM party_deliveries
           WHERE party = :party AND tenant_id = :tenant AND reason IS NULL ORDER BY at, kind, subject LIMIT :most""",
        {"party": party, "tenant": tenant_id, "most": most},
    )


def count_waiting(db: Database, tenant_id: str, party: str) -> int:
    """Return how much is to be sent to a partner besides what happens."""
    row = db.one(
        """SELECT count(*) AS n FROM party_deliveries
           WHERE party = :party AND tenant_id = :tenant AND reason IS NULL""",
        {"party": party, "tenant": tenant_id},
    )
    return int(row["n"]) if row else 0


def given_up(db: Database, tenant_id: str, party: str, most: int) -> list[Row]:
    """Return what could not be sent to a partner, the latest first."""
    return db.all(
        """SELECT kind, subject, reason, at FROM party_deliveries
           WHERE party = :party AND tenant_id = :tenant AND reason IS NOT NULL
           ORDER BY at DESC, kind, subject LIMIT :most""",
        {"party": party, "tenant": tenant_id, "most": most},
    )


def give_up(db: Database, values: dict[str, Any]) -> None:
    """Write that something could not be sent."""
    db.run(
        """INSERT INTO party_deliveries (party, kind, subject, tenant_id, body, reason, at)
           VALUES (:party, :kind, :subject, :tenant_id, :body, :reason, :at)
           ON CONFLICT (party, kind, subject) DO UPDATE SET body = excluded.body, reason = excluded.reason,
             at = excluded.at""",
        values,
    )


def delivered(db: Database, tenant_id: str, party: str, kind: str, subject: str) -> None:
    """Forget that something waits, or was given up: it has arrived as it is now."""
    db.run(
        """DELETE FROM party_deliveries
           WHERE party = :party AND tenant_id = :tenant AND kind = :kind AND subject = :subject""",
        {"party": party, "tenant": tenant_id, "kind": kind, "subject": subject},
    )


def keep_cdr(db: Database, tenant_id: str, party: str, cdr_id: str, address: str | None, at: str) -> None:
    """Write that a partner has a CDR, and where it keeps it."""
    if not has_cdr(db, tenant_id, party, cdr_id):
        values = {"party": party, "cdr_id": cdr_id, "tenant_id": tenant_id, "address": address, "at": at}
        rows.insert(db, "pushed_cdrs", values)


def has_cdr(db: Database, tenant_id: str, party: str, cdr_id: str) -> bool:
    """Return whether a partner has a CDR."""
    row = db.one(
        "SELECT 1 AS n FROM pushed_cdrs WHERE party = :party AND tenant_id = :tenant AND cdr_id = :cdr",
        {"party": party, "tenant": tenant_id, "cdr": cdr_id},
    )
    return row is not None

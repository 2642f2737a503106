"""Tokens of partners in the database, and what the partners answered about them."""

from typing import Any

from csms.model.id_token import fold
from csms.model.partner_token import Answered, PartnerToken, TokenKey
from csms.store import rows
from csms.store.connection import Database, Row

_KEY = """tenant_id = :tenant_id AND uid_folded = :uid_folded AND country_folded = :country_folded
            AND party_folded = :party_folded AND type = :type"""
_BEST = "CASE p.type WHEN 'RFID' THEN 0 ELSE 1 END, p.valid DESC, p.last_updated DESC, p.country_folded, p.party_folded"


def get(db: Database, tenant_id: str, key: TokenKey) -> tuple[PartnerToken, str] | None:
    """Return a token and the connection it came from."""
    row = db.one(f"SELECT * FROM partner_tokens WHERE {_KEY}", _key(tenant_id, key))
    return (rows.load(PartnerToken, row), row["party"]) if row else None


def put(db: Database, tenant_id: str, party: str, token: PartnerToken, at: str) -> None:
    """Write a token, in the place of what was there of the same key."""
    values = rows.dump(token) | _key(tenant_id, token.key) | {"party": party, "received_at": at}
    db.run(
        """INSERT INTO partner_tokens (tenant_id, uid_folded, country_folded, party_folded, type, party,
             country_code, party_id, uid, contract_id, language, valid, whitelist, document, last_updated,
             received_at)
           VALUES (:tenant_id, :uid_folded, :country_folded, :party_folded, :type, :party, :country_code,
             :party_id, :uid, :contract_id, :language, :valid, :whitelist, :document, :last_updated, :received_at)
           ON CONFLICT (tenant_id, uid_folded, country_folded, party_folded, type) DO UPDATE SET
             party = excluded.party, country_code = excluded.country_code, party_id = excluded.party_id,
             uid = excluded.uid, contract_id = excluded.contract_id, language = excluded.language,
             valid = excluded.valid, whitelist = excluded.whitelist, document = excluded.document,
             last_updated = excluded.last_updated, received_at = excluded.received_at""",
        values,
    )


def shown(db: Database, tenant_id: str, uid: str, type: str | None) -> tuple[PartnerToken, str] | None:
    """Return the token that a driver means by a uid, and the connection it came from.

    Only those of registered partners count; of one type, or (None) of any, RFID first.
    """
    row = db.one(
        f"""SELECT p.* FROM partner_tokens p JOIN parties c ON c.id = p.party AND c.status = 'REGISTERED'
            WHERE p.tenant_id = :tenant AND p.uid_folded = :uid AND p.type = COALESCE(:type, p.type)
            ORDER BY {_BEST} LIMIT 1""",
        {"tenant": tenant_id, "uid": fold(uid), "type": type},
    )
    return (rows.load(PartnerToken, row), row["party"]) if row else None


def whose(db: Database, tenant_id: str, uid: str, type: str | None) -> Row | None:
    """Return who the tenant is (own_country, own_party), and the token of a partner's that a uid is, if it is one.

    A uid that is an id token of the tenant's own is nobody else's, nor does one of a partner count that is not
    registered.
    """
    return db.one(
        f"""SELECT t.country_code AS own_country, t.party_id AS own_party, p.country_code, p.party_id, p.uid,
              p.type, p.contract_id
            FROM tenants t LEFT JOIN partner_tokens p ON p.tenant_id = t.id AND p.uid_folded = :uid
              AND p.type = COALESCE(:type, p.type)
              AND NOT EXISTS (SELECT 1 FROM id_tokens i WHERE i.tenant_id = t.id AND i.uid_folded = :uid)
              AND EXISTS (SELECT 1 FROM parties c WHERE c.id = p.party AND c.status = 'REGISTERED')
            WHERE t.id = :tenant ORDER BY {_BEST} LIMIT 1""",
        {"tenant": tenant_id, "uid": fold(uid), "type": type},
    )


def answered(db: Database, tenant_id: str, station_key: str, key: TokenKey) -> Answered | None:
    """Return what a partner last said about a token at a station."""
    row = db.one(
        f"""SELECT answer AS allowed, reference, at FROM partner_token_answers
            WHERE station_key = :station AND {_KEY}""",
        _key(tenant_id, key) | {"station": station_key},
    )
    return rows.load(Answered, row) if row else None


def keep_answer(db: Database, tenant_id: str, station_key: str, key: TokenKey, answer: Answered) -> None:
    """Write what a partner said about a token at a station; a station that is gone needs nothing kept."""
    said = rows.dump(answer)
    db.run(
        """INSERT INTO partner_token_answers (tenant_id, station_key, uid_folded, country_folded, party_folded,
             type, answer, reference, at)
           SELECT :tenant_id, id, :uid_folded, :country_folded, :party_folded, :type, :allowed, :reference, :at
             FROM stations WHERE id = :station
           ON CONFLICT (tenant_id, station_key, uid_folded, country_folded, party_folded, type) DO UPDATE SET
             answer = excluded.answer, reference = excluded.reference, at = excluded.at""",
        _key(tenant_id, key) | said | {"station": station_key},
    )


def prune_answers(db: Database, before: str) -> int:
    """Forget answers that are too old to count; returns how many."""
    return db.run("DELETE FROM partner_token_answers WHERE at < :before", {"before": before})


def prune_removed(db: Database) -> int:
    """Forget the tokens of partners that were removed; returns how many."""
    return db.run(
        "DELETE FROM partner_tokens WHERE party IN (SELECT id FROM parties WHERE status = 'REMOVED')"
    )


def _key(tenant_id: str, key: TokenKey) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "uid_folded": key.uid,
        "country_folded": key.country_code,
        "party_folded": key.party_id,
        "type": key.type.value,
    }

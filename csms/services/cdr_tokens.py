"""Whose an id token is, as sessions and CDRs say it (OCPI 2.2.1 §10.4.5)."""

from csms.model.roaming import CdrToken, token_type
from csms.services.unit import Tx
from csms.store import partner_tokens


def of(tx: Tx, tenant_id: str, uid: str | None, type: str | None = None) -> CdrToken:
    """Return the token that an id token is to partners: the tenant's own, unless a partner gave it to us."""
    known = uid or "#NA"
    row = partner_tokens.whose(tx.db, tenant_id, known, token_type(type) if type else None) or {}
    if row.get("uid") is not None:
        theirs = (row["country_code"], row["party_id"], row["uid"], row["type"], row["contract_id"])
        return CdrToken(*theirs, own=False)
    return CdrToken(
        row.get("own_country", ""), row.get("own_party", ""), known, token_type(type), known, own=True
    )

"""Whose an id token is, as sessions and CDRs say it (OCPI 2.2.1 §10.4.5)."""

from csms.model.roaming import CdrToken, token_type
from csms.services.unit import Tx
from csms.store import tenants


def of(tx: Tx, tenant_id: str, uid: str | None, type: str | None = None) -> CdrToken:
    """Return the token that an id token is to partners: the tenant's own, unless a partner gave it to us."""
    tenant = tenants.identity(tx.db, tenant_id)
    known = uid or "#NA"
    return CdrToken(tenant["country_code"], tenant["party_id"], known, token_type(type), known, own=True)

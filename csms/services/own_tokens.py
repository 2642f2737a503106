"""Our id tokens for partners: the list, and real-time authorization (OCPI 2.2.1 §12.2.1, the side of the provider)."""

from datetime import datetime
from typing import Any, Final

from csms.clock import to_text
from csms.errors import NotFound
from csms.model import id_token, own_token, roaming
from csms.model.id_token import fold
from csms.model.json_fields import Fields
from csms.model.partner_token import TokenType
from csms.model.tenant import Tenant
from csms.services.unit import Tx
from csms.store import tokens as store
from csms.store import transactions
from csms.store.locations import Window

LONGEST_ID: Final = 36
MOST_EVSES: Final = 1_000


def page(
    tx: Tx, tenant: Tenant, since: datetime | None, until: datetime | None, offset: int, size: int
) -> tuple[list[dict[str, Any]], int]:
    """Return `size` of the Token objects that changed in [since, until), after `offset`, and how many match."""
    window = Window(to_text(since) if since else "", to_text(until) if until else "9999", offset, size)
    found, total = store.page(tx.db, tenant.id, tx.at, window)
    return [own_token.document(token, tenant, tx.now) for token in found], total


def authorize(tx: Tx, tenant: Tenant, uid: str, type: TokenType, body: object) -> dict[str, Any]:
    """Return the AuthorizationInfo about a token of ours; NotFound where there is none of this uid and type.

    `body` is the LocationReferences of where the driver stands, or None; InvalidInput where it is neither.
    """
    place = None if body is None else _place(Fields(body))
    token = store.get(tx.db, tenant.id, uid)
    if token is None or roaming.token_type(token.type) != type:
        raise NotFound(f"no token {uid[:40]} of type {type}")
    active = 0
    if token.max_active is not None:
        active = transactions.active_of_token(tx.db, tenant.id, fold(token.uid))
    verdict = id_token.decide(token, tx.now, active)
    shown = own_token.document(token, tenant, tx.now)
    return own_token.authorization_info(shown, verdict.status, place, tx.entropy.hex())


def _place(found: Fields) -> dict[str, Any]:
    place: dict[str, Any] = {
        "location_id": found.required("location_id", found.text("location_id", LONGEST_ID))
    }
    evses = found.many("evse_uids", MOST_EVSES, lambda value, _: str(value)[:LONGEST_ID])
    return place | ({"evse_uids": list(evses)} if evses else {})

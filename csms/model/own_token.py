"""Our id tokens as partners see them: the Token and AuthorizationInfo objects (OCPI 2.2.1 §12.3)."""

from datetime import datetime
from typing import Any, Final

from csms.clock import to_wire
from csms.model import id_token, roaming
from csms.model.id_token import AuthorizationStatus, IdToken
from csms.model.partner_token import Allowed, Whitelist
from csms.model.tenant import Tenant

_ALLOWED: Final[dict[AuthorizationStatus, Allowed]] = {
    AuthorizationStatus.ACCEPTED: Allowed.ALLOWED,
    AuthorizationStatus.BLOCKED: Allowed.BLOCKED,
    AuthorizationStatus.EXPIRED: Allowed.EXPIRED,
    AuthorizationStatus.INVALID: Allowed.NOT_ALLOWED,
    AuthorizationStatus.CONCURRENT_TX: Allowed.NOT_ALLOWED,
    AuthorizationStatus.NOT_AT_THIS_LOCATION: Allowed.NOT_ALLOWED,
}


def document(token: IdToken, tenant: Tenant, now: datetime) -> dict[str, Any]:
    """Return the Token object of an id token.

    One that expires, or may run so many charges at once only, is to be asked about where we can be reached. One that
    is bound to stations of ours is not valid at a partner's.
    """
    changed = token.updated_at
    if token.expires_at is not None and changed < token.expires_at <= now:
        changed = token.expires_at
    bounded = token.expires_at is not None or token.max_active is not None
    found: dict[str, Any] = {
        "country_code": tenant.country_code,
        "party_id": tenant.party_id,
        "uid": token.uid,
        "type": roaming.token_type(token.type),
        "contract_id": token.uid,
        "issuer": (tenant.company_name or tenant.name)[:64],
        "group_id": token.group_id[:36] if token.group_id else None,
        "valid": id_token.decide(token, now).accepted,
        "whitelist": (Whitelist.ALLOWED_OFFLINE if bounded else Whitelist.ALLOWED).value,
        "language": token.language[:2].lower() if token.language else None,
        "last_updated": to_wire(changed),
    }
    return {name: value for name, value in found.items() if value is not None}


def authorization_info(
    token: dict[str, Any], status: AuthorizationStatus, place: dict[str, Any] | None, reference: str
) -> dict[str, Any]:
    """Return the AuthorizationInfo about a Token object; the reference and the place go with a yes alone."""
    found: dict[str, Any] = {"allowed": _ALLOWED[status].value, "token": token}
    if status is AuthorizationStatus.ACCEPTED:
        found["authorization_reference"] = reference
        if place is not None:
            found["location"] = place
    return found

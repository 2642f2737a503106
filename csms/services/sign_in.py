"""Who asks: the user behind an Authorization header, as the caller that every verb is given."""

from csms.errors import Unauthenticated
from csms.model.user import User
from csms.services import api_keys, scopes
from csms.services.access import Caller, Role
from csms.services.unit import Unit


async def caller(unit: Unit, authorization: str | None, origin: str) -> Caller:
    """Return the caller who sent `Authorization: Bearer …`; raises Unauthenticated. `origin` is where from."""
    kind, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    if kind.casefold() != "bearer" or not token:
        raise Unauthenticated("send Authorization: Bearer with an API key or an access token")
    if token.startswith(api_keys.PREFIX):
        return await _by_api_key(unit, token, origin)
    raise Unauthenticated("the access token is not valid")


async def _by_api_key(unit: Unit, token: str, origin: str) -> Caller:
    user, key = await unit.read(lambda tx: api_keys.check(tx, token))
    if api_keys.is_use_news(key, unit.clock.now()):
        await unit.run(lambda tx: api_keys.used(tx, key))
    return as_caller(user, key.scope, f"{origin}, API key {key.id}")


def as_caller(user: User, scope: str | None, origin: str) -> Caller:
    """Return a user as the caller of a verb."""
    return Caller(user.email, Role(user.role), user.tenant_id, origin, scopes.allowed(scope), user.id)

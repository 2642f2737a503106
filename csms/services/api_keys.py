"""API keys: made for a user, shown once, kept as a digest.

A key is `csms_<id>_<secret>`: the id finds the row, the secret has 256 bits of chance. Nobody can try that many, so
one SHA-256 protects it as well as a slow hash would, and a request costs microseconds.
"""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from csms.errors import InvalidInput, NotFound, Unauthenticated
from csms.model.user import ApiKey, User, UserStatus
from csms.services import tenants, users
from csms.services.access import Caller, Role
from csms.services.scopes import checked_scope
from csms.services.unit import Tx
from csms.store import api_keys as store
from csms.store import users as user_store

PREFIX: Final = "csms_"
MOST_PER_USER: Final = 100
_USED_EVERY: Final = timedelta(minutes=5)
"""How exactly the last use is kept: a key that is used all the time is not written all the time."""


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key just made; `api_key` is shown this once."""

    id: str
    name: str
    email: str
    role: str
    scope: str | None
    expires_at: datetime | None
    api_key: str


def add(
    tx: Tx,
    caller: Caller,
    *,
    user: str,
    name: str = "",
    expires_at: datetime | None = None,
    scope: str | None = None,
    tenant: str | None = None,
) -> NewApiKey:
    """Make an API key for a user; whoever holds it acts as the user, within the scope and the caller's own."""
    owner = users.find(tx, caller, user, tenant)
    scope = checked_scope(scope)
    if scope is None and caller.permissions is not None:
        scope = " ".join(sorted(caller.permissions))
    users.may_empower(caller, Role(owner.role), scope)
    if expires_at is not None and expires_at.tzinfo is None:
        raise InvalidInput("expires_at needs a time zone, like 2027-01-31T00:00:00Z")
    if expires_at is not None and expires_at <= tx.now:
        raise InvalidInput("expires_at must be in the future")
    if len(name) > 100 or not (name or " ").isprintable():
        raise InvalidInput("a key's name has at most 100 printable characters")
    if len(store.of_user(tx.db, owner.id)) >= MOST_PER_USER:
        raise InvalidInput(f"{owner.email} has {MOST_PER_USER} keys: remove one first")
    key = ApiKey(secrets.token_hex(6), owner.id, name or "key", scope, tx.now, expires_at)
    text = f"{PREFIX}{key.id}_{secrets.token_hex(32)}"
    store.insert(tx.db, key, digest(text))
    detail = {"key": key.id, "name": key.name, "scope": key.scope, "expiresAt": expires_at}
    tx.audit(caller, owner.tenant_id, "user.api-key", owner.email, detail)
    return NewApiKey(key.id, key.name, owner.email, owner.role, key.scope, expires_at, text)


def list_keys(tx: Tx, caller: Caller, *, user: str, tenant: str | None = None) -> list[ApiKey]:
    """Return the API keys of a user, newest first, without their secrets."""
    return store.of_user(tx.db, users.find(tx, caller, user, tenant).id)


def remove(tx: Tx, caller: Caller, *, user: str, key: str, tenant: str | None = None) -> ApiKey:
    """Remove an API key by its id; it is refused from now on."""
    owner = users.find(tx, caller, user, tenant)
    users.may_manage(caller, Role(owner.role))
    found = next((each for each in store.of_user(tx.db, owner.id) if each.id == key), None)
    if found is None:
        raise NotFound(f"{owner.email} has no API key {key}")
    store.delete(tx.db, found.id)
    tx.audit(caller, owner.tenant_id, "user.api-key-remove", owner.email, {"key": key})
    return found


def check(tx: Tx, text: str) -> tuple[User, ApiKey]:
    """Return whose key this is; raises Unauthenticated without saying what is wrong with it."""
    key_id, _, secret = text.removeprefix(PREFIX).partition("_")
    found = store.get(tx.db, key_id) if text.startswith(PREFIX) and secret else None
    stored = found[1] if found else digest("")
    if not hmac.compare_digest(stored, digest(text)) or found is None:
        raise Unauthenticated("the API key is not valid")
    key = found[0]
    user = user_store.get(tx.db, key.user_id)
    if user is None or user.status is not UserStatus.ACTIVE or key.is_over(tx.now):
        raise Unauthenticated("the API key is not valid")
    if not tenants.is_open(tx, user.tenant_id):
        raise Unauthenticated("the API key is not valid")
    return user, key


def is_use_news(key: ApiKey, now: datetime) -> bool:
    """Whether the last use that is on record is so old that this one should be written."""
    return key.last_used_at is None or now - key.last_used_at >= _USED_EVERY


def used(tx: Tx, key: ApiKey) -> ApiKey:
    """Write that a key is used."""
    store.used(tx.db, key.id, tx.at)
    return replace(key, last_used_at=tx.now)


def digest(text: str) -> str:
    """Return what is kept of a key."""
    return sha256(text.encode()).hexdigest()

"""The rules of sign-ins: who may try, what a wrong password costs, and refresh tokens that are used once.

A refresh token that comes a second time was stolen, or what it was exchanged for never arrived: either way the whole
sign-in ends (RFC 9700 §4.14.2).
"""

import secrets
from datetime import timedelta
from typing import Any, Final

from csms.clock import to_text
from csms.errors import Unauthenticated
from csms.model.alert import AlertCategory, AlertSeverity
from csms.model.user import User, UserStatus, normal_email
from csms.services import alerts, api_keys, scopes, setup, tenants
from csms.services.access import Caller, Role
from csms.services.access_tokens import Claims
from csms.services.unit import Tx
from csms.store import api_keys as key_store
from csms.store import sign_ins as store
from csms.store import tenants as tenant_store
from csms.store import users as user_store

REFRESH_PREFIX: Final = "csmsr_"
TRIES: Final = 5
"""Wrong passwords in a row that cost nothing."""
FIRST_LOCK: Final = timedelta(minutes=1)
LONGEST_LOCK: Final = timedelta(hours=1)


def new_secret() -> str:
    """Return a new refresh token: 256 bits of chance."""
    return REFRESH_PREFIX + secrets.token_hex(32)


def candidates(tx: Tx, email: str, tenant: str | None) -> list[tuple[User, str | None]]:
    """Return the users of an e-mail address; the hash is None of those who may not sign in now."""
    found = user_store.named(tx.db, None, email)
    if tenant is not None:
        meant = tenant_store.find(tx.db, tenant)
        found = [user for user in found if meant is not None and user.tenant_id == meant.id]
    return [
        (user, user_store.password_hash(tx.db, user.id) if _may_try(tx, user) else None)
        for user in found
        if user.email == email
    ]


def _may_try(tx: Tx, user: User) -> bool:
    locked = user.locked_until is not None and user.locked_until > tx.now
    return user.status is UserStatus.ACTIVE and not locked and tenants.is_open(tx, user.tenant_id)


def failed(tx: Tx, users: list[User], origin: str) -> list[str]:
    """Count a wrong password and return who is locked by it; for nobody it takes as long as for somebody."""
    locked = []
    for user in users:
        current = user_store.get(tx.db, user.id)
        if current is None or (current.locked_until is not None and current.locked_until > tx.now):
            continue
        count = current.failed_logins + 1
        until = None
        if count >= TRIES:
            until = to_text(tx.now + min(FIRST_LOCK * 2 ** min(count - TRIES, 10), LONGEST_LOCK))
            locked.append(user.email)
            _tell(tx, current, origin)
        user_store.update(tx.db, user.id, failed_logins=count, locked_until=until)
    if not users:
        setup.touch(tx)
    return locked


def _tell(tx: Tx, user: User, origin: str) -> None:
    alerts.raise_alert(
        tx,
        tenant_id=user.tenant_id or "",
        severity=AlertSeverity.MEDIUM,
        category=AlertCategory.SECURITY_ALERT,
        key=f"user.locked {user.email}",
        text=f"{user.email} is locked for a while after {user.failed_logins + 1} wrong passwords",
        detail={"email": user.email, "origin": origin},
    )


def rotate(tx: Tx, token: str, fresh: str, scope: str | None, origin: str) -> tuple[User, Claims] | None:
    """Exchange a refresh token for `fresh`; None refuses it, and what that ended is committed."""
    found = store.get(tx.db, api_keys.digest(token)) if token.startswith(REFRESH_PREFIX) else None
    if found is None or found.expires_at <= tx.now:
        return None
    user = user_store.get(tx.db, found.user_id)
    if user is None or user.status is not UserStatus.ACTIVE or not tenants.is_open(tx, user.tenant_id):
        return None
    if found.used_at is not None:
        store.end_family(tx.db, found.family)
        caller = Caller(user.email, Role(user.role), user.tenant_id, origin)
        tx.audit(caller, user.tenant_id, "user.sign-in-ended", user.email, {"reason": "refresh token reused"})
        alerts.raise_alert(
            tx,
            tenant_id=user.tenant_id or "",
            severity=AlertSeverity.HIGH,
            category=AlertCategory.SECURITY_ALERT,
            key=f"user.refresh-reused {user.email}",
            text=f"a refresh token of {user.email} was used twice: that sign-in is ended",
            detail={"email": user.email, "origin": origin},
        )
        return None
    narrowed = scopes.narrowed(scope, found.scope)
    store.use(tx.db, found.digest, tx.at)
    heir = store.RefreshToken(
        api_keys.digest(fresh), found.family, user.id, found.scope, tx.now, found.expires_at
    )
    store.insert(tx.db, heir)
    return user, Claims(user.id, found.family, narrowed, None)


def end(tx: Tx, token: str) -> None:
    """End the sign-in a refresh token belongs to, if there is one."""
    found = store.get(tx.db, api_keys.digest(token))
    if found is not None:
        store.end_family(tx.db, found.family)


def standing(tx: Tx, claims: Claims) -> tuple[User, str | None]:
    """Return the user of an access token and its scope, while user, sign-in and key still stand."""
    user = user_store.get(tx.db, claims.user_id)
    stands = user is not None and user.status is UserStatus.ACTIVE and tenants.is_open(tx, user.tenant_id)
    if claims.family is not None:
        stands = stands and store.has_family(tx.db, claims.family)
    if claims.key_id is not None:
        key = key_store.get(tx.db, claims.key_id)
        stands = stands and key is not None and not key[0].is_over(tx.now)
    if user is None or not stands:
        raise Unauthenticated("the access token is not valid any more")
    return user, claims.scope


def outside_user(tx: Tx, claims: dict[str, Any]) -> User:
    """Return our user whom an outside issuer speaks of: the one with the e-mail address it has verified."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") is False:
        raise Unauthenticated("the token of the outside issuer names no verified e-mail address")
    tenant = claims.get("csms_tenant")
    found = candidates(tx, normal_email(email), tenant if isinstance(tenant, str) else None)
    active = [
        user for user, _ in found if user.status is UserStatus.ACTIVE and tenants.is_open(tx, user.tenant_id)
    ]
    if len(active) != 1:
        raise Unauthenticated("the token of the outside issuer is nobody's here")
    return active[0]

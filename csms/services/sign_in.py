"""Who asks, and how somebody comes to be asked for: sign-ins (OAuth 2.0, RFC 6749) and the caller behind a header.

Wrong passwords cost time: each client address may try so often in a minute, and an account that sees too many wrong
ones in a row is locked for a while that doubles. What is answered never says which of it was the reason.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from csms import master_key
from csms.config import Config
from csms.errors import Unauthenticated
from csms.model.user import User, UserStatus, normal_email
from csms.services import access_tokens, api_keys, passwords, pki_policy, scopes, sign_ins, tenants
from csms.services.access import Caller, Role
from csms.services.access_tokens import Claims
from csms.services.outside_identity import OutsideIdentity
from csms.services.throttle import Throttle
from csms.services.token_keys import Keyring
from csms.services.unit import Tx, Unit
from csms.store import sign_ins as store
from csms.store import users as user_store

MOST_ALIKE: Final = 5
"""Tenants whose user of one e-mail address is tried; who is in more of them names the tenant."""
REFUSED: Final = "wrong e-mail address or password, or the account is blocked or locked for a while"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """How long tokens live, how often a client address may try, and which outside issuer is believed."""

    access_token: timedelta = timedelta(minutes=10)
    refresh_token: timedelta = timedelta(days=30)
    tries_per_minute: int = 20
    oidc_issuer: str = ""
    oidc_audience: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gives: `expires_in` is the access token's life in seconds."""

    access_token: str
    expires_in: int
    refresh_token: str | None
    scope: str | None


class SignIn:
    """The door of every interface that people and programs use."""

    def __init__(self, unit: Unit, keyring: Keyring, settings: SignInSettings | None = None) -> None:
        self.unit = unit
        self.keyring = keyring
        self.settings = settings or SignInSettings()
        self._tries = Throttle(self.settings.tries_per_minute, "sign-ins")
        self._outside = OutsideIdentity(self.settings.oidc_issuer, self.settings.oidc_audience, unit.clock)

    @classmethod
    def from_config(cls, config: Config, unit: Unit) -> "SignIn":
        """Return the door as the operator has configured it; the secret of keys is made where there is none."""
        auth = config.auth
        settings = SignInSettings(
            timedelta(seconds=auth.access_token_s),
            timedelta(days=auth.refresh_token_days),
            auth.tries_per_minute,
            auth.oidc_issuer,
            auth.oidc_audience,
        )
        return cls(unit, Keyring(unit, partial(master_key.ensure, pki_policy.key_file(config))), settings)

    async def caller(self, authorization: str | None, origin: str) -> Caller:
        """Return the caller who sent `Authorization: Bearer …`; raises Unauthenticated. `origin` is where from."""
        kind, _, token = (authorization or "").strip().partition(" ")
        token = token.strip()
        if kind.casefold() != "bearer" or not token:
            raise Unauthenticated("send Authorization: Bearer with an API key or an access token")
        if token.startswith(api_keys.PREFIX):
            return await self._by_api_key(token, origin)
        if self._outside.issued(access_tokens.peek_claims(token)):
            claims = await self._outside.read(token)
            user = await self.unit.read(lambda tx: sign_ins.outside_user(tx, claims))
            return as_caller(user, None, f"{origin}, {self.settings.oidc_issuer}")
        said = await access_tokens.read(self.keyring, token, self.unit.clock.now())
        user, scope = await self.unit.read(lambda tx: sign_ins.standing(tx, said))
        return as_caller(user, scope, origin)

    async def password(
        self, email: str, password: str, origin: str, *, scope: str | None = None, tenant: str | None = None
    ) -> Tokens:
        """Sign somebody in by password; raises Unauthenticated, TooBusy, or InvalidInput for an unknown scope."""
        self._tries.hit(origin)
        wanted = scopes.checked_scope(scope)
        found = await self.unit.read(lambda tx: sign_ins.candidates(tx, normal_email(email), tenant))
        tried = password[: passwords.MOST_OF_A_PERSON + 1]
        for user, stored in found[:MOST_ALIKE]:
            if await passwords.check_person_aside(tried, stored) and stored is not None:
                return await self._signed_in(user, stored, wanted, origin)
        if not found:
            await passwords.check_person_aside(tried, None)  # nobody takes as long as somebody
        users = [user for user, _ in found]
        locked = await self.unit.run(lambda tx: sign_ins.failed(tx, users, origin))
        for email_of_one in locked:
            log.warning("account_locked", email=email_of_one, origin=origin)
        raise Unauthenticated(REFUSED)

    async def client(self, key_id: str, key: str, origin: str, *, scope: str | None = None) -> Tokens:
        """Sign a program in by an API key (grant client_credentials); it gets no refresh token."""
        self._tries.hit(origin)
        user, found = await self.unit.read(lambda tx: api_keys.check(tx, key))
        if key_id not in (found.id, api_keys.PREFIX + found.id):
            raise Unauthenticated("the API key is not valid")
        return await self._tokens(user, Claims(user.id, None, scopes.narrowed(scope, found.scope), found.id))

    async def refresh(self, token: str, origin: str, *, scope: str | None = None) -> Tokens:
        """Give new tokens for a refresh token; one that comes again ends the whole sign-in."""
        self._tries.hit(f"refresh {origin}")
        fresh = sign_ins.new_secret()
        result = await self.unit.run(lambda tx: sign_ins.rotate(tx, token, fresh, scope, origin))
        if result is None:
            raise Unauthenticated("the refresh token is not valid")
        user, claims = result
        return replace(await self._tokens(user, claims), refresh_token=fresh)

    async def end(self, token: str) -> None:
        """End the sign-in of a refresh token (RFC 7009); a token nobody knows is ended already."""
        await self.unit.run(lambda tx: sign_ins.end(tx, token))

    async def _signed_in(self, user: User, stored: str, scope: str | None, origin: str) -> Tokens:
        family, fresh = secrets.token_hex(8), sign_ins.new_secret()

        def work(tx: Tx) -> None:
            now = user_store.get(tx.db, user.id)
            if now is None or now.status is not UserStatus.ACTIVE or not tenants.is_open(tx, now.tenant_id):
                raise Unauthenticated(REFUSED)
            if user_store.password_hash(tx.db, user.id) != stored:
                raise Unauthenticated(REFUSED)
            user_store.update(tx.db, user.id, failed_logins=0, locked_until=None, last_login_at=tx.at)
            expires_at = tx.now + self.settings.refresh_token
            token = store.RefreshToken(api_keys.digest(fresh), family, user.id, scope, tx.now, expires_at)
            store.insert(tx.db, token)
            tx.audit(as_caller(user, None, origin), user.tenant_id, "user.sign-in", user.email, {})

        await self.unit.run(work)
        return replace(await self._tokens(user, Claims(user.id, family, scope, None)), refresh_token=fresh)

    async def _tokens(self, user: User, claims: Claims) -> Tokens:
        lifetime = self.settings.access_token
        text = await access_tokens.issue(
            self.keyring, user, claims, self.unit.clock.now(), lifetime, secrets.token_hex(8)
        )
        return Tokens(text, int(lifetime.total_seconds()), None, claims.scope)

    async def _by_api_key(self, token: str, origin: str) -> Caller:
        user, key = await self.unit.read(lambda tx: api_keys.check(tx, token))
        if api_keys.is_use_news(key, self.unit.clock.now()):
            await self.unit.run(lambda tx: api_keys.used(tx, key))
        return as_caller(user, key.scope, f"{origin}, API key {key.id}")


def as_caller(user: User, scope: str | None, origin: str) -> Caller:
    """Return a user as the caller of a verb."""
    return Caller(user.email, Role(user.role), user.tenant_id, origin, scopes.allowed(scope), user.id)

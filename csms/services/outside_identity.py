"""Tokens of an outside OpenID provider (OpenID Connect Core 1.0): its keys are found by discovery and kept a while.

Only the operator names the issuer. Answers are bounded in size and time, unknown key ids cannot make us ask often.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
import trio

from csms.clock import Clock
from csms.errors import Unauthenticated
from csms.services import access_tokens

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
KEPT: Final = timedelta(hours=1)
ASKED_AGAIN: Final = timedelta(minutes=1)
MOST_BYTES: Final = 256 * 1024
WITHIN_S: Final = 5.0
LEEWAY_S: Final = 30

log = structlog.get_logger(__name__)


class OutsideIdentity:
    """One issuer whose tokens are believed; with an empty name none is."""

    def __init__(self, issuer: str, audience: str, clock: Clock) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching: trio.Lock | None = None

    def issued(self, claims: dict[str, Any]) -> bool:
        """Whether a token says that it comes from this issuer."""
        return bool(self._issuer) and claims.get("iss") == self._issuer

    async def read(self, token: str) -> dict[str, Any]:
        """Return the claims of a token of the issuer for us; raises Unauthenticated."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        header = access_tokens.peek(token)
        if header.get("alg") not in ALGORITHMS:
            raise Unauthenticated("the access token is not valid")
        found = await self._key(header.get("kid"))
        try:
            keys = KeySet.import_key_set({"keys": [found]})
            claims: dict[str, Any] = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
            rules: dict[str, Any] = {
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._audience},
                "exp": {"essential": True},
            }
            now = int(self._clock.now().timestamp())
            jwt.JWTClaimsRegistry(now=now, leeway=LEEWAY_S, **rules).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError):
            raise Unauthenticated("the access token is not valid or has expired") from None
        return claims

    async def _key(self, key_id: object) -> dict[str, Any]:
        if self._fetching is None:
            self._fetching = trio.Lock()
        async with self._fetching:
            now = self._clock.now()
            stale = self._fetched_at is None or now - self._fetched_at > KEPT
            may_ask = self._tried_at is None or now - self._tried_at > ASKED_AGAIN
            if may_ask and (stale or str(key_id) not in self._keys):
                self._tried_at = now
                await self._fetch(now)
        found = self._keys.get(str(key_id))
        if found is None:
            raise Unauthenticated("the access token is signed with a key that its issuer does not publish")
        return dict(found)

    async def _fetch(self, now: datetime) -> None:
        try:
            place = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = await _get(place)
            if found.get("issuer") != self._issuer:
                raise ValueError("the discovery document is another issuer's")
            keys = (await _get(str(found["jwks_uri"])))["keys"]
            self._keys = {str(key.get("kid")): key for key in keys[:100] if key.get("use", "sig") == "sig"}
            self._fetched_at = now
        except (ValueError, KeyError, TypeError, AttributeError, trio.TooSlowError) as error:
            log.warning("oidc_issuer_unreachable", issuer=self._issuer, error=str(error) or "too slow")


async def _get(url: str) -> dict[str, Any]:
    """Return a JSON document of the issuer; raises ValueError."""
    import httpx
    import msgspec

    parts = urlsplit(url)
    loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ValueError(f"{url} is not an https address")
    body = bytearray()
    try:
        with trio.fail_after(WITHIN_S):
            async with (
                httpx.AsyncClient(timeout=WITHIN_S, follow_redirects=False) as client,
                client.stream("GET", url) as response,
            ):
                response.raise_for_status()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise ValueError(f"{url} answers more than {MOST_BYTES} bytes")
    except httpx.HTTPError as error:
        raise ValueError(f"{url}: {error}") from None
    found = msgspec.json.decode(bytes(body))
    if not isinstance(found, dict):
        raise ValueError(f"{url} is not a JSON object")
    return found

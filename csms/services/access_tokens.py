"""Access tokens: JSON Web Tokens (RFC 7519) that live minutes, signed with ES256 by the keyring's key.

What a user may do is read from the database with each request: a token only says who was signed in, and how narrow.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from csms.errors import Unauthenticated
from csms.model.user import User
from csms.services.token_keys import Keyring

ISSUER: Final = "csms"
LONGEST: Final = 8192
"""Characters of a token; ours have some 600."""
ALGORITHM: Final = "ES256"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: whose it is, of which sign-in (None: of an API key), and its scope."""

    user_id: str
    family: str | None
    scope: str | None
    key_id: str | None


async def issue(
    keyring: Keyring, user: User, claims: Claims, now: datetime, lifetime: timedelta, token_id: str
) -> str:
    """Return a signed access token."""
    from joserfc import jwt

    kid, key = await keyring.signer()
    issued = int(now.timestamp())
    said = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": user.id,
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
        "jti": token_id,
        "email": user.email,
        "role": user.role,
        "tenant": user.tenant_id,
        "sid": claims.family,
        "scope": claims.scope,
        "azp": claims.key_id,
    }
    header = {"alg": ALGORITHM, "kid": kid, "typ": "at+jwt"}
    return jwt.encode(header, {k: v for k, v in said.items() if v is not None}, key, algorithms=[ALGORITHM])


async def read(keyring: Keyring, token: str, now: datetime) -> Claims:
    """Return the claims of one of our access tokens; raises Unauthenticated for everything else."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    header = peek(token)
    key = await keyring.find(header.get("kid"))
    if key is None or header.get("alg") != ALGORITHM or header.get("typ") != "at+jwt":
        raise Unauthenticated("the access token is not valid")
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        ours: dict[str, Any] = {"essential": True, "value": ISSUER}
        there: dict[str, Any] = {"essential": True}
        rules: dict[str, Any] = {"iss": ours, "aud": ours, "sub": there, "exp": there}
        registry = jwt.JWTClaimsRegistry(now=int(now.timestamp()), **rules)
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError):
        raise Unauthenticated("the access token is not valid or has expired") from None
    return Claims(str(claims["sub"]), claims.get("sid"), claims.get("scope"), claims.get("azp"))


def peek(token: str) -> dict[str, Any]:
    """Return the header of a token, which nobody has vouched for; raises Unauthenticated when it is none."""
    return _part(token, 0)


def peek_claims(token: str) -> dict[str, Any]:
    """Return the claims of a token, which nobody has vouched for; raises Unauthenticated when it is none."""
    return _part(token, 1)


def _part(token: str, index: int) -> dict[str, Any]:
    import base64

    import msgspec

    parts = token.split(".")
    try:
        if len(parts) != 3 or len(token) > LONGEST:
            raise ValueError
        text = parts[index].encode()
        found = msgspec.json.decode(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
        if not isinstance(found, dict):
            raise ValueError
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise Unauthenticated("the access token is not valid") from None
    return found

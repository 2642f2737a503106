"""Tokens of partners: what a Token object says, and what it is worth at a station (OCPI 2.2.1 §12.3, §12.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from csms.errors import InvalidInput
from csms.model.id_token import Authorization, AuthorizationStatus
from csms.model.json_fields import Fields
from csms.model.ocpi_time import read_time
from csms.model.party import PartyKey

LONGEST_ID: Final = 36
LONGEST_ISSUER: Final = 64
LONGEST_LANGUAGE: Final = 8
"""The standard has two letters, peers send en-GB as well."""
ALLOWED_HOLDS: Final = timedelta(minutes=15)
"""How long a partner's yes is good at the station that asked: a driver may plug in a while after the card was shown."""
REFUSAL_HOLDS: Final = timedelta(seconds=10)
SILENCE_HOLDS: Final = timedelta(minutes=1)
"""How long a partner that did not answer is not asked again about the same token at the same station."""


class TokenType(StrEnum):
    """What a token is (§12.4.4)."""

    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    OTHER = "OTHER"
    RFID = "RFID"


class Whitelist(StrEnum):
    """Whether a token may be accepted without asking its partner (§12.4.5)."""

    ALWAYS = "ALWAYS"
    """Never ask."""
    ALLOWED = "ALLOWED"
    """Asking is possible, and not needed."""
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    """Ask; accept where the partner cannot be reached."""
    NEVER = "NEVER"
    """Ask; accept only what the partner allows."""


class Allowed(StrEnum):
    """What an issuer answers about a token (AllowedType, §12.4.1)."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """What names a token of a partner's: everything but the type folded."""

    country_code: str
    party_id: str
    uid: str
    type: TokenType

    @classmethod
    def of(cls, party: PartyKey, uid: str, type: TokenType) -> "TokenKey":
        """Return the key of a token as somebody wrote it."""
        return cls(party.country_code, party.party_id, uid.strip().casefold(), type)


@dataclass(frozen=True, slots=True)
class PartnerToken:
    """One token of a partner's; `document` is the Token object as it came."""

    country_code: str
    party_id: str
    uid: str
    type: TokenType
    contract_id: str
    valid: bool
    whitelist: Whitelist
    last_updated: datetime
    document: dict[str, Any]
    language: str | None = None

    @property
    def key(self) -> TokenKey:
        """Return what names it."""
        return TokenKey.of(self.owner, self.uid, self.type)

    @property
    def owner(self) -> PartyKey:
        """Return whose it is."""
        return PartyKey.of(self.country_code, self.party_id)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a partner said about a token at a station, and when; `allowed` is None where it did not answer."""

    allowed: Allowed | None
    reference: str | None
    at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether the answer still counts."""
        if self.allowed is None:
            return now - self.at < SILENCE_HOLDS
        return now - self.at < (ALLOWED_HOLDS if self.allowed is Allowed.ALLOWED else REFUSAL_HOLDS)


_WORTH: Final[dict[Allowed, AuthorizationStatus]] = {
    Allowed.ALLOWED: AuthorizationStatus.ACCEPTED,
    Allowed.BLOCKED: AuthorizationStatus.BLOCKED,
    Allowed.EXPIRED: AuthorizationStatus.EXPIRED,
    Allowed.NO_CREDIT: AuthorizationStatus.INVALID,
    Allowed.NOT_ALLOWED: AuthorizationStatus.INVALID,
}


def decide(token: PartnerToken, answered: Answered | None, *, askable: bool) -> Authorization | None:
    """Decide whether a token may charge; None where its partner is to be asked first.

    `answered` is an answer that holds; `askable` whether the partner can be asked at all.
    """
    if not token.valid:
        return Authorization(AuthorizationStatus.BLOCKED, language=token.language)
    if token.whitelist is Whitelist.ALWAYS:
        return Authorization(AuthorizationStatus.ACCEPTED, language=token.language)
    if answered is None and askable:
        return None
    if answered is not None and answered.allowed is not None:
        until = answered.at + ALLOWED_HOLDS if token.whitelist is Whitelist.NEVER else None
        status = _WORTH[answered.allowed]
        until = until if status is AuthorizationStatus.ACCEPTED else None
        return Authorization(status, until, language=token.language, realtime=answered.reference or "")
    if token.whitelist is Whitelist.NEVER:
        return Authorization(AuthorizationStatus.INVALID, language=token.language)
    return Authorization(AuthorizationStatus.ACCEPTED, language=token.language)


def token_type(text: str | None) -> TokenType:
    """Read the type in a query, RFID where there is none (§12.2.1.2); InvalidInput for another word."""
    try:
        return TokenType(text) if text else TokenType.RFID
    except ValueError:
        raise InvalidInput(f"type: {text!r} is not one of {', '.join(TokenType)}") from None


def read(body: object) -> PartnerToken:
    """Read a Token object (§12.3.2); InvalidInput names the field. A list with one object is taken for the object."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    found = Fields(body)
    valid = found.get("valid")
    if not isinstance(valid, bool):
        found.fail("valid", "is required, and true or false")
    found.required("issuer", found.text("issuer", LONGEST_ISSUER))
    for name, longest in (("visual_number", 64), ("group_id", LONGEST_ID)):
        found.text(name, longest)
    return PartnerToken(
        found.required("country_code", found.text("country_code", 2)),
        found.required("party_id", found.text("party_id", 3)),
        found.required("uid", found.text("uid", LONGEST_ID)),
        found.required("type", found.choice("type", TokenType)),
        found.required("contract_id", found.text("contract_id", LONGEST_ID)),
        valid,
        found.required("whitelist", found.choice("whitelist", Whitelist)),
        read_time(found.get("last_updated"), "last_updated"),
        dict(body) if isinstance(body, Mapping) else {},
        found.text("language", LONGEST_LANGUAGE),
    )


def patched(token: PartnerToken, changes: object) -> PartnerToken:
    """Return a token with some fields changed; null takes an optional one away (§12.2.2.3).

    InvalidInput where last_updated is missing, or what names the token would change.
    """
    if not isinstance(changes, Mapping):
        raise InvalidInput("expected an object with the fields that change")
    if changes.get("last_updated") is None:
        raise InvalidInput("last_updated is required")
    merged = {name: value for name, value in (token.document | dict(changes)).items() if value is not None}
    after = read(merged)
    if after.key != token.key:
        raise InvalidInput("what names a token cannot be changed: country_code, party_id, uid, type")
    return after


def read_answer(data: object, at: datetime) -> Answered:
    """Read an AuthorizationInfo (§12.3.1) that came at a moment; what says nothing usable counts as no answer."""
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    said = data.get("allowed") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(said, str) or said not in Allowed.__members__:
        return Answered(None, None, at)
    reference = data.get("authorization_reference")
    kept = isinstance(reference, str) and 0 < len(reference) <= LONGEST_ID and reference.isprintable()
    return Answered(Allowed(said), str(reference) if kept else None, at)

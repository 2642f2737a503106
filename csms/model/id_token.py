"""Id tokens and the decision whether one may charge (OCPP 1.6 §5.1, §7.2 IdTagInfo; 2.0.1 block C)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from csms.model.driver_text import PersonalMessage

ISO14443: Final = "ISO14443"
"""The type of most id tokens: an RFID card (2.0.1 IdTokenEnumType)."""


class AuthorizationStatus(StrEnum):
    """Outcome of an authorization, in the words both OCPP versions share but the last, which 1.6 has not."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"


@dataclass(frozen=True, slots=True)
class IdToken:
    """One id token. `uid` keeps the operator's spelling; it is compared without regard to case.

    `group_id` is OCPP 1.6's parentIdTag. `max_active` bounds simultaneous transactions (None: no bound).
    """

    id: str
    tenant_id: str
    uid: str
    type: str
    group_id: str | None
    expires_at: datetime | None
    blocked: bool
    max_active: int | None
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None = None
    use_count: int = 0
    language: str | None = None
    """What its holder reads, like de or en-GB."""
    bound: bool = False
    """Whether it is valid at certain stations or EVSEs only."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a station is told about an id token."""

    status: AuthorizationStatus
    expires_at: datetime | None = None
    group_id: str | None = None
    language: str | None = None
    message: PersonalMessage | None = None
    realtime: str | None = None
    """The reference a partner gave when it was asked, "" where it gave none; None where nobody was asked."""
    evse_ids: tuple[int, ...] = ()
    """The EVSEs of this station that the token is valid at; empty where it is valid at all of them."""

    @property
    def accepted(self) -> bool:
        """Whether the token may charge."""
        return self.status is AuthorizationStatus.ACCEPTED


def fold(uid: str) -> str:
    """Return the form in which id tokens are compared: CiString means case-insensitive."""
    return uid.strip().casefold()


def decide(
    token: IdToken | None,
    now: datetime,
    active: int = 0,
    *,
    places: frozenset[int] = frozenset(),
    evse_id: int = 0,
) -> Authorization:
    """Decide whether `token` may charge at `now` while `active` other transactions run on it.

    `places` are the EVSEs of the station that a bound token is valid at, with 0 for all of them; `evse_id` is where it
    is to charge, 0 where that is not known yet.
    """
    if token is None:
        return Authorization(AuthorizationStatus.INVALID)
    status = AuthorizationStatus.ACCEPTED
    if token.blocked:
        status = AuthorizationStatus.BLOCKED
    elif token.expires_at is not None and token.expires_at <= now:
        status = AuthorizationStatus.EXPIRED
    elif token.max_active is not None and active >= token.max_active:
        status = AuthorizationStatus.CONCURRENT_TX
    verdict = Authorization(status, token.expires_at, token.group_id, token.language)
    return within(verdict, places, evse_id) if token.bound and verdict.accepted else verdict


def within(verdict: Authorization, places: frozenset[int], evse_id: int = 0) -> Authorization:
    """Narrow the verdict on a bound token to its places at a station (2.0.1 C01, IdTokenInfoType.evseId)."""
    if 0 in places:
        return verdict
    if not places or (evse_id and evse_id not in places):
        return replace(verdict, status=AuthorizationStatus.NOT_AT_THIS_LOCATION)
    return replace(verdict, evse_ids=tuple(sorted(places)))

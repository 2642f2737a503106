"""What services need from the edges, so that they never import one; `appliance.py` connects the two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from csms.errors import NotRunning
from csms.model.command import Reply, Shape
from csms.model.party import PartyKey, TokenForm
from csms.model.station import StationRef
from csms.model.station_command import Abilities, Bounds, GetSettings, StationCommand


@dataclass(frozen=True, slots=True)
class Link:
    """One live connection of a station; `reached` is the address it found us under, for plain HTTP."""

    station: StationRef
    version: str
    connected_at: datetime
    peer: str
    reached: str = ""


class StationLink(Protocol):
    """The live connections to charging stations, and what their protocol makes of a CALL."""

    def links(self) -> Sequence[Link]:
        """Return who is connected now."""
        ...

    def link(self, key: str) -> Link | None:
        """Return the connection of one station, if it has one."""
        ...

    def shape(self, version: str, action: str, payload: dict[str, Any]) -> Shape:
        """Check a CALL against the schemas of an OCPP version and say what it means; raises InvalidInput."""
        ...

    def translate(
        self, version: str, command: StationCommand, abilities: Abilities
    ) -> tuple[str, dict[str, Any]]:
        """Return action and payload for a command; raises Unsupported or InvalidInput."""
        ...

    def bounds(self, version: str, abilities: Abilities) -> Bounds:
        """Return how much a station takes in one message, as far as it has said."""
        ...

    def first_ask(self, version: str, action: str, abilities: Abilities) -> GetSettings | None:
        """Return what should be known of a station before an action is sent to it, None when enough is."""
        ...

    async def call(self, key: str, action: str, payload: dict[str, Any], timeout_s: float | None) -> Reply:
        """Send a CALL and return the answer.

        Raises StationOffline, StationTimeout, StationRefused (which names the station's error), or Unsupported where
        the station does not know the action.
        """
        ...

    async def disconnect(self, key: str, reason: str) -> None:
        """Close a station's connection, if it has one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerCall:
    """One request to a partner; `body` is JSON-ready, `raw` are bytes that are passed on as they came."""

    lane: str
    """Whose request it is (the id of the connection): each has few at once, and hangs for itself alone."""
    method: str
    url: str
    token: str = field(repr=False)
    form: TokenForm = TokenForm.BASE64
    body: Any = None
    raw: bytes | None = None
    from_party: PartyKey | None = None
    to_party: PartyKey | None = None
    correlation_id: str | None = None
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class PartnerAnswer:
    """What a partner answered: HTTP status, the envelope's fields, and the headers by lower-case name."""

    http: int
    status: int
    data: Any = None
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""

    @property
    def done(self) -> bool:
        """Whether the partner did what was asked (1xxx)."""
        return 1000 <= self.status < 2000


class PartyLink(Protocol):
    """The way to roaming partners."""

    async def ask(self, call: PartnerCall) -> PartnerAnswer:
        """Send one request and return the answer, refusals included.

        Raises FarEndFailed where there is none that can be understood: no connection, no JSON, HTTP 5xx or 429, too
        late (`outward.Late`), too large, or an address that may not be asked.
        """
        ...


class _NoPartners:
    async def ask(self, call: PartnerCall) -> PartnerAnswer:
        del call
        raise NotRunning("partners are reached by the running appliance only: start it with csms serve")


NO_PARTNERS: Final[PartyLink] = _NoPartners()

"""What services need from the edges, so that they never import one; `appliance.py` connects the two."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from csms.model.command import Reply, Shape
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

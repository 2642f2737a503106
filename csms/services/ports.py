"""What services need from the edges, so that they never import one; `appliance.py` connects the two."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from csms.model.command import Reply, Shape
from csms.model.station import StationRef


@dataclass(frozen=True, slots=True)
class Link:
    """One live connection of a station."""

    station: StationRef
    version: str
    connected_at: datetime
    peer: str


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

    async def call(self, key: str, action: str, payload: dict[str, Any], timeout_s: float | None) -> Reply:
        """Send a CALL and return the answer.

        Raises StationOffline, StationTimeout or StationRefused (which names the station's error).
        """
        ...

    async def disconnect(self, key: str, reason: str) -> None:
        """Close a station's connection, if it has one."""
        ...

"""A charge that is under way, as the rest of a station sees it."""

from typing import Protocol

from csms.simulator.charge import Reading


class Running(Protocol):
    """A charge that is under way on a connector."""

    def request_stop(self, reason: str) -> None:
        """End it with that reason."""

    def reconsider(self) -> None:
        """Look again at what the charging profiles allow."""

    def reading(self) -> Reading:
        """Return what the station measures now."""

    async def until_ended(self) -> None:
        """Return when the connector is free again."""

"""The station's own time: real, faster, or jumping from one moment of interest to the next.

Timestamps in messages come from here and never from the operating system, so that a run can be repeated.
Timeouts, heartbeats and reconnect pauses are no part of it: they run in Trio's time, which tests mock.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

import trio


class StationClock(Protocol):
    """Where a station takes its timestamps from, and how it waits for a moment of its own time."""

    def now(self) -> datetime:
        """Return the station's time, aware and in UTC."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the station's time has reached the moment."""
        ...


class PacedClock:
    """Runs `speed` times as fast as Trio's clock, from `start` on."""

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        self._start = start
        self._speed = speed
        self._origin_s = trio.current_time()

    def now(self) -> datetime:
        """Return the station's time, aware and in UTC."""
        return self._start + timedelta(seconds=(trio.current_time() - self._origin_s) * self._speed)

    async def sleep_until(self, moment: datetime) -> None:
        """Wait in Trio's time, the rest divided by the speed."""
        await trio.sleep(max(0.0, (moment - self.now()).total_seconds() / self._speed))


class JumpingClock:
    """Stands still until somebody waits, then is at that moment: a charge as fast as the CSMS answers."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the latest moment anybody waited for."""
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        """Let the other tasks run once, then be there; time never goes back."""
        await trio.lowlevel.checkpoint()
        self._now = max(self._now, moment)


def system_clock() -> PacedClock:
    """Return a clock that shows the operating system's time now and goes on at its pace."""
    return PacedClock(datetime.now(UTC))


def to_wire(moment: datetime) -> str:
    """Write a moment as OCPP-J has it: `YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def from_wire(text: str) -> datetime:
    """Read a dateTime of the CSMS; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

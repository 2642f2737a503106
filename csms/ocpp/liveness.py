"""One clock for all connections: pings and close deadlines, in whole seconds, without a task per station."""

import math
from collections import defaultdict
from typing import Final, Protocol

import trio

from csms.ocpp.wire import Wire

RETRY_S: Final = 1.0


class Watched(Protocol):
    """Something that wants to be looked at when its time has come."""

    def due(self) -> float | None:
        """Do what is due; return in how many seconds to come again, None for never."""
        ...


class Liveness:
    """A wheel of seconds; watching costs the same with one station and with 20,000."""

    def __init__(self) -> None:
        """Start with nobody to look at."""
        self._started = trio.current_time()
        self._buckets: defaultdict[int, list[Watched]] = defaultdict(list)
        self._nap = trio.CancelScope()

    @property
    def second(self) -> int:
        """Whole seconds since the start."""
        return int(trio.current_time() - self._started)

    def watch(self, watched: Watched, in_s: float) -> int:
        """Look at something in so many seconds, rounded up to whole ones; return the second when."""
        second = self.second + max(1, math.ceil(in_s))
        self._buckets[second].append(watched)
        self._nap.deadline = min(self._nap.deadline, self._started + second)
        return second

    async def run(self) -> None:
        """Look at everything in its time, for ever."""
        while True:
            earliest = min(self._buckets, default=math.inf)
            with trio.CancelScope(deadline=self._started + earliest) as self._nap:
                await trio.sleep_forever()
            for second in [second for second in self._buckets if second <= self.second]:
                for watched in self._buckets.pop(second):
                    again_s = watched.due()
                    if again_s is not None:
                        self.watch(watched, again_s)


class Pulse:
    """Finds out whether a station is still there; anything heard from it counts as life."""

    __slots__ = ("_interval_s", "_reads", "_wait_s")

    def __init__(self, interval_s: float, pong_timeout_s: float) -> None:
        """Ping every `interval_s` and wait no longer than that for an answer."""
        self._interval_s = interval_s
        self._wait_s = min(interval_s, pong_timeout_s)
        self._reads: int | None = None

    def beat(self, wire: Wire, listening: bool) -> float | None:
        """Ping, or judge what came after the last ping; return when to beat again, None when dead.

        While nobody is `listening` the station's silence proves nothing.
        """
        if self._reads is None:
            reads = wire.reads
            if not wire.ping():
                return RETRY_S
            self._reads = reads
            return self._wait_s
        if listening and wire.reads == self._reads:
            wire.abort(f"no sign of life for {self._wait_s:g} s after a ping")
            return None
        self._reads = None
        return self._interval_s - self._wait_s

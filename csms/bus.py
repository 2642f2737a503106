"""The event bus: facts go to whoever listens in this process, in order, and nobody makes the publisher wait.

A reader with a full buffer is dropped and counted; it notices and begins again from a snapshot or the outbox.
"""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio

from csms.errors import CsmsError
from csms.model.event import Event


class SlowReader(CsmsError):
    """The subscriber let its buffer fill up and missed events; it must start again from the stored state."""

    code = "slow_reader"


class Subscription:
    """The events published since the subscription began, as an asynchronous iterator."""

    def __init__(self, limit: int) -> None:
        self.dropped = False
        self._limit = limit
        self._events: deque[Event] = deque()
        self._closed = False
        self._waiting = trio.lowlevel.ParkingLot()

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Event:
        """Return the next event; raises `SlowReader` once events were missed, after those that were kept."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._events:
            if self.dropped:
                raise SlowReader("too slow: events were missed; start again from the stored state")
            if self._closed:
                raise StopAsyncIteration
            await self._waiting.park()
            # parked tasks are woken by an event, by being dropped, or by the end of the subscription
        return self._events.popleft()

    def _offer(self, events: Sequence[Event]) -> bool:
        """Buffer events and wake the reader; False when they do not fit."""
        if len(self._events) + len(events) > self._limit:
            self.dropped = True
        else:
            self._events.extend(events)
        self._waiting.unpark_all()
        return not self.dropped

    def _close(self) -> None:
        self._closed = True
        self._waiting.unpark_all()


class Bus:
    """Hands events to every subscription of this process."""

    def __init__(self) -> None:
        self.published = 0
        self.dropped = 0
        """How many subscriptions were ended because their reader was too slow."""
        self._subscriptions: dict[Subscription, None] = {}

    @property
    def subscribers(self) -> int:
        """How many subscriptions are being served."""
        return len(self._subscriptions)

    def publish(self, events: Sequence[Event]) -> None:
        """Give events to every subscription at once; never blocks. For the event loop, after the commit."""
        self.published += len(events)
        slow = [subscription for subscription in self._subscriptions if not subscription._offer(events)]
        for subscription in slow:
            self.dropped += 1
            del self._subscriptions[subscription]

    @asynccontextmanager
    async def subscribe(self, limit: int = 1000) -> AsyncIterator[Subscription]:
        """Subscribe from now on, with a buffer of `limit` events."""
        subscription = Subscription(limit)
        self._subscriptions[subscription] = None
        try:
            yield subscription
        finally:
            self._subscriptions.pop(subscription, None)
            subscription._close()

"""Transaction messages on their way: in order, kept while offline, repeated as a real station repeats them.

OCPP 1.6 §3, error responses to transaction-related messages: StartTransaction, MeterValues, StopTransaction
go first in, first out; after a CALLERROR or timeout the station waits `TransactionMessageRetryInterval` times
the number of tries and sends again, up to `TransactionMessageAttempts`. A lost connection is no try.
OCPP 2.0.1 E13 says the same of TransactionEvent, with `MessageAttemptInterval` and `MessageAttempts`.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import trio

from csms.simulator.errors import CallError, CallTimeout, ConnectionLost, SimulatorError
from csms.simulator.frames import Payload
from csms.simulator.turn import Turn


@dataclass(slots=True, eq=False)
class Entry:
    """One transaction message; the same message id in every try."""

    action: str
    payload: Payload
    message_id: str
    before: Callable[[Payload], None] | None = None  # completes the payload just before it is sent
    after: Callable[[Payload], None] | None = None  # takes the answer
    tries: int = 0
    answer: Payload | None = None
    failure: SimulatorError | None = None


Send = Callable[[Entry], Awaitable[Payload]]


class Delivery:
    """The queue of transaction messages of one station; it outlives connections."""

    def __init__(
        self,
        send: Send,
        ready: Callable[[], bool],
        policy: Callable[[], tuple[int, float]],
        discarded: Callable[[Entry], None],
    ) -> None:
        self._send = send
        self._ready = ready
        self._policy = policy  # attempts, seconds
        self._discarded = discarded
        self._entries: deque[Entry] = deque()
        self._turn = Turn()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def add(self, entry: Entry) -> None:
        """Put a message at the end of the queue without sending anything."""
        self._entries.append(entry)

    async def submit(self, entry: Entry) -> Payload | None:
        """Queue a message and deliver what can be delivered; return its answer, or None while offline.

        Raises CallError or CallTimeout when the last attempt at this message failed.
        """
        self.add(entry)
        await self.flush()
        if entry.failure is not None:
            raise entry.failure
        return entry.answer

    async def flush(self) -> None:
        """Deliver in order until the queue is empty or the connection is lost."""
        await self._turn.take()
        try:
            while self._entries and self._ready():
                entry = self._entries[0]
                try:
                    entry.answer = await self._send(entry)
                except (CallError, CallTimeout) as failure:
                    await self._failed(entry, failure)
                else:
                    self._settle(entry)
        except ConnectionLost:
            pass  # the rest waits for the next connection
        finally:
            self._turn.give()

    def give_up_first(self, action: str) -> bool:
        """Drop the oldest message if it is of that action, as after the last attempt; say whether it was."""
        if not self._entries or self._entries[0].action != action:
            return False
        entry = self._entries[0]
        entry.failure = CallTimeout(f"{action} was never confirmed")
        self._settle(entry)
        return True

    async def _failed(self, entry: Entry, failure: SimulatorError) -> None:
        entry.tries += 1
        attempts, interval_s = self._policy()
        if entry.tries >= attempts:
            self._discard(entry, failure)
        else:
            await trio.sleep(interval_s * entry.tries)

    def _discard(self, entry: Entry, failure: SimulatorError) -> None:
        entry.failure = failure
        self._discarded(entry)
        self._settle(entry)

    def _settle(self, entry: Entry) -> None:
        if self._entries and self._entries[0] is entry:
            self._entries.popleft()
        if entry.answer is not None and entry.after is not None:
            entry.after(entry.answer)

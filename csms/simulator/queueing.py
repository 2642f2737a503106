"""A station's queue of transaction messages: it outlives connections, and loses or repeats on demand.

OCPP 1.6 §3 error responses to transaction-related messages; OCPP 2.0.1 E12, E13.
"""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar, NoReturn

import trio

from csms.simulator import frames
from csms.simulator.delivery import Delivery, Entry
from csms.simulator.errors import CallError, CallTimeout, ConnectionLost
from csms.simulator.frames import Payload
from csms.simulator.plan import ChargePlan
from csms.simulator.registration import Registered
from csms.simulator.settings import StationSettings
from csms.simulator.socket import Address


class Queueing(Registered):
    """A station that keeps its transaction messages until they are answered; what they say is its version's."""

    names_its_transactions: ClassVar[bool]
    """Whether transaction ids are the station's, so that a start whose answer was lost is sent again."""

    def __init__(
        self, nursery: trio.Nursery, address: Address, identity: str, settings: StationSettings
    ) -> None:
        super().__init__(nursery, address, identity, settings)
        self.repeats: Callable[[Entry], Iterable[str]] | None = (
            None  # message ids under which to send it again
        )
        self.cut_after: str | None = None  # the kind of message after whose CALL the connection is cut, once
        self.delivery = Delivery(self._deliver, lambda: self.may_send, self.retry_policy, self._discarded)

    @abstractmethod
    def retry_policy(self) -> tuple[int, float]:
        """Return how often a transaction message is tried, and the seconds to wait after the first try."""

    @abstractmethod
    def change_of_mind(self, entry: Entry, was: Payload, now: Payload, /) -> str | None:
        """Return how the answer to a repeated message contradicts the first one, or None."""

    @abstractmethod
    def prepare(self, register_wh: Callable[[], float], meter_interval_s: int) -> None:
        """Set the meters and the interval between readings, before the station says anything."""

    @abstractmethod
    async def until_free(self, place: int) -> None:
        """Return when no vehicle is at that place, counted from 0."""

    @abstractmethod
    async def charge_once(
        self,
        place: int,
        id_token: str,
        planned: ChargePlan,
        on_start: Callable[[], Awaitable[None]] | None = None,
    ) -> str | None:
        """Charge a vehicle at that place; return the id token's status when the CSMS refused it."""

    async def came_back(self) -> None:
        """Boot if need be, tell every status, deliver what waited."""
        await super().came_back()
        await self.delivery.flush()
        self._announce_change()

    async def until_delivered(self) -> None:
        """Return when every transaction message is answered or discarded; raises what made the station give up."""
        while len(self.delivery):
            changed = self._changed
            await self.delivery.flush()
            if len(self.delivery):
                if self.given_up is not None:
                    raise self.given_up
                await changed.wait()

    async def _deliver(self, entry: Entry) -> Payload:
        if entry.before is not None:
            entry.before(entry.payload)
        if self.cut_after is not None and self.cut_after in (entry.action, entry.payload.get("eventType")):
            await self._send_and_vanish(entry)
        answer = await self.call(entry.action, entry.payload, message_id=entry.message_id)
        if self.repeats is not None:
            for message_id in self.repeats(entry):
                await self._repeat(entry, message_id, answer)
        return answer

    async def _send_and_vanish(self, entry: Entry) -> NoReturn:
        self.cut_after = None
        session = await self.until_online()
        await session.send(frames.call(entry.message_id, entry.action, entry.payload))
        self.tally.sent += 1
        await self.go_offline(abruptly=True)
        raise ConnectionLost("the connection was cut before the answer came")

    async def _repeat(self, entry: Entry, message_id: str, answer: Payload) -> None:
        self.tally.repeats += 1
        try:
            again = await self.call(entry.action, entry.payload, message_id=message_id)
        except (CallError, CallTimeout, ConnectionLost):
            return  # counted; the message itself has been answered
        contradiction = self.change_of_mind(entry, answer, again)
        if contradiction is not None:
            self.tally.violation(self.identity, f"repeated {entry.action}: {contradiction}")

    def _discarded(self, _: Entry) -> None:
        self.tally.discarded += 1

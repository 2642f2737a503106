"""A charging station as far as all OCPP versions agree: connection, CALLs both ways, hooks for tests.

`v16.Station16` adds what OCPP 1.6 says; a station of another version stands beside it and shares this.
"""

import inspect
import random
import ssl
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from hashlib import blake2b
from typing import Any, ClassVar, Final, Self

import trio

from csms.simulator import frames, schemas
from csms.simulator.clock import StationClock, system_clock
from csms.simulator.errors import CallError, CallTimeout, ConnectionLost, Refused, SimulatorError, Unreachable
from csms.simulator.frames import Payload
from csms.simulator.nursery import plain_nursery
from csms.simulator.session import OnFrame, Session
from csms.simulator.settings import StationSettings
from csms.simulator.socket import Address, Dial, basic_auth, open_socket
from csms.simulator.tally import Tally

NO_ANSWER: Final = object()
"""What an answering function returns to leave the CSMS waiting."""

Answer = Callable[[Payload], Any]
"""Payload in; payload, NO_ANSWER or an awaitable of either out; CallError raised becomes a CALLERROR."""

KEPT_CALLS = 256
GOODBYE_S = 3.0


class Station(ABC):
    """A charging station; made by `connect` or `open`, lives as long as their block."""

    version: ClassVar[str]
    subprotocol: ClassVar[str]

    def __init__(
        self, nursery: trio.Nursery, address: Address, identity: str, settings: StationSettings
    ) -> None:
        self.identity = identity
        self.settings = settings
        self.clock: StationClock = system_clock()
        self.tally = Tally()
        self.password: bytes | None = None
        self.dial: Dial = address.dial
        self.on_frame: OnFrame | None = None
        self.rng = random.Random(f"{settings.seed}/{identity}")
        self.session: Session | None = None
        self.last_close: tuple[int, str] | None = None
        self.given_up: SimulatorError | None = None
        self.returning = False  # reconnected by itself, and not yet said hello
        self._nursery = nursery
        self._address = address
        self._held_offline = True
        self._connecting = trio.Lock()
        self._changed = trio.Event()
        self._answers: dict[str, Answer] = {}
        self._afterwards: list[Callable[[], Awaitable[object]]] = []
        self._received: deque[tuple[str, Payload]] = deque(maxlen=KEPT_CALLS)
        self._call_came = trio.Event()
        self._id_stem = blake2b(f"{settings.seed}/{identity}".encode(), digest_size=8).hexdigest()
        self._id_count = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        identity: str,
        password: str | bytes | None = None,
        *,
        settings: StationSettings | None = None,
        clock: StationClock | None = None,
        tally: Tally | None = None,
        dial: Dial | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[Self]:
        """Make a station, not connected yet; `dial` gives it streams other than TCP or TLS to the URL."""
        address = Address.of(url, identity)
        async with plain_nursery() as nursery:
            station = cls(nursery, address, identity, settings or StationSettings())
            station.clock = clock or station.clock
            station.tally = tally if tally is not None else station.tally
            station.password = password.encode() if isinstance(password, str) else password
            station.dial = dial or partial(address.dial, tls)
            try:
                yield station
            finally:
                with trio.move_on_after(GOODBYE_S, shield=True):
                    await station.go_offline(abruptly=False)
                nursery.cancel_scope.cancel()

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, identity: str, password: str | bytes | None = None, **options: Any
    ) -> AsyncIterator[Self]:
        """Make a station and connect it, with the options of `open`; raises Unreachable and Refused."""
        async with cls.open(url, identity, password, **options) as station:
            await station.go_online()
            yield station

    @abstractmethod
    def answer(self, action: str, payload: Payload) -> Any:
        """Answer a CALL of the CSMS as this version's station does; raises CallError."""

    @abstractmethod
    async def came_back(self) -> None:
        """Say what a station says after it reconnected, and set `returning` to False once it may say more."""

    @property
    def websocket_ping_s(self) -> float:
        """Return how often the station pings, in seconds; 0 is never."""
        return 0.0

    @property
    def over_tls(self) -> bool:
        """Say whether the station connects by TLS."""
        return self._address.tls

    # Connection

    async def go_online(self) -> None:
        """Connect, once; raises Unreachable and Refused. Does nothing when connected."""
        async with self._connecting:
            if self.session is None:
                self._held_offline = False
                await self._nursery.start(self._run_session)

    async def go_offline(self, *, abruptly: bool = True) -> None:
        """Leave and stay away: cut the stream, or close it with the closing handshake."""
        self._held_offline, self.returning = True, False
        session = self.session
        if session is not None:
            await (session.drop() if abruptly else session.close())
            await session.ended.wait()

    async def restart(self, *, abruptly: bool) -> None:
        """Go offline, be away for `settings.restart_s`, come back and say hello as after a power-up."""
        await self.go_offline(abruptly=abruptly)
        await trio.sleep(self.settings.restart_s)
        await self.come_back()

    async def come_back(self) -> None:
        """Connect, with tries and pauses as after a lost connection, and say hello; raises what ended the tries."""
        self._held_offline = False
        await self._recover(first_s=0.0)
        if self.given_up is not None:
            raise self.given_up

    async def until_online(self) -> Session:
        """Return the open session as soon as there is one; raises what made the station give up."""
        while self.session is None:
            if self.given_up is not None:
                raise self.given_up
            await self._changed.wait()
        return self.session

    async def until_closed(self) -> tuple[int, str]:
        """Return the closing code and reason when the present connection has ended."""
        if self.session is not None:
            await self.session.ended.wait()
        return self.last_close or (1006, "")

    async def _run_session(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        headers = [basic_auth(self.identity, self.password)] if self.password is not None else []
        stream = await self.dial()
        async with open_socket(stream, self._address, self.subprotocol, headers) as socket:
            session = Session(socket, self.tally, self._on_call, self.on_frame)
            self.session = session
            self.tally.connections += 1
            self._announce_change()
            task_status.started()
            if self.websocket_ping_s > 0:
                self._nursery.start_soon(self._ping, session, self.websocket_ping_s)
            try:
                await session.run()
            finally:
                self.session = None
                self.last_close = session.closed
                self._announce_change()
        if self.settings.reconnect and not self._held_offline:
            self._nursery.start_soon(self._recover)

    async def _recover(self, first_s: float | None = None) -> None:
        pause_s = self.settings.reconnect_first_s
        wait_s = pause_s * (0.5 + self.rng.random()) if first_s is None else first_s
        failure: SimulatorError = ConnectionLost("never tried")
        for _ in range(self.settings.reconnect_tries):
            await trio.sleep(wait_s)
            if self._held_offline:
                return
            self.returning = True
            try:
                await self.go_online()
            except (Unreachable, Refused) as refusal:
                failure = refusal
                wait_s = pause_s * (0.5 + self.rng.random())
                pause_s = min(self.settings.reconnect_cap_s, pause_s * 2)
                continue
            await self._quietly(self.came_back)
            return
        self.given_up = failure
        self._announce_change()

    async def _ping(self, session: Session, interval_s: float) -> None:
        while not session.ended.is_set():
            with trio.move_on_after(interval_s):
                await session.ended.wait()
                return
            with trio.move_on_after(interval_s) as patience:
                await self._quietly(session.ping)
            if patience.cancelled_caught:
                await session.drop()

    def _announce_change(self) -> None:
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    # CALLs to the CSMS

    def next_message_id(self) -> str:
        """Return a message id that no other CALL of this identity and seed has."""
        self._id_count += 1
        return f"{self._id_stem}-{self._id_count:x}"

    async def call(
        self,
        action: str,
        payload: Payload | None = None,
        *,
        message_id: str | None = None,
        timeout_s: float | None = None,
    ) -> Payload:
        """Send a CALL and return its answer; raises CallError, CallTimeout and ConnectionLost."""
        session = self.session
        if session is None:
            raise ConnectionLost("the station is offline")
        answer = await session.call(
            message_id or self.next_message_id(),
            action,
            {} if payload is None else payload,
            self.settings.call_timeout_s if timeout_s is None else timeout_s,
        )
        if self.settings.check:
            fault = schemas.response_fault(self.version, action, answer)
            if fault is not None:
                self.tally.violation(self.identity, fault)
        return answer

    async def send_raw(self, frame: str | bytes) -> None:
        """Send a frame as it is, well-formed or not; bytes go as a binary message."""
        await (await self.until_online()).send(frame)

    async def receive_raw(self, timeout_s: float = 5.0) -> str:
        """Return the next frame that answers no `call`; raises trio.TooSlowError and ConnectionLost."""
        with trio.fail_after(timeout_s):
            return await (await self.until_online()).receive_unmatched()

    # CALLs from the CSMS

    def on(self, action: str, answer: Answer | None) -> None:
        """Answer an action with a function of one's own from now on; None restores the station's answer."""
        if answer is None:
            self._answers.pop(action, None)
        else:
            self._answers[action] = answer

    async def expect(self, action: str, timeout_s: float = 5.0) -> Payload:
        """Return the payload of the next CALL of that action, or of an earlier one not yet fetched."""
        with trio.fail_after(timeout_s):
            while True:
                for received in self._received:
                    if received[0] == action:
                        self._received.remove(received)
                        return received[1]
                self._call_came = trio.Event()
                await self._call_came.wait()

    def afterwards(self, work: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Do this in the background once the answer that is being made has been sent."""
        self._afterwards.append(partial(work, *args))

    def background(self, work: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Do this in the background now; what the CSMS does wrong meanwhile is counted, not raised."""
        self._nursery.start_soon(self._quietly, partial(work, *args))

    async def _quietly(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except (CallError, CallTimeout, ConnectionLost):
            pass  # the tally has it; a station in the field goes on as well
        except SimulatorError as failure:
            self.given_up = failure
            self._announce_change()

    async def _on_call(self, session: Session, message_id: object, action: str, payload: Payload) -> None:
        self.tally.received_calls += 1
        self._received.append((action, payload))
        self._call_came.set()
        if self.settings.check:
            fault = schemas.request_fault(self.version, action, payload)
            if fault is not None:
                self.tally.violation(self.identity, fault)
        self._afterwards = []
        own = self._answers.get(action)
        try:
            answer = own(payload) if own is not None else self.answer(action, payload)
        except CallError as refusal:
            await session.send(frames.error(message_id, refusal.code, refusal.description, refusal.details))
            return
        if inspect.isawaitable(answer):
            self._nursery.start_soon(self._answer_later, session, message_id, answer)
            return
        if answer is not NO_ANSWER:
            await session.send(frames.result(message_id, answer))
        for work in self._afterwards:
            self.background(work)

    async def _answer_later(self, session: Session, message_id: object, answer: Awaitable[Any]) -> None:
        try:
            payload = await answer
            if payload is not NO_ANSWER:
                await session.send(frames.result(message_id, payload))
        except CallError as refusal:
            await session.send(frames.error(message_id, refusal.code, refusal.description, refusal.details))
        except ConnectionLost:
            pass

"""One station's connection: frames in order, CALLs both ways (OCPP-J 1.6 §4.1, OCPP 2.0.1 Part 4 §4.1).

One task reads and answers. Only when an answer must not hold up the reading (a CALL of ours waits for its
result, or the answer takes long) does a second task take the reading over; whoever finds another one reading,
leaves.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import structlog
import trio
from websockets.frames import CloseCode

from csms.clock import Clock
from csms.model.station import StationRef
from csms.ocpp import rpc, schemas
from csms.ocpp.calls import CallRefused, Calls, ConnectionLost
from csms.ocpp.handshake import ConnectionOptions
from csms.ocpp.limits import Limits
from csms.ocpp.liveness import Liveness, Pulse
from csms.ocpp.rpc import Call, CallError, CallResult, ErrorCode, Malformed, Version
from csms.ocpp.wire import DROPPED, LOST, Wire, WireClosedError

_log = structlog.get_logger(__name__)
_ORDINARY: Final = frozenset({CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY, CloseCode.NO_STATUS_RCVD})


NoteKind = Literal["malformed", "late_answer", "unexpected_answer", "invalid_answer"]


@dataclass(frozen=True, slots=True)
class FrameNote:
    """Something the message log should know; `frame` is what the station sent, as long as it may be."""

    kind: NoteKind
    reason: str
    frame: bytes
    action: str | None = None
    """Of the request that was answered too late or invalidly."""
    message_id: str | None = None
    payload: dict[str, Any] | None = None


class Dispatch(Protocol):
    """What stations' requests mean."""

    async def answer(self, connection: "Connection", call: Call) -> bytes:
        """Return a whole response frame; an exception becomes a CALLERROR InternalError."""
        ...

    async def connected(self, connection: "Connection") -> None:
        """Hear of a new connection, before anything is read from it."""
        ...

    async def disconnected(self, connection: "Connection", reason: str, superseded: bool) -> None:
        """Hear that a connection is over and all its answers are done."""
        ...

    def note(self, connection: "Connection", note: FrameNote) -> None:
        """Record something odd about a frame."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all connections of one appliance share."""

    dispatch: Dispatch
    limits: Limits
    liveness: Liveness
    nursery: trio.Nursery
    new_id: Callable[[], str]
    clock: Clock


class Connection:
    """A station that has passed the gate and speaks a known version."""

    __slots__ = (
        "_answering",
        "_calls",
        "_close_by",
        "_close_sent",
        "_closing",
        "_ended",
        "_malformed",
        "_malformed_since",
        "_over",
        "_pulse",
        "_queue",
        "_reading",
        "_room",
        "_shared",
        "_spent",
        "_spent_since",
        "_wire",
        "connected_at",
        "generation",
        "memory",
        "options",
        "peer",
        "reached",
        "station",
        "superseded",
        "version",
    )

    def __init__(
        self,
        station: StationRef,
        version: Version,
        options: ConnectionOptions,
        peer: str,
        wire: Wire,
        shared: Surroundings,
        generation: int,
    ) -> None:
        """Take over a wire on which the handshake is done."""
        self.station = station
        self.version: Version = version
        self.options = options
        self.peer = peer
        self.reached = ""
        """Under which address the station has found us, for plain HTTP (upgrade.Upgraded)."""
        self.generation = generation
        self.connected_at = shared.clock.now()
        self.superseded = False
        self.memory: Any = None
        """Whatever the dispatch wants to keep for as long as the connection lasts."""
        self._wire = wire
        self._shared = shared
        self._calls = Calls(wire, shared.new_id, shared.limits.max_pending_calls)
        self._queue: deque[Call | bytes] = deque()
        self._room: trio.Event | None = None
        self._over: trio.Event | None = None
        self._reading = self._answering = self._ended = self._close_sent = False
        self._closing: tuple[int, str] | None = None
        self._close_by = 0
        self._pulse = Pulse(options.ping_interval_s, shared.limits.pong_timeout_s)
        self._malformed = self._malformed_since = 0
        self._spent = self._spent_since = 0

    @property
    def is_open(self) -> bool:
        """Whether messages may still be sent."""
        return self._closing is None and self._wire.is_open

    @property
    def end_reason(self) -> str:
        """Why the connection is over, for a person to read: our reason to close it, however the station took it."""
        if self._closing is not None:
            return self._closing[1]
        return self._wire.closure.reason or f"closed with code {self._wire.closure.code}"

    @property
    def fault(self) -> str | None:
        """What the station did, or failed to do, that ended the connection; None when it ended as they do."""
        closure = self._wire.closure
        code = closure.code if self._closing is None else self._closing[0]
        return None if code in _ORDINARY or self.end_reason in (LOST, DROPPED) else self.end_reason

    async def call(
        self, action: str, payload: dict[str, Any], timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Send a request of ours when it is its turn and return the payload of the answer.

        Raises CallRefused, CallTimeout or ConnectionLost. The timeout counts from the sending, and as long
        again for the turn; without one it is the station's.
        """
        if not self.is_open:
            raise ConnectionLost(f"{action} was not sent: the connection is closing", sent=False)
        if self._answering:
            self._let_another_read()
        answer = await self._calls.call(action, payload, timeout_s or self.options.call_timeout_s)
        violation = schemas.validate(self.version, action, "response", answer.payload, tolerant=True)
        if violation is not None:
            note = FrameNote(
                "invalid_answer", violation.text, answer.payload_bytes, action, answer.message_id
            )
            self._note(note)
            raise CallRefused(action, violation.code, f"invalid answer: {violation.text}", answer.payload)
        return answer.payload

    def close(self, reason: str, code: int = CloseCode.NORMAL_CLOSURE) -> None:
        """Close after the answer that is in the making; a station that takes long over it is dropped."""
        if self._closing is None:
            self._closing = (code, reason)
            self._close_by = self._shared.liveness.watch(self, self._shared.limits.close_timeout_s)
            if not self._answering:
                self._send_close()

    def abort(self, reason: str) -> None:
        """Drop the connection at once; without effect when it is over."""
        self._wire.abort(reason)

    def supersede(self) -> None:
        """Give way to a newer connection of the same station."""
        self.superseded = True
        self._calls.fail("the station opened a newer connection")
        self.close("superseded by a newer connection")

    async def run(self, leftover: bytes) -> None:
        """Serve the station until the connection is over; `leftover` came together with the handshake."""
        if self.options.ping_interval_s:
            self._shared.liveness.watch(self, self.options.ping_interval_s)
        await self._read(leftover)
        if not self._ended or self._answering:
            self._over = trio.Event()
            await self._over.wait()
        await self._wire.finish()

    async def _read(self, data: bytes = b"") -> None:
        """Read and answer until the connection is over, or until another task has taken over the reading."""
        self._reading = True
        wire, queue = self._wire, self._queue
        try:
            messages = await wire.take(data) if data else ()
            while True:
                self._spent += len(messages)
                if self._spent > self._shared.limits.messages_at_once:
                    await self._slow_down()
                for text in messages:
                    self._sort(text)
                if queue:
                    if not self._answering:
                        self._reading = False
                        await self._answer()
                        if self._reading:
                            return
                        self._reading = True
                    elif len(queue) >= self._shared.limits.max_queued_calls:
                        self._room = trio.Event()
                        await self._room.wait()
                messages = await wire.receive()
        except WireClosedError:
            self._reading = False
            self._end()

    async def _slow_down(self) -> None:
        """Read no more from a station that sends faster than it may, for as long as it is ahead of its time."""
        limits, liveness = self._shared.limits, self._shared.liveness
        while True:
            second = liveness.second
            earned = (second - self._spent_since) * limits.messages_per_second
            self._spent, self._spent_since = max(0, self._spent - earned), second
            if self._spent <= limits.messages_at_once:
                return
            _log.info("station_slowed_down", station=self.station.station_id, ahead_by=self._spent)
            await trio.sleep(1.0)
            self._wire.reads += 1  # our own pause says nothing about the station

    def _end(self) -> None:
        self._ended = True
        self._calls.fail(self.end_reason)
        if self._over is not None and not self._answering:
            self._over.set()

    def _let_another_read(self) -> None:
        """Have the reading go on while an answer is in the making."""
        if not self._reading and not self._ended:
            self._reading = True
            self._shared.nursery.start_soon(self._read_on)

    async def _read_on(self) -> None:
        try:
            await self._read()
        except Exception:  # ends this connection only
            _log.exception("connection_failed", station=self.station.station_id)
            self._reading = False
            self._wire.abort("internal error")
            self._end()

    def _sort(self, text: bytes) -> None:
        """Put what must be answered into the queue, and hand answers to whoever asked."""
        frame = rpc.decode(text, self.version)
        if type(frame) is Call:
            self._queue.append(frame)
        elif type(frame) is Malformed:
            self._complain(frame, text)
        elif isinstance(frame, CallResult | CallError) and not self._calls.settle(frame.message_id, frame):
            self._note_stray(frame, text)

    def _note_stray(self, frame: CallResult | CallError, text: bytes) -> None:
        action = self._calls.exhume(frame.message_id)
        payload = frame.payload if isinstance(frame, CallResult) else None
        reason = f"the answer to {action} came too late" if action else "an answer to nothing we asked"
        kind: NoteKind = "late_answer" if action else "unexpected_answer"
        self._note(FrameNote(kind, reason, text, action, frame.message_id, payload))

    def _complain(self, frame: Malformed, text: bytes) -> None:
        """Note a malformed frame; too many of them in a minute end the connection."""
        self._note(FrameNote("malformed", frame.reason, text, message_id=frame.answers_id))
        if frame.answers_id is not None:
            self._calls.settle(frame.answers_id, frame)
        if frame.answer is not None:
            self._queue.append(frame.answer)
        second, most = self._shared.liveness.second, self._shared.limits.malformed_per_minute
        if second - self._malformed_since >= 60:
            self._malformed_since, self._malformed = second, 0
        self._malformed += 1
        if self._malformed > most:
            self.close(f"more than {most} malformed frames in a minute", CloseCode.POLICY_VIOLATION)

    def _note(self, note: FrameNote) -> None:
        try:
            self._shared.dispatch.note(self, note)
        except Exception:  # a note must not end a connection
            _log.exception("note_failed", station=self.station.station_id)

    async def _answer(self) -> None:
        """Answer what is queued, in order; what is still queued when the connection is closed is dropped."""
        self._answering = True
        if self._calls.waits:
            self._let_another_read()
        try:
            await self._empty_queue()
        finally:
            self._answering = False
            self._make_room()
        if self._closing is not None:
            self._send_close()
        if self._ended and self._over is not None:
            self._over.set()

    async def _empty_queue(self) -> None:
        queue, wire = self._queue, self._wire
        while queue:
            item = queue.popleft()
            if self._room is not None:
                self._make_room()
            reply = item if isinstance(item, bytes) else await self._reply(item)
            try:  # noqa: SIM105  (contextlib.suppress costs a microsecond on every message)
                await wire.send(reply)
            except WireClosedError:
                pass  # what was read before the end is still worth handling
            if self._closing is not None:  # the station sends the rest again, to a newer connection
                queue.clear()

    def _make_room(self) -> None:
        """Wake the reader that waits for the queue to become shorter."""
        if self._room is not None and len(self._queue) < self._shared.limits.max_queued_calls:
            self._room.set()
            self._room = None
            self._wire.reads += 1  # our own pause says nothing about the station

    async def _reply(self, call: Call) -> bytes:
        try:
            return await self._shared.dispatch.answer(self, call)
        except Exception:  # becomes InternalError: the station sends again
            reference = self._shared.new_id()
            _log.exception(
                "answer_failed",
                station=self.station.station_id,
                action=call.action[:50],
                reference=reference,
            )
            text = f"internal error, reference {reference}"
            return rpc.encode_error(call.raw_id, ErrorCode.INTERNAL_ERROR, text, self.version)

    def _send_close(self) -> None:
        if not self._close_sent and self._closing is not None:
            self._close_sent = True
            self._wire.close(*self._closing)

    def due(self) -> float | None:
        """Ping, or drop a station that is silent or does not let itself be closed (asked by Liveness)."""
        if self._ended:
            return None
        if self._closing is not None:
            if self._shared.liveness.second < self._close_by:
                return None
            if not self._close_sent:
                self._send_close()
                return self._shared.limits.close_timeout_s
            self._wire.abort(self._closing[1])
            return None
        listening = self._reading and self._room is None
        if self._answering:
            self._let_another_read()
        return self._pulse.beat(self._wire, listening)

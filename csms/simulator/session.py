"""One connection's remote procedure calls (OCPP-J 1.6 §4, OCPP 2.0.1 Part 4 §4).

One CALL of ours is under way at a time; CALLs of the CSMS are answered meanwhile, in the order they came.
"""

from collections import deque
from collections.abc import Awaitable, Callable

import trio

from csms.simulator import frames
from csms.simulator.errors import CallError, CallTimeout, ConnectionLost
from csms.simulator.frames import Payload
from csms.simulator.socket import Socket
from csms.simulator.tally import Tally
from csms.simulator.turn import Turn

OnCall = Callable[["Session", object, str, Payload], Awaitable[None]]
OnFrame = Callable[[str, str], None]  # direction ("sent" or "received") and the frame's text

KEPT_UNMATCHED = 64


class _Pending:
    """A CALL that waits for its answer."""

    __slots__ = ("answer", "failure", "message_id", "settled")

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        self.settled = trio.Event()
        self.answer: Payload | None = None
        self.failure: Exception | None = None


class Session:
    """CALL and answer over one socket, until it closes."""

    def __init__(
        self, socket: Socket, tally: Tally, on_call: OnCall, on_frame: OnFrame | None = None
    ) -> None:
        self._socket = socket
        self._tally = tally
        self._on_call = on_call
        self._on_frame = on_frame
        self._turn = Turn()
        self._pending: _Pending | None = None
        self._unmatched: deque[str] = deque(maxlen=KEPT_UNMATCHED)
        self._unmatched_came = trio.Event()
        self.ended = trio.Event()
        self.last_sent_s = trio.current_time()

    @property
    def closed(self) -> tuple[int, str] | None:
        """Return the closing code and reason, or None while the connection is open."""
        return self._socket.closed

    async def run(self) -> None:
        """Read frames until the connection closes; then fail what still waits for an answer."""
        try:
            while True:
                message = await self._socket.receive()
                await self._take(message if isinstance(message, str) else message.decode("utf-8", "replace"))
        except ConnectionLost:
            pass
        finally:
            self.ended.set()
            self._unmatched_came.set()
            if self._pending is not None:
                self._pending.failure = ConnectionLost("the connection ended before the answer came")
                self._pending.settled.set()

    async def call(self, message_id: str, action: str, payload: Payload, timeout_s: float) -> Payload:
        """Send a CALL in its turn, return the answer; raises CallError, CallTimeout and ConnectionLost."""
        await self._turn.take()
        try:
            if self.ended.is_set():
                raise ConnectionLost("the connection is closed")
            pending = self._pending = _Pending(message_id)
            await self.send(frames.call(message_id, action, payload))
            self._tally.sent += 1
            begun_s = self.last_sent_s = trio.current_time()
            with trio.move_on_after(timeout_s):
                await pending.settled.wait()
        finally:
            self._pending = None
            self._turn.give()
        return self._outcome(pending, action, begun_s, timeout_s)

    def _outcome(self, pending: _Pending, action: str, begun_s: float, timeout_s: float) -> Payload:
        if pending.answer is not None:
            self._tally.answered += 1
            self._tally.answer_s.append(trio.current_time() - begun_s)
            return pending.answer
        if pending.failure is None:
            self._tally.timeouts += 1
            raise CallTimeout(f"no answer to {action} within {timeout_s:g} s")
        if isinstance(pending.failure, CallError):
            self._tally.call_errors += 1
            self._tally.answer_s.append(trio.current_time() - begun_s)
        else:
            self._tally.lost += 1
        raise pending.failure

    async def send(self, frame: str | bytes) -> None:
        """Send a frame as it is, bytes as a binary message; raises ConnectionLost."""
        if self._on_frame is not None:
            self._on_frame("sent", frame if isinstance(frame, str) else repr(frame))
        await self._socket.send(frame)

    async def receive_unmatched(self) -> str:
        """Return the next frame that was no CALL and no answer to a `call`; raises ConnectionLost."""
        while not self._unmatched:
            if self.ended.is_set():
                raise ConnectionLost("the connection is closed")
            self._unmatched_came = trio.Event()
            await self._unmatched_came.wait()
        return self._unmatched.popleft()

    async def ping(self) -> None:
        """Send a WebSocket ping and return when its pong is here; raises ConnectionLost."""
        await self._socket.ping()

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close the connection with the closing handshake."""
        await self._socket.close(code, reason)

    async def drop(self) -> None:
        """Cut the connection without a word."""
        await self._socket.drop()

    async def _take(self, text: str) -> None:
        if self._on_frame is not None:
            self._on_frame("received", text)
        match frames.decode(text):
            case [frames.CALL, message_id, str(action), dict(payload)]:
                await self._on_call(self, message_id, action, payload)
            case [frames.CALLRESULT, message_id, dict(payload)] if self._is_pending(message_id):
                self._settle(payload, None)
            case [frames.CALLERROR, message_id, str(code), *rest] if self._is_pending(message_id):
                description = rest[0] if rest and isinstance(rest[0], str) else ""
                details = rest[1] if len(rest) > 1 and isinstance(rest[1], dict) else {}
                self._settle(None, CallError(code, description, details))
            case _:
                self._unmatched.append(text)
                self._unmatched_came.set()

    def _is_pending(self, message_id: object) -> bool:
        pending = self._pending
        return pending is not None and pending.message_id == message_id and not pending.settled.is_set()

    def _settle(self, answer: Payload | None, failure: Exception | None) -> None:
        assert self._pending is not None
        self._pending.answer, self._pending.failure = answer, failure
        self._pending.settled.set()

"""Our own CALLs on one connection: one at a time, the others in a bounded queue (OCPP-J 1.6 §4.1.1)."""

from collections.abc import Callable
from typing import Any, Final

import trio

from csms.errors import StationOffline, StationRefused, StationTimeout
from csms.ocpp import rpc
from csms.ocpp.rpc import CallError, CallResult, ErrorCode, Malformed
from csms.ocpp.wire import Wire, WireClosedError

MAX_TOMBSTONES: Final = 64


class CallRefused(StationRefused):
    """The station answered a CALL with CALLERROR, or with something that is no valid answer."""

    def __init__(
        self, action: str, code: ErrorCode, description: str, details: Any, raw_code: str = ""
    ) -> None:
        """Keep what the station said; `raw_code` is the code as it spelled it."""
        super().__init__(f"the station answered {action} with {raw_code or code.value}: {description}")
        self.action = action
        self.code = code
        self.raw_code = raw_code or code.value
        self.description = description
        self.details = details


class CallTimeout(StationTimeout):
    """The station did not answer a CALL in time; `sent` is false when its turn never came."""

    def __init__(self, text: str, sent: bool) -> None:
        """Say what was waited for."""
        super().__init__(text)
        self.sent = sent


class ConnectionLost(StationOffline):
    """The connection ended before the answer came; the station may have acted on what was `sent`."""

    def __init__(self, text: str, sent: bool) -> None:
        """Say how it ended."""
        super().__init__(text)
        self.sent = sent


Answer = CallResult | CallError | Malformed


class _Outstanding:
    __slots__ = ("action", "answer", "done", "message_id")

    def __init__(self, message_id: str, action: str) -> None:
        self.message_id = message_id
        self.action = action
        self.answer: Answer | None = None
        self.done = trio.Event()


class Calls:
    """The side of a connection on which we ask and the station answers."""

    __slots__ = ("_lost", "_most", "_new_id", "_outstanding", "_tombstones", "_turn", "_waiting", "_wire")

    def __init__(self, wire: Wire, new_id: Callable[[], str], most: int) -> None:
        """Ask over `wire`; at most `most` requests wait."""
        self._wire = wire
        self._new_id = new_id
        self._most = most
        self._turn: trio.Lock | None = None
        self._waiting = 0
        self._outstanding: _Outstanding | None = None
        self._lost: str | None = None
        self._tombstones: dict[str, str] | None = None

    @property
    def waits(self) -> bool:
        """Whether an answer of the station is being waited for."""
        return self._outstanding is not None

    async def call(self, action: str, payload: Any, timeout_s: float) -> CallResult:
        """Send a request when it is its turn and return its answer."""
        if self._waiting >= self._most:
            raise CallTimeout(f"{self._waiting} requests already wait for the station", sent=False)
        turn = self._turn = self._turn or trio.Lock()
        self._waiting += 1
        try:
            with trio.move_on_after(timeout_s) as queued:
                await turn.acquire()
            if queued.cancelled_caught:
                raise CallTimeout(
                    f"{action} was not sent: the station is busy with earlier requests", sent=False
                )
            try:
                return await self._exchange(action, payload, timeout_s)
            finally:
                turn.release()
        finally:
            self._waiting -= 1

    async def _exchange(self, action: str, payload: Any, timeout_s: float) -> CallResult:
        if self._lost is not None:
            raise ConnectionLost(f"{action} was not sent: {self._lost}", sent=False)
        asked = self._outstanding = _Outstanding(self._new_id(), action)
        try:
            with trio.move_on_after(timeout_s):
                await self._wire.send(rpc.encode_call(asked.message_id, action, payload))
                await asked.done.wait()
        except WireClosedError as error:
            raise ConnectionLost(f"{action}: {error.closure.reason}", sent=True) from error
        finally:
            self._outstanding = None
            if asked.answer is None:
                self._bury(asked)
        answer = asked.answer
        if isinstance(answer, CallResult):
            return answer
        if isinstance(answer, CallError):
            raise CallRefused(action, answer.code, answer.description, answer.details, answer.raw_code)
        if isinstance(answer, Malformed):
            raise CallRefused(action, ErrorCode.FORMAT_VIOLATION, f"unreadable: {answer.reason}", {})
        if self._lost is not None:
            raise ConnectionLost(f"{action}: {self._lost}", sent=True)
        raise CallTimeout(f"the station did not answer {action} within {timeout_s:g} s", sent=True)

    def settle(self, message_id: str, answer: Answer) -> bool:
        """Hand an answer to whoever waits for it; return whether somebody did."""
        asked = self._outstanding
        if asked is None or asked.message_id != message_id or asked.answer is not None:
            return False
        asked.answer = answer
        asked.done.set()
        return True

    def exhume(self, message_id: str) -> str | None:
        """Return the action of a request that is no longer waited for, once."""
        return self._tombstones.pop(message_id, None) if self._tombstones else None

    def fail(self, reason: str) -> None:
        """Fail the outstanding request, and in turn those that wait, with ConnectionLost."""
        if self._lost is None:
            self._lost = reason
            if self._outstanding is not None:
                self._outstanding.done.set()

    def _bury(self, asked: _Outstanding) -> None:
        """Remember an unanswered request, so that its late answer is recognised."""
        tombstones = self._tombstones = {} if self._tombstones is None else self._tombstones
        tombstones[asked.message_id] = asked.action
        if len(tombstones) > MAX_TOMBSTONES:
            del tombstones[next(iter(tombstones))]

"""A WebSocket on a Trio stream: messages in, messages out, a bounded time for every send and close."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import trio
from trio.abc import Stream
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode

from csms.ocpp.sockets import RECEIVE_BYTES, DirectStream, linger
from csms.ocpp.websocket import Closure, WebSocket

LOST: Final = "the connection was lost"
DROPPED: Final = "the station dropped the connection"
_LOST: Final = (trio.BrokenResourceError, trio.ClosedResourceError)


class WireClosedError(Exception):
    """The WebSocket is over."""

    def __init__(self, closure: Closure) -> None:
        """Name how it ended."""
        super().__init__(f"{closure.code} {closure.reason}")
        self.closure = closure


class Wire:
    """The I/O of one WebSocket. Sends are kept apart and in order; one task at a time may receive."""

    __slots__ = (
        "_busy",
        "_closed",
        "_direct",
        "_ends",
        "_lost",
        "_nursery",
        "_queue",
        "_send_timeout_s",
        "_stream",
        "_websocket",
        "reads",
    )

    def __init__(
        self, stream: Stream, websocket: WebSocket, nursery: trio.Nursery, send_timeout_s: float
    ) -> None:
        """Take over a stream on which the handshake is done; what cannot wait is sent from `nursery`."""
        self._stream = stream
        self._direct = stream if isinstance(stream, DirectStream) else None
        self._websocket = websocket
        self._nursery = nursery
        self._send_timeout_s = send_timeout_s
        self._busy = False
        self._queue: trio.lowlevel.ParkingLot | None = None
        self._lost: Closure | None = None
        self._ends = self._closed = False
        self.reads = 0
        """Grows with everything that is heard from the station, pongs included."""

    @property
    def is_open(self) -> bool:
        """Whether messages may still be sent."""
        return self._lost is None and self._websocket.is_open

    @property
    def closure(self) -> Closure:
        """How it ended."""
        return self._lost or self._websocket.closure

    async def receive(self) -> list[bytes]:
        """Wait for data and return the messages it completes, possibly none; raises WireClosedError.

        What the station sent before it went away is read even when nothing can be sent to it any more.
        """
        if self._ends:
            raise WireClosedError(self.closure)
        try:
            data = await self._stream.receive_some(RECEIVE_BYTES)
        except _LOST as error:
            raise self._gone(LOST) from error
        self.reads += 1
        if not data:
            raise self._gone(DROPPED)
        return await self.take(data)

    async def take(self, data: bytes | bytearray) -> list[bytes]:
        """Handle bytes that have been read; raises WireClosedError when the connection is lost meanwhile."""
        messages = self._websocket.feed(data)
        answer, self._ends = self._websocket.writes()
        if answer:
            try:
                await self._send(answer)
            except WireClosedError:
                if not messages:
                    raise
        return messages

    async def send(self, message: bytes) -> None:
        """Send a text message; raises WireClosedError when it cannot be sent in time."""
        if self._lost is not None:
            raise WireClosedError(self._lost)
        try:
            data = self._websocket.text(message)
        except InvalidState as error:
            raise WireClosedError(self.closure) from error
        if self._direct is None or self._busy:
            await self._send(data)
        elif rest := self._send_now(data):
            await self._send_rest(rest)

    def ping(self) -> bool:
        """Ask the station for a sign of life; return False when another send is under way."""
        if self._busy:
            return False
        self._send_soon(self._websocket.ping())
        return True

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake without waiting for its end."""
        self._websocket.close(code, reason)
        data, self._ends = self._websocket.writes()
        if data:
            self._send_soon(data)

    def abort(self, reason: str) -> None:
        """Drop the connection without a word; whoever waits for it is woken."""
        if self._lost is None:
            self._lost = Closure(CloseCode.ABNORMAL_CLOSURE, reason)
        if self._closed:
            return
        self._closed = True
        if self._direct is not None:
            self._direct.close()
        else:
            self._nursery.start_soon(trio.aclose_forcefully, self._stream)

    async def finish(self) -> None:
        """Close the stream. A station in the middle of sending is given the time to read why."""
        if self._lost is None and self._ends and self._websocket.failed:
            await linger(self._stream)
        self._closed = True
        await trio.aclose_forcefully(self._stream)

    def _send_now(self, data: bytes) -> bytes:
        """Send what the kernel takes; a rest takes the turn and must be sent by `_send_rest`."""
        direct = self._direct
        if direct is None:
            self._busy = True
            return data
        try:
            sealed = direct.seal(data)
            sent = direct.send_now(sealed)
        except _LOST as error:
            raise self._gone(LOST) from error
        if sent == len(sealed):
            return b""
        self._busy = True
        return sealed[sent:]

    async def _send(self, data: bytes) -> None:
        """Send when it is this task's turn."""
        if self._busy:
            queue = self._queue = self._queue or trio.lowlevel.ParkingLot()
            with trio.move_on_after(self._send_timeout_s) as patience:
                await queue.park()  # the turn is handed over
            if patience.cancelled_caught:
                raise self._too_slow()
            self._busy = False
        if rest := self._send_now(data):
            await self._send_rest(rest)
        else:
            self._pass_turn()

    async def _send_rest(self, rest: bytes) -> None:
        """Send sealed bytes in a turn that is taken; a frame begun but not ended costs the connection."""
        try:
            with trio.fail_after(self._send_timeout_s):
                if self._direct is None:
                    await self._stream.send_all(rest)
                else:
                    await self._direct.send_sealed(rest)
        except trio.TooSlowError as error:
            raise self._too_slow() from error
        except _LOST as error:
            raise self._gone(LOST) from error
        except trio.Cancelled:
            self.abort("a frame could not be sent to its end")
            raise
        finally:
            self._pass_turn()

    def _pass_turn(self) -> None:
        self._busy = bool(self._queue)
        if self._queue:
            self._queue.unpark()

    def _send_soon(self, data: bytes) -> None:
        """Send without waiting: in a task of its own if need be."""
        if self._lost is not None:
            return
        if self._busy:
            self._nursery.start_soon(self._quietly, self._send, data)
            return
        with contextlib.suppress(WireClosedError):
            if rest := self._send_now(data):
                self._nursery.start_soon(self._quietly, self._send_rest, rest)

    async def _quietly(self, send: Callable[[bytes], Awaitable[None]], data: bytes) -> None:
        with contextlib.suppress(WireClosedError):
            await send(data)

    def _too_slow(self) -> WireClosedError:
        self.abort(f"the station read nothing for {self._send_timeout_s:g} s")
        return WireClosedError(self.closure)

    def _gone(self, reason: str) -> WireClosedError:
        """Note that the stream is unusable."""
        if self._lost is None and not self._ends:
            self._lost = Closure(CloseCode.ABNORMAL_CLOSURE, reason)
        return WireClosedError(self.closure)

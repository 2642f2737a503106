"""A WebSocket on a Trio stream: messages in, messages out, a bounded time for every send and close."""

import contextlib
from typing import Final

import trio
from trio.abc import Stream
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode

from csms.ocpp.sockets import RECEIVE_BYTES, DirectStream, linger
from csms.ocpp.websocket import Closure, WebSocket

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
        "_closed",
        "_direct",
        "_ends",
        "_lock",
        "_lost",
        "_nursery",
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
        self._lock: trio.Lock | None = None
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
            raise self._gone("the connection was lost") from error
        self.reads += 1
        if not data:
            raise self._gone("the station dropped the connection")
        return await self.take(data)

    async def take(self, data: bytes | bytearray) -> list[bytes]:
        """Handle bytes that have been read; raises WireClosedError when the connection is lost meanwhile."""
        messages = self._websocket.feed(data)
        answer, self._ends = self._websocket.writes()
        if answer:
            try:
                sent = self._send_now(answer)
                if sent < len(answer):
                    await self._send(answer[sent:], begun=sent > 0)
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
        sent = self._send_now(data)
        if sent < len(data):
            await self._send(data[sent:], begun=sent > 0)

    def ping(self) -> None:
        """Ask the station for a sign of life, unless a send is waiting for one already."""
        if self._lock is None:
            self._send_soon(self._websocket.ping())

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

    def _send_now(self, data: bytes) -> int:
        """Send what the kernel takes if nobody else is sending; return how much that was."""
        if self._direct is None or self._lock is not None:
            return 0
        try:
            return self._direct.send_now(data)
        except _LOST as error:
            raise self._gone("the connection was lost") from error

    async def _send(self, data: bytes, begun: bool = False) -> None:
        """Send when it is this task's turn; a frame begun but not ended costs the connection."""
        lock = self._lock = self._lock or trio.Lock()
        try:
            with trio.fail_after(self._send_timeout_s):
                async with lock:
                    begun = True
                    await self._stream.send_all(data)
        except trio.TooSlowError as error:
            self.abort(f"the station read nothing for {self._send_timeout_s:g} s")
            raise WireClosedError(self.closure) from error
        except _LOST as error:
            raise self._gone("the connection was lost") from error
        except trio.Cancelled:
            if begun:
                self.abort("a frame could not be sent to its end")
            raise
        finally:
            if not lock.locked():
                self._lock = None

    def _send_soon(self, data: bytes) -> None:
        if self._lost is not None:
            return
        try:
            sent = self._send_now(data)
        except WireClosedError:
            return
        if sent < len(data):
            self._nursery.start_soon(self._try_send, data[sent:], sent > 0)

    async def _try_send(self, data: bytes, begun: bool) -> None:
        with contextlib.suppress(WireClosedError):
            await self._send(data, begun)

    def _gone(self, reason: str) -> WireClosedError:
        """Note that the stream is unusable."""
        if self._lost is None and not self._ends:
            self._lost = Closure(CloseCode.ABNORMAL_CLOSURE, reason)
        return WireClosedError(self.closure)

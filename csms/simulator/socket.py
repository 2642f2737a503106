"""One WebSocket to a CSMS over any Trio stream (OCPP-J 1.6 §3, OCPP 2.0.1 Part 4 §3).

trio-websocket does the protocol. What stands here is what it leaves open: a handshake that ends at once when
the far end hangs up, the refusal's status and text, closing that cannot hang, and dropping without a word.
"""

import os
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlsplit

import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
)

from csms.simulator.errors import ConnectionLost, NoCommonSubprotocol, Refused, Unreachable
from csms.simulator.nursery import plain_nursery

Dial = Callable[[], Awaitable[trio.abc.Stream]]

HANDSHAKE_S = 20.0
CLOSE_S = 2.0
MAX_MESSAGE_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Address:
    """Where a station connects to, and as whom."""

    host: str
    port: int
    tls: bool
    resource: str

    @classmethod
    def of(cls, url: str, identity: str) -> "Address":
        """Return the address of `<url>/<identity>`, the identity percent-encoded; raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise ValueError(
                f"not a WebSocket address: {url!r}; write ws://HOST:PORT/PATH or wss://HOST:PORT/PATH"
            )
        tls = parts.scheme == "wss"
        port = parts.port or (443 if tls else 80)
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.hostname, port, tls, f"{parts.path.rstrip('/')}/{quote(identity, safe='')}{query}")

    def host_header(self) -> str:
        """Return the value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    async def dial(self, tls_context: ssl.SSLContext | None = None) -> trio.abc.Stream:
        """Open a TCP or TLS stream; raises Unreachable."""
        try:
            with trio.fail_after(HANDSHAKE_S):
                stream = await trio.open_tcp_stream(self.host, self.port)
                if not self.tls:
                    return stream
                context = tls_context or ssl.create_default_context()
                secured = trio.SSLStream(stream, context, server_hostname=self.host, https_compatible=True)
                await secured.do_handshake()
                return secured
        except trio.TooSlowError:
            raise Unreachable(f"{self.host}:{self.port} does not answer") from None
        except trio.BrokenResourceError as broken:
            raise Unreachable(
                f"{self.host}:{self.port}: TLS failed: {broken.__cause__ or broken}"
            ) from broken
        except OSError as error:
            raise Unreachable(f"{self.host}:{self.port}: {_plainly(error)}") from error


def _plainly(error: OSError) -> str:
    """Return the operating system's words; trying several addresses hides them one level down."""
    causes = error.__cause__.exceptions if isinstance(error.__cause__, BaseExceptionGroup) else ()
    for cause in (error, *causes):
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)
    return str(error)


def basic_auth(identity: str, password: bytes) -> tuple[bytes, bytes]:
    """Return the Authorization header of security profiles 1 and 2; the password may be any bytes."""
    return b"Authorization", b"Basic " + b64encode(identity.encode() + b":" + password)


class Socket:
    """An open WebSocket; texts in, texts out."""

    def __init__(self, websocket: WebSocketConnection, stream: trio.abc.Stream) -> None:
        self._websocket = websocket
        self._stream = stream

    async def send(self, message: str | bytes) -> None:
        """Send one message, bytes as a binary frame; raises ConnectionLost."""
        try:
            await self._websocket.send_message(message)
        except ConnectionClosed:
            raise ConnectionLost("the connection is closed") from None

    async def receive(self) -> str | bytes:
        """Return the next message; raises ConnectionLost."""
        try:
            return await self._websocket.get_message()
        except ConnectionClosed:
            raise ConnectionLost("the connection is closed") from None

    async def ping(self) -> None:
        """Send a ping and return when its pong is here; raises ConnectionLost."""
        try:
            await self._websocket.ping()
        except ConnectionClosed:
            raise ConnectionLost("the connection is closed") from None

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close with the closing handshake, at most CLOSE_S seconds long."""
        with trio.move_on_after(CLOSE_S):
            await self._websocket.aclose(code, reason)

    async def drop(self) -> None:
        """Cut the stream without a closing handshake, as a power or network failure does."""
        await trio.aclose_forcefully(self._stream)

    @property
    def closed(self) -> tuple[int, str] | None:
        """Return the closing code and reason, or None while the socket is open."""
        reason = self._websocket.closed
        return (reason.code, reason.reason or "") if reason else None


class _ReaderTask:
    """Takes the nursery's place in `wrap_client_stream`, to see how the library's reader ends."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self.ended = trio.Event()
        self.rejection: ConnectionRejected | None = None

    def start_soon(self, reader: Callable[[], Awaitable[None]]) -> None:
        self._nursery.start_soon(self._run, reader)

    async def _run(self, reader: Callable[[], Awaitable[None]]) -> None:
        try:
            await reader()
        except ConnectionRejected as rejection:
            self.rejection = rejection
        except ConnectionClosed:
            pass  # the library answers a broken frame on a stream that is gone
        finally:
            self.ended.set()


@asynccontextmanager
async def open_socket(
    stream: trio.abc.Stream, address: Address, subprotocol: str, headers: list[tuple[bytes, bytes]]
) -> AsyncIterator[Socket]:
    """Do the opening handshake on a stream and own the stream; raises Refused or Unreachable."""
    try:
        async with plain_nursery() as nursery:
            reader = _ReaderTask(nursery)
            websocket = await _handshake(reader, stream, address, subprotocol, headers)
            if websocket.subprotocol != subprotocol:
                raise NoCommonSubprotocol(subprotocol)
            yield Socket(websocket, stream)
            with trio.move_on_after(CLOSE_S):  # a closing handshake may be under way
                await reader.ended.wait()
            nursery.cancel_scope.cancel()
    finally:
        await trio.aclose_forcefully(stream)


async def _handshake(
    reader: _ReaderTask,
    stream: trio.abc.Stream,
    address: Address,
    subprotocol: str,
    headers: list[tuple[bytes, bytes]],
) -> WebSocketConnection:
    opened: list[WebSocketConnection] = []

    async def wrap(race: trio.CancelScope) -> None:
        websocket = await wrap_client_stream(
            cast(trio.Nursery, reader),
            cast(Any, stream),
            address.host_header(),
            address.resource,
            subprotocols=[subprotocol],
            extra_headers=headers,
            max_message_size=MAX_MESSAGE_BYTES,
        )
        opened.append(websocket)
        race.cancel()

    with trio.move_on_after(HANDSHAKE_S):
        async with trio.open_nursery() as race:
            race.start_soon(wrap, race.cancel_scope)
            await reader.ended.wait()
            race.cancel_scope.cancel()
    if reader.rejection is not None:
        body = (reader.rejection.body or b"").decode("utf-8", "replace").strip()
        raise Refused(reader.rejection.status_code, " ".join(body.split())[:300])
    if not opened:
        raise Unreachable(
            f"{address.host}:{address.port} hung up, or kept silent, during the WebSocket handshake"
        )
    return opened[0]

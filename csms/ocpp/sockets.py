"""A TCP stream that spends one system call on a read and one on a write.

`trio.SocketStream` yields to the scheduler on every send and tries a read before it waits for one; a central
system answers thousands of small messages a second, each of which waits for its request anyway.
"""

import socket
from typing import Final

import trio
from trio.abc import HalfCloseableStream, Stream

RECEIVE_BYTES: Final = 16_384
LINGER_S: Final = 2.0


class DirectStream(HalfCloseableStream):
    """A connected, non-blocking TCP socket as a Trio stream."""

    def __init__(self, sock: socket.socket) -> None:
        """Take ownership of a connected stream socket."""
        sock.setblocking(False)
        self._socket = sock
        self._closed = False

    def send_now(self, data: bytes | memoryview) -> int:
        """Hand the kernel as many sealed bytes as it takes without waiting; return how many those were."""
        if self._closed:
            raise trio.ClosedResourceError("this stream was closed")
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise trio.BrokenResourceError("the connection was lost while sending") from error

    def seal(self, data: bytes) -> bytes:
        """Return data as it goes on the wire; what is sealed must be sent, in the order of the sealing."""
        return data

    async def send_sealed(self, data: bytes) -> None:
        """Send sealed bytes, waiting for the peer to read where needed."""
        rest = memoryview(data)
        while True:
            rest = rest[self.send_now(rest) :]
            if not rest:
                return
            await trio.lowlevel.wait_writable(self._socket)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything, waiting for the peer to read where needed."""
        await self.send_sealed(self.seal(bytes(data)))

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the kernel takes at least one byte."""
        if self._closed:
            raise trio.ClosedResourceError("this stream was closed")
        await trio.lowlevel.wait_writable(self._socket)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Wait for data and return it; empty means the peer sends no more."""
        if self._closed:
            raise trio.ClosedResourceError("this stream was closed")
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(max_bytes or RECEIVE_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                if self._closed:
                    raise trio.ClosedResourceError("this stream was closed") from error
                raise trio.BrokenResourceError("the connection was lost") from error

    async def send_eof(self) -> None:
        """Tell the peer that no more will be sent."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise trio.BrokenResourceError("the connection was lost") from error

    def close(self) -> None:
        """Close at once; whoever waits on the stream is woken with ClosedResourceError."""
        if not self._closed:
            self._closed = True
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()

    async def aclose(self) -> None:
        """Close at once and yield."""
        self.close()
        await trio.lowlevel.checkpoint()


async def linger(stream: Stream) -> None:
    """Say that no more comes and hear the peer out, for a bounded time.

    Closing at once while the peer still sends would reset the connection, and our last words would be lost.
    """
    with trio.move_on_after(LINGER_S):
        try:
            if isinstance(stream, HalfCloseableStream):
                await stream.send_eof()
            while await stream.receive_some(RECEIVE_BYTES):
                pass
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


def tune(sock: socket.socket) -> None:
    """Set what every station's socket gets: no Nagle delay, and the kernel's own probe for dead peers."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

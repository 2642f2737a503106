"""The doors for charging stations: accept, TLS, upgrade, serve, stop (OCPP-J 1.6 §3, 2.0.1 Part 4 §3)."""

import errno
import socket
import ssl
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
import trio
from trio.abc import Stream

from csms.clock import Clock
from csms.ocpp.connection import Connection, Dispatch, Surroundings
from csms.ocpp.file_door import FileDoor
from csms.ocpp.file_request import FileRequest
from csms.ocpp.handshake import Gate
from csms.ocpp.limits import Limits
from csms.ocpp.liveness import Liveness
from csms.ocpp.registry import Registry
from csms.ocpp.sockets import DirectStream, linger, tune
from csms.ocpp.tls_stream import TlsStream
from csms.ocpp.upgrade import Peer, Upgraded, upgrade
from csms.ocpp.wire import Wire

BACKLOG: Final = 1024
SEND_BUFFER_BYTES: Final = 131_072
"""What the kernel keeps (twice) for a station that does not read; by itself it would keep megabytes."""
ACCEPT_PAUSE_S: Final = 0.25
_MAPPED: Final = "::ffff:"
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Door:
    """A listening socket, with TLS where a context is given; another context counts for the next handshakes."""

    socket: socket.socket
    tls: ssl.SSLContext | None = None

    @property
    def address(self) -> tuple[str, int]:
        """The bound host and port."""
        host, port, *_ = self.socket.getsockname()
        return host, port


def open_door(host: str, port: int, tls: ssl.SSLContext | None = None) -> Door:
    """Bind a listening socket; raises OSError. Port 0 picks a free one; host "" or "::" is both families."""
    family = socket.AF_INET6 if ":" in host or not host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host in ("", "::") else 1)
        listening.bind((host or "::", port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return Door(listening, tls)


class StationServer:
    """Everything between a bound socket and the dispatch; `run` it, then `stop` it."""

    def __init__(
        self,
        gate: Gate,
        dispatch: Dispatch,
        registry: Registry,
        limits: Limits,
        *,
        clock: Clock,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        files: FileDoor | None = None,
    ) -> None:
        """Put the parts together; time and ids are handed in. Without `files` there are none here."""
        self.limits = limits
        self._gate = gate
        self._dispatch = dispatch
        self._registry = registry
        self._clock = clock
        self._new_id = new_id
        self._files = files
        self._shared: Surroundings | None = None
        self._accepting = trio.CancelScope()
        self._handshakes = 0
        self._room = trio.Event()

    async def run(
        self, doors: Sequence[Door], *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve stations at all doors until `stop` or cancellation."""
        async with trio.open_nursery() as nursery:
            liveness = Liveness()
            self._shared = Surroundings(
                self._dispatch, self.limits, liveness, nursery, self._new_id, self._clock
            )
            nursery.start_soon(liveness.run)
            task_status.started()
            async with trio.open_nursery() as accepting:
                self._accepting = accepting.cancel_scope
                for door in doors:
                    accepting.start_soon(self._accept, door, nursery)
                accepting.start_soon(trio.sleep_forever)

    async def stop(self, grace_s: float) -> None:
        """Accept no more, close every connection in parallel, and be done within `grace_s`."""
        self._accepting.cancel()
        await self._registry.drain(grace_s)
        if self._shared is not None:
            self._shared.nursery.cancel_scope.cancel()

    async def _accept(self, door: Door, nursery: trio.Nursery) -> None:
        with door.socket:
            while True:
                await trio.lowlevel.wait_readable(door.socket)
                if self._handshakes >= self.limits.max_handshakes:
                    self._room = trio.Event()
                    await self._room.wait()
                try:
                    accepted, address = door.socket.accept()
                except BlockingIOError:
                    continue
                except OSError as error:
                    if error.errno in _EXHAUSTED:
                        _log.error("accept_failed", error=str(error), mend="raise the limit of open files")
                        await trio.sleep(ACCEPT_PAUSE_S)
                    continue
                self._handshakes += 1
                peer = str(address[0]).removeprefix(_MAPPED)
                nursery.start_soon(self._welcome, accepted, peer, door.tls)

    async def _welcome(self, accepted: socket.socket, address: str, tls: ssl.SSLContext | None) -> None:
        self._handshakes -= 1
        tune(accepted)
        stream = DirectStream(accepted) if tls is None else TlsStream(accepted, tls)
        await self.serve_stream(stream, address)

    async def serve_stream(self, stream: Stream, address: str = "") -> None:
        """Serve one connected stream to its end, while `run` runs. Nothing a station does raises here."""
        try:
            upgraded = await self._open(stream, address)
            if isinstance(upgraded, FileRequest):
                await self._serve_file(stream, address, upgraded)
                await linger(stream)
            elif upgraded is None:
                await linger(stream)
            else:
                await self._serve(stream, address, upgraded)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            _log.debug("handshake_failed", peer=address, error=str(error))
        except Exception:  # ends this connection only
            _log.exception("connection_failed", peer=address)
        finally:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)

    async def _serve_file(self, stream: Stream, address: str, request: FileRequest) -> None:
        if self._files is None:
            await stream.send_all(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        else:
            await self._files.serve(stream, address, request)

    async def _open(self, stream: Stream, address: str) -> Upgraded | FileRequest | None:
        self._handshakes += 1
        try:
            with trio.move_on_after(self.limits.handshake_timeout_s):
                peer = await _peer(stream, address)
                full = len(self._registry) >= self.limits.max_connections
                return await upgrade(stream, peer, self._gate, self.limits.max_head_bytes, full)
        finally:
            self._handshakes -= 1
            self._room.set()
        _log.info("handshake_timed_out", peer=address, after_s=self.limits.handshake_timeout_s)
        return None

    async def _serve(self, stream: Stream, address: str, upgraded: Upgraded) -> None:
        shared = self._shared
        admitted = upgraded.admitted
        if shared is None or admitted.version is None:
            return
        wire = Wire(stream, upgraded.websocket, shared.nursery, self.limits.send_timeout_s)
        generation = self._registry.next_generation()
        connection = Connection(
            admitted.station, admitted.version, admitted.options, address, wire, shared, generation
        )
        connection.reached = upgraded.reached
        older = self._registry.register(connection)
        if older is not None:
            older.supersede()
        try:
            await self._dispatch.connected(connection)
            await connection.run(upgraded.leftover)
            self._registry.remove(connection)
            await self._dispatch.disconnected(connection, connection.end_reason, connection.superseded)
        finally:
            connection.abort("the connection is over")
            self._registry.remove(connection)
            self._registry.forget(connection)


async def _peer(stream: Stream, address: str) -> Peer:
    if not isinstance(stream, TlsStream):
        return Peer(address)
    try:
        await stream.do_handshake()
    except trio.BrokenResourceError as error:
        _log.info("tls_failed", peer=address, error=str(error.__cause__ or error))
        raise
    return Peer(
        address,
        tls=True,
        client_certificate=stream.client_certificate,
        client_chain=stream.client_chain,
    )

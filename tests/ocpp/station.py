"""A charging station made of bytes: it writes the HTTP request and every frame itself."""

import base64
import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import trio
import trio.testing
from trio.abc import Stream
from websockets.utils import apply_mask

from csms.model.station import StationRef
from csms.ocpp import rpc
from csms.ocpp.connection import Connection, FrameNote
from csms.ocpp.handshake import Admitted, ConnectionOptions, Hello, Refused
from csms.ocpp.limits import Limits
from csms.ocpp.listener import StationServer
from csms.ocpp.registry import Registry
from csms.ocpp.rpc import Call

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@dataclass
class Reply:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: str


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv1: bool = False, masked: bool = True) -> bytes:
    head = bytes([opcode | (0x80 if fin else 0) | (0x40 if rsv1 else 0)])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([bit | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(apply_mask(payload, mask))


class Station:
    """The station's end of a stream."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.buffer = b""

    async def more(self) -> None:
        data = await self.stream.receive_some(65536)
        if not data:
            raise EOFError
        self.buffer += data

    async def raw_request(self, request: bytes) -> Reply:
        await self.stream.send_all(request)
        while b"\r\n\r\n" not in self.buffer:
            await self.more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in rest)}
        while len(self.buffer) < int(headers.get("content-length", 0)):
            await self.more()
        body = b""
        if "content-length" in headers:
            body, self.buffer = self.buffer, b""
        return Reply(int(first.split()[1]), headers, body.decode())

    async def request(
        self, path: str = "/ocpp/CP1", protocols: str | None = "ocpp1.6", **extra: str
    ) -> Reply:
        """Ask for the upgrade; extra headers are named with underscores."""
        headers = {
            "Host": "csms.example",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": KEY,
            "Sec-WebSocket-Version": "13",
        }
        if protocols is not None:
            headers["Sec-WebSocket-Protocol"] = protocols
        headers |= {name.replace("_", "-"): value for name, value in extra.items()}
        lines = [f"GET {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
        return await self.raw_request("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def open(self, path: str = "/ocpp/CP1", **extra: Any) -> None:
        reply = await self.request(path, **extra)
        assert reply.status == 101, reply
        assert reply.headers["sec-websocket-accept"] == ACCEPT

    async def send(self, message: str | bytes) -> None:
        await self.stream.send_all(frame(TEXT, message.encode() if isinstance(message, str) else message))

    async def send_frame(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def frame(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame from the server."""
        while True:
            if len(self.buffer) >= 2:
                size, at = self.buffer[1] & 0x7F, 2
                if size == 126:
                    size, at = int.from_bytes(self.buffer[2:4], "big"), 4
                elif size == 127:
                    size, at = int.from_bytes(self.buffer[2:10], "big"), 10
                if len(self.buffer) >= at + size and not (size < at - 2):
                    opcode = self.buffer[0] & 0x0F
                    assert not self.buffer[1] & 0x80, "a server never masks"
                    payload, self.buffer = self.buffer[at : at + size], self.buffer[at + size :]
                    return opcode, payload
            await self.more()

    async def text(self) -> str:
        """Return the next text message, answering nothing on the way."""
        while True:
            opcode, payload = await self.frame()
            if opcode == TEXT:
                return payload.decode()
            assert opcode in (PING, PONG), (opcode, payload)

    async def message(self) -> list[Any]:
        message: list[Any] = json.loads(await self.text())
        return message

    async def closed(self) -> tuple[int, str]:
        """Wait for the server's close frame."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big"), payload[2:].decode()

    async def gone(self) -> bool:
        """Wait until the connection has ended, whatever else comes."""
        try:
            while True:
                await self.more()
        except (EOFError, trio.BrokenResourceError, trio.ClosedResourceError):
            return True


def basic(user_and_password: bytes) -> str:
    return "Basic " + base64.b64encode(user_and_password).decode()


class Fixed:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


Handler = Callable[[Connection, Call], Any]


@dataclass
class Office:
    """A gate and a dispatch that keep what they hear and answer what they are told to."""

    verdict: Admitted | Refused | Exception | None = None
    version: Any = "1.6"
    options: ConnectionOptions = field(default_factory=lambda: ConnectionOptions(ping_interval_s=0))
    handler: Handler | None = None
    hellos: list[Hello] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    notes: list[FrameNote] = field(default_factory=list)
    events: list[tuple[str, int, str, bool]] = field(default_factory=list)
    waiting: trio.lowlevel.ParkingLot = field(default_factory=trio.lowlevel.ParkingLot)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something has been heard that makes the condition true."""
        with trio.fail_after(10):
            while not condition():
                await self.waiting.park()

    def ended(self) -> int:
        """Count the connections that are over."""
        return sum(event[0] == "disconnected" for event in self.events)

    async def admit(self, hello: Hello) -> Admitted | Refused:
        self.hellos.append(hello)
        await trio.lowlevel.checkpoint()
        if isinstance(self.verdict, Exception):
            raise self.verdict
        name = hello.path_segments[-1] if hello.path_segments else ""
        return self.verdict or Admitted(StationRef("t1", name, name), self.version, self.options)

    async def answer(self, connection: Connection, call: Call) -> bytes:
        self.calls.append(call)
        self.waiting.unpark_all()
        if self.handler is not None:
            answer: bytes = await self.handler(connection, call)
            return answer
        await trio.lowlevel.checkpoint()
        return rpc.encode_result(call.raw_id, {"n": len(self.calls)})

    async def connected(self, connection: Connection) -> None:
        self.events.append(("connected", connection.generation, "", False))

    async def disconnected(self, connection: Connection, reason: str, superseded: bool) -> None:
        self.events.append(("disconnected", connection.generation, reason, superseded))
        self.waiting.unpark_all()

    def note(self, connection: Connection, note: FrameNote) -> None:
        self.notes.append(note)


class Yard:
    """A server on memory streams, and the stations in front of it."""

    def __init__(self, nursery: trio.Nursery, office: Office, limits: Limits) -> None:
        self.nursery = nursery
        self.office = office
        self.registry = Registry()
        self.ids = 0
        self.server = StationServer(office, office, self.registry, limits, clock=Fixed(), new_id=self.new_id)

    def new_id(self) -> str:
        self.ids += 1
        return f"id-{self.ids}"

    def station(self) -> Station:
        ours, theirs = trio.testing.memory_stream_pair()
        self.nursery.start_soon(self.server.serve_stream, theirs, "192.0.2.7")
        return Station(ours)

    async def connected(self, name: str = "CP1", **extra: Any) -> Station:
        station = self.station()
        await station.open(f"/ocpp/{name}", **extra)
        await trio.testing.wait_all_tasks_blocked()
        return station

    def connection(self, name: str = "CP1") -> Connection:
        connection = self.registry.get(name)
        assert connection is not None
        return connection

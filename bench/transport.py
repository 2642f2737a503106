"""What a message and an idle connection cost in the OCPP edge: transport, codec and validation, no store.

    python -m bench.transport [--stations 100] [--seconds 5] [--idle 1000] [--deflate] [--profile FILE]

The server runs in a process of its own and reports its own CPU time and memory; the stations are sockets here.
"""

import argparse
import cProfile
import json
import multiprocessing
import os
import selectors
import socket
import time
import zlib
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import trio
from websockets.frames import Frame, Opcode

from csms.clock import SystemClock
from csms.model.station import StationRef
from csms.ocpp import rpc, schemas
from csms.ocpp.connection import Connection, FrameNote
from csms.ocpp.handshake import Admitted, ConnectionOptions, Hello
from csms.ocpp.limits import Limits
from csms.ocpp.listener import StationServer, open_door
from csms.ocpp.registry import Registry
from csms.ocpp.rpc import Call

SAMPLE = {
    "value": "1234.5",
    "measurand": "Energy.Active.Import.Register",
    "unit": "Wh",
    "context": "Sample.Periodic",
    "location": "Outlet",
    "phase": "L1",
}
PAYLOAD = {
    "connectorId": 1,
    "transactionId": 12,
    "meterValue": [{"timestamp": "2026-01-01T00:00:00.000Z", "sampledValue": [SAMPLE] * 8}],
}


class Echo:
    """A gate that admits everybody and a dispatch that validates and answers."""

    async def admit(self, hello: Hello) -> Admitted:
        """Admit everybody under the last segment of the path."""
        name = hello.path_segments[-1]
        return Admitted(StationRef("t", name, name), "1.6", ConnectionOptions(ping_interval_s=45))

    async def answer(self, connection: Connection, call: Call) -> bytes:
        """Validate and answer with nothing."""
        violation = schemas.validate(connection.version, call.action, "request", call.payload)
        if violation is not None:
            return rpc.encode_error(call.raw_id, violation.code, violation.text, connection.version)
        return rpc.encode_result(call.raw_id, {})

    async def connected(self, connection: Connection) -> None:
        """Keep nothing."""

    async def disconnected(self, connection: Connection, reason: str, superseded: bool) -> None:
        """Keep nothing."""

    def note(self, connection: Connection, note: FrameNote) -> None:
        """Keep nothing."""


def rss_bytes() -> int:
    """Return the memory this process has resident (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def serve(pipe: Pipe, profile: str | None) -> None:
    """Serve until told to stop; answer every question with (CPU seconds, resident bytes, connections)."""

    async def main() -> None:
        echo, registry = Echo(), Registry()
        server = StationServer(echo, echo, registry, Limits(), clock=SystemClock())
        door = open_door("127.0.0.1", 0)
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run, [door])
            pipe.send(door.address[1])
            while True:
                await trio.lowlevel.wait_readable(pipe.fileno())
                if pipe.recv() == "stop":
                    break
                pipe.send((time.process_time(), rss_bytes(), len(registry)))
            await server.stop(2)

    if profile is None:
        trio.run(main)
    else:
        cProfile.runctx("trio.run(main)", {"trio": trio, "main": main}, {}, profile)


def connect(port: int, name: str, deflate: bool) -> socket.socket:
    """Return a station that has got its 101."""
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" if deflate else ""
    station = socket.create_connection(("127.0.0.1", port))
    station.sendall(
        f"GET /ocpp/{name} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{offer}"
        "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n".encode()
    )
    head = station.recv(4096)
    assert b" 101 " in head, head
    assert (b"permessage-deflate" in head) == deflate, head
    station.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return station


def wire_message(deflate: bool) -> bytes:
    """Return a MeterValues with eight samples as one masked frame."""
    text = json.dumps([2, "a1b2c3d4-0001", "MeterValues", PAYLOAD], separators=(",", ":")).encode()
    if not deflate:
        return Frame(Opcode.TEXT, text).serialize(mask=True)
    squeeze = zlib.compressobj(wbits=-12)
    packed = (squeeze.compress(text) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]
    frame = bytearray(Frame(Opcode.TEXT, packed).serialize(mask=True))
    frame[0] |= 0x40
    return bytes(frame)


def load(stations: list[socket.socket], message: bytes, seconds: float) -> tuple[int, list[float]]:
    """Have every station send its next message as soon as it has its answer."""
    selector = selectors.DefaultSelector()
    asked: dict[int, float] = {}
    for station in stations:
        selector.register(station, selectors.EVENT_READ)
        asked[station.fileno()] = time.perf_counter()
        station.sendall(message)
    answered, waits = 0, []
    end = time.perf_counter() + seconds
    open_requests = len(stations)
    while open_requests:
        for key, _ in selector.select():
            asker: Any = key.fileobj
            assert asker.recv(4096)[2:4] == b"[3"
            now = time.perf_counter()
            waits.append(now - asked[key.fd])
            answered += 1
            if now < end:
                asked[key.fd] = now
                asker.sendall(message)
            else:
                open_requests -= 1
    return answered, waits


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--profile")
    options = parser.parse_args()
    pipe, far_end = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(far_end, options.profile))
    server.start()
    port = pipe.recv()

    def ask() -> Any:
        pipe.send("measure")
        return pipe.recv()

    message = wire_message(options.deflate)
    crowd = [connect(port, f"CP{n:05}", options.deflate) for n in range(options.stations)]
    load(crowd, message, 0.5)
    cpu, _, _ = ask()
    answered, waits = load(crowd, message, options.seconds)
    spent = ask()[0] - cpu
    waits.sort()
    print(f"{len(message)} bytes a message on the wire, {answered / options.seconds:,.0f} messages/s")
    print(f"CPU per message: {spent / answered * 1e6:.1f} µs")
    print(
        f"answer time: median {waits[len(waits) // 2] * 1e3:.1f} ms, 99th {waits[len(waits) * 99 // 100] * 1e3:.1f} ms"
    )
    before = ask()
    cpu = before[0]
    idle = [connect(port, f"ID{n:05}", options.deflate) for n in range(options.idle)]
    load(idle, message, 0)
    after = ask()
    if options.idle:
        each = (after[1] - before[1]) / options.idle
        print(f"memory per idle connection: {each / 1024:.1f} KiB ({after[2]} open)")
        print(f"CPU per connect with a first message: {(after[0] - cpu) / options.idle * 1e6:.0f} µs")
    pipe.send("stop")
    server.join(5)


if __name__ == "__main__":
    main()

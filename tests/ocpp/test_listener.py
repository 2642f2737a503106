"""The doors on real sockets: TLS, exhaustion, overload, stopping, and the clients others have written."""

import contextlib
import json
import os
import resource
import socket
import ssl
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio
import trio.testing
import trio_websocket
import trustme
import websockets.sync.client
from websockets.typing import Subprotocol

from csms.ocpp import rpc
from csms.ocpp.connection import Connection
from csms.ocpp.handshake import ConnectionOptions, Refused
from csms.ocpp.limits import Limits
from csms.ocpp.listener import open_door
from csms.ocpp.registry import Registry
from csms.ocpp.rpc import Call
from csms.ocpp.tls import server_context
from tests.ocpp.doors import Start, dial, dial_tls
from tests.ocpp.station import CLOSE, PING, PONG, TEXT, Office, Station, frame


async def test_several_doors_serve_the_same_stations(
    start: Start, registry: Registry, nursery: trio.Nursery
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    _, (plain, secure) = await start(tls=context)
    first = await dial(plain)
    await first.open("/ocpp/CP1")
    second = await dial_tls(secure, authority)
    await second.open("/ocpp/CP2")
    for station in (first, second):
        await station.send('[2,"1","Heartbeat",{}]')
        assert (await station.message())[0] == 3
    assert len(registry) == 2


def highest_file() -> int:
    return max(int(file.name) for file in Path("/proc/self/fd").iterdir())


async def test_running_out_of_files_does_not_end_the_accepting(start: Start) -> None:
    _, [door] = await start()
    waiting = socket.socket()
    waiting.setblocking(False)
    station = Station(trio.SocketStream(trio.socket.from_stdlib_socket(waiting)))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest_file() + 20, hard))
    hoard: list[int] = []
    try:
        with structlog.testing.capture_logs() as logs:
            with contextlib.suppress(OSError):
                while True:
                    hoard.append(os.dup(0))
            waiting.connect_ex(door.address)
            with trio.move_on_after(0.3):
                await station.more()
        assert [entry["event"] for entry in logs][:1] == ["accept_failed"]
        assert len(logs) < 4, "the loop must not spin"
    finally:
        for fd in hoard:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with trio.fail_after(5):
        await station.open()
        await (await dial(door)).open("/ocpp/CP2")


async def test_slow_handshakes_do_not_keep_others_out_for_long(start: Start) -> None:
    limits = Limits(max_handshakes=4, handshake_timeout_s=0.5)
    _, [door] = await start(limits)
    slow = [await dial(door) for _ in range(8)]
    with trio.fail_after(5):
        await (await dial(door)).open()
    assert len(slow) == 8


async def test_stopping_closes_everybody_in_parallel_after_their_answers(
    start: Start, office: Office, registry: Registry
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        await trio.sleep(0.3)
        return rpc.encode_result(call.raw_id, {"late": True})

    office.handler = handler
    server, [door] = await start()
    address = door.address
    stations = [await dial(door) for _ in range(20)]
    for n, station in enumerate(stations):
        await station.open(f"/ocpp/CP{n}")
        await station.send('[2,"1","StopTransaction",{}]')
    await office.until(lambda: len(office.calls) == 20)

    async def leave(station: Station) -> None:
        assert await station.message() == [3, "1", {"late": True}]
        assert (await station.closed())[0] == 1001
        await station.send_frame(frame(CLOSE, b"\x03\xe9"))
        assert await station.gone()

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for station in stations:
            nursery.start_soon(leave, station)
        nursery.start_soon(server.stop, 5)
    assert trio.current_time() - began < 3
    assert len(registry) == 0
    assert office.ended() == 20
    with pytest.raises(OSError, match="connect"):
        await trio.open_tcp_stream(*address)


async def test_stopping_takes_no_longer_than_the_grace(
    start: Start, office: Office, registry: Registry
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        await trio.sleep(1000)
        return b""

    office.handler = handler
    server, [door] = await start()
    stuck, silent = await dial(door), await dial(door)
    await stuck.open("/ocpp/CP1")
    await silent.open("/ocpp/CP2")
    await stuck.send('[2,"1","Heartbeat",{}]')
    await office.until(lambda: bool(office.calls))
    began = trio.current_time()
    await server.stop(0.5)
    assert trio.current_time() - began < 2
    assert await stuck.gone()
    assert await silent.gone()


@pytest.fixture(params=["plain", "tls"])
def dial_either(
    request: pytest.FixtureRequest, server_files: tuple[trustme.CA, list[tuple[Path, Path]]], start: Start
) -> Callable[..., Any]:
    """Start a server and dial it, once in the clear and once over TLS."""
    authority, chains = server_files

    async def dial_started(limits: Limits | None = None, send_buffer: int | None = None) -> Station:
        _, (plain, secure) = await start(limits, tls=server_context(chains))
        if send_buffer is not None:
            for door in (plain, secure):
                door.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        return await dial(plain) if request.param == "plain" else await dial_tls(secure, authority)

    return dial_started


async def test_a_station_that_does_not_read_is_dropped_from_a_real_socket(
    dial_either: Callable[..., Any], office: Office
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        return rpc.encode_result(call.raw_id, {"data": "x" * 900_000})

    office.handler = handler
    station = await dial_either(Limits(send_timeout_s=1))
    await station.open()
    for n in range(16):
        await station.send(f'[2,"{n}","Heartbeat",{{}}]')
    await office.until(lambda: office.ended() == 1)
    assert office.events[-1][2] == "the station read nothing for 1 s"


async def test_big_messages_pass_whole_and_in_order(dial_either: Callable[..., Any], office: Office) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        return rpc.encode_result(
            call.raw_id, {"data": call.message_id * 300_000, "got": len(call.payload_bytes)}
        )

    office.handler = handler
    station = await dial_either()
    await station.open()
    padding = "p" * 100_000

    async def pipeline() -> None:
        for n in range(8):
            await station.send(f'[2,"{n}","X",{{"p":"{padding}"}}]')
            await station.send_frame(frame(PING, b"alive"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pipeline)
        for n in range(8):
            assert await station.message() == [3, str(n), {"data": str(n) * 300_000, "got": 100_008}]


async def test_frames_of_many_senders_never_mix(
    dial_either: Callable[..., Any], office: Office, registry: Registry
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        return rpc.encode_result(call.raw_id, {"data": "r" * 200_000})

    office.handler = handler
    station = await dial_either(send_buffer=4096)
    await station.open()
    connection = registry.get("CP1")
    assert connection is not None
    say, to_be_said = trio.open_memory_channel[bytes](100)

    async def ask() -> None:
        assert await connection.call("DataTransfer", {"vendorId": "v", "data": "c" * 150_000})

    async def write() -> None:
        async for data in to_be_said:
            await station.send_frame(data)

    async with say, trio.open_nursery() as nursery:
        nursery.start_soon(write)
        for n in range(10):
            nursery.start_soon(ask)
            say.send_nowait(frame(TEXT, f'[2,"r{n}","Heartbeat",{{}}]'.encode()) + frame(PING, b"?"))
        heard: list[tuple[int, str]] = []
        while len(heard) < 30:
            opcode, payload = await station.frame()
            kind, message_id, *rest = json.loads(payload) if opcode == TEXT else (opcode, "")
            heard.append((kind, message_id))
            if kind == 2:
                assert rest[1]["data"] == "c" * 150_000
                say.send_nowait(frame(TEXT, f'[3,"{message_id}",{{"status":"Accepted"}}]'.encode()))
        say.close()
    assert [found for found in heard if found[0] == 3] == [(3, f"r{n}") for n in range(10)]
    assert [kind for kind, _ in heard].count(PONG) == 10


async def test_a_refusal_arrives_whatever_the_station_is_still_sending(
    dial_either: Callable[..., Any], office: Office
) -> None:
    office.options = ConnectionOptions(max_frame_bytes=1000, ping_interval_s=0)
    station = await dial_either()
    await station.open()
    await station.send_frame(frame(TEXT, b"x" * 200_000))
    assert (await station.closed())[0] == 1009
    assert await station.gone()


async def test_a_refused_handshake_arrives(dial_either: Callable[..., Any], office: Office) -> None:
    office.verdict = Refused(401, "the password is wrong")
    station = await dial_either()
    reply = await station.request()
    assert (reply.status, reply.body) == (401, "the password is wrong\n")
    assert await station.gone()


async def test_a_reset_connection_is_over(start: Start, office: Office, registry: Registry) -> None:
    _, [door] = await start()
    raw = socket.create_connection(door.address)
    raw.setblocking(False)
    station = Station(trio.SocketStream(trio.socket.from_stdlib_socket(raw)))
    await station.open()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    await station.stream.aclose()
    await office.until(lambda: office.ended() == 1)
    assert not registry.is_connected("CP1")


async def test_a_bomb_costs_only_its_own_connection(start: Start) -> None:
    squeeze = zlib.compressobj(wbits=-15)
    bomb = (squeeze.compress(b"\0" * 30_000_000) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]
    _, [door] = await start()
    good, bad = await dial(door), await dial(door)
    await good.open("/ocpp/CP1")
    await bad.open("/ocpp/CP2", Sec_WebSocket_Extensions="permessage-deflate")
    await bad.send_frame(frame(TEXT, bomb, rsv1=True))
    assert (await bad.closed())[0] == 1009
    await good.send('[2,"1","Heartbeat",{}]')
    assert (await good.message())[0] == 3


async def test_trio_websocket_is_served(start: Start) -> None:
    _, [door] = await start()
    url = f"ws://127.0.0.1:{door.address[1]}/ocpp/CP1"
    async with trio_websocket.open_websocket_url(url, subprotocols=["ocpp1.6"]) as client:
        assert client.subprotocol == "ocpp1.6"
        await client.send_message('[2,"1","Heartbeat",{}]')
        assert await client.get_message() == '[3,"1",{"n":1}]'
        await client.ping(b"x")
    assert client.closed is not None
    assert client.closed.code == 1000


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_the_websockets_client_is_served_with_and_without_compression(
    start: Start, office: Office, compression: str | None
) -> None:
    office.options = ConnectionOptions(ping_interval_s=0)

    async def handler(connection: Connection, call: Call) -> bytes:
        return rpc.encode_result(call.raw_id, call.payload)

    office.handler = handler
    _, [door] = await start()
    text = "the same words " * 2000

    def talk() -> list[Any]:
        url = f"ws://127.0.0.1:{door.address[1]}/ocpp/CP1"
        with websockets.sync.client.connect(
            url,
            subprotocols=[Subprotocol("ocpp1.6")],
            compression=compression,
        ) as client:
            found: list[Any] = [
                client.response.headers.get("Sec-WebSocket-Extensions") if client.response else None
            ]
            for n in range(3):
                client.send(f'[2,"{n}","DataTransfer",{{"data":"{text}"}}]')
                found.append(client.recv(timeout=5))
        return found

    extensions, *answers = await trio.to_thread.run_sync(talk)
    assert (extensions is not None) == (compression is not None)
    assert answers == [f'[3,"{n}",{{"data":"{text}"}}]' for n in range(3)]


def test_a_door_that_is_taken_says_so() -> None:
    door = open_door("127.0.0.1", 0)
    with door.socket, pytest.raises(OSError, match="in use"):
        open_door(*door.address)


def test_a_door_may_stand_on_both_families() -> None:
    door = open_door("", 0)
    with door.socket:
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, door.address[1])).close()

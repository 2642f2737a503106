"""Hostile input on the running appliance: only the connection it came by suffers, and an operator can see why.

A well-behaved witness goes on talking during every attack.
"""

import json
import os
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from random import Random
from shutil import copyfile
from threading import Thread
from typing import Any

import pytest
import trio

from tests.appliance.conftest import STATIONS
from tests.appliance.line import Street, street
from tests.appliance.machine import PASSWORD, Machine, Running
from tests.appliance.starter import Starter
from tests.ocpp import station as wire
from tests.ocpp.station import BINARY, KEY, PING, TEXT, basic, frame
from tests.wire.station import Station

MIB = 1024 * 1024
PATIENCE_S = 5.0
"""The longest that the witness may wait for an answer, on a machine that does other things too."""
GROWTH_BYTES = 48 * MIB
CONTINUATION = 0


@pytest.fixture(scope="module")
def running(started: Starter, furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data_dir = tmp_path_factory.mktemp("hostile") / "d"
    data_dir.mkdir(mode=0o700)
    copyfile(furnished, data_dir / "csms.db")
    settings = {"CSMS_OCPP_HANDSHAKE_TIMEOUT_S": "1", "CSMS_OCPP_PING_INTERVAL_S": "2"}
    machine = Machine(started, data_dir, settings=settings)
    yield machine.serve()
    machine.close()


@pytest.fixture(scope="module", autouse=True)
def flood(running: Running) -> Thread:
    """A station that asks without end and reads no answer, from the first test on until it is cut off."""
    credentials = basic(f"CP31:{PASSWORD}".encode())
    upgrade = (
        "GET /ocpp/CP31 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
        f"Authorization: {credentials}\r\n\r\n"
    )

    def pour() -> None:
        asks = frame(TEXT, b'[2,"' + b"1" * 200 + b'","Teleport' + b"x" * 1000 + b'",{}]')
        with socket.socket() as line, suppress(ConnectionError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(60)
            line.connect(running.address())
            line.sendall(upgrade.encode())
            while True:
                line.sendall(asks)

    thread = Thread(target=pour, daemon=True)
    thread.start()
    return thread


def resident_bytes(running: Running) -> int:
    pages = int(Path(f"/proc/{running.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def watched(running: Running) -> AsyncIterator[Street]:
    """Stand a witness before the appliance: it must be answered, and in time, for as long as the block lasts."""
    before = resident_bytes(running)
    async with street(running) as stations:
        witness = await stations.boot("CP0")
        answers = 0

        async def talk() -> None:
            nonlocal answers
            while True:
                with trio.fail_after(PATIENCE_S):
                    await witness.call("Heartbeat")
                    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
                    await witness.call("StatusNotification", status)
                answers += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk)
            yield stations
            enough = answers + 2
            while answers < enough:
                await trio.lowlevel.checkpoint()
                await trio.sleep(0.001)
            nursery.cancel_scope.cancel()
    assert resident_bytes(running) - before < GROWTH_BYTES


async def raw(stations: Street, name: str, **extra: Any) -> wire.Station:
    """Return a connected station of bytes."""
    station = wire.Station(await stations.stream())
    await station.open(f"/ocpp/{name}", Authorization=basic(f"{name}:{PASSWORD}".encode()), **extra)
    return station


async def notes(stations: Street, name: str, reason: str) -> list[str]:
    """Return what is odd in the message log of a station, once it names a reason."""
    with trio.fail_after(10):
        while True:
            shown = await stations.verb("message.list", station=name)
            found = [message["note"] for message in shown if message["note"]]
            if any(reason in note for note in found):
                return found
            await trio.sleep(0.05)


FRAMES: dict[str, tuple[str, str]] = {
    "brackets": ("[" * 100_000, "nested"),
    "brackets_in_a_call": ('[2,"1","DataTransfer",{"data":' + "[" * 100_000, "nested"),
    "nan": ('[2,"1","StartTransaction",{"meterStart":NaN}]', "JSON"),
    "infinity": ('[2,"1","StartTransaction",{"meterStart":-Infinity}]', "JSON"),
    "action_is_a_number": ('[2,"1",42,{}]', "action"),
    "action_is_long": (f'[2,"1","{"A" * 100_000}",{{}}]', "A"),
    "id_is_an_object": ('[2,{"a":1},"Heartbeat",{}]', "id"),
    "payload_is_a_list": ('[2,"1","Heartbeat",[]]', "payload"),
    "no_json": ("\u0000\u0001", "JSON"),
    "wrong_kind": ('[7,"1","Heartbeat",{}]', "7"),
    "empty": ("", ""),
    "digits": ('[2,"1","StartTransaction",{"meterStart":' + "9" * 50_000 + "}]", ""),
    "exponent": ('[2,"1","StartTransaction",{"meterStart":1e999999999}]', ""),
    "nul_in_a_text": ('[2,"1","DataTransfer",{"vendorId":"\\u0000","data":"\\ud800"}]', ""),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_malformed_message_is_answered_or_noted_and_the_connection_stays(
    running: Running, name: str
) -> None:
    text, reason = FRAMES[name]
    station_id = f"CP{1 + list(FRAMES).index(name)}"

    async def scene() -> list[str]:
        async with watched(running) as stations:
            station = await stations.boot(station_id)
            await station.raw(text)
            assert await station.call("Heartbeat", message_id="afterwards")
            assert not station.ended.is_set()
            return await notes(stations, station_id, reason) if reason else []

    for note in trio.run(scene):
        assert reason in note
        assert len(note) < 500


async def too_big(stations: Street, name: str) -> wire.Station:
    station = await raw(stations, name)
    data = frame(TEXT, b'[2,"1","DataTransfer",{"vendorId":"' + b"x" * 10 * MIB + b'"}]')
    with trio.move_on_after(PATIENCE_S), suppress(trio.BrokenResourceError):  # it need not hear us out
        await station.send_frame(data)
    return station


@cache
def packed_blanks(mebibytes: int) -> bytes:
    """Return a compressed message that is a thousand times as long as it looks."""
    deflate = zlib.compressobj(9, wbits=-12)
    packed = b"".join(deflate.compress(b" " * MIB) for _ in range(mebibytes))
    return (packed + deflate.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")


async def bomb(stations: Street, name: str) -> wire.Station:
    station = await raw(stations, name, Sec_WebSocket_Extensions="permessage-deflate")
    await station.send_frame(frame(TEXT, packed_blanks(100), rsv1=True))
    return station


async def binary(stations: Street, name: str) -> wire.Station:
    station = await raw(stations, name)
    await station.send_frame(frame(BINARY, b'[2,"1","Heartbeat",{}]'))
    return station


async def unmasked(stations: Street, name: str) -> wire.Station:
    station = await raw(stations, name)
    await station.send_frame(frame(TEXT, b'[2,"1","Heartbeat",{}]', masked=False))
    return station


async def no_utf_8(stations: Street, name: str) -> wire.Station:
    station = await raw(stations, name)
    await station.send_frame(frame(TEXT, b'[2,"1","Heartbeat\xff",{}]'))
    return station


async def endless_fragments(stations: Street, name: str) -> wire.Station:
    station = await raw(stations, name)
    await station.send_frame(frame(TEXT, b"[", fin=False))
    with trio.move_on_after(PATIENCE_S), suppress(trio.BrokenResourceError):
        for _ in range(200):
            await station.send_frame(frame(CONTINUATION, b" " * 65536, fin=False))
    return station


async def nonsense_without_end(stations: Street, name: str) -> wire.Station:
    station = await raw(stations, name)
    for _ in range(50):
        await station.send("[nonsense")
    return station


async def long_ping(stations: Street, name: str) -> wire.Station:
    station = await raw(stations, name)
    await station.send_frame(frame(PING, b"x" * 1000))
    return station


Attack = Callable[[Street, str], Awaitable[wire.Station]]
FATAL: dict[Attack, tuple[int, str]] = {
    too_big: (1009, "exceeds limit of 1048576 bytes"),
    bomb: (1009, "exceeds limit of 1048576 bytes"),
    binary: (1003, "OCPP messages are text frames"),
    unmasked: (1002, "mask"),
    no_utf_8: (1007, "not UTF-8 at byte"),
    endless_fragments: (1009, "exceeds limit of 1048576 bytes"),
    nonsense_without_end: (1008, "more than 30 malformed frames in a minute"),
    long_ping: (1002, "control frame too long"),
}


@pytest.mark.parametrize("attack", FATAL, ids=lambda attack: attack.__name__)
def test_a_breach_of_the_protocol_ends_the_connection_with_its_reason(
    running: Running, attack: Attack
) -> None:
    code, reason = FATAL[attack]
    packed_blanks(100)
    name = f"CP{1 + len(FRAMES) + list(FATAL).index(attack)}"

    async def scene() -> tuple[int, str]:
        async with watched(running) as stations:
            station = await attack(stations, name)
            with trio.fail_after(PATIENCE_S):
                closed = await station.closed()
            await station.stream.aclose()
            await notes(stations, name, reason)
            doctor = await stations.verb("doctor.station", station=name)
            assert any(reason in finding["text"] for finding in doctor["findings"]), doctor
            await stations.boot(name)  # it may come back
        return closed

    closed = trio.run(scene)
    assert closed[0] == code
    assert reason in closed[1]
    ends = [line for line in running.machine.logged("station_disconnected") if line["station"] == name]
    assert any(reason in line["reason"] for line in ends)


def test_a_station_that_vanishes_is_noticed(running: Running) -> None:
    """A half-open socket: it is there for TCP, and answers no ping."""

    async def scene() -> None:
        async with watched(running) as stations:
            station = await raw(stations, "CP30")
            with trio.fail_after(10):
                await station.gone()
            await notes(stations, "CP30", "no sign of life for 2 s after a ping")

    trio.run(scene)


def test_slow_handshakes_keep_nobody_out(running: Running) -> None:
    """300 peers that send a byte now and then, which is more than are shaken hands with at once."""

    async def dawdle(stream: trio.SocketStream) -> None:
        with trio.fail_after(20):
            try:
                for byte in b"GET /ocpp/CP32 HTTP/1.1\r\nHost: x\r\n" * 10:
                    await stream.send_all(bytes([byte]))
                    await trio.sleep(0.2)
            except trio.BrokenResourceError:
                return
        raise AssertionError("it was never cut off")

    async def scene() -> None:
        async with watched(running) as stations, trio.open_nursery() as nursery:
            for _ in range(300):
                nursery.start_soon(dawdle, await stations.stream())
            with trio.fail_after(10):
                good = await stations.boot("CP32")
            assert await good.call("Heartbeat")

    trio.run(scene)
    assert len(running.machine.logged("handshake_timed_out")) >= 300


def test_garbage_at_every_door(running: Running) -> None:
    random = Random(4711)
    openings = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000,
        b"GET /ocpp/" + b"a" * 100_000,
        b"POST /ocpp/CP1 HTTP/1.1\r\n\r\n",
        b"\x00" * 1000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"GET /ocpp/CP1 HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /ocpp/%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
    ]

    async def shove(stations: Street, number: int) -> None:
        opening = openings[number] if number < len(openings) else random.randbytes(random.randrange(1, 5000))
        listener = "ocpp" if number < 160 else random.choice(("admin", "ocpi", "graphql", "push"))
        station = wire.Station(await stations.stream(listener))
        with suppress(trio.BrokenResourceError), trio.fail_after(15):
            await station.send_frame(opening)
            if number % 3:
                await station.stream.send_eof()  # type: ignore[attr-defined]
            if listener == "ocpp":
                await station.gone()

    async def scene() -> None:
        async with watched(running) as stations, trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(shove, stations, number)

    trio.run(scene)
    reasons = {line["reason"] for line in running.machine.logged("handshake_refused")}
    assert "this port does not speak TLS" in reasons
    assert running.get("/readyz")[0] == 200


def test_nonsense_on_the_local_socket(running: Running) -> None:
    path = str(running.machine.data_dir / "csms.sock")
    for text in (
        b"[" * 100_000,
        b"{}",
        b'{"verb":1,"args":2}',
        b'{"verb":"station.list","args":[1]}',
        b"\xff\x00",
    ):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(path)
            line.sendall(text + b"\n")
            with line.makefile("rb") as answers:
                assert json.loads(answers.readline())["error"]["exitCode"] in (2, 3)
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)
        line.sendall(b"half a requ")
    assert running.machine.json("status")["stations"] == STATIONS


def test_a_station_that_never_reads_is_cut_off(running: Running, flood: Thread) -> None:
    flood.join(60)
    assert not flood.is_alive()

    async def scene() -> None:
        async with watched(running) as stations:
            await notes(stations, "CP31", "the station read nothing for 20 s")

    trio.run(scene)


def test_in_the_end_nothing_went_wrong_inside(running: Running) -> None:
    """The last of this file: no attack met an exception that nobody foresaw, and the appliance stops in order."""

    async def scene() -> Station:
        async with street(running) as stations:
            return await stations.boot("CP0")

    trio.run(scene)
    assert [
        line for line in running.machine.logged() if "exception" in line or line["level"] == "error"
    ] == []
    assert running.stop() == 0

"""How a connection is known to live, and how it ends."""

import json

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from csms.ocpp import rpc
from csms.ocpp.connection import Connection
from csms.ocpp.handshake import ConnectionOptions
from csms.ocpp.limits import Limits
from csms.ocpp.rpc import Call
from tests.ocpp.station import CLOSE, PING, PONG, TEXT, Office, Station, Yard, frame

HEARTBEAT = '[2,"{}","Heartbeat",{{}}]'


async def slowly(connection: Connection, call: Call) -> bytes:
    await trio.sleep(5)
    return rpc.encode_result(call.raw_id, {})


async def test_pings_come_at_the_interval_and_pongs_are_life(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    office.options = ConnectionOptions(ping_interval_s=45)
    station = await yard.connected()
    for n in range(1, 5):
        assert (await station.frame())[0] == PING
        assert trio.current_time() == pytest.approx(45 * n, abs=3)
        await station.send_frame(frame(PONG, b""))
    assert yard.connection().is_open


async def test_any_frame_is_life(yard: Yard, office: Office, autojump_clock: MockClock) -> None:
    office.options = ConnectionOptions(ping_interval_s=10)
    station = await yard.connected()
    for n in range(100):
        await station.send(HEARTBEAT.format(n))
        await station.message()
        await trio.sleep(3)
    assert yard.connection().is_open


async def test_a_silent_station_is_dropped(yard: Yard, office: Office, autojump_clock: MockClock) -> None:
    office.options = ConnectionOptions(ping_interval_s=45)
    station = await yard.connected()
    assert await station.gone()
    assert 45 <= trio.current_time() <= 45 + Limits().pong_timeout_s + 3
    await trio.testing.wait_all_tasks_blocked()
    assert office.events[-1][2] == "no sign of life for 20 s after a ping"
    assert len(yard.registry) == 0


async def test_without_pings_silence_is_no_crime(yard: Yard, autojump_clock: MockClock) -> None:
    station = await yard.connected()
    with trio.move_on_after(100_000) as scope:
        await station.frame()
    assert scope.cancelled_caught
    assert yard.connection().is_open


async def test_a_station_is_not_dropped_for_our_own_slowness(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    office.options = ConnectionOptions(ping_interval_s=10)

    async def handler(connection: Connection, call: Call) -> bytes:
        await trio.sleep(300)
        return rpc.encode_result(call.raw_id, {})

    office.handler = handler
    station = await yard.connected()
    await station.send(HEARTBEAT.format(1))
    while (found := await station.frame())[0] == PING:
        await station.send_frame(frame(PONG, found[1]))
    assert json.loads(found[1]) == [3, "1", {}]


async def test_a_pong_that_we_are_too_busy_to_read_is_life(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        await trio.sleep(300)
        return rpc.encode_result(call.raw_id, {})

    office.handler = handler
    office.options = ConnectionOptions(ping_interval_s=10)
    station = await yard.connected()
    assert (await station.frame())[0] == PING
    await station.send(HEARTBEAT.format(1))
    await trio.testing.wait_all_tasks_blocked()
    while True:
        await station.send_frame(frame(PONG, b""))
        opcode, payload = await station.frame()
        if opcode == TEXT:
            break
    assert json.loads(payload) == [3, "1", {}]


async def test_a_station_that_leaves_during_a_long_answer_is_noticed(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    office.options = ConnectionOptions(ping_interval_s=10)
    office.handler = slowly
    station = await yard.connected()
    await station.send(HEARTBEAT.format(1))
    await station.send_frame(frame(CLOSE, b"\x03\xe8"))
    await trio.sleep(60)
    assert len(office.calls) == 1
    assert len(yard.registry) == 0


async def test_our_pong_carries_the_stations_words(yard: Yard) -> None:
    station = await yard.connected()
    await station.send_frame(frame(PING, b"hello"))
    assert await station.frame() == (PONG, b"hello")


async def test_the_station_closes_and_what_it_said_before_is_handled(yard: Yard, office: Office) -> None:
    station = await yard.connected()
    wire = frame(TEXT, b'[2,"1","StopTransaction",{}]') + frame(CLOSE, b"\x03\xe9")
    await station.send_frame(wire)
    assert (await station.closed())[0] == 1001
    assert await station.gone()
    await trio.testing.wait_all_tasks_blocked()
    assert [call.action for call in office.calls] == ["StopTransaction"]
    assert [event[0] for event in office.events] == ["connected", "disconnected"]


async def test_what_was_said_before_a_sudden_end_is_handled(yard: Yard, office: Office) -> None:
    station = await yard.connected()
    for n in range(5):
        await station.send(HEARTBEAT.format(n))
    await station.stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert [call.message_id for call in office.calls] == ["0", "1", "2", "3", "4"]
    assert len(yard.registry) == 0


@pytest.mark.parametrize("takes_s", [0, 2, 4.9])
async def test_closing_lets_the_answer_in_the_making_go_out(
    yard: Yard, office: Office, autojump_clock: MockClock, takes_s: float
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        await trio.sleep(takes_s)
        return rpc.encode_result(call.raw_id, {})

    office.handler = handler
    station = await yard.connected()
    await station.send(HEARTBEAT.format(1))
    await station.send(HEARTBEAT.format(2))
    while not office.calls:
        await trio.lowlevel.checkpoint()
    yard.connection().close("the operator removed the station")
    assert await station.message() == [3, "1", {}]
    assert await station.closed() == (1000, "the operator removed the station")
    await station.send_frame(frame(CLOSE, b"\x03\xe8"))
    assert await station.gone()
    assert len(office.calls) == 1


async def test_a_station_that_does_not_close_is_dropped(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    station = await yard.connected()
    yard.connection().close("enough")
    assert (await station.closed())[1] == "enough"
    began = trio.current_time()
    assert await station.gone()
    assert 4 <= trio.current_time() - began <= 10
    await trio.testing.wait_all_tasks_blocked()
    assert len(yard.registry) == 0


async def test_a_station_that_never_reads_is_dropped(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    ours, theirs = trio.testing.lockstep_stream_pair()
    yard.nursery.start_soon(yard.server.serve_stream, theirs, "192.0.2.9")
    station = Station(ours)
    await station.open()
    await station.send(HEARTBEAT.format(1))
    await trio.sleep(Limits().send_timeout_s + 1)
    await trio.testing.wait_all_tasks_blocked()
    assert office.events[-1][2] == "the station read nothing for 20 s"
    assert len(yard.registry) == 0


async def test_many_at_once_do_not_mix(yard: Yard, office: Office) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        await trio.lowlevel.checkpoint()
        return rpc.encode_result(call.raw_id, {"to": connection.station.key})

    office.handler = handler

    async def converse(name: str) -> None:
        station = await yard.connected(name)
        for n in range(20):
            await station.send(HEARTBEAT.format(f"{name}-{n}"))
            assert await station.message() == [3, f"{name}-{n}", {"to": name}]

    async with trio.open_nursery() as nursery:
        for n in range(50):
            nursery.start_soon(converse, f"CP{n}")

"""A station that connects again: the newest connection is the station's."""

from typing import Any

import trio
import trio.testing
from trio.testing import MockClock

from csms.errors import StationOffline
from csms.ocpp import rpc
from csms.ocpp.calls import ConnectionLost
from csms.ocpp.connection import Connection
from csms.ocpp.rpc import Call
from tests.ocpp.station import CLOSE, TEXT, Office, Yard, frame


async def test_the_newer_connection_wins_and_the_older_is_closed(yard: Yard, office: Office) -> None:
    older = await yard.connected()
    first = yard.connection()
    newer = await yard.connected()
    second = yard.connection()
    assert second is not first
    assert second.generation > first.generation
    assert await older.closed() == (1000, "superseded by a newer connection")
    await older.send('[2,"1","Heartbeat",{}]')
    await older.send_frame(frame(CLOSE, b"\x03\xe8"))
    assert await older.gone()
    await trio.testing.wait_all_tasks_blocked()
    await newer.send('[2,"2","Heartbeat",{}]')
    assert await newer.message() == [3, "2", {"n": 1}]
    assert office.events == [
        ("connected", 1, "", False),
        ("connected", 2, "", False),
        ("disconnected", 1, "superseded by a newer connection", True),
    ]
    assert yard.connection() is second
    assert len(yard.registry) == 1


async def test_a_half_open_older_connection_does_not_linger(yard: Yard, autojump_clock: MockClock) -> None:
    await yard.connected()
    await yard.connected()
    await trio.sleep(15)
    assert len(yard.registry) == 1


async def test_what_waits_on_the_older_connection_fails(yard: Yard) -> None:
    older = await yard.connected()
    failed: list[Any] = []

    async def ask() -> None:
        try:
            await yard.connection().call("ClearCache", {})
        except ConnectionLost as error:
            failed.append(error)

    yard.nursery.start_soon(ask)
    yard.nursery.start_soon(ask)
    assert (await older.message())[2] == "ClearCache"
    newer = await yard.connected()
    assert sorted(error.sent for error in failed) == [False, True]
    await older.send('[3,"id-1",{"status":"Accepted"}]')
    yard.nursery.start_soon(ask)
    assert (await newer.message())[2] == "ClearCache"


async def test_late_frames_of_the_older_connection_are_dropped(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        await trio.sleep(1)
        return rpc.encode_result(call.raw_id, {})

    office.handler = handler
    older = await yard.connected()
    await older.send_frame(b"".join(frame(TEXT, f'[2,"{n}","Heartbeat",{{}}]'.encode()) for n in range(5)))
    await trio.testing.wait_all_tasks_blocked()
    await yard.connected()
    assert await older.message() == [3, "0", {}]
    assert (await older.closed())[0] == 1000
    assert [call.message_id for call in office.calls] == ["0"]


async def test_the_end_of_the_older_does_not_end_the_newer(yard: Yard, office: Office) -> None:
    older = await yard.connected()
    await yard.connected()
    await older.stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert yard.registry.is_connected("CP1")
    assert office.events[-1][3] is True


async def test_the_registry_reaches_stations_by_key(yard: Yard) -> None:
    station = await yard.connected("CP1")
    await yard.connected("CP2")
    assert {connection.station.key for connection in yard.registry.connections()} == {"CP1", "CP2"}
    answers: list[Any] = []

    async def ask(key: str) -> None:
        try:
            answers.append(await yard.registry.call(key, "ClearCache", {}, 5))
        except StationOffline as error:
            answers.append(error)

    yard.nursery.start_soon(ask, "CP1")
    message = await station.message()
    await station.send(f'[3,"{message[1]}",{{"status":"Accepted"}}]')
    await trio.testing.wait_all_tasks_blocked()
    await ask("CP3")
    assert answers[0] == {"status": "Accepted"}
    assert isinstance(answers[1], StationOffline)


async def test_a_station_that_reconnects_in_a_storm_keeps_one_connection(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    for _ in range(30):
        await yard.connected()
    await trio.sleep(20)
    assert len(yard.registry) == 1
    assert yard.connection().generation == 30
    assert [event for event in office.events if event[0] == "disconnected" and not event[3]] == []

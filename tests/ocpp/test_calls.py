"""Requests of ours to a station: turns, timeouts, refusals, late answers, lost connections."""

import json
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from csms.ocpp import rpc
from csms.ocpp.calls import CallRefused, CallTimeout, ConnectionLost
from csms.ocpp.connection import Connection
from csms.ocpp.handshake import ConnectionOptions
from csms.ocpp.limits import Limits
from csms.ocpp.rpc import Call, ErrorCode
from tests.ocpp.asking import ask
from tests.ocpp.station import PING, PONG, Office, Yard, frame

HEARTBEAT = '[2,"{}","Heartbeat",{{}}]'


async def slowly(connection: Connection, call: Call) -> bytes:
    await trio.sleep(5)
    return rpc.encode_result(call.raw_id, {})


async def test_a_call_of_ours_and_its_answer(yard: Yard) -> None:
    station = await yard.connected()
    asking: list[Any] = []
    yard.nursery.start_soon(ask, yard.connection(), asking)
    assert await station.text() == '[2,"id-1","ClearCache",{}]'
    await station.send('[3,"id-1",{"status":"Accepted"}]')
    await trio.testing.wait_all_tasks_blocked()
    assert asking == [{"status": "Accepted"}]


async def test_a_call_of_ours_does_not_hold_up_the_stations(yard: Yard) -> None:
    station = await yard.connected()
    asking: list[Any] = []
    yard.nursery.start_soon(ask, yard.connection(), asking)
    assert (await station.message())[2] == "ClearCache"
    for n in range(3):
        await station.send(HEARTBEAT.format(n))
        assert (await station.message())[:2] == [3, str(n)]
    assert asking == []
    await station.send('[3,"id-1",{"status":"Accepted"}]')
    await trio.testing.wait_all_tasks_blocked()
    assert asking == [{"status": "Accepted"}]


async def test_an_answer_that_asks_the_station_itself_does_not_deadlock(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        got = await connection.call("GetConfiguration", {"key": ["A"]})
        return rpc.encode_result(call.raw_id, got)

    office.handler = handler
    station = await yard.connected()
    for n in range(3):
        await station.send(HEARTBEAT.format(n))
        kind, message_id, action, payload = await station.message()
        assert (kind, action, payload) == (2, "GetConfiguration", {"key": ["A"]})
        await station.send(f'[3,"{message_id}",{{"unknownKey":["A"]}}]')
        assert await station.message() == [3, str(n), {"unknownKey": ["A"]}]
    assert trio.current_time() < 1


async def test_a_slow_answer_does_not_hold_up_ours(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    office.handler = slowly
    station = await yard.connected()
    asking: list[Any] = []
    await station.send(HEARTBEAT.format("slow"))
    await trio.testing.wait_all_tasks_blocked()
    yard.nursery.start_soon(ask, yard.connection(), asking)
    assert (await station.message())[2] == "ClearCache"
    await station.send('[3,"id-1",{"status":"Rejected"}]')
    await trio.testing.wait_all_tasks_blocked()
    assert asking == [{"status": "Rejected"}]
    assert trio.current_time() < 5
    assert await station.message() == [3, "slow", {}]
    office.handler = None
    for n in range(3):
        await station.send(HEARTBEAT.format(n))
        assert (await station.message())[:2] == [3, str(n)]


async def test_an_answer_is_heard_during_a_slow_one_of_ours(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    office.handler = slowly
    station = await yard.connected()
    asking: list[Any] = []
    yard.nursery.start_soon(ask, yard.connection(), asking)
    assert (await station.message())[2] == "ClearCache"
    await station.send(HEARTBEAT.format("slow"))
    await station.send('[3,"id-1",{"status":"Rejected"}]')
    await trio.sleep(1)
    assert asking == [{"status": "Rejected"}]
    assert await station.message() == [3, "slow", {}]


@pytest.mark.parametrize("ends", ["closed by us", "dropped by the station", "superseded"])
async def test_a_connection_full_of_calls_ends_in_time(
    yard: Yard, office: Office, autojump_clock: MockClock, ends: str
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        await trio.sleep(100 if len(office.calls) == 1 else 0)
        return rpc.encode_result(call.raw_id, {})

    office.handler = handler
    office.options = ConnectionOptions(ping_interval_s=10)
    station = await yard.connected()
    for n in range(60):
        await station.send(HEARTBEAT.format(n))
        await trio.sleep(1)  # each in a read of its own
    connection = yard.connection()
    if ends == "closed by us":
        connection.close("enough")
    elif ends == "superseded":
        office.options = ConnectionOptions(ping_interval_s=0)
        await yard.connected()
    else:
        await station.stream.aclose()
    await trio.sleep(150)
    assert office.ended() == 1
    assert len(yard.registry) == (1 if ends == "superseded" else 0)
    assert len(office.calls) == (60 if ends == "dropped by the station" else 1)


async def test_a_station_that_waits_behind_its_own_calls_is_not_dropped(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        await trio.sleep(20)
        return rpc.encode_result(call.raw_id, {})

    office.handler = handler
    office.options = ConnectionOptions(ping_interval_s=10)
    station = await yard.connected()
    for n in range(40):
        await station.send(HEARTBEAT.format(n))
        await trio.sleep(0.1)
    for n in range(40):
        while (found := await station.frame())[0] == PING:
            await station.send_frame(frame(PONG, b""))
        assert json.loads(found[1]) == [3, str(n), {}]
    assert trio.current_time() == pytest.approx(800, abs=1)


async def test_our_calls_take_turns_in_order(yard: Yard) -> None:
    station = await yard.connected()
    asking: list[Any] = []
    for _ in range(4):
        yard.nursery.start_soon(ask, yard.connection(), asking)
        await trio.testing.wait_all_tasks_blocked()
    for n in range(1, 5):
        assert await station.text() == f'[2,"id-{n}","ClearCache",{{}}]'
        await trio.testing.wait_all_tasks_blocked()
        assert station.buffer == b""
        await station.send(f'[3,"id-{n}",{{"status":"Accepted"}}]')
    await trio.testing.wait_all_tasks_blocked()
    assert len(asking) == 4


async def test_a_timeout_frees_the_turn_and_the_late_answer_is_noted(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    station = await yard.connected()
    asking: list[Any] = []
    yard.nursery.start_soon(ask, yard.connection(), asking)
    await trio.testing.wait_all_tasks_blocked()
    yard.nursery.start_soon(lambda: ask(yard.connection(), asking, "Reset", timeout_s=3))
    assert (await station.message())[1:3] == ["id-1", "ClearCache"]
    await trio.sleep(31)
    [second, first] = asking
    assert isinstance(first, CallTimeout)
    assert isinstance(second, CallTimeout)
    assert (first.sent, second.sent) == (True, False)
    await station.send('[3,"id-1",{"status":"Accepted"}]')
    await station.send('[3,"id-1",{"status":"Accepted"}]')
    await trio.testing.wait_all_tasks_blocked()
    late, stray = office.notes
    assert (late.kind, late.action, late.message_id, late.payload) == (
        "late_answer",
        "ClearCache",
        "id-1",
        {"status": "Accepted"},
    )
    assert stray.kind == "unexpected_answer"


async def test_the_stations_own_timeout_applies(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    office.options = ConnectionOptions(call_timeout_s=7, ping_interval_s=0)
    station = await yard.connected()
    with pytest.raises(CallTimeout, match="ClearCache within 7 s"):
        await yard.connection().call("ClearCache", {})
    assert trio.current_time() == pytest.approx(7, abs=0.1)
    assert (await station.message())[2] == "ClearCache"


class TestFewWaiting:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(max_pending_calls=2)

    async def test_the_queue_of_our_calls_is_bounded(self, yard: Yard) -> None:
        await yard.connected()
        asking: list[Any] = []
        for _ in range(3):
            yard.nursery.start_soon(ask, yard.connection(), asking)
        await trio.testing.wait_all_tasks_blocked()
        [refused] = asking
        assert isinstance(refused, CallTimeout)
        assert not refused.sent


@pytest.mark.parametrize(
    ("answer", "code", "description"),
    [
        ('[4,"id-1","FormationViolation","bad",{"a":1}]', ErrorCode.FORMAT_VIOLATION, "bad"),
        ('[4,"id-1","NotImplemented","",{}]', ErrorCode.NOT_IMPLEMENTED, ""),
        ('[4,"id-1"]', ErrorCode.GENERIC_ERROR, ""),
        ('[3,"id-1"]', ErrorCode.FORMAT_VIOLATION, "unreadable: a CALLRESULT has 3 elements, not 2"),
        ('[3,"id-1",{"status":', ErrorCode.FORMAT_VIOLATION, None),
        ('[3,"id-1",{}]', ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, None),
    ],
)
async def test_refusals_reach_the_caller(
    yard: Yard, answer: str, code: ErrorCode, description: str | None
) -> None:
    station = await yard.connected()
    asking: list[Any] = []
    yard.nursery.start_soon(ask, yard.connection(), asking)
    await station.message()
    await station.send(answer)
    await trio.testing.wait_all_tasks_blocked()
    [refused] = asking
    assert isinstance(refused, CallRefused)
    assert refused.code is code
    if description is not None:
        assert refused.description == description
    await station.send(HEARTBEAT.format(1))
    assert (await station.message())[0] == 3


async def test_answers_are_read_leniently(yard: Yard) -> None:
    station = await yard.connected()
    asking: list[Any] = []
    yard.nursery.start_soon(ask, yard.connection(), asking)
    await station.message()
    await station.send('[3,"id-1",{"status":"Accepted","vendor":null,"more":[1]}]')
    await trio.testing.wait_all_tasks_blocked()
    assert asking == [{"status": "Accepted", "more": [1]}]


async def test_a_call_fails_when_the_connection_is_lost(yard: Yard, office: Office) -> None:
    station = await yard.connected()
    connection = yard.connection()
    asking: list[Any] = []
    for _ in range(2):
        yard.nursery.start_soon(ask, connection, asking)
    await station.message()
    await station.stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert [type(error) for error in asking] == [ConnectionLost] * 2
    assert sorted(error.sent for error in asking) == [False, True]
    with pytest.raises(ConnectionLost):
        await connection.call("ClearCache", {})
    assert office.events[-1] == ("disconnected", 1, "the station dropped the connection", False)
    assert yard.registry.get("CP1") is None
    assert len(yard.registry) == 0


async def test_a_cancelled_call_frees_the_turn(yard: Yard) -> None:
    station = await yard.connected()
    with trio.CancelScope() as scope:
        scope.cancel()
        await yard.connection().call("ClearCache", {})
    with trio.move_on_after(0.05):
        await yard.connection().call("ClearCache", {})
    asking: list[Any] = []
    yard.nursery.start_soon(ask, yard.connection(), asking)
    message = await station.message()
    if message[1] != f"id-{yard.ids}":
        message = await station.message()
    await station.send(f'[3,"{message[1]}",{{"status":"Accepted"}}]')
    await trio.testing.wait_all_tasks_blocked()
    assert asking == [{"status": "Accepted"}]

"""One station's conversation: order, independence of the two directions, what silence and nonsense lead to."""

import json
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from csms.errors import StationOffline, StationRefused, StationTimeout
from csms.ocpp import rpc
from csms.ocpp.calls import CallRefused, CallTimeout, ConnectionLost
from csms.ocpp.connection import Connection
from csms.ocpp.handshake import ConnectionOptions
from csms.ocpp.limits import Limits
from csms.ocpp.rpc import Call, ErrorCode
from tests.ocpp.station import CLOSE, PING, PONG, TEXT, Office, Station, Yard, frame

HEARTBEAT = '[2,"{}","Heartbeat",{{}}]'


async def slowly(connection: Connection, call: Call) -> bytes:
    await trio.sleep(5)
    return rpc.encode_result(call.raw_id, {})


async def test_calls_are_answered_in_order(yard: Yard) -> None:
    station = await yard.connected()
    burst = b"".join(frame(TEXT, HEARTBEAT.format(n).encode()) for n in range(50))
    await station.send_frame(burst)
    for n in range(50):
        assert await station.message() == [3, str(n), {"n": n + 1}]


async def test_the_id_is_echoed_as_it_was_written(yard: Yard) -> None:
    station = await yard.connected()
    for raw in ("7", '"\\u00e4"', '"x"'):
        await station.send(f'[2,{raw},"Heartbeat",{{}}]')
        assert (await station.text()).startswith(f"[3,{raw},")


async def test_pipelined_calls_are_queued_and_then_no_longer_read(
    yard: Yard, office: Office, autojump_clock: MockClock
) -> None:
    office.handler = slowly
    ours, theirs = trio.testing.lockstep_stream_pair()
    yard.nursery.start_soon(yard.server.serve_stream, theirs, "192.0.2.9")
    station = Station(ours)
    await station.open()
    sent: list[int] = []

    async def pipeline() -> None:
        for n in range(60):
            await station.send(HEARTBEAT.format(n))
            sent.append(n)

    yard.nursery.start_soon(pipeline)
    await office.until(lambda: bool(office.calls))
    yard.nursery.start_soon(ask, yard.connection(), [])  # which has a second task read
    assert (await station.message())[2] == "ClearCache"
    for n in range(60):
        assert await station.message() == [3, str(n), {}]
        assert len(sent) <= n + Limits().max_queued_calls + 3
    assert len(sent) == 60


async def ask(connection: Connection, into: list[Any], action: str = "ClearCache", **more: Any) -> None:
    try:
        into.append(await connection.call(action, {}, **more))
    except (StationOffline, StationRefused, StationTimeout) as error:
        into.append(error)


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


async def test_a_failing_answer_is_an_internal_error_with_a_reference(yard: Yard, office: Office) -> None:
    async def handler(connection: Connection, call: Call) -> bytes:
        raise KeyError("secret detail")

    office.handler = handler
    station = await yard.connected()
    await station.send(HEARTBEAT.format(1))
    kind, message_id, code, description, details = await station.message()
    assert (kind, message_id, code, details) == (4, "1", "InternalError", {})
    assert description == "internal error, reference id-1"
    office.handler = None
    await station.send(HEARTBEAT.format(2))
    assert (await station.message())[0] == 3


async def test_a_connection_that_cannot_be_told_of_is_closed(yard: Yard, office: Office) -> None:
    seen: list[Connection] = []

    async def failing(connection: Connection) -> None:
        seen.append(connection)
        raise RuntimeError("no store")

    office.connected = failing  # type: ignore[method-assign]
    station = await yard.connected()
    assert await station.gone()
    assert len(yard.registry) == 0
    with pytest.raises(ConnectionLost):
        await seen[0].call("ClearCache", {})
    assert not seen[0].is_open


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{}", "[]", "nonsense", '[2,null,"X",{}]', "[" * 90 + "]" * 90]
)
async def test_nonsense_is_noted_and_the_conversation_goes_on(yard: Yard, office: Office, text: str) -> None:
    station = await yard.connected()
    await station.send(text)
    await station.send(HEARTBEAT.format(1))
    assert await station.message() == [3, "1", {"n": 1}]
    [note] = office.notes
    assert (note.kind, note.frame) == ("malformed", text.encode())


async def test_nonsense_is_answered_in_turn_in_201(yard: Yard, office: Office) -> None:
    office.version = "2.0.1"
    station = await yard.connected(protocols="ocpp2.0.1")
    await station.send_frame(
        frame(TEXT, b'[2,"1","Heartbeat",{}]') + frame(TEXT, b"{}") + frame(TEXT, b'[2,"2","Heartbeat",{}]')
    )
    assert (await station.message())[:2] == [3, "1"]
    assert (await station.message())[:3] == [4, "-1", "RpcFrameworkError"]
    assert (await station.message())[:2] == [3, "2"]


class TestImpatient:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(malformed_per_minute=5)

    async def test_too_much_nonsense_ends_the_connection(
        self, yard: Yard, office: Office, autojump_clock: MockClock
    ) -> None:
        station = await yard.connected()
        for _ in range(5):
            await station.send("nonsense")
        await trio.sleep(61)
        for _ in range(5):
            await station.send("nonsense")
        await station.send(HEARTBEAT.format(1))
        assert (await station.message())[0] == 3
        await station.send("nonsense")
        code, reason = await station.closed()
        assert code == 1008
        assert "more than 5 malformed frames in a minute" in reason
        assert await station.gone()
        assert len(office.notes) == 11


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

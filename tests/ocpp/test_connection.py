"""One station's conversation: order, independence of the two directions, what silence and nonsense lead to."""

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from csms.ocpp import rpc
from csms.ocpp.calls import ConnectionLost
from csms.ocpp.connection import Connection
from csms.ocpp.limits import Limits
from csms.ocpp.rpc import Call
from tests.ocpp.asking import ask
from tests.ocpp.station import TEXT, Office, Station, Yard, frame

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


@pytest.mark.parametrize("limits", [Limits(messages_at_once=10, messages_per_second=5)])
async def test_a_station_that_floods_is_read_no_faster_than_it_may_send(
    yard: Yard, autojump_clock: MockClock
) -> None:
    flood, other = await yard.connected(), await yard.connected("CP2")
    begun = trio.current_time()
    for n in range(40):
        await flood.send(HEARTBEAT.format(n))
        assert (await flood.message())[1] == str(n)
        if n == 9:
            assert trio.current_time() == begun
    assert trio.current_time() - begun == pytest.approx((40 - 10) / 5, abs=1)
    before = trio.current_time()
    await other.send(HEARTBEAT.format(1))
    await other.message()
    assert trio.current_time() == before
    assert yard.connection().is_open

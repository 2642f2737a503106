"""Transaction messages are repeated, kept in order and never lost with a connection (OCPP 1.6 §3)."""

from itertools import pairwise

import pytest
import trio

from csms.simulator import CallError, CallTimeout, Station16, StationSettings
from tests.simulator.fake_csms import Fail, FakeCsms, Silence, once

URL = "ws://csms.example/ocpp"


async def test_a_callerror_is_retried_with_growing_pauses_and_the_same_id(csms: FakeCsms, autojump_clock):
    times: list[float] = []

    def answer(identity: str, payload: dict) -> dict:
        times.append(trio.current_time())
        if len(times) < 4:
            raise Fail("InternalError")
        return {"transactionId": 9, "idTagInfo": {"status": "Accepted"}}

    csms.answers["StartTransaction"] = answer
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        station.configuration.set("TransactionMessageAttempts", "5")
        transaction = await station.start(1, "TAG", 100)
        assert transaction.transaction_id == 9
    assert [round(later - earlier) for earlier, later in pairwise(times)] == [10, 20, 30]
    assert len({message_id for _, message_id, action, _ in csms.calls if action == "StartTransaction"}) == 1


async def test_after_the_last_attempt_the_start_is_unknown_and_the_stop_says_minus_one(
    csms: FakeCsms, autojump_clock
):
    csms.answers["StartTransaction"] = once(Fail("InternalError"), times=100)
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        with pytest.raises(CallError, match="InternalError"):
            await station.start(1, "TAG", 100)
        transaction = station.connectors[1].transaction
        assert transaction is not None
        await station.meter_values(transaction, 150)
        await station.stop(transaction, 200)
        assert station.tally.discarded == 1
    assert len(csms.payloads("StartTransaction")) == 3
    assert "transactionId" not in csms.payloads("MeterValues")[0]
    assert csms.payloads("StopTransaction")[0]["transactionId"] == -1


async def test_silence_counts_as_an_attempt(csms: FakeCsms, autojump_clock):
    csms.answers["StopTransaction"] = once(Silence(), times=2)
    settings = StationSettings(call_timeout_s=5)
    async with Station16.connect(URL, "CP1", dial=csms.dial(), settings=settings) as station:
        transaction = await station.start(1, "TAG", 100)
        begun = trio.current_time()
        assert await station.stop(transaction, 200) == {}
        assert trio.current_time() - begun == pytest.approx(5 + 10 + 5 + 20)
        csms.answers["StopTransaction"] = once(Silence(), times=9)
        with pytest.raises(CallTimeout):
            await station.stop(await station.start(1, "TAG", 100), 200)


async def test_what_is_done_offline_comes_in_order_after_the_reconnect(csms: FakeCsms, autojump_clock):
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await station.boot()
        await station.go_offline()
        transaction = await station.start(1, "TAG", 100)
        assert transaction.transaction_id is None
        await station.meter_values(transaction, 150)
        assert await station.stop(transaction, 200) is None
        assert len(station.delivery) == 3
        await station.come_back()
        await station.until_delivered()
    tail = [action for action in csms.actions() if action != "StatusNotification"][1:]
    assert tail == ["BootNotification", "StartTransaction", "MeterValues", "StopTransaction"]
    assert csms.payloads("MeterValues")[0]["transactionId"] == 1
    assert csms.payloads("StopTransaction")[0]["transactionId"] == 1


async def test_a_connection_that_breaks_before_the_answer_costs_no_attempt(csms: FakeCsms, autojump_clock):
    broken = 0

    def answer(identity: str, payload: dict) -> dict:
        nonlocal broken
        broken += 1
        if broken <= 6:
            csms_nursery.start_soon(csms.sockets["CP1"].aclose, 1011)
            raise Silence
        return {"transactionId": 3, "idTagInfo": {"status": "Accepted"}}

    csms.answers["StartTransaction"] = answer
    async with (
        trio.open_nursery() as csms_nursery,
        Station16.connect(URL, "CP1", dial=csms.dial()) as station,
    ):
        transaction = await station.start(1, "TAG", 100)
        await station.until_delivered()
        assert transaction.transaction_id == 3
        assert station.tally.discarded == 0
    assert broken == 7


async def test_nothing_of_a_transaction_is_sent_while_pending(csms: FakeCsms, autojump_clock):
    csms.answers["BootNotification"] = lambda *_: {
        "status": "Pending",
        "currentTime": "2026-03-02T12:00:00Z",
        "interval": 50,
    }
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await station.boot_once()
        await station.start(1, "TAG", 100)
        assert len(station.delivery) == 1
        assert csms.actions() == ["BootNotification"]


async def test_two_connectors_keep_the_order_of_their_messages(csms: FakeCsms, autojump_clock):
    csms.answers["MeterValues"] = once(Fail("InternalError"))
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station, trio.open_nursery() as nursery:
        first = await station.start(1, "A", 100)
        nursery.start_soon(station.meter_values, first, 110)
        await csms.until("MeterValues")
        second = await station.start(2, "B", 100)  # waits until the retry is through
        assert second.transaction_id == 2
    assert csms.actions() == ["StartTransaction", "MeterValues", "MeterValues", "StartTransaction"]

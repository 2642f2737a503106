"""Connection, CALLs both ways, and the hooks that tests of a server live on."""

import json
import ssl
from itertools import pairwise

import pytest
import trio
import trustme

from csms.simulator import (
    CallError,
    CallTimeout,
    ConnectionLost,
    Refused,
    Station16,
    StationSettings,
    Unreachable,
)
from csms.simulator.errors import NoCommonSubprotocol
from csms.simulator.station import NO_ANSWER
from tests.simulator.fake_csms import Fail, FakeCsms, Silence, basic

URL = "ws://csms.example/ocpp"


async def test_a_station_boots_and_gets_its_interval(csms: FakeCsms, autojump_clock):
    csms.interval_s = 77
    async with Station16.connect(URL, "CP 1/ä", dial=csms.dial()) as station:
        answer = await station.boot()
        assert answer["status"] == "Accepted"
        assert station.configuration.text("HeartbeatInterval") == "77"
    assert csms.handshakes[0][0] == "/ocpp/CP%201%2F%C3%A4"


async def test_the_password_goes_as_raw_bytes(csms: FakeCsms, autojump_clock):
    async with Station16.connect(URL, "CP1", b"\x00\xff:secret", dial=csms.dial()):
        pass
    assert basic(csms.handshakes[0][1]) == b"CP1:\x00\xff:secret"


async def test_no_password_means_no_authorization_header(csms: FakeCsms, autojump_clock):
    async with Station16.connect(URL, "CP1", dial=csms.dial()):
        pass
    assert "authorization" not in csms.handshakes[0][1]


async def test_a_refusal_tells_status_and_text(csms: FakeCsms, autojump_clock):
    csms.refuse_with = 401
    with pytest.raises(Refused, match="not you") as caught:
        async with Station16.connect(URL, "CP1", dial=csms.dial()):
            pytest.fail("connected")
    assert caught.value.http_status == 401


async def test_a_csms_that_chooses_no_subprotocol_is_left(csms: FakeCsms, autojump_clock):
    csms.choose_subprotocol = None
    with pytest.raises(NoCommonSubprotocol):
        async with Station16.connect(URL, "CP1", dial=csms.dial()):
            pytest.fail("connected")


async def test_hanging_up_during_the_handshake_is_seen_at_once(autojump_clock):
    async def dial() -> trio.abc.Stream:
        ours, theirs = trio.testing.memory_stream_pair()
        await ours.aclose()
        return theirs

    begun = trio.current_time()
    with pytest.raises(Unreachable, match="hung up"):
        async with Station16.connect(URL, "CP1", dial=dial):
            pytest.fail("connected")
    assert trio.current_time() - begun < 1


async def test_a_closed_port_is_unreachable():
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9: Connection refused"):
        async with Station16.connect("ws://127.0.0.1:9/ocpp", "CP1"):
            pytest.fail("connected")


async def test_errors_and_silence_of_the_csms_are_raised(csms: FakeCsms, autojump_clock):
    def fail(*_):
        raise Fail("InternalError")

    def hush(*_):
        raise Silence

    csms.answers |= {"Authorize": fail, "DataTransfer": hush}
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        with pytest.raises(CallError, match="InternalError: on demand"):
            await station.authorize("TAG")
        with pytest.raises(CallTimeout):
            await station.call("DataTransfer", {"vendorId": "x"}, timeout_s=5)
        assert await station.heartbeat()  # the slot is free again
        assert (station.tally.call_errors, station.tally.timeouts) == (1, 1)


async def test_a_lost_connection_fails_the_call_that_waits(csms: FakeCsms, autojump_clock):
    def hush(*_):
        raise Silence

    csms.answers["Heartbeat"] = hush
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station, trio.open_nursery() as nursery:

        async def cut() -> None:
            await csms.until("Heartbeat")
            await station.go_offline()

        nursery.start_soon(cut)
        with pytest.raises(ConnectionLost):
            await station.heartbeat()
        with pytest.raises(ConnectionLost):
            await station.heartbeat()


async def test_it_answers_the_csms_while_its_own_call_waits(csms: FakeCsms, autojump_clock):
    def hush(*_):
        raise Silence

    csms.answers["Heartbeat"] = hush
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station, trio.open_nursery() as nursery:
        nursery.start_soon(station.heartbeat)
        await csms.until("Heartbeat")
        assert await csms.call("CP1", "GetLocalListVersion", {}) == {"listVersion": 0}
        nursery.cancel_scope.cancel()


async def test_an_own_answer_takes_the_place_of_the_stations(csms: FakeCsms, autojump_clock):
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        station.on("Reset", lambda payload: {"status": "Rejected"})
        assert await csms.call("CP1", "Reset", {"type": "Hard"}) == {"status": "Rejected"}

        def refuse(payload: dict) -> dict:
            raise CallError("InternalError", "no")

        station.on("ClearCache", refuse)
        with pytest.raises(Fail, match="InternalError"):
            await csms.call("CP1", "ClearCache", {})

        async def slowly(payload: dict) -> dict:
            await trio.sleep(20)
            return {"status": "Unlocked"}

        station.on("UnlockConnector", slowly)
        assert await csms.call("CP1", "UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
        station.on("UnlockConnector", lambda payload: NO_ANSWER)
        with pytest.raises(trio.TooSlowError):
            await csms.call("CP1", "UnlockConnector", {"connectorId": 1})
        station.on("Reset", None)
        assert await csms.call("CP1", "Reset", {"type": "Soft"}) == {"status": "Accepted"}


async def test_expect_gives_calls_that_come_and_calls_that_came(csms: FakeCsms, autojump_clock):
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await csms.call("CP1", "ClearCache", {})
        await csms.call("CP1", "UnlockConnector", {"connectorId": 7})
        assert await station.expect("UnlockConnector") == {"connectorId": 7}
        assert await station.expect("ClearCache") == {}
        with pytest.raises(trio.TooSlowError):
            await station.expect("ClearCache", timeout_s=1)


async def test_raw_frames_go_out_and_come_back(csms: FakeCsms, autojump_clock):
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await station.send_raw('[2, 17, "Heartbeat", {}]')
        assert json.loads(await station.receive_raw())[:2] == [3, 17]
        with pytest.raises(trio.TooSlowError):
            await station.receive_raw(timeout_s=1)


async def test_an_unknown_action_is_not_implemented(csms: FakeCsms, autojump_clock):
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await csms.sockets["CP1"].send_message('[2, "x", "CustomOperation", {}]')
        await csms.sockets["CP1"].send_message('[2, "y", "Reset", {}]')
        await csms.sockets["CP1"].send_message('[2, "z", "Reset", {"type": 3}]')
        await station.expect("CustomOperation")
        await trio.sleep(1)
        errors = [json.loads(text)[:3] for text in csms.frames["CP1"]]
        assert errors[:2] == [[4, "x", "NotImplemented"], [4, "y", "OccurenceConstraintViolation"]]
        assert station.tally.violation_count == 2  # two payloads that the schema does not allow


async def test_what_the_csms_sends_is_checked_by_the_schemas(csms: FakeCsms, autojump_clock):
    csms.answers["Heartbeat"] = lambda *_: {"currentTime": 12}
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await station.heartbeat()
        assert "HeartbeatResponse currentTime" in station.tally.violations[0]


async def test_it_reconnects_by_itself_and_says_hello(csms: FakeCsms, autojump_clock):
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await station.boot()
        await csms.sockets["CP1"].aclose(1001, "going away")
        await csms.until("BootNotification", 2)
        await csms.until("StatusNotification", 2)
        assert station.last_close == (1001, "going away")
        assert station.tally.connections == 2


async def test_it_gives_up_after_the_last_try(csms: FakeCsms, autojump_clock):
    settings = StationSettings(reconnect_tries=3)
    async with Station16.connect(URL, "CP1", dial=csms.dial(), settings=settings) as station:
        await station.boot()
        csms.refuse_with = 503
        await csms.sockets["CP1"].aclose()
        await station.until_closed()
        with pytest.raises(Refused, match="503"):
            await station.until_online()
    assert len(csms.handshakes) == 4


async def test_pending_and_rejected_are_obeyed(csms: FakeCsms, autojump_clock):
    states = iter(["Pending", "Rejected", "Accepted"])
    times = []

    def boot(*_):
        times.append(trio.current_time())
        return {"status": next(states), "currentTime": "2026-03-02T12:00:00Z", "interval": 20}

    csms.answers["BootNotification"] = boot
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await station.boot()
        assert [round(later - earlier) for earlier, later in pairwise(times)] == [20, 20]
        assert csms.actions() == ["BootNotification"] * 3


async def test_a_rejected_station_answers_nothing(csms: FakeCsms, autojump_clock):
    csms.answers["BootNotification"] = lambda *_: {
        "status": "Rejected",
        "currentTime": "2026-03-02T12:00:00Z",
        "interval": 20,
    }
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await station.boot_once()
        with pytest.raises(trio.TooSlowError):
            await csms.call("CP1", "ClearCache", {})


async def test_heartbeats_fill_the_silence_only(csms: FakeCsms, autojump_clock):
    csms.interval_s = 60
    async with Station16.connect(URL, "CP1", dial=csms.dial()) as station:
        await station.boot()
        await trio.sleep(200)
        assert len(csms.payloads("Heartbeat")) == 3
        for _ in range(4):
            await trio.sleep(30)
            await station.authorize("TAG")
        assert len(csms.payloads("Heartbeat")) == 3


async def test_a_connection_without_pongs_is_dropped_and_made_anew(csms: FakeCsms, autojump_clock):
    csms.deaf = True
    async with Station16.open(URL, "CP1", dial=csms.dial()) as station:
        station.configuration.set("WebSocketPingInterval", "10")
        await station.go_online()
        begun = trio.current_time()
        csms.deaf = False
        await station.until_closed()
        # one interval until the ping, one for the pong
        assert trio.current_time() - begun == pytest.approx(20)
        await trio.sleep(60)
        assert station.tally.connections == 2  # the second one gets its pongs


async def test_message_ids_are_unique_and_come_from_the_seed(csms: FakeCsms, autojump_clock):
    settings = StationSettings(seed="7")
    for _ in range(2):
        async with Station16.connect(URL, "CP1", dial=csms.dial(), settings=settings) as station:
            await station.heartbeat()
            await station.heartbeat()
    ids = [message_id for _, message_id, _, _ in csms.calls]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]
    assert all(len(one) <= 36 for one in ids)


async def test_it_connects_by_tls_with_a_root_of_ones_own():
    authority = trustme.CA()
    server, client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    async with trio.open_nursery() as nursery:
        csms = FakeCsms(nursery)
        listeners = await trio.open_ssl_over_tcp_listeners(0, server, host="127.0.0.1", https_compatible=True)
        nursery.start_soon(trio.serve_listeners, csms.serve, listeners)
        url = f"wss://127.0.0.1:{listeners[0].transport_listener.socket.getsockname()[1]}/ocpp"
        async with Station16.connect(url, "CP1", tls=client) as station:
            assert (await station.boot())["status"] == "Accepted"
            assert station.over_tls
        with pytest.raises(Unreachable, match="TLS failed"):
            async with Station16.connect(url, "CP1"):
                pytest.fail("trusted an unknown root")
        nursery.cancel_scope.cancel()

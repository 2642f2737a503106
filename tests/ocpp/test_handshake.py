"""The upgrade: what stations send before they may speak, and how they are refused."""

from typing import Any

import pytest
import trio
import trio.testing

from csms.model.station import StationRef
from csms.ocpp import request_head
from csms.ocpp.handshake import Admitted, ConnectionOptions, Refused
from csms.ocpp.limits import Limits
from tests.ocpp.station import CLOSE, KEY, Office, Station, Yard, basic, frame


@pytest.mark.parametrize(
    ("target", "segments"),
    [
        ("/ocpp/CP1", ("ocpp", "CP1")),
        ("/CP1/", ("CP1",)),
        ("//ocpp//CP1?x=/y#z", ("ocpp", "CP1")),
        ("/ocpp/CP%2F1%2f2", ("ocpp", "CP/1/2")),
        ("/ocpp/CP%252F1", ("ocpp", "CP%2F1")),
        ("/ocpp/CP%201*", ("ocpp", "CP 1*")),
        ("/ocpp/a+b:c", ("ocpp", "a+b:c")),
        ("/ocpp/%C3%A4", ("ocpp", "ä")),
        ("/ocpp/%E4", ("ocpp", "ä")),
        ("/ocpp/100%", ("ocpp", "100%")),
        ("ws://host:9000/ocpp/CP1", ("ocpp", "CP1")),
        ("/", ()),
        ("*", ("*",)),
    ],
)
def test_the_path_is_split_first_and_decoded_once(target: str, segments: tuple[str, ...]) -> None:
    assert request_head.path_segments(target) == segments


def test_the_request_line_is_taken_as_installers_type_it() -> None:
    head = request_head.parse("GET /ocpp/CP 1 ä HTTP/1.1\r\nHost: x".encode())
    assert request_head.path_segments(head.target) == ("ocpp", "CP 1 ä")


async def test_a_station_is_admitted_and_speaks(yard: Yard, office: Office) -> None:
    station = yard.station()
    secret = b"CP:1:" + bytes([0, 0x3A, 0x80, 0xFF]) + b"key"
    reply = await station.request(
        "/ocpp/t%2F1/CP%3A1", "ocpp2.0.1, ocpp1.6", Authorization=basic(secret), X_Model="ä ö"
    )
    assert reply.status == 101
    assert reply.headers["sec-websocket-protocol"] == "ocpp1.6"
    assert reply.headers["upgrade"] == "websocket"
    [hello] = office.hellos
    assert hello.path_segments == ("ocpp", "t/1", "CP:1")
    assert hello.raw_path == "/ocpp/t%2F1/CP%3A1"
    assert hello.subprotocols == ("ocpp2.0.1", "ocpp1.6")
    assert hello.authorization == secret
    assert (hello.peer, hello.tls, hello.client_certificate) == ("192.0.2.7", False, None)
    assert ("X-Model", "ä ö") in hello.headers
    assert ("Authorization", "Basic <redacted>") in hello.headers
    await station.send('[2,"1","Heartbeat",{}]')
    assert await station.message() == [3, "1", {"n": 1}]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("Basic Q1AxOnB3", b"CP1:pw"),
        ("basic   Q1AxOnB3eA", b"CP1:pwx"),
        ("Basic Q1AxOnB3eA==", b"CP1:pwx"),
        ("Basic !!!", b""),
        ("Basic", b""),
        ("Bearer abc", b""),
    ],
)
async def test_credentials_are_bytes(
    yard: Yard, office: Office, header: str | None, expected: bytes | None
) -> None:
    await yard.station().request(**({} if header is None else {"Authorization": header}))
    assert office.hellos[0].authorization == expected


@pytest.mark.parametrize(
    ("refused", "extra"),
    [
        (Refused(401, "the password is wrong"), ("www-authenticate", 'Basic realm="ocpp"')),
        (Refused(404, "unknown station"), ("connection", "close")),
        (Refused(403, "blocked"), ("content-type", "text/plain; charset=utf-8")),
        (Refused(429, "too often"), ("retry-after", "30")),
        (Refused(503, "overloaded", retry_after_s=7), ("retry-after", "7")),
    ],
)
async def test_refusals_are_told_in_clear_text(
    yard: Yard, office: Office, refused: Refused, extra: tuple[str, str]
) -> None:
    office.verdict = refused
    station = yard.station()
    reply = await station.request()
    assert (reply.status, reply.body) == (refused.http_status, refused.reason + "\n")
    assert reply.headers[extra[0]] == extra[1]
    assert await station.gone()
    assert office.events == []


async def test_a_gate_that_fails_costs_only_the_attempt(yard: Yard, office: Office) -> None:
    office.verdict = ValueError("secret detail")
    reply = await yard.station().request()
    assert reply.status == 503
    assert "secret" not in reply.body
    office.verdict = None
    await yard.station().open()


@pytest.mark.parametrize(
    ("version", "offer", "answer"),
    [
        ("1.6", "ocpp1.6", "ocpp1.6"),
        ("1.6", "OCPP1.6,ocpp2.0.1", "OCPP1.6"),
        ("2.0.1", "ocpp1.6, ocpp2.0.1", "ocpp2.0.1"),
        ("1.6", None, None),
        ("1.6", "unknown", None),
    ],
)
async def test_the_subprotocol_is_the_admitted_version_if_it_was_offered(
    yard: Yard, office: Office, version: Any, offer: str | None, answer: str | None
) -> None:
    office.version = version
    reply = await yard.station().request(protocols=offer)
    assert reply.status == 101
    assert reply.headers.get("sec-websocket-protocol") == answer


async def test_no_common_subprotocol_completes_the_handshake_and_closes(
    yard: Yard, office: Office, autojump_clock: trio.testing.MockClock
) -> None:
    office.verdict = Admitted(StationRef("t", "CP1", "CP1"), None)
    station = yard.station()
    reply = await station.request(protocols="ocpp0.9")
    assert reply.status == 101
    assert "sec-websocket-protocol" not in reply.headers
    code, reason = await station.closed()
    assert code == 1002
    assert "ocpp1.6" in reason
    await station.send_frame(frame(CLOSE, b"\x03\xea"))
    assert await station.gone()
    assert office.events == []
    assert trio.current_time() < 5


UPGRADE = (
    f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13"
)


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 426),
        ("GET /ocpp/CP1 HTTP/1.0\r\n\r\n", 505),
        ("POST /ocpp/CP1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 400),
        (f"GET /ocpp/CP1 HTTP/1.1\r\n{UPGRADE}\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("\x16\x03\x01\x02\x00\x01", 400),
        ("hello\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (f"GET /ocpp/CP1 HTTP/1.1\r\n{UPGRADE}x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n" + "X: y\r\n" * 101 + "\r\n", 431),
        ("GET / HTTP/1.1\r\nX: " + "y" * 17_000, 431),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_what_is_no_websocket_is_told_so(
    yard: Yard, office: Office, request_text: str, status: int, autojump_clock: trio.testing.MockClock
) -> None:
    station = yard.station()
    reply = await station.raw_request(request_text.encode("latin-1"))
    assert reply.status == status
    assert reply.body.strip()
    assert await station.gone()
    assert office.hellos == []


async def test_leading_empty_lines_and_frames_right_behind_the_request_are_fine(yard: Yard) -> None:
    station = yard.station()
    request = f"\r\nGET /ocpp/CP1 HTTP/1.1\r\n{UPGRADE}\r\nContent-Length: 0\r\n\r\n".encode()
    reply = await station.raw_request(request + frame(1, b'[2,"1","Heartbeat",{}]'))
    assert reply.status == 101
    assert await station.message() == [3, "1", {"n": 1}]


@pytest.mark.parametrize("sent", [b"", b"GET /ocpp/CP1 HTT", b"GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n"])
async def test_a_slow_handshake_is_ended(
    yard: Yard, sent: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    station = yard.station()
    if sent:
        await station.send_frame(sent)
    began = trio.current_time()
    assert await station.gone()
    assert trio.current_time() - began < Limits().handshake_timeout_s + 3


async def test_a_handshake_cut_short_leaves_nothing(yard: Yard, office: Office) -> None:
    station = yard.station()
    await station.send_frame(b"GET /ocpp/CP1 HTTP/1.1\r\n")
    await station.stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert office.hellos == []
    await yard.station().open()


class TestFull:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(max_connections=1)

    async def test_more_connections_than_allowed_are_told_to_come_later(self, yard: Yard) -> None:
        first = await yard.connected("CP1")
        reply = await yard.station().request("/ocpp/CP2")
        assert reply.status == 503
        assert int(reply.headers["retry-after"]) > 0
        await first.send('[2,"1","Heartbeat",{}]')
        assert (await first.message())[0] == 3


async def test_the_message_limit_is_the_stations_own(yard: Yard, office: Office) -> None:
    office.options = ConnectionOptions(max_frame_bytes=100, ping_interval_s=0)
    station = await yard.connected()
    await station.send(b"x" * 101)
    assert (await station.closed())[0] == 1009


def test_nothing_secret_is_shown() -> None:
    head = request_head.parse(b"GET / HTTP/1.1\r\nAUTHORIZATION: Basic abc\r\nCookie: a=b\r\nX: y")
    assert "abc" not in repr(request_head.redacted(head))
    assert "a=b" not in repr(request_head.redacted(head))
    assert ("X", "y") in request_head.redacted(head)


async def test_compression_is_negotiated_when_offered(yard: Yard) -> None:
    reply = await Station(yard.station().stream).request(
        Sec_WebSocket_Extensions="foo, permessage-deflate; client_max_window_bits; server_max_window_bits=10"
    )
    assert reply.status == 101
    answer = reply.headers["sec-websocket-extensions"]
    assert "server_no_context_takeover" in answer
    assert "server_max_window_bits=10" in answer


async def test_compression_is_declined_for_a_station_that_gets_it_wrong(yard: Yard, office: Office) -> None:
    office.options = ConnectionOptions(compression=False, ping_interval_s=0)
    station = yard.station()
    reply = await station.request(Sec_WebSocket_Extensions="permessage-deflate")
    assert reply.status == 101
    assert "sec-websocket-extensions" not in reply.headers
    await station.send_frame(frame(1, b"abc", rsv1=True))
    assert (await station.closed())[0] == 1002

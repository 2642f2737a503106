"""The WebSocket without I/O: what stations and attackers may put on the wire."""

import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from csms.ocpp.websocket import WebSocket
from tests.ocpp.station import BINARY, CLOSE, KEY, PING, TEXT, frame

MAX = 10_000
HEADERS = [
    ("Upgrade", "websocket"),
    ("Connection", "keep-alive, Upgrade"),
    ("Sec-WebSocket-Key", KEY),
    ("Sec-WebSocket-Version", "13"),
]


def opened(extensions: str = "", max_bytes: int = MAX) -> WebSocket:
    websocket = WebSocket()
    headers = HEADERS + ([("Sec-WebSocket-Extensions", extensions)] if extensions else [])
    response = websocket.accept("GET", "HTTP/1.1", headers)
    assert response.status_code == 101
    assert ("Sec-WebSocket-Extensions" in response.headers) == bool(extensions)
    websocket.open(max_bytes)
    return websocket


def closing(websocket: WebSocket) -> tuple[int, str, bool]:
    """Return code and reason of the close frame in the writes, and whether the stream is to be ended."""
    data, ends = websocket.writes()
    assert data[0] == 0x88
    assert data[1] == len(data) - 2
    return int.from_bytes(data[2:4], "big"), data[4:].decode(), ends


def deflated(text: bytes, bits: int = 12) -> bytes:
    squeeze = zlib.compressobj(wbits=-bits)
    return (squeeze.compress(text) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 1335, MAX])
def test_a_text_of_any_length_comes_and_goes(size: int) -> None:
    websocket = opened()
    text = b"x" * size
    assert websocket.feed(frame(TEXT, text)) == [text]
    station = Protocol(Side.CLIENT, state=State.OPEN)
    station.receive_data(websocket.text(text))
    [event] = station.events_received()
    assert isinstance(event, Frame)
    assert (event.opcode, event.data, event.fin) == (Opcode.TEXT, text, True)


def test_a_text_beyond_64_kib_goes() -> None:
    station = Protocol(Side.CLIENT, state=State.OPEN)
    station.receive_data(opened().text(b"y" * 70_000))
    [event] = station.events_received()
    assert isinstance(event, Frame)
    assert event.data == b"y" * 70_000


def test_bytes_may_come_one_by_one_and_frames_together() -> None:
    websocket = opened()
    wire = frame(TEXT, b"[1]") + frame(TEXT, "ä".encode() * 100) + frame(PING, b"p") + frame(TEXT, b"[3]")
    found = [message for byte in wire for message in websocket.feed(bytes([byte]))]
    assert found == [b"[1]", "ä".encode() * 100, b"[3]"]
    assert websocket.writes() == (b"\x8a\x01p", False)
    assert opened().feed(wire) == found


def test_fragments_make_one_message_with_pings_between() -> None:
    websocket = opened()
    euro = "€".encode()
    assert websocket.feed(frame(TEXT, euro[:1], fin=False)) == []
    assert websocket.feed(frame(PING, b"")) == []
    assert websocket.feed(frame(0, euro[1:2], fin=False)) == []
    assert websocket.feed(frame(0, euro[2:]) + frame(TEXT, b"next")) == [euro, b"next"]
    assert websocket.is_open


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (frame(BINARY, b"[]"), 1003),
        (frame(BINARY, b"[", fin=False), 1003),
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(TEXT, b"\xe2\x82", fin=False) + frame(0, b""), 1007),
        (frame(TEXT, b"[]", masked=False), 1002),
        (frame(TEXT, b"[]", rsv1=True), 1002),
        (frame(3, b""), 1002),
        (frame(0, b"x"), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(TEXT, b"x", fin=False) + frame(TEXT, b"x"), 1002),
        (frame(TEXT, b"x" * (MAX + 1)), 1009),
        (frame(TEXT, b"x" * (MAX + 1))[:14], 1009),
        (frame(TEXT, b"x" * MAX, fin=False) + frame(0, b"x"), 1009),
        (b"\x81\xff" + b"\xff" * 8, 1009),
    ],
    ids=[
        *("binary", "binary-fragment", "not-utf8", "cut-utf8", "unmasked", "reserved-bit", "opcode-3"),
        *("stray-continuation", "long-ping", "interrupted-fragments", "too-long", "too-long-by-its-header"),
        *("too-long-in-fragments", "longer-than-a-header-may-say"),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection(wire: bytes, code: int) -> None:
    websocket = opened()
    assert websocket.feed(frame(TEXT, b"before") + wire + frame(TEXT, b"after")) == [b"before"]
    found, reason, ends = closing(websocket)
    assert (found, ends) == (code, True)
    assert reason
    assert websocket.closure.code == code
    assert websocket.failed
    assert not websocket.is_open
    assert websocket.feed(frame(TEXT, b"more")) == []
    with pytest.raises(InvalidState):
        websocket.text(b"[]")


def test_a_frame_that_is_too_long_is_refused_before_it_is_read() -> None:
    websocket = opened()
    websocket.feed(b"\x81\xfe\xff\xff")
    assert closing(websocket)[0] == 1009


def test_the_station_closes() -> None:
    websocket = opened()
    assert websocket.feed(frame(TEXT, b"last") + frame(CLOSE, b"\x03\xe9bye")) == [b"last"]
    assert closing(websocket) == (1001, "bye", True)
    assert (websocket.closure.code, websocket.closure.reason) == (1001, "bye")
    assert not websocket.failed


def test_we_close_and_hear_the_station_out() -> None:
    websocket = opened()
    websocket.close(1000, "ä" * 200)
    code, reason, ends = closing(websocket)
    assert (code, reason, ends) == (1000, "ä" * 61, False)
    assert websocket.feed(frame(TEXT, b"late") + frame(CLOSE, b"\x03\xe8")) == []
    assert websocket.writes() == (b"", True)
    assert websocket.closure.code == 1000


def test_compression_keeps_no_state_and_small_answers_uncompressed() -> None:
    websocket = opened("permessage-deflate; client_max_window_bits")
    response = WebSocket().accept(
        "GET",
        "HTTP/1.1",
        [*HEADERS, ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")],
    )
    for parameter in (
        "client_no_context_takeover",
        "server_no_context_takeover",
        "client_max_window_bits=12",
    ):
        assert parameter in response.headers["Sec-WebSocket-Extensions"]
    text = b'["the same words again and again"]' * 60
    for _ in range(2):
        assert websocket.feed(frame(TEXT, deflated(text), rsv1=True)) == [text]
    assert websocket.feed(frame(TEXT, text)) == [text]
    assert websocket.text(b"[3]") == b"\x81\x03[3]"
    sent = websocket.text(text)
    assert sent[0] == 0xC1
    assert len(sent) < len(text) / 4
    packed = sent[2 if sent[1] < 126 else 4 :] + b"\0\0\xff\xff"
    assert zlib.decompressobj(wbits=-12).decompress(packed) == text


def test_a_client_that_cannot_choose_its_window_is_served_too() -> None:
    websocket = opened("permessage-deflate")
    assert websocket.feed(frame(TEXT, deflated(b"x" * 5000, bits=15), rsv1=True)) == [b"x" * 5000]


@pytest.mark.parametrize("parts", [1, 3])
def test_a_bomb_is_not_inflated_beyond_the_limit(parts: int) -> None:
    websocket = opened("permessage-deflate")
    bomb = deflated(b"\0" * 50_000_000)
    assert len(bomb) < 50_000
    websocket.open(60_000)
    step = len(bomb) // parts + 1
    for n in range(parts):
        piece = bomb[n * step : (n + 1) * step]
        websocket.feed(frame(TEXT if n == 0 else 0, piece, fin=n == parts - 1, rsv1=n == 0))
    assert closing(websocket)[0] == 1009


def test_garbage_instead_of_deflate_ends_the_connection() -> None:
    websocket = opened("permessage-deflate")
    assert websocket.feed(frame(TEXT, b"\xff\xff\xff", rsv1=True)) == []
    assert closing(websocket)[0] == 1002


@pytest.mark.parametrize(
    ("method", "version", "change", "status"),
    [
        ("GET", "HTTP/1.1", {"Upgrade": None}, 426),
        ("GET", "HTTP/1.1", {"Connection": "close"}, 426),
        ("POST", "HTTP/1.1", {}, 405),
        ("GET", "HTTP/1.0", {}, 505),
        ("GET", "HTTP/1.1", {"Sec-WebSocket-Key": None}, 400),
        ("GET", "HTTP/1.1", {"Sec-WebSocket-Version": "8"}, 400),
    ],
)
def test_requests_that_are_no_upgrade(method: str, version: str, change: dict[str, Any], status: int) -> None:
    headers = {**dict(HEADERS), **change}
    response = WebSocket().accept(method, version, [(k, v) for k, v in headers.items() if v is not None])
    assert response.status_code == status
    assert response.body


def reference(wire: bytes) -> tuple[list[bytes], bytes]:
    """Let the library alone judge: the messages up to the end, and what it answers."""
    protocol = Protocol(Side.SERVER, state=State.OPEN, max_size=MAX)
    protocol.receive_data(wire)
    messages, partial = [], b""
    for event in protocol.events_received():
        assert isinstance(event, Frame)
        if event.opcode in (Opcode.TEXT, Opcode.CONT, Opcode.BINARY):
            partial += bytes(event.data)
            if event.fin:
                messages.append(partial)
                partial = b""
    return messages, b"".join(protocol.data_to_send())


frames = st.builds(
    frame,
    st.sampled_from([TEXT] * 6 + [0, 0, PING, CLOSE, 3]),
    st.sampled_from([b"", b"[]", b"x" * 200, b"\x03\xe8", "€".encode()]),
    fin=st.sampled_from([True, True, True, False]),
    rsv1=st.sampled_from([False] * 20 + [True]),
    masked=st.sampled_from([True] * 20 + [False]),
)


def closes_within_a_message(wire_frames: list[bytes]) -> bool:
    """Whether a CLOSE stands between fragments, which RFC 6455 §5.4 allows and the library calls an error."""
    unfinished = False
    for part in wire_frames:
        opcode, final = part[0] & 0x0F, bool(part[0] & 0x80)
        if opcode == 8 and unfinished:
            return True
        if opcode < 8:
            unfinished = not final
    return False


@settings(max_examples=400, deadline=None)
@given(st.lists(frames, max_size=8), st.binary(max_size=12), st.lists(st.integers(1, 300), min_size=1))
def test_any_stream_in_any_pieces_reads_as_the_library_reads_it(
    wire_frames: list[bytes], tail: bytes, pieces: list[int]
) -> None:
    wire = b"".join(wire_frames) + tail
    websocket = opened()
    messages, at, n = [], 0, 0
    while at < len(wire):
        step = pieces[n % len(pieces)]
        messages += websocket.feed(wire[at : at + step])
        at, n = at + step, n + 1
    expected, answer = reference(wire)
    if any(part[0] & 0x8F == 0x82 for part in wire_frames) or websocket.closure.code in (1003, 1007):
        return  # the library leaves text and binary to its user
    if closes_within_a_message(wire_frames):
        return
    assert messages == expected
    assert websocket.writes()[0] == answer

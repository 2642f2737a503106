"""The WebSocket of one station, without I/O (RFC 6455, RFC 7692).

`websockets` knows the protocol; it is handed whole frames. The frame nearly every message arrives in (final,
text, uncompressed, within the limit) is unmasked here, which takes a tenth of the time.
"""

import logging
from dataclasses import dataclass
from typing import Final

from websockets.datastructures import Headers
from websockets.exceptions import InvalidState
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

COMPRESS_FROM_BYTES: Final = 1024
_FINAL_TEXT: Final = 0x81
_MASKED: Final = 0x80
_RESERVED: Final = frozenset({3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
_SILENT: Final = logging.getLogger("csms.ocpp.websocket.protocol")
_SILENT.setLevel(logging.WARNING)  # its debug lines would spell out frames

# No context takeover in either direction: a compressor at zlib's defaults holds 256 KiB and a decompressor
# 40 KiB for as long as the station is connected, an idle one without context holds nothing.
DEFLATE: Final = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,
    client_no_context_takeover=True,
    server_max_window_bits=12,
    client_max_window_bits=12,
    compress_settings={"memLevel": 5},
)


@dataclass(frozen=True, slots=True)
class Closure:
    """How a WebSocket ended, or is about to."""

    code: int
    reason: str


class WebSocket:
    """The server's end of one connection, from the accepted request to the last frame."""

    __slots__ = ("_buffer", "_partial", "_protocol", "deflate", "max_bytes")

    def __init__(self) -> None:
        """Stand before the handshake: `accept` comes first."""
        self._protocol = ServerProtocol(state=State.OPEN, extensions=[DEFLATE], logger=_SILENT)
        self._buffer = bytearray()
        self._partial: bytearray | None = None
        self.deflate = False
        self.max_bytes = 0

    def accept(self, method: str, version: str, headers: list[tuple[str, str]]) -> Response:
        """Judge an upgrade request; the response is 101 when it can be granted."""
        return self._protocol.accept(Request("/", Headers(headers), method, version))

    def decline_compression(self, response: Response) -> None:
        """Take permessage-deflate out of a response that has not been sent."""
        self._protocol.extensions = []
        response.headers.pop("Sec-WebSocket-Extensions", None)

    def open(self, max_bytes: int) -> None:
        """Begin to take frames; no message may be longer than `max_bytes`, inflated or not."""
        self._protocol.max_message_size = self.max_bytes = max_bytes
        self.deflate = bool(self._protocol.extensions)

    @property
    def is_open(self) -> bool:
        """Whether messages may still be sent."""
        return self._protocol.state is State.OPEN

    @property
    def failed(self) -> bool:
        """Whether it was ended for a breach of the protocol, not by the closing handshake."""
        return self._protocol.close_rcvd is None

    @property
    def closure(self) -> Closure:
        """Who ended it and why: our own close frame if it came first, else the station's."""
        protocol = self._protocol
        close = protocol.close_rcvd if protocol.close_rcvd_then_sent else protocol.close_sent
        if close is None:
            return Closure(CloseCode.ABNORMAL_CLOSURE, "the connection was lost")
        return Closure(int(close.code), close.reason)

    def feed(self, data: bytes | bytearray) -> list[bytes]:
        """Take bytes from the network; return the text messages they complete."""
        buffer = self._buffer
        source = data
        if buffer:
            buffer += data
            source = buffer
        messages: list[bytes] = []
        start = 0
        size = len(source)
        while start < size and (end := self._frame(source, start, messages)) > start:
            start = end
        if source is buffer:
            del buffer[:start]
        elif start < size:
            buffer += source[start:]
        return messages

    def _frame(self, data: bytes | bytearray, start: int, messages: list[bytes]) -> int:
        """Consume the frame at `start` and return where it ends; `start` when it is not complete."""
        size = len(data) - start
        if size < 2:
            return start
        first, second = data[start], data[start + 1]
        length = second & 0x7F
        body = start + 6
        if not second & _MASKED or first & 0x0F in _RESERVED:
            length = self.max_bytes + 1
        elif length == 126:
            if size < 4:
                return start
            length = data[start + 2] << 8 | data[start + 3]
            body = start + 8
        elif length == 127:
            if size < 10:
                return start
            length = int.from_bytes(data[start + 2 : start + 10], "big")
            body = start + 14
        protocol = self._protocol
        begun = protocol.current_size
        if length > self.max_bytes - (begun or 0):
            self._delegate(bytes(data[start:]), messages)  # which ends the connection
            return len(data)
        end = body + length
        if end > len(data):
            return start
        if first == _FINAL_TEXT and begun is None and protocol.state is State.OPEN:
            self._complete(apply_mask(data[body:end], data[body - 4 : body]), messages)
        else:
            self._delegate(bytes(data[start:end]), messages)
        return end

    def _delegate(self, frame: bytes, messages: list[bytes]) -> None:
        self._protocol.receive_data(frame)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._event(event, messages)

    def _event(self, frame: Frame, messages: list[bytes]) -> None:
        if frame.opcode is Opcode.BINARY:
            self.fail(CloseCode.UNSUPPORTED_DATA, "OCPP messages are text frames")
        elif not self.is_open:
            self._partial = None  # data after a close frame
        elif frame.opcode is Opcode.TEXT:
            if frame.fin:
                self._complete(bytes(frame.data), messages)
            else:
                self._partial = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT and self._partial is not None:
            self._partial += frame.data
            if frame.fin:
                whole, self._partial = bytes(self._partial), None
                self._complete(whole, messages)

    def _complete(self, text: bytes, messages: list[bytes]) -> None:
        if not text.isascii():
            try:
                text.decode()
            except UnicodeDecodeError as error:
                self.fail(CloseCode.INVALID_DATA, f"not UTF-8 at byte {error.start}")
                return
        messages.append(text)

    def text(self, message: bytes) -> bytes:
        """Return a text message as it goes on the wire; raise InvalidState when closed."""
        if self._protocol.state is not State.OPEN:
            raise InvalidState("the WebSocket is closed")
        size = len(message)
        if self.deflate and size >= COMPRESS_FROM_BYTES:
            self._protocol.send_text(message)
            return b"".join(self._protocol.data_to_send())
        if size < 126:
            return b"\x81%c%b" % (size, message)
        if size < 65536:
            return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), message)
        return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), message)

    def ping(self) -> bytes:
        """Return a ping as it goes on the wire."""
        return b"\x89\x00"

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; the frame is among the next `writes`."""
        if self.is_open:
            self._protocol.send_close(code, _cut(reason))

    def fail(self, code: int, reason: str) -> None:
        """Say why and hear no more."""
        if not self._protocol.eof_sent:
            self._protocol.fail(code, _cut(reason))

    def writes(self) -> tuple[bytes, bool]:
        """Return what the protocol itself wants sent (pongs, close frames), and whether to end the stream."""
        pending = self._protocol.data_to_send()
        if not pending:
            return b"", False
        return b"".join(pending), not pending[-1]


def _cut(reason: str) -> str:
    """A close frame holds 123 bytes of reason (RFC 6455 §5.5)."""
    return reason.encode()[:123].decode(errors="ignore")

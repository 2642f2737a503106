"""From the first byte of a connection to 101 or a refusal in clear text (RFC 6455 §4.2, OCPP-J 1.6 §3.2)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
import trio
from trio.abc import Stream
from websockets.datastructures import Headers
from websockets.frames import CloseCode
from websockets.http11 import Response

from csms.ocpp import file_request, request_head
from csms.ocpp.file_request import FileRequest
from csms.ocpp.handshake import Admitted, Gate, Hello, Refused
from csms.ocpp.request_head import BadRequestError, RequestHead
from csms.ocpp.sockets import RECEIVE_BYTES
from csms.ocpp.websocket import WebSocket

RETRY_AFTER_S: Final = 30
_SPOKEN: Final = "ocpp1.6, ocpp2.0.1"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a connection comes from, as the socket and TLS know it."""

    address: str
    tls: bool = False
    client_certificate: bytes | None = None
    client_chain: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A station that got its 101."""

    admitted: Admitted
    websocket: WebSocket
    leftover: bytes
    reached: str = ""
    """Under which address the station has found us, for plain HTTP; empty where it does not say."""


async def upgrade(
    stream: Stream, peer: Peer, gate: Gate, max_head_bytes: int, full: bool
) -> Upgraded | FileRequest | None:
    """Read the request, ask the gate and answer; None when the connection goes no further.

    What asks for a file is left to whoever serves files.

    When the appliance is `full`, a valid request is answered 503 without asking the gate.
    """
    websocket = WebSocket()
    try:
        head, leftover = await _read_head(stream, max_head_bytes)
        if file_request.is_one(head):
            return FileRequest(head, leftover)
        request = request_head.parse(head)
    except BadRequestError as error:
        _log.info("handshake_refused", peer=peer.address, status=error.status, reason=str(error))
        await _refuse(stream, Refused(error.status, str(error)))
        return None
    response = websocket.accept(request.method, request.version, request.headers)
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        reason = (response.body or b"").decode(errors="replace").strip()
        _log.info("handshake_refused", peer=peer.address, status=response.status_code, reason=reason)
        await stream.send_all(response.serialize())
        return None
    if full:
        await _refuse(stream, Refused(503, "this central system has no room for more connections"))
        return None
    hello = _hello(request, peer)
    verdict = await _ask(gate, hello)
    if isinstance(verdict, Refused):
        await _refuse(stream, verdict)
        return None
    _choose_subprotocol(response, verdict, hello)
    if not verdict.options.compression:
        websocket.decline_compression(response)
    websocket.open(verdict.options.max_frame_bytes)
    if verdict.version is None:
        websocket.close(
            CloseCode.PROTOCOL_ERROR, f"no common subprotocol: this central system speaks {_SPOKEN}"
        )
        await stream.send_all(response.serialize() + websocket.writes()[0])
        return None
    await stream.send_all(response.serialize())
    return Upgraded(verdict, websocket, leftover, _reached(request, peer))


async def _read_head(stream: Stream, max_bytes: int) -> tuple[bytes, bytes]:
    """Return the request without its final empty line, and what came after it."""
    buffer = bytearray()
    while (end := buffer.find(b"\r\n\r\n")) < 0:
        if len(buffer) > max_bytes:
            raise BadRequestError(f"the request is longer than {max_bytes} bytes", status=431)
        if buffer and buffer[0] == 0x16:
            raise BadRequestError("this port does not speak TLS")
        data = await stream.receive_some(RECEIVE_BYTES)
        if not data:
            raise trio.BrokenResourceError("the connection ended before the request")
        buffer += data
        if len(buffer) == len(data):
            while buffer.startswith(b"\r\n"):
                del buffer[:2]
    if end > max_bytes:
        raise BadRequestError(f"the request is longer than {max_bytes} bytes", status=431)
    return bytes(buffer[:end]), bytes(buffer[end + 4 :])


def _hello(request: RequestHead, peer: Peer) -> Hello:
    return Hello(
        path_segments=request_head.path_segments(request.target),
        raw_path=request.target,
        subprotocols=request_head.subprotocols(request),
        authorization=request_head.basic_credentials(request),
        peer=peer.address,
        tls=peer.tls,
        client_certificate=peer.client_certificate,
        headers=request_head.redacted(request),
        client_chain=peer.client_chain,
    )


def _reached(request: RequestHead, peer: Peer) -> str:
    """Return the address the station has found us under; a proxy that ends TLS says so."""
    hosts, schemes = request.all("host"), request.all("x-forwarded-proto")
    tls = peer.tls or [scheme.lower() for scheme in schemes] == ["https"]
    return file_request.base_url(hosts[0] if len(hosts) == 1 else None, tls)


async def _ask(gate: Gate, hello: Hello) -> Admitted | Refused:
    try:
        return await gate.admit(hello)
    except Exception:  # refuses this handshake only
        _log.exception("gate_failed", path=hello.raw_path[:200], peer=hello.peer)
        return Refused(503, "internal error at the gate")


def _choose_subprotocol(response: Response, admitted: Admitted, hello: Hello) -> None:
    """Select the offer that names the admitted version; a station that offered none gets no header."""
    for offer in hello.subprotocols:
        if offer.lower() == f"ocpp{admitted.version}":
            response.headers["Sec-WebSocket-Protocol"] = offer
            return


async def _refuse(stream: Stream, refused: Refused) -> None:
    status = HTTPStatus(refused.http_status)
    body = f"{refused.reason}\n".encode()
    headers = Headers(
        {
            "Connection": "close",
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(body)),
        }
    )
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="ocpp"'
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = str(refused.retry_after_s or RETRY_AFTER_S)
    await stream.send_all(Response(status.value, status.phrase, headers, body).serialize())

"""An OCSP responder on a real socket, which says of every certificate what it is told to say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from tests.pki import papers
from tests.pki.papers import Paper
from tests.wire.station import Payload


@dataclass
class Responder:
    """`answers` are DER by serial number; `asked` the serial numbers that were asked about."""

    url: str
    answers: dict[int, bytes] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def say(self, about: Paper, issuer: Paper, *, revoked: bool = False) -> None:
        """Answer so when asked about a certificate."""
        status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
        self.answers[about.certificate.serial_number] = papers.ocsp_answer(about, issuer, status=status)

    async def answer(self, stream: trio.SocketStream) -> None:
        """Answer one request and close."""
        async with stream:
            received = b""
            while b"\r\n\r\n" not in received:
                received += await stream.receive_some()
            head, _, body = received.partition(b"\r\n\r\n")
            [length] = [
                int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"
            ]
            while len(body) < length:
                body += await stream.receive_some()
            serial = ocsp.load_der_ocsp_request(body).serial_number
            self.asked.append(serial)
            der = self.answers[serial]
            await stream.send_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(der), der)
            )


def hash_data(about: Paper, issuer: Paper, url: str) -> Payload:
    """Return an OCSPRequestDataType of 2.0.1, computed by `cryptography`."""
    asked = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(about.certificate, issuer.certificate, hashes.SHA256())
        .build()
    )
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": asked.issuer_name_hash.hex(),
        "issuerKeyHash": asked.issuer_key_hash.hex(),
        "serialNumber": f"{asked.serial_number:x}",
        "responderURL": url,
    }


@asynccontextmanager
async def open_responder() -> AsyncIterator[Responder]:
    """Answer on a free port of 127.0.0.1 until the block ends."""
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        responder = Responder(f"http://127.0.0.1:{listener.socket.getsockname()[1]}/")
        nursery.start_soon(trio.serve_listeners, responder.answer, [listener])
        yield responder
        nursery.cancel_scope.cancel()

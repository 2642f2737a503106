"""The HTTP request that opens a WebSocket, read as forgivingly as stations write it (RFC 9112, RFC 7617).

What installers type ends up in the request line: spaces and raw UTF-8 in identities are taken as they are.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

MAX_HEADERS: Final = 100
_SECRET: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
_SCHEMES: Final = frozenset({"basic", "bearer", "digest"})
_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ORIGIN: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


class BadRequestError(Exception):
    """The request cannot be read; the text says why, `status` is the HTTP answer."""

    def __init__(self, text: str, status: int = 400) -> None:
        """Name what is wrong."""
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request line and its headers; bytes beyond ASCII are kept as ISO-8859-1."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        """Return the values of a header, given in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


def parse(head: bytes) -> RequestHead:
    """Parse everything up to, and without, the empty line that ends the headers."""
    lines = head.split(b"\r\n")
    method, _, rest = lines[0].partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not _TOKEN.fullmatch(method) or not target.strip():
        raise BadRequestError("this is not an HTTP/1.1 request; connect with a WebSocket client")
    if len(lines) - 1 > MAX_HEADERS:
        raise BadRequestError(f"more than {MAX_HEADERS} header lines", status=431)
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name) or b"\n" in value or b"\r" in value or b"\0" in value:
            raise BadRequestError("a header line is malformed")
        headers.append((name.decode("ascii"), value.strip(b" \t").decode("latin-1")))
    request = RequestHead(method.decode(), target.strip().decode("latin-1"), version.decode(), headers)
    if request.all("transfer-encoding") or any(length != "0" for length in request.all("content-length")):
        raise BadRequestError("a request that opens a WebSocket has no body")
    return request


def path_segments(target: str) -> tuple[str, ...]:
    """Split the raw path, then decode each segment exactly once; `%2F` stays inside its segment."""
    path = _ORIGIN.sub("", target).partition("?")[0].partition("#")[0]
    return tuple(_decode(segment) for segment in path.split("/") if segment)


def _decode(segment: str) -> str:
    raw = unquote_to_bytes(segment.encode("latin-1"))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def subprotocols(request: RequestHead) -> tuple[str, ...]:
    """Return what the station offers, in its order of preference."""
    offers = ",".join(request.all("sec-websocket-protocol")).split(",")
    return tuple(offer.strip() for offer in offers if offer.strip())


def basic_credentials(request: RequestHead) -> bytes | None:
    """Return `user:password` as the bytes the station sent; empty when unreadable, None when there are none.

    A 1.6 AuthorizationKey is arbitrary bytes (security whitepaper §3.4): nothing is decoded as text here.
    """
    values = request.all("authorization")
    if not values:
        return None
    scheme, _, encoded = values[0].strip().partition(" ")
    if len(values) > 1 or scheme.lower() != "basic":
        return b""
    encoded = encoded.strip().rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def redacted(request: RequestHead) -> tuple[tuple[str, str], ...]:
    """Return the headers fit for showing: credentials are left out, a usual scheme stays."""
    return tuple(
        (name, _without_secret(value) if name.lower() in _SECRET else value)
        for name, value in request.headers
    )


def _without_secret(value: str) -> str:
    scheme = value.partition(" ")[0]
    return f"{scheme} <redacted>" if scheme.lower() in _SCHEMES else "<redacted>"

"""What an HTTP request of a station for a file means: whose address, which name, which part of it (RFC 9110 §14)."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from csms.services.files import PATH

PKI_PATH: Final = "/pki/"
_RANGE: Final = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A request that asks for no upgrade but for a file: its head, and what has come after it."""

    head: bytes
    leftover: bytes


class Unsatisfiable(Exception):
    """A range of bytes that the file has none of."""


def is_one(head: bytes) -> bool:
    """Whether a request is about a file, or about certificates; one that asks for a WebSocket never is."""
    line, _, headers = head.partition(b"\r\n")
    target = line.split(b" ", 2)[1] if line.count(b" ") >= 2 else b""
    path = re.sub(rb"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*", b"", target)
    ours = path.startswith((PATH.encode(), PKI_PATH.encode()))
    return ours and b"\r\nupgrade:" not in b"\r\n" + headers.lower()


def address(target: str) -> tuple[str, str | None]:
    """Return the unguessable part of a target, and the name that stands behind it, if any."""
    path = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*", "", target).partition("?")[0]
    secret, _, name = path.removeprefix(PATH).partition("/")
    return secret, unquote(name).rstrip("/").rpartition("/")[2] or None


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last that a Range header wants of a file; None for all of it.

    What is no single range of bytes is answered with the whole file, as the standard allows. Raises Unsatisfiable.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or found.group(1) == found.group(2) == "":
        return None
    first, last = found.group(1), found.group(2)
    if not first:
        begin, end = max(0, size - int(last)), size
    else:
        begin, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < begin:
            return None
    if begin >= size or begin >= end:
        raise Unsatisfiable
    return begin, end


def base_url(host: str | None, tls: bool) -> str:
    """Return the address under which a station has reached us, from its Host header; empty where that is none."""
    if host is None or not _HOST.fullmatch(host):
        return ""
    return f"{'https' if tls else 'http'}://{host}"

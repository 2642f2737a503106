"""The CLI's way in: a Unix socket only its owner can open, one JSON line asks, one JSON line answers.

Request: {"verb": "station.add", "args": {...}}; answer: {"result": ...} or {"error": {"code", "message", "exitCode"}}.
A connection may ask several times, one after the other.
"""

import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
import trio

from csms.errors import Conflict, CsmsError, InvalidInput
from csms.services import present

MOST_BYTES: Final = 64 * 1024 * 1024
"""A request may carry a whole token or station list."""
LONGEST_PATH_BYTES: Final = 107
"""What the operating system takes (unix(7), sun_path)."""
Perform = Callable[[str, dict[str, Any]], Awaitable[Any]]

log = structlog.get_logger(__name__)


class _Request(msgspec.Struct, frozen=True):
    verb: str
    args: dict[str, Any]


_decoder: Final = msgspec.json.Decoder(_Request)


def bind(path: Path) -> trio.SocketListener:
    """Listen on `path` with mode 0600; a socket file that nobody answers is replaced, a live one is a Conflict."""
    size = len(os.fsencode(path))
    if size > LONGEST_PATH_BYTES:
        raise InvalidInput(
            f"{path} is too long for a socket, {size} bytes of {LONGEST_PATH_BYTES}: choose a shorter data directory"
        )
    with suppress(FileNotFoundError):
        if _answers(path):
            raise Conflict(f"another appliance runs on this data directory ({path} answers)")
        path.unlink()
    raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    raw.bind(str(path))
    path.chmod(0o600)
    raw.listen(16)
    raw.setblocking(False)
    return trio.SocketListener(trio.socket.from_stdlib_socket(raw))


async def serve(listener: trio.SocketListener, perform: Perform) -> None:
    """Answer requests until cancelled; a bad one hurts only its own connection."""

    async def answer_all(stream: trio.SocketStream) -> None:
        async with stream:
            try:
                await _conversation(stream, perform)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
            except Exception:  # a request must not end the appliance
                log.exception("conversation_failed")

    await trio.serve_listeners(answer_all, [listener])


async def _conversation(stream: trio.SocketStream, perform: Perform) -> None:
    buffer = bytearray()
    while chunk := await stream.receive_some(65536):
        buffer += chunk
        while (end := buffer.find(b"\n")) >= 0:
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            await stream.send_all(await _answer(line, perform) + b"\n")
        if len(buffer) > MOST_BYTES:
            return


async def _answer(line: bytes, perform: Perform) -> bytes:
    try:
        request = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _error(InvalidInput("not a request"))
    try:
        return present.encode({"result": await perform(request.verb, request.args)})
    except CsmsError as error:
        return _error(error)
    except Exception as error:
        log.exception("verb_failed", verb=request.verb)
        return _error(
            CsmsError(f"internal error: {type(error).__name__}; the appliance's log has the details")
        )


def _error(error: CsmsError) -> bytes:
    shown = {"code": error.code, "message": str(error), "exitCode": error.exit_code}
    return msgspec.json.encode({"error": shown})


def _answers(path: Path) -> bool:
    """Whether somebody listens on a socket file."""
    if not path.exists():
        raise FileNotFoundError(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True

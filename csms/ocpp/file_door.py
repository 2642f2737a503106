"""Plain HTTP beside the WebSockets of stations: they leave logs at one-time addresses and fetch firmware (ADR 0010).

One request a connection. Files pass through in pieces; a station holds a few transfers at most, and all of them
together a bounded number.
"""

import errno
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import h11
import structlog
import trio
from trio.abc import Stream

from csms.errors import CsmsError, NotFound, StoreUnavailable
from csms.model.station_file import Direction, FirmwareFile
from csms.ocpp import file_request
from csms.ocpp.file_body import BadBodyError, Body, TooLargeError
from csms.ocpp.file_request import FileRequest, Unsatisfiable
from csms.services import files
from csms.services.file_room import CHUNK_BYTES, Arriving, FileRoom, NoRoom
from csms.services.files import Closed, Offer
from csms.services.revocation import LONGEST_REQUEST_BYTES, Publisher
from csms.services.unit import Unit

MOST_TRANSFERS: Final = 64
MOST_OF_A_STATION: Final = 4
IDLE_S: Final = 60.0
NO_ROOM: Final = 507
LONGEST_S: Final = 4 * 3600.0
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_UPLOADS: Final = (b"PUT", b"POST")
_DOWNLOADS: Final = (b"GET", b"HEAD")

log = structlog.get_logger(__name__)


class _Answer(Exception):
    """What to answer instead of going on."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


class FileDoor:
    """Answers requests for files."""

    def __init__(self, unit: Unit, room: FileRoom) -> None:
        """Serve the files of a room."""
        self._unit = unit
        self._room = room
        self._papers = Publisher(unit)
        self._busy: Counter[str] = Counter()
        self._arriving: set[str] = set()
        self._disk = trio.CapacityLimiter(4)

    async def serve(self, stream: Stream, peer: str, request: FileRequest) -> None:
        """Answer one request; raises BrokenResourceError where the connection is lost."""
        talk = _Talk(stream)
        with trio.move_on_after(LONGEST_S):
            try:
                await self._answer(talk, request)
            except _Answer as answer:
                await talk.answer(answer.status, str(answer), answer.headers)
            except h11.RemoteProtocolError as error:
                await talk.answer(error.error_status_hint, "this request cannot be read")
            except trio.TooSlowError:
                log.info("file_transfer_stalled", peer=peer)
            except StoreUnavailable as error:
                log.error("file_not_kept", peer=peer, error=str(error))
                await talk.answer(503, "could not be stored: try again", {"Retry-After": "30"})

    async def _answer(self, talk: "_Talk", request: FileRequest) -> None:
        asked = await talk.request(request.head + b"\r\n\r\n" + request.leftover)
        path = asked.target.decode("latin-1").partition("?")[0]
        if path.startswith(file_request.PKI_PATH):
            await self._tell(talk, asked, path.removeprefix(file_request.PKI_PATH))
            return
        secret, name = file_request.address(asked.target.decode("latin-1"))
        if not files.is_address(secret):
            raise _Answer(404, "no such address")
        offer = await self._unit.read(lambda tx: files.look_up(tx, secret))
        if isinstance(offer, Closed):
            raise _Answer(410 if offer.gone else 404, offer.reason)
        uploads = offer.address.direction is Direction.UPLOAD
        methods = _UPLOADS if uploads else _DOWNLOADS
        if asked.method not in methods:
            raise _Answer(405, "not here", Allow=b", ".join(methods).decode())
        with self._place(offer.address.station_key):
            if offer.firmware is not None:
                await self._give(talk, asked, offer.firmware)
            else:
                await self._take(talk, offer, name)

    async def _tell(self, talk: "_Talk", asked: h11.Request, name: str) -> None:
        """Hand out what stations check certificates with: revocation lists, authorities, OCSP answers."""
        posts = name == "ocsp"
        methods = (b"POST",) if posts else _DOWNLOADS
        if asked.method not in methods:
            raise _Answer(405, "not here", Allow=b", ".join(methods).decode())
        try:
            if posts:
                published = await self._papers.ocsp(await talk.whole(LONGEST_REQUEST_BYTES))
            elif name.startswith("ocsp/"):
                published = await self._papers.ocsp_in_path(name.removeprefix("ocsp/"))
            else:
                published = await self._papers.document(name)
        except NotFound as error:
            raise _Answer(404, str(error)) from None
        headers = {"Content-Type": published.media_type, "Content-Length": str(len(published.content))}
        await talk.begin(200, headers)
        if asked.method != b"HEAD":
            await talk.send(published.content)
        await talk.end()

    @contextmanager
    def _place(self, station_key: str) -> Iterator[None]:
        """Hold one of the transfers a station, and all of them, may have at a time."""
        if self._busy.total() >= MOST_TRANSFERS or self._busy[station_key] >= MOST_OF_A_STATION:
            raise _Answer(503, "too many transfers at a time", **{"Retry-After": "30"})
        self._busy[station_key] += 1
        try:
            yield
        finally:
            self._busy[station_key] -= 1
            self._busy += Counter()  # forgets who has none

    async def _take(self, talk: "_Talk", offer: Offer, name: str | None) -> None:
        """Take an upload in."""
        file_id = offer.address.file_id
        length = talk.header("content-length")
        if length is not None and int(length) > offer.max_bytes + CHUNK_BYTES:
            raise _Answer(413, f"a file has at most {offer.max_bytes} bytes")
        if file_id in self._arriving:
            raise _Answer(409, "this file is on its way already")
        self._arriving.add(file_id)
        arriving = self._room.arriving(file_id)
        try:
            name = await self._store(talk, arriving, offer) or name
            size, digest = arriving.size_bytes, arriving.sha256
            await self._unit.run(
                lambda tx: files.received(tx, offer.address, file_name=name, size_bytes=size, sha256=digest)
            )
            log.info("file_received", file=file_id, size_bytes=size)
        except (_Answer, h11.RemoteProtocolError, trio.TooSlowError, trio.BrokenResourceError) as failure:
            arriving.drop()
            full = isinstance(failure, _Answer) and failure.status == NO_ROOM
            await self._note(offer, str(failure) or "the station sent nothing for a minute", full)
            raise
        except NotFound as error:
            raise _Answer(410, str(error)) from None
        finally:
            arriving.drop()
            self._arriving.discard(file_id)
        await talk.answer(201, "kept")

    async def _store(self, talk: "_Talk", arriving: Arriving, offer: Offer) -> str | None:
        """Write an upload to the disk and return the name a form gave it."""

        async def write(piece: bytes) -> None:
            await trio.to_thread.run_sync(arriving.write, piece, limiter=self._disk)

        try:
            body = Body(talk.header("content-type") or "", offer.max_bytes, write)
            while (data := await talk.receive()) is not None:
                await body.take(data)
            await body.end()
            if not arriving.size_bytes:
                raise _Answer(400, "the file is empty")
            await trio.to_thread.run_sync(arriving.keep, limiter=self._disk)
        except BadBodyError as error:
            raise _Answer(400, str(error)) from None
        except TooLargeError:
            raise _Answer(413, f"a file has at most {offer.max_bytes} bytes") from None
        except (NoRoom, OSError) as error:
            full = isinstance(error, NoRoom) or error.errno in _FULL
            log.error("file_not_written", file=offer.address.file_id, error=str(error))
            raise _Answer(
                NO_ROOM if full else 500, "there is no room for it" if full else "not written"
            ) from None
        return body.name

    async def _note(self, offer: Offer, reason: str, full: bool) -> None:
        """Keep why an upload broke off, where that can be kept."""
        with trio.move_on_after(5, shield=True):
            try:
                await self._unit.run(lambda tx: files.failed(tx, offer.address, reason, full=full))
            except CsmsError as error:
                log.error("file_failure_not_kept", file=offer.address.file_id, error=str(error))

    async def _give(self, talk: "_Talk", asked: h11.Request, firmware: FirmwareFile) -> None:
        """Send a file, or the part of it that is asked for."""
        size, tag = firmware.size_bytes, f'"{firmware.sha256}"'
        headers = {"Accept-Ranges": "bytes", "ETag": tag, "Content-Type": "application/octet-stream"}
        wanted = talk.header("range") if talk.header("if-range") in (None, tag) else None
        try:
            part = file_request.span(wanted, size)
        except Unsatisfiable:
            raise _Answer(416, "no such range", **{"Content-Range": f"bytes */{size}"}) from None
        begin, end = part or (0, size)
        if part:
            headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
        try:
            file = await trio.to_thread.run_sync(self._room.place(firmware.id).open, "rb", limiter=self._disk)
        except OSError as error:
            log.error("file_not_read", file=firmware.id, error=str(error))
            raise _Answer(500, "the file cannot be read") from None
        with file:
            await talk.begin(206 if part else 200, headers | {"Content-Length": str(end - begin)})
            if asked.method == b"GET":
                await self._pour(talk, file, begin, end)
            await talk.end()

    async def _pour(self, talk: "_Talk", file: BinaryIO, begin: int, end: int) -> None:
        file.seek(begin)
        while begin < end:
            piece = await trio.to_thread.run_sync(
                file.read, min(CHUNK_BYTES, end - begin), limiter=self._disk
            )
            if not piece:
                raise trio.BrokenResourceError("the file is shorter than it was")
            begin += len(piece)
            await talk.send(piece)


class _Talk:
    """One request and its response on a stream, as h11 reads and writes them."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None

    async def request(self, received: bytes) -> h11.Request:
        """Read the head of the request."""
        self._http.receive_data(received)
        event = self._http.next_event()
        if not isinstance(event, h11.Request):
            raise _Answer(400, "this is no request")
        self._request = event
        return event

    def header(self, name: str) -> str | None:
        """Return a header of the request."""
        assert self._request is not None
        found = (value for key, value in self._request.headers if key == name.encode())
        return next((value.decode("latin-1") for value in found), None)

    async def receive(self) -> bytes | None:
        """Return what comes of the body, None at its end; the station is told to go on where it waits for that."""
        if self._http.they_are_waiting_for_100_continue:
            await self._write(h11.InformationalResponse(status_code=100, headers=[]))
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                with trio.fail_after(IDLE_S):
                    self._http.receive_data(bytes(await self._stream.receive_some(CHUNK_BYTES)))
            elif isinstance(event, h11.Data):
                return bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return None
            else:
                raise trio.BrokenResourceError("the connection ended in the upload")

    async def whole(self, max_bytes: int) -> bytes:
        """Return a small body as a whole."""
        body = bytearray()
        while (data := await self.receive()) is not None:
            body += data
            if len(body) > max_bytes:
                raise _Answer(413, f"this takes at most {max_bytes} bytes")
        return bytes(body)

    async def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        """Send a whole response in clear text, unless one has begun."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        content = f"{text}\n".encode()
        head = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(content))}
        await self.begin(status, head | (headers or {}))
        if self._request is None or self._request.method != b"HEAD":
            await self.send(content)
        await self.end()

    async def begin(self, status: int, headers: dict[str, str]) -> None:
        """Send the head of a response."""
        fields = [*headers.items(), ("Connection", "close")]
        await self._write(h11.Response(status_code=status, headers=fields))

    async def send(self, data: bytes) -> None:
        """Send a piece of the body."""
        await self._write(h11.Data(data=data))

    async def end(self) -> None:
        """Say that the response is whole."""
        await self._write(h11.EndOfMessage())

    async def _write(self, event: Any) -> None:
        data = self._http.send(event)
        if data:
            with trio.fail_after(IDLE_S):
                await self._stream.send_all(data)

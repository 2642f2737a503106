"""The bytes of an upload on their way to the disk, raw or inside a form (RFC 7578), never as a whole in memory."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartDecoder, NeedData

from csms.services.file_room import CHUNK_BYTES

Write = Callable[[bytes], Awaitable[None]]
_BOUNDARY: Final = re.compile(r'boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_MOST_PARTS: Final = 100


class BadBodyError(Exception):
    """The body is not what its headers say; the text says what is wrong."""


class TooLargeError(Exception):
    """The body is larger than the address takes."""


class Body:
    """Takes what arrives, hands it on in pieces worth a write, and counts it. `name` is what a form calls the file."""

    def __init__(self, content_type: str, max_bytes: int, write: Write) -> None:
        """Read the body as its type says; BadBodyError for a form without a boundary."""
        self._write = write
        self._most = max_bytes
        self._pending = bytearray()
        self._taken = 0
        self._form: MultipartDecoder | None = None
        self._inside = False
        self._over = False
        self.name: str | None = None
        if content_type.lower().lstrip().startswith("multipart/"):
            found = _BOUNDARY.search(content_type)
            if found is None:
                raise BadBodyError("a form needs its boundary")
            boundary = (found.group(1) or found.group(2)).encode("latin-1")
            self._form = MultipartDecoder(boundary, max_parts=_MOST_PARTS)

    async def take(self, data: bytes) -> None:
        """Take in what has arrived; raises TooLargeError, BadBodyError, and whatever the writing raises."""
        self._taken += len(data)
        if self._taken > self._most + CHUNK_BYTES:  # a form's own lines are no part of the file
            raise TooLargeError
        await self._keep(data) if self._form is None else await self._read_form(data)

    async def end(self) -> None:
        """Write the rest; BadBodyError where the body ended too early."""
        if self._form is not None:
            await self._read_form(None)
            if not self._over:
                raise BadBodyError("the form holds no file")
        await self._flush()

    async def _read_form(self, data: bytes | None) -> None:
        assert self._form is not None
        try:
            self._form.receive_data(data)
            while not isinstance(event := self._form.next_event(), NeedData | Epilogue):
                if isinstance(event, File):
                    self._inside = not self._over
                    self.name = self.name or event.filename
                elif isinstance(event, Data) and self._inside:
                    await self._keep(event.data)
                    if not event.more_data:
                        self._inside, self._over = False, True
        except (ValueError, RequestEntityTooLarge) as error:
            raise BadBodyError("the form cannot be read") from error

    async def _keep(self, data: bytes) -> None:
        self._pending += data
        self._most -= len(data)
        self._taken -= len(data)
        if self._most < 0:
            raise TooLargeError
        if len(self._pending) >= CHUNK_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        if self._pending:
            piece = bytes(self._pending)
            self._pending.clear()
            await self._write(piece)

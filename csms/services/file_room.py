"""Where files of stations and firmware stand on the disk: `<data>/files`, one file an id, never a name from outside.

What arrives is written beside its place, synced, and moved there when it is whole; a kill leaves a part that is swept
after a day. Everything here blocks: callers on the loop go through a thread.
"""

import os
import shutil
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from csms.errors import CsmsError, InvalidInput

FOLDER: Final = "files"
CHUNK_BYTES: Final = 256 * 1024
RESERVE_BYTES: Final = 64 * 1024 * 1024
"""What is left free for the database: a log of a station must not stop the billing of all others."""
SWEPT_AFTER_S: Final = 86_400
_PART: Final = ".part"


class NoRoom(CsmsError):
    """The disk has no room for a file."""

    code = "no_room"


def free_bytes(folder: Path) -> int:
    """Return how much of a disk is free to us."""
    return shutil.disk_usage(folder).free


class Arriving:
    """A file on its way in: `write` it, then `keep` or `drop` it. Its size and digest grow with it."""

    def __init__(self, place: Path, free: Callable[[Path], int]) -> None:
        """Begin a file that will stand at `place`."""
        self._place = place
        self._part = place.with_name(f"{place.name}.{os.urandom(4).hex()}{_PART}")
        self._free = free
        self._file: BinaryIO | None = None
        self._digest = sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The digest of what has been written, in hex."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append bytes; raises NoRoom where the disk is as full as it may get, OSError where it fails."""
        if self._file is None:
            self._place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = self._part.open("xb")
        if self._free(self._place.parent) < RESERVE_BYTES + len(data):
            raise NoRoom("the disk is nearly full")
        self._file.write(data)
        self._digest.update(data)
        self.size_bytes += len(data)

    def keep(self) -> None:
        """Make the file durable and put it in its place."""
        self.write(b"")
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._place)
        folder = os.open(self._place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def drop(self) -> None:
        """Leave nothing behind; does nothing to a file that has been kept."""
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)


class FileRoom:
    """The folder of all files; `free` tells how much room its disk has."""

    def __init__(self, data_dir: Path, free: Callable[[Path], int] = free_bytes) -> None:
        """Use `<data>/files`, which is made when the first file comes."""
        self.folder = data_dir / FOLDER
        self._free = free

    def place(self, file_id: str) -> Path:
        """Return where a file stands."""
        if not file_id.isalnum():
            raise InvalidInput(f"not the id of a file: {file_id!r}")
        return self.folder / file_id

    def arriving(self, file_id: str) -> Arriving:
        """Begin a file."""
        return Arriving(self.place(file_id), self._free)

    def digest(self, file_id: str) -> str:
        """Return the SHA-256 of a file in hex, read piece by piece; raises OSError."""
        found = sha256()
        with self.place(file_id).open("rb") as file:
            while piece := file.read(CHUNK_BYTES):
                found.update(piece)
        return found.hexdigest()

    def sweep(self, known: frozenset[str]) -> int:
        """Remove what no record speaks of and is older than a day; returns how many files went."""
        if not self.folder.is_dir():
            return 0
        swept = 0
        for path in self.folder.iterdir():
            if path.name not in known and time.time() - path.stat().st_mtime > SWEPT_AFTER_S:
                path.unlink(missing_ok=True)
                swept += 1
        return swept

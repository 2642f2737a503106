"""Backups while the appliance works, and bringing one back while it does not.

SQLite is copied page by page from one snapshot to a database file. PostgreSQL, and SQLite where a portable file is
wanted (`.jsonl` or `.jsonl.gz`), is written as a dump (csms.store.dump). Either can be restored into either store,
except that a database file goes into SQLite only.
"""

import contextlib
import gzip
import io
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO, cast

from csms.clock import Clock
from csms.errors import Conflict, InvalidInput, StoreUnavailable
from csms.store import dump, migrate
from csms.store.connection import dialect_of
from csms.store.direct import SqliteDirect, create_private, open_direct, transaction
from csms.store.dump import Progress
from csms.store.sqlite_connection import path_of, primary_code, unavailable

_PAGES_PER_STEP = 256
_COMPRESSION = 3
_BUFFER_BYTES = 2**18
_MAGIC = b"SQLite format 3\x00"
_OTHERS = """
    SELECT 1 AS found FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'csms' AND pid <> pg_backend_pid() LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written."""

    path: Path
    size_bytes: int


def default_name(url: str, clock: Clock) -> str:
    """Return a file name that says what and when: `csms-20260131T235959Z.db`."""
    suffix = "db" if dialect_of(url) == "sqlite" else "jsonl.gz"
    return f"csms-{_stamp(clock)}.{suffix}"


def unused(path: Path) -> Path:
    """Return a path that is not there yet: this one, or with a number behind its name."""
    name, suffix = path.name.split(".", 1)
    numbered = (path.with_name(f"{name}-{number}.{suffix}") for number in count(2))
    return next(other for other in chain([path], numbered) if not other.exists())


def backup(url: str, to: Path, clock: Clock, progress: Progress | None = None) -> Backup:
    """Write a backup to a file that is not there yet; whole and on the disk when this returns.

    Raises `Conflict` when the file exists, `StoreUnavailable` when it cannot be written or the copy is damaged.
    """
    if to.exists():
        raise Conflict(f"{to} exists already; choose another name")
    with _replacing(to) as partial:
        if dialect_of(url) == "postgres" or to.name.endswith((".jsonl", ".jsonl.gz")):
            _dump(url, partial, clock, progress, compressed=not to.name.endswith(".jsonl"))
        else:
            _copy(path_of(url), partial, progress)
            problems = check(f"sqlite:///{partial}")
            if problems:
                raise StoreUnavailable(f"the database is damaged: {problems[0]}")
    return Backup(to, to.stat().st_size)


def check(url: str) -> list[str]:
    """Return what is wrong inside the database: damaged pages, broken references. Empty when all is well."""
    if dialect_of(url) == "postgres":
        return []  # PostgreSQL keeps watch over its references and pages itself
    try:
        with open_direct(url) as direct:
            found = [str(row[0]) for row in direct.stream("PRAGMA integrity_check") if row[0] != "ok"]
            broken = direct.stream("PRAGMA foreign_key_check")
            return found + [
                f"a row of {row[0]} refers to a row of {row[2]} that is missing" for row in broken
            ]
    except StoreUnavailable as error:  # too damaged to be checked to the end
        return [str(error)]


def restore(
    url: str, source: Path, aside: Path, clock: Clock, progress: Progress | None = None
) -> Path | None:
    """Put the content of a backup in the place of the database; return where the old content was kept, if any.

    For a stopped appliance. All or nothing: when this raises, the old database is as it was. Old content is kept in
    the directory `aside`, as a database file or a dump. Raises `Conflict` when something has the database open,
    `InvalidInput` when the source is no backup, `StoreTooNew` when it comes from a newer version. Migrate after it.
    """
    if dialect_of(url) == "sqlite":
        return _restore_sqlite(path_of(url), source, aside, clock, progress)
    if _is_database_file(source):
        raise InvalidInput(
            f"{source} is an SQLite file; make a dump of it with `csms db backup --to FILE.jsonl.gz`"
        )
    return _restore_postgres(url, source, aside, clock, progress)


def _restore_postgres(
    url: str, source: Path, aside: Path, clock: Clock, progress: Progress | None
) -> Path | None:
    kept = None
    with open_direct(url) as direct, dump.opened(source) as lines:
        if direct.database.one(_OTHERS):
            raise Conflict("the database is in use; stop the appliance first")
        if migrate.applied(direct.database):
            kept = backup(url, unused(aside / f"before-restore-{_stamp(clock)}.jsonl.gz"), clock).path
        dump.load(direct, lines, clock, progress)
    return kept


def _restore_sqlite(
    path: Path, source: Path, aside: Path, clock: Clock, progress: Progress | None
) -> Path | None:
    with _replacing(path) as partial:
        if _is_database_file(source):
            _copy(source, partial, progress)
        else:
            with open_direct(f"sqlite:///{partial}", create=True) as direct, dump.opened(source) as lines:
                dump.load(direct, lines, clock, progress)
        _accept(partial, source)
        kept = unused(aside / f"{path.stem}-before-restore-{_stamp(clock)}.db")
        return _keep(path, kept) if path.exists() else None


def _accept(partial: Path, source: Path) -> None:
    """Refuse a file that is damaged, is not ours, or comes from a newer version."""
    url = f"sqlite:///{partial}"
    problems = check(url)
    if problems:
        raise InvalidInput(f"{source} is damaged: {problems[0]}")
    known = migrate.status(url)
    if not known.applied:
        raise InvalidInput(f"{source} is no csms database")
    if known.unknown:
        raise migrate.too_new(known.unknown)


def _keep(path: Path, kept: Path) -> Path:
    """Give the old file a second name, with all that its log held, after making sure that nobody has it open."""
    connection = sqlite3.connect(path, timeout=0.2, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        if primary_code(error) == sqlite3.SQLITE_BUSY:
            raise Conflict(f"{path} is in use; stop the appliance first") from error
        # a damaged file is no reason not to restore a sound one
    finally:
        connection.close()
    try:
        os.link(path, kept)
    except OSError:  # another file system
        shutil.copy2(path, kept)
    for suffix in ("-wal", "-shm"):  # left over only where the file was too damaged to be opened
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").replace(f"{kept}{suffix}")
    return kept


def _dump(url: str, to: Path, clock: Clock, progress: Progress | None, *, compressed: bool) -> None:
    create_private(to)
    with to.open("r+b") as file:
        if not compressed:
            dump.write(url, file, clock, progress)
            return
        with (
            gzip.GzipFile("", "wb", _COMPRESSION, file) as zipped,
            io.BufferedWriter(cast(io.RawIOBase, zipped), _BUFFER_BYTES) as out,
        ):
            dump.write(url, cast(BinaryIO, out), clock, progress)


def _copy(source: Path, to: Path, progress: Progress | None) -> None:
    """Copy a database as of one moment; writers go on meanwhile."""
    create_private(to)
    with open_direct(f"sqlite:///{source}") as direct, transaction(direct, exclusive=False) as db:
        assert isinstance(direct, SqliteDirect)
        db.one(
            "SELECT 1 AS found FROM sqlite_schema"
        )  # takes the snapshot: a writer's commit would start the copy over

        def report(_: int, remaining: int, total: int) -> None:
            if progress:
                progress(total - remaining, total)

        target = sqlite3.connect(to)
        try:
            direct.connection.backup(target, pages=_PAGES_PER_STEP, progress=report, sleep=0)
        except sqlite3.Error as error:
            raise unavailable(error, to) from error
        finally:
            target.close()


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a name to write to; afterwards put that file, safely on the disk, in the place of `path`."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        yield partial
        for target in (partial, path.parent):
            descriptor = os.open(target, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        partial.replace(path)
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}") from error
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{partial}{suffix}").unlink(missing_ok=True)


def _is_database_file(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from error


def _stamp(clock: Clock) -> str:
    return clock.now().strftime("%Y%m%dT%H%M%SZ")

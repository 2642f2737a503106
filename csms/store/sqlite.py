"""The store on SQLite: WAL, synchronous=FULL, one writer thread, snapshot reads on read-only connections."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypeVar

import trio

from csms.errors import StoreUnavailable
from csms.store.database import Database, Faults, StoreHealth, TooLong
from csms.store.loop_writer import LoopWriter
from csms.store.sqlite_connection import BUSY_TIMEOUT_S, SqliteDatabase, connect, path_of, primary_code
from csms.store.writer import InlineWriter, Writer

T = TypeVar("T")

READERS = 4
BUSY_PAUSE_S = 0.01


class SqliteSession:
    """The writer's connection: `csms.store.committer.Session`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = connect(path)
        self._connection.execute("PRAGMA busy_timeout = 0")  # `begin` waits, unless it is in a hurry
        self._database = SqliteDatabase(self._connection, path)
        self._inode = _inode(path)

    @property
    def database(self) -> Database:
        """Return the statements' face of the connection."""
        return self._database

    def begin(self, *, hurried: bool) -> None:
        """Take the write lock, waiting for another process up to the busy timeout, or not at all in a hurry."""
        self._database.hurried = hurried
        give_up_at = time.monotonic() + BUSY_TIMEOUT_S
        while (busy := self._locked_out()) is not None:
            if hurried:
                raise TooLong(str(busy))
            if time.monotonic() > give_up_at:
                raise busy
            time.sleep(BUSY_PAUSE_S)

    def _locked_out(self) -> StoreUnavailable | None:
        """Begin, or return that another process holds the lock."""
        self._database.spoilt = None
        try:
            self._database.control("BEGIN IMMEDIATE")
        except StoreUnavailable as failure:
            cause = failure.__cause__
            if isinstance(cause, sqlite3.Error) and primary_code(cause) == sqlite3.SQLITE_BUSY:
                return failure
            raise
        return None

    def commit(self) -> None:
        """Commit and fsync; raises when nothing was kept, or the file is no longer where its path says."""
        self._database.control("COMMIT")
        if _inode(self._path) != self._inode:
            raise StoreUnavailable(
                f"{self._path}: the database file was removed or replaced; restart the appliance"
            )

    def rollback(self) -> None:
        """Leave the transaction, which SQLite may have left by itself already."""
        if self._connection.in_transaction:
            with contextlib.suppress(StoreUnavailable):
                self._database.control("ROLLBACK")

    def savepoint(self) -> None:
        """Mark the place to which `undo` returns."""
        self._database.control("SAVEPOINT unit")

    def release(self) -> None:
        """Keep what was done since `savepoint`."""
        self._database.control("RELEASE unit")

    def undo(self) -> None:
        """Take back what was done since `savepoint`."""
        self._database.control("ROLLBACK TO unit")
        self._database.control("RELEASE unit")

    def changes(self) -> int:
        """Return how many rows this connection has changed so far."""
        return self._connection.total_changes

    def broken(self) -> StoreUnavailable | None:
        """Return why SQLite has given the transaction up, or None."""
        if self._database.spoilt is None and not self._connection.in_transaction:
            return StoreUnavailable(f"{self._path}: a unit of work ended the transaction it was given")
        return self._database.spoilt

    def take_failure(self) -> Exception | None:
        """Return, once, the error of the statement that failed in this unit."""
        return self._database.take_failure()

    def close(self) -> None:
        """Close the connection; the last one to close also empties the log into the database."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()


class SqliteStore:
    """`csms.store.database.Store` on one SQLite file."""

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path, writer: Writer | InlineWriter, faults: Faults | None) -> None:
        self.write = writer.write
        self._path = path
        self._writer = writer
        self._faults = faults
        self._limiter = trio.CapacityLimiter(READERS)
        self._lock = threading.Lock()
        """Over the two below: a connection is in the pool or with one read, and only that one closes it."""
        self._readers: list[SqliteDatabase] = []
        self._closed = False

    async def read(self, work: Callable[[Database], T]) -> T:
        """Run `work` on a consistent read-only snapshot in a worker thread and return its result.

        A cancelled caller goes at once; the statement under way is interrupted and its result forgotten.
        """
        if self._closed:
            raise StoreUnavailable("the store is closed")
        reading = _Reading()
        if isinstance(self._writer, InlineWriter):
            await trio.lowlevel.checkpoint()
            return self._read(work, reading)
        try:
            return await trio.to_thread.run_sync(
                self._read, work, reading, limiter=self._limiter, abandon_on_cancel=True
            )
        except trio.Cancelled:
            reading.abandon()
            raise

    def _read(self, work: Callable[[Database], T], reading: "_Reading") -> T:
        if self._faults is not None:
            self._faults.reach("before_read")
        with self._lock:
            database = self._readers.pop() if self._readers else None
        if database is None:
            connection = connect(self._path, query_only=True)
            database = SqliteDatabase(connection, self._path, query_only=True)
        try:
            database.control("BEGIN")
            with reading.on(database.connection):
                return work(database)
        finally:
            database.take_failure()
            with contextlib.suppress(StoreUnavailable):
                database.control("ROLLBACK")
            self._put_back(database)

    def _put_back(self, database: SqliteDatabase) -> None:
        with self._lock:
            keeps = database.spoilt is None and not self._closed
            if keeps:
                self._readers.append(database)
        if not keeps:
            with contextlib.suppress(sqlite3.Error):
                database.connection.close()

    def health(self) -> StoreHealth:
        """Return the state of the store without touching the database's content."""
        writer = self._writer
        return StoreHealth(
            dialect=self.dialect,
            problem=writer.problem,
            waiting_units=writer.waiting_units(),
            units=writer.units,
            commits=writer.commits,
            failed_units=writer.failed_units,
            largest_batch=writer.largest_batch,
            wal_bytes=_size(Path(f"{self._path}-wal")),
        )

    def close(self) -> None:
        """Close the readers; one that an abandoned read still uses is closed by that read."""
        with self._lock:
            self._closed = True
            idle, self._readers = self._readers, []
        for database in idle:
            database.connection.close()


class _Reading:
    """A read under way, so that it can be interrupted from the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._abandoned = False

    @contextlib.contextmanager
    def on(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Name the connection in use for as long as it may be interrupted."""
        with self._lock:
            self._connection = connection
            if self._abandoned:
                raise StoreUnavailable("the read was abandoned")
        try:
            yield
        finally:
            with self._lock:
                self._connection = None

    def abandon(self) -> None:
        """End the statement under way."""
        with self._lock:
            self._abandoned = True
            if self._connection is not None:
                self._connection.interrupt()


@asynccontextmanager
async def open_sqlite(url: str, faults: Faults | None, *, inline: bool) -> AsyncIterator[SqliteStore]:
    """Open an existing database file; on leaving, commit what is queued and close everything."""
    path = path_of(url)
    session = SqliteSession(path) if inline else await trio.to_thread.run_sync(SqliteSession, path)
    writer = InlineWriter(session, faults) if inline else LoopWriter(session, faults)
    store = SqliteStore(path, writer, faults)
    try:
        yield store
    finally:
        store.close()
        await writer.close()


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

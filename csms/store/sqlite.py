"""The store on SQLite: WAL, synchronous=FULL, one writer thread, snapshot reads on a few read-only connections."""

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import unquote

import trio

from csms.errors import ConfigError, StoreUnavailable
from csms.store.database import NO_PARAMS, ConstraintViolated, Database, Faults, Params, Row, StoreHealth
from csms.store.writer import Writer

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0
READERS = 4
_REMEMBERED_STATEMENTS = 2000
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)


def path_of(url: str) -> Path:
    """Return the file of a `sqlite:///path` URL (three slashes: relative, four: absolute)."""
    prefix = "sqlite:///"
    path = unquote(url.removeprefix(prefix))
    if not url.startswith(prefix) or not path or path == ":memory:":
        raise ConfigError(f"store.url {url!r} names no file; write sqlite:///path/to/csms.db")
    return Path(path)


def connect(path: Path, *, create: bool = False, query_only: bool = False) -> sqlite3.Connection:
    """Open the file with the settings every connection of the product has; `StoreUnavailable` when it cannot be."""
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma).fetchall()
        if query_only:
            connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        raise unavailable(error, path) from error
    return connection


def unavailable(error: sqlite3.Error, path: Path) -> StoreUnavailable:
    """Put SQLite's error into a line that names the file and the mend."""
    code = primary_code(error)
    mend = _MENDS.get(code, "")
    return StoreUnavailable(f"{path}: {error}{mend}")


def primary_code(error: sqlite3.Error) -> int:
    """Return the primary result code of an error, 0 when it is none of SQLite's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


_MENDS = {
    sqlite3.SQLITE_FULL: ": the disk is full; free space, writing resumes by itself",
    sqlite3.SQLITE_BUSY: ": another process holds the database; end it or wait",
    sqlite3.SQLITE_READONLY: ": the file cannot be written; check its owner and mode",
    sqlite3.SQLITE_CANTOPEN: ": check that the directory exists and belongs to this user; `csms init` creates it",
    sqlite3.SQLITE_NOTADB: ": this file is no csms database",
    sqlite3.SQLITE_CORRUPT: ": the file is damaged; restore a backup with `csms db restore`",
}

_SPOILS = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
}
"""Errors after which the whole transaction is lost, not only the statement."""

_KINDS: dict[int, Literal["unique", "foreign_key", "not_null", "check", "other"]] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: "unique",
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: "unique",
    sqlite3.SQLITE_CONSTRAINT_ROWID: "unique",
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: "foreign_key",
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: "not_null",
    sqlite3.SQLITE_CONSTRAINT_CHECK: "check",
}


class SqliteDatabase:
    """Statements on one SQLite connection."""

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.spoilt: StoreUnavailable | None = None
        self._path = path
        self._cursor = connection.cursor()
        self._execute = self._cursor.execute
        self._columns: dict[str, tuple[str, ...]] = {}

    def all(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """Return every row the statement yields."""
        try:
            found = self._execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise self._translated(error) from error
        if not found:
            return []
        columns = self._columns_of(sql, len(found[0]))
        return [dict(zip(columns, row, strict=False)) for row in found]

    def one(self, sql: str, params: Params = NO_PARAMS) -> Row | None:
        """Return the first row the statement yields, or None."""
        try:
            row = self._execute(sql, params).fetchone()
        except sqlite3.Error as error:
            raise self._translated(error) from error
        if row is None:
            return None
        return dict(zip(self._columns_of(sql, len(row)), row, strict=False))

    def run(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run a statement and return how many rows it changed."""
        try:
            return self._execute(sql, params).rowcount
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def many(self, sql: str, rows: Sequence[Params]) -> None:
        """Run one INSERT, UPDATE or DELETE for each of `rows`."""
        try:
            self._cursor.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def _columns_of(self, sql: str, width: int) -> tuple[str, ...]:
        """Return the result's column names, remembered by statement: a fifth of the cost of a small SELECT."""
        columns = self._columns.get(sql)
        if columns is None or len(columns) != width:
            if len(self._columns) > _REMEMBERED_STATEMENTS:
                self._columns.clear()
            columns = self._columns[sql] = tuple(column[0] for column in self._cursor.description)
        return columns

    def _translated(self, error: sqlite3.Error) -> Exception:
        """Turn a driver's error into one of the product's, and remember one that spoils the transaction."""
        if isinstance(error, sqlite3.IntegrityError):
            return ConstraintViolated(str(error), _KINDS.get(error.sqlite_errorcode, "other"))
        if primary_code(error) in _SPOILS:
            self.spoilt = unavailable(error, self._path)
            return self.spoilt
        return error


class SqliteSession:
    """The writer's connection: `csms.store.writer.Session`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = f"{path}-wal"
        self._connection = connect(path)
        self._database = SqliteDatabase(self._connection, path)
        self._execute = self._database._execute
        self._inode = _inode(str(path))

    @property
    def database(self) -> Database:
        """Return the statements' face of the connection."""
        return self._database

    def begin(self) -> None:
        """Take the write lock, waiting for another process up to the busy timeout."""
        self._database.spoilt = None
        self._statement("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit and fsync; raises when nothing was kept, or the file is no longer where its path says."""
        self._statement("COMMIT")
        if _inode(str(self._path)) != self._inode:
            raise StoreUnavailable(
                f"{self._path}: the database file was removed or replaced; restart the appliance"
            )

    def rollback(self) -> None:
        """Leave the transaction, which SQLite may have left by itself already."""
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._execute("ROLLBACK")

    def savepoint(self) -> None:
        """Mark the place to which `undo` returns."""
        self._statement("SAVEPOINT unit")

    def release(self) -> None:
        """Keep what was done since `savepoint`."""
        self._statement("RELEASE unit")

    def undo(self) -> None:
        """Take back what was done since `savepoint`."""
        self._statement("ROLLBACK TO unit")
        self._statement("RELEASE unit")

    def changes(self) -> int:
        """Return how many rows this connection has changed so far."""
        return self._connection.total_changes

    def broken(self) -> StoreUnavailable | None:
        """Return why SQLite has given the transaction up, or None."""
        if self._database.spoilt is None and not self._connection.in_transaction:
            return StoreUnavailable(f"{self._path}: a unit of work ended the transaction it was given")
        return self._database.spoilt

    def retries(self) -> int:
        """Return 0: what failed here (disk full, locked too long) fails again at once."""
        return 0

    def idle(self) -> None:
        """Do nothing: SQLite checkpoints by itself."""

    def close(self) -> None:
        """Close the connection; the last one in the process to close also empties the log into the database."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _statement(self, sql: str) -> None:
        try:
            self._execute(sql)
        except sqlite3.Error as error:
            raise unavailable(error, self._path) from error


class SqliteStore:
    """`csms.store.database.Store` on one SQLite file."""

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path, writer: Writer, faults: Faults | None) -> None:
        self.write = writer.write
        self._path = path
        self._writer = writer
        self._faults = faults
        self._limiter = trio.CapacityLimiter(READERS)
        self._readers: list[sqlite3.Connection] = []

    async def read(self, work: Callable[[Database], T]) -> T:
        """Run `work` on a consistent read-only snapshot in a worker thread and return its result."""
        return await trio.to_thread.run_sync(self._read, work, limiter=self._limiter)

    def _read(self, work: Callable[[Database], T]) -> T:
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = connect(self._path, query_only=True)
        try:
            database = SqliteDatabase(connection, self._path)
            if self._faults is not None:
                self._faults.reach("before_read")
            connection.execute("BEGIN")
            try:
                return work(database)
            finally:
                connection.execute("ROLLBACK")
        finally:
            self._readers.append(connection)

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
            wal_bytes=_size(f"{self._path}-wal"),
        )

    def close(self) -> None:
        """Close the readers."""
        for connection in self._readers:
            connection.close()


@asynccontextmanager
async def open_sqlite(url: str, faults: Faults | None) -> AsyncIterator[SqliteStore]:
    """Open an existing database file; on leaving, commit what is queued and close everything."""
    path = path_of(url)
    session = await trio.to_thread.run_sync(SqliteSession, path)
    writer = Writer(session, faults)
    store = SqliteStore(path, writer, faults)
    try:
        yield store
    finally:
        store.close()
        await writer.close()


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0

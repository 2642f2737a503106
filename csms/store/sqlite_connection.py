"""One connection to SQLite: how it is opened, how statements run on it, and what its errors mean."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import unquote

from csms.errors import ConfigError, InvalidInput, StoreUnavailable
from csms.store.database import NO_PARAMS, ConstraintViolated, Params, Row
from csms.store.placeholders import counted

BUSY_TIMEOUT_S = 5.0
WRITER_CACHE_KIB = 16384
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
    """Open the file with the settings all connections have; raises `StoreUnavailable` when that fails."""
    if os.access(path, os.F_OK) and not os.access(path, os.R_OK | os.W_OK):
        raise StoreUnavailable(f"{path}: the file cannot be written; check its owner and mode")
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
        connection.execute(
            "PRAGMA query_only = ON" if query_only else f"PRAGMA cache_size = -{WRITER_CACHE_KIB}"
        )
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
    sqlite3.SQLITE_IOERR: ": look for the disk's free space and its health",
    sqlite3.SQLITE_BUSY: ": another process holds the database; end it or wait",
    sqlite3.SQLITE_READONLY: ": the file cannot be written; check its owner and mode",
    sqlite3.SQLITE_CANTOPEN: ": check that it exists and belongs to this user; `csms init` creates it",
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


_ERRORS = (sqlite3.Error, UnicodeEncodeError, OverflowError)


class SqliteDatabase:
    """Statements on one SQLite connection."""

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, connection: sqlite3.Connection, path: Path, *, query_only: bool = False) -> None:
        self.connection = connection
        self.hurried = False
        self.spoilt: StoreUnavailable | None = None
        """The error that lost the whole transaction."""
        self._path = path
        self._query_only = query_only
        self._cursor = connection.cursor()
        self._execute: Callable[..., sqlite3.Cursor] = self._cursor.execute
        self._failure: Exception | None = None
        self._columns: dict[str, tuple[str, ...]] = {}

    def all(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """Return every row the statement yields."""
        query, pick = counted(sql)
        try:
            found = self._execute(query, pick(params)).fetchall()
        except _ERRORS as error:
            raise self._failed(error) from error
        if not found:
            return []
        columns = self._columns_of(sql, len(found[0]))
        return [dict(zip(columns, row, strict=False)) for row in found]

    def one(self, sql: str, params: Params = NO_PARAMS) -> Row | None:
        """Return the first row the statement yields, or None."""
        query, pick = counted(sql)
        try:
            row = self._execute(query, pick(params)).fetchone()
        except _ERRORS as error:
            raise self._failed(error) from error
        if row is None:
            return None
        return dict(zip(self._columns_of(sql, len(row)), row, strict=False))

    def run(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run a statement and return how many rows it changed."""
        query, pick = counted(sql)
        try:
            return self._execute(query, pick(params)).rowcount
        except _ERRORS as error:
            raise self._failed(error) from error

    def many(self, sql: str, rows: Sequence[Params]) -> None:
        """Run one INSERT, UPDATE or DELETE for each of `rows`."""
        query, pick = counted(sql)
        try:
            if self._failure is not None:
                self._refuse()
            self._cursor.executemany(query, map(pick, rows))
        except _ERRORS as error:
            raise self._failed(error) from error

    def _columns_of(self, sql: str, width: int) -> tuple[str, ...]:
        """Return the result's column names, remembered by statement: it saves a tenth of a small SELECT."""
        columns = self._columns.get(sql)
        if columns is None or len(columns) != width:
            if len(self._columns) > _REMEMBERED_STATEMENTS:
                self._columns.clear()
            columns = self._columns[sql] = tuple(column[0] for column in self._cursor.description)
        return columns

    def control(self, sql: str) -> None:
        """Run BEGIN, COMMIT and their like, on the same cursor, which resets a half-read statement."""
        try:
            self._cursor.execute(sql)
        except sqlite3.Error as error:
            raise self._lost(error) from error

    def take_failure(self) -> Exception | None:
        """Return, once, the error of the failed statement, and accept statements again."""
        failure, self._failure = self._failure, None
        if failure is not None:
            self._execute = self._cursor.execute
        return failure

    def _failed(self, error: Exception) -> Exception:
        """Turn a driver's error into one of the product's and refuse the unit's further statements.

        PostgreSQL refuses them by itself; doing the same here keeps works honest that only ran on SQLite.
        """
        failure = self._translated(error)
        if self._failure is None:
            self._failure = failure
            self._execute = self._refuse
        return failure

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, sqlite3.IntegrityError):
            return ConstraintViolated(str(error), _KINDS.get(error.sqlite_errorcode, "other"))
        if isinstance(error, UnicodeEncodeError | OverflowError):
            return InvalidInput(f"a value cannot be stored: {error}")
        if not isinstance(error, sqlite3.Error) or primary_code(error) not in _SPOILS:
            return error
        if self._query_only and primary_code(error) == sqlite3.SQLITE_READONLY:
            return error  # a mistake of the work, not of the file
        return self._lost(error)

    def _lost(self, error: sqlite3.Error) -> StoreUnavailable:
        """Remember that the transaction cannot go on, and why."""
        self.spoilt = unavailable(error, self._path)
        return self.spoilt

    def _refuse(self, *_: object) -> NoReturn:
        raise sqlite3.ProgrammingError(
            "an earlier statement of this unit failed; it takes no more statements"
        )

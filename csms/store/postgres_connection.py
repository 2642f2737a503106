"""One connection to PostgreSQL: how it is opened, how statements run on it, and what its errors mean."""

from collections.abc import Sequence
from typing import Any, Literal

import psycopg
from psycopg.adapt import Loader
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row
from psycopg.types.string import StrDumper

from csms.errors import InvalidInput, StoreUnavailable
from csms.store.committer import TryAgain
from csms.store.database import NO_PARAMS, ConstraintViolated, Params, Row
from csms.store.placeholders import translated

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 30
Connection = psycopg.Connection[DictRow]

_CONNECTING: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "application_name": "csms",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_SETTINGS = f"""
    SET client_encoding = 'UTF8';
    SET standard_conforming_strings = on;
    SET synchronous_commit = on;
    SET statement_timeout = '{STATEMENT_TIMEOUT_S}s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s';
"""
_OLDEST_VERSION = 150_000

_KINDS: dict[str | None, Literal["unique", "foreign_key", "not_null", "check", "other"]] = {
    "23505": "unique",
    "23503": "foreign_key",
    "23502": "not_null",
    "23514": "check",
}
_PASSING = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


def connect(url: str) -> Connection:
    """Open a connection in autocommit mode; raises `StoreUnavailable` when the server cannot be used."""
    try:
        connection: Connection = psycopg.Connection.connect(
            url, autocommit=True, prepare_threshold=3, row_factory=dict_row, **_CONNECTING
        )
        prepare(connection)
    except psycopg.Error as error:
        raise unavailable(error) from error
    return connection


def connecting() -> dict[str, Any]:
    """Return the connection arguments for a pool."""
    return _CONNECTING | {"row_factory": dict_row, "prepare_threshold": 3}


def prepare(connection: Connection) -> None:
    """Give a new connection the product's settings, and values the types that SQLite gives them."""
    version = connection.info.server_version
    if version < _OLDEST_VERSION:
        raise StoreUnavailable(f"PostgreSQL {version // 10_000} is too old: version 15 or newer is needed")
    autocommit = connection.autocommit
    connection.autocommit = True
    connection.execute(_SETTINGS)
    connection.autocommit = autocommit
    connection.adapters.register_dumper(str, StrDumper)  # TEXT, not a guess from the context
    connection.adapters.register_loader("numeric", _NumberLoader)  # SUM(bigint) is numeric
    connection.adapters.register_loader("bool", _TruthLoader)


def unavailable(error: psycopg.Error) -> StoreUnavailable:
    """Put PostgreSQL's error into one line."""
    return StoreUnavailable(f"PostgreSQL: {_line(error)}")


def _line(error: Exception) -> str:
    """Return the message without DETAIL, which quotes whole rows."""
    text = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return " ".join((text or str(error)).split())


class _NumberLoader(Loader):
    def load(self, data: Any) -> int | float:
        text = bytes(data)
        return float(text) if b"." in text or b"N" in text else int(text)


class _TruthLoader(Loader):
    def load(self, data: Any) -> int:
        return int(bytes(data) == b"t")


_ERRORS = (psycopg.Error, UnicodeEncodeError)


class PostgresDatabase:
    """Statements on one PostgreSQL connection."""

    dialect: Literal["postgres"] = "postgres"
    hurried: Literal[False] = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.changes = 0
        """Grows with every statement that may have changed something, and every one that failed."""
        self.spoilt: StoreUnavailable | None = None
        """The error that lost the whole transaction."""
        self._cursor = connection.cursor()
        self._failure: Exception | None = None

    def all(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """Return every row the statement yields."""
        query, writes = translated(sql)
        self.changes += writes
        try:
            return self._cursor.execute(query, params).fetchall()
        except _ERRORS as error:
            raise self._failed(error) from error

    def one(self, sql: str, params: Params = NO_PARAMS) -> Row | None:
        """Return the first row the statement yields, or None."""
        query, writes = translated(sql)
        self.changes += writes
        try:
            return self._cursor.execute(query, params).fetchone()
        except _ERRORS as error:
            raise self._failed(error) from error

    def run(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run a statement and return how many rows it changed."""
        query, writes = translated(sql)
        self.changes += writes
        try:
            return self._cursor.execute(query, params).rowcount
        except _ERRORS as error:
            raise self._failed(error) from error

    def many(self, sql: str, rows: Sequence[Params]) -> None:
        """Run one INSERT, UPDATE or DELETE for each of `rows`."""
        query, writes = translated(sql)
        self.changes += writes
        try:
            self._cursor.executemany(query, rows)
        except _ERRORS as error:
            raise self._failed(error) from error

    def take_failure(self) -> Exception | None:
        """Return, once, the error of the statement that failed in this unit."""
        failure, self._failure = self._failure, None
        return failure

    def _failed(self, error: Exception) -> Exception:
        """Turn a driver's error into one of the product's, and remember it."""
        self.changes += 1
        failure = self._translated(error)
        if self._failure is None:
            self._failure = failure
        return failure

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, UnicodeEncodeError | psycopg.DataError):
            return InvalidInput(f"a value cannot be stored: {_line(error)}")
        if not isinstance(error, psycopg.Error):
            return error
        if isinstance(error, psycopg.IntegrityError):
            return ConstraintViolated(_line(error), _KINDS.get(error.sqlstate, "other"))
        if isinstance(error, _PASSING) or self.connection.closed:
            self.spoilt = TryAgain(*unavailable(error).args)
            return self.spoilt
        if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
            return unavailable(error)  # this unit took too long; its neighbours need not suffer
        if isinstance(error, psycopg.OperationalError | psycopg.errors.ReadOnlySqlTransaction):
            self.spoilt = unavailable(error)
            return self.spoilt
        return error


def in_transaction(connection: Connection) -> bool:
    """Return whether the connection is in a transaction that can still be committed."""
    return connection.info.transaction_status == TransactionStatus.INTRANS

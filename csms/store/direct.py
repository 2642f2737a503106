"""A plain synchronous connection for maintenance: migrations, backups, dumps. The appliance uses `Store`."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.rows import tuple_row

from csms.errors import StoreUnavailable
from csms.store.connection import dialect_of
from csms.store.database import Database
from csms.store.postgres_connection import PostgresDatabase
from csms.store.postgres_connection import connect as connect_postgres
from csms.store.postgres_connection import unavailable as postgres_unavailable
from csms.store.sqlite_connection import SqliteDatabase, path_of
from csms.store.sqlite_connection import connect as connect_sqlite
from csms.store.sqlite_connection import unavailable as sqlite_unavailable

LOCK_WAIT_S = 60
_FETCH_ROWS = 500
_ADVISORY_LOCK = 0x6373_6D73  # "csms"


class Direct(Protocol):
    """One connection whose transactions the caller controls."""

    @property
    def database(self) -> Database:
        """Return the statements' face of the connection."""
        ...

    def begin(self, *, exclusive: bool) -> None:
        """Begin: exclusive waits until no other process migrates or restores; otherwise a read snapshot."""
        ...

    def commit(self) -> None:
        """Commit."""
        ...

    def rollback(self) -> None:
        """Leave the transaction."""
        ...

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a SELECT without holding them all in memory."""
        ...

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert many rows at once, keys included."""
        ...


class SqliteDirect:
    """Maintenance connection to SQLite."""

    def __init__(self, path: Path, *, create: bool) -> None:
        if create:
            create_private(path)
        self.path = path
        self.connection = connect_sqlite(path)
        self.connection.execute(
            "PRAGMA foreign_keys = OFF"
        )  # a migration may rebuild a table others refer to
        self.connection.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_S * 1000}")
        self._database = SqliteDatabase(self.connection, path)

    @property
    def database(self) -> Database:
        """Return the statements' face of the connection."""
        return self._database

    def begin(self, *, exclusive: bool) -> None:
        """Begin a write transaction, or a read snapshot."""
        self._database.control("BEGIN IMMEDIATE" if exclusive else "BEGIN")

    def commit(self) -> None:
        """Check the foreign keys, which were off, and commit."""
        broken = self.connection.execute("PRAGMA foreign_key_check").fetchone()
        if broken:
            raise StoreUnavailable(
                f"{self.path}: a row of {broken[0]} refers to a row of {broken[2]} that is missing"
            )
        self._database.control("COMMIT")

    def rollback(self) -> None:
        """Leave the transaction."""
        self._database.take_failure()
        if self.connection.in_transaction:
            with suppress(StoreUnavailable):
                self._database.control("ROLLBACK")

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield rows one by one."""
        try:
            yield from self.connection.execute(sql)
        except sqlite3.Error as error:
            raise sqlite_unavailable(error, self.path) from error

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert many rows at once, keys included."""
        sql = f"INSERT INTO {_listed(table, columns)} VALUES ({', '.join('?' * len(columns))})"
        try:
            self.connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise sqlite_unavailable(error, self.path) from error

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class PostgresDirect:
    """Maintenance connection to PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.connection = connect_postgres(url)
        self.connection.execute("SET statement_timeout = 0")
        self.connection.execute(f"SET lock_timeout = '{LOCK_WAIT_S}s'")
        self._database = PostgresDatabase(self.connection)

    @property
    def database(self) -> Database:
        """Return the statements' face of the connection."""
        return self._database

    def begin(self, *, exclusive: bool) -> None:
        """Begin under the product's advisory lock, or a read snapshot."""
        try:
            if exclusive:
                self.connection.execute("BEGIN")
                self.connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADVISORY_LOCK,))
            else:
                self.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        except psycopg.Error as error:
            raise postgres_unavailable(error) from error

    def commit(self) -> None:
        """Commit."""
        try:
            self.connection.execute("COMMIT")
        except psycopg.Error as error:
            raise postgres_unavailable(error) from error

    def rollback(self) -> None:
        """Leave the transaction."""
        self._database.take_failure()
        with suppress(psycopg.Error):
            self.connection.execute("ROLLBACK")

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield rows, fetched in portions through a cursor on the server."""
        try:
            with self.connection.cursor("stream", row_factory=tuple_row) as cursor:
                cursor.itersize = _FETCH_ROWS
                cursor.execute(sql.encode())
                yield from cursor
        except psycopg.Error as error:
            raise postgres_unavailable(error) from error

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert many rows at once, keys included."""
        try:
            with (
                self.connection.cursor() as cursor,
                cursor.copy(f"COPY {_listed(table, columns)} FROM STDIN".encode()) as copy,
            ):
                for row in rows:
                    copy.write_row([_without_nul(value) for value in row])
        except psycopg.Error as error:
            raise postgres_unavailable(error) from error

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


@contextmanager
def open_direct(url: str, *, create: bool = False) -> Iterator[SqliteDirect | PostgresDirect]:
    """Open a maintenance connection; `create` makes a missing SQLite file. Raises `StoreUnavailable`."""
    direct = SqliteDirect(path_of(url), create=create) if dialect_of(url) == "sqlite" else PostgresDirect(url)
    try:
        yield direct
    finally:
        direct.close()


@contextmanager
def transaction(direct: Direct, *, exclusive: bool) -> Iterator[Database]:
    """Run the block in a transaction; an exception undoes it."""
    direct.begin(exclusive=exclusive)
    try:
        yield direct.database
        direct.commit()
    except BaseException:
        direct.rollback()
        raise


def _without_nul(value: Any) -> Any:
    """Return the value without U+0000, which SQLite's text may hold and PostgreSQL's may not."""
    return value.replace("\0", "") if isinstance(value, str) and "\0" in value else value


def _listed(table: str, columns: Sequence[str]) -> str:
    return f'"{table}" (' + ", ".join(f'"{column}"' for column in columns) + ")"


def create_private(path: Path) -> None:
    """Create the file for its owner only: it holds password hashes and keys; its WAL gets the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}; `csms init` creates the data directory") from error

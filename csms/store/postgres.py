"""The store on PostgreSQL 15+: the group-commit writer on one connection, snapshot reads on a small pool.

A connection lost during COMMIT leaves open whether it was done. The server knows: the transaction's number
was asked for with BEGIN, and `pg_xact_status` tells on a new connection. So a batch is never written twice.
"""

import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

import psycopg
import trio
from psycopg_pool import ConnectionPool, PoolTimeout

from csms.errors import StoreUnavailable
from csms.store import postgres_connection as pg
from csms.store.committer import TryAgain
from csms.store.database import Database, Faults, StoreHealth
from csms.store.writer import InlineWriter, Writer

T = TypeVar("T")

READERS = 4
RECONNECT_AFTER_S = (0.0, 0.1, 0.3, 0.8)
"""Pauses before the attempts to reconnect that one transaction makes."""
REFUSE_FOR_S = 1.0
"""After those attempts, transactions fail at once for this long."""
RESOLVE_TIMEOUT_MS = 5000


class PostgresSession:
    """The writer's connection: `csms.store.committer.Session`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._closing = threading.Event()
        self._refuse_until = 0.0
        self._xid = ""
        self._attach(pg.connect(url))

    def _attach(self, connection: pg.Connection) -> None:
        self._connection = connection
        self._pid = connection.info.backend_pid
        self._database = pg.PostgresDatabase(connection)

    @property
    def database(self) -> Database:
        """Return the statements' face of the connection."""
        return self._database

    def begin(self, *, hurried: bool) -> None:
        """Begin a transaction and learn its number, reconnecting if needed; never asked for in a hurry."""
        del hurried
        self._ensure_connected()
        self._database.spoilt = None
        row = self._control("BEGIN; SELECT pg_current_xact_id()::text AS xid", results=2)
        self._xid = str(row["xid"]) if row else ""

    def commit(self) -> None:
        """Commit; when the connection is lost meanwhile, find out from the server whether it was done."""
        try:
            cursor = self._connection.execute("COMMIT", prepare=False)
        except psycopg.Error as error:
            if self._connection.closed and self._was_committed(error):
                return
            raise TryAgain(*pg.unavailable(error).args) from error
        if cursor.statusmessage != "COMMIT":
            raise TryAgain("PostgreSQL rolled the transaction back")

    def rollback(self) -> None:
        """Leave the transaction; the connection is given up when it cannot be left."""
        if (
            self._connection.closed
            or self._connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        ):
            return
        try:
            self._connection.execute("ROLLBACK", prepare=False)
        except psycopg.Error:
            self._connection.close()

    def savepoint(self) -> None:
        """Mark the place to which `undo` returns."""
        self._control("SAVEPOINT unit")

    def release(self) -> None:
        """Keep what was done since `savepoint`."""
        self._control("RELEASE unit")

    def undo(self) -> None:
        """Take back what was done since `savepoint`."""
        self._control("ROLLBACK TO unit; RELEASE unit")

    def changes(self) -> int:
        """Return a number that grows with every statement that changed something or failed."""
        return self._database.changes

    def broken(self) -> StoreUnavailable | None:
        """Return why the transaction was lost, or None."""
        if self._database.spoilt is None and self._connection.closed:
            return TryAgain("PostgreSQL: the connection was lost")
        return self._database.spoilt

    def take_failure(self) -> Exception | None:
        """Return, once, the error of the statement that failed in this unit."""
        return self._database.take_failure()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def stop_waiting(self) -> None:
        """End a pause between attempts to reconnect; called from the event loop when the store closes."""
        self._closing.set()

    def _control(self, sql: str, results: int = 1) -> dict[str, object] | None:
        """Run transaction control in one round trip; return the first row of the last result."""
        try:
            cursor = self._connection.execute(sql.encode(), prepare=False)
            for _ in range(results - 1):
                cursor.nextset()
            return cursor.fetchone() if results > 1 else None
        except psycopg.Error as error:
            raise TryAgain(*pg.unavailable(error).args) from error

    def _ensure_connected(self) -> None:
        if not self._connection.closed:
            return
        if time.monotonic() < self._refuse_until:
            raise StoreUnavailable("PostgreSQL cannot be reached; trying again shortly")
        for pause_s in RECONNECT_AFTER_S:
            self._closing.wait(pause_s)
            try:
                self._attach(pg.connect(self._url))
            except StoreUnavailable as error:
                reason = error
            else:
                return
            if self._closing.is_set():
                break
        self._refuse_until = time.monotonic() + REFUSE_FOR_S
        raise reason

    def _was_committed(self, error: psycopg.Error) -> bool:
        """Ask the server what became of the transaction whose COMMIT got no answer."""
        pid = self._pid
        try:
            self._ensure_connected()
        except StoreUnavailable as gone:
            raise StoreUnavailable(f"{gone}; whether the last write was kept is not known") from error
        asked = {"xid": self._xid, "pid": pid, "timeout_ms": RESOLVE_TIMEOUT_MS}
        try:
            self._connection.execute(
                b"SELECT pg_terminate_backend(pid, %(timeout_ms)s) FROM pg_stat_activity"
                b" WHERE pid = %(pid)s AND backend_xid = %(xid)s::xid8::xid",
                asked,
            )
            row = self._connection.execute(
                b"SELECT pg_xact_status(%(xid)s::xid8) AS status", asked
            ).fetchone()
        except psycopg.Error as again:
            raise StoreUnavailable(
                f"{pg.unavailable(again)}; whether the last write was kept is not known"
            ) from error
        if not row or row["status"] not in ("committed", "aborted"):
            raise StoreUnavailable("PostgreSQL: whether the last write was kept is not known")
        return bool(row["status"] == "committed")


class PostgresStore:
    """`csms.store.database.Store` on one PostgreSQL database."""

    dialect: Literal["postgres"] = "postgres"

    def __init__(
        self, pool: "ConnectionPool[pg.Connection]", writer: Writer | InlineWriter, faults: Faults | None
    ) -> None:
        self.write = writer.write
        self._pool = pool
        self._writer = writer
        self._faults = faults
        self._limiter = trio.CapacityLimiter(READERS)

    async def read(self, work: Callable[[Database], T]) -> T:
        """Run `work` on a consistent read-only snapshot in a worker thread and return its result.

        A cancelled caller goes at once; what the thread still reads is forgotten.
        """
        if isinstance(self._writer, InlineWriter):
            await trio.lowlevel.checkpoint()
            return self._read(work)
        return await trio.to_thread.run_sync(self._read, work, limiter=self._limiter, abandon_on_cancel=True)

    def _read(self, work: Callable[[Database], T]) -> T:
        if self._faults is not None:
            self._faults.reach("before_read")
        for _ in range(
            READERS
        ):  # all that the pool holds may be connections that a restarted server has forgotten
            with contextlib.suppress(TryAgain):
                return self._read_once(work)
        return self._read_once(work)

    def _read_once(self, work: Callable[[Database], T]) -> T:
        try:
            with self._pool.connection(timeout=pg.CONNECT_TIMEOUT_S) as connection:
                return work(pg.PostgresDatabase(connection))
        except PoolTimeout as error:
            raise StoreUnavailable(f"PostgreSQL: no connection within {pg.CONNECT_TIMEOUT_S} s") from error
        except psycopg.OperationalError as error:
            raise pg.unavailable(error) from error

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
            wal_bytes=None,
        )


def _configure_reader(connection: pg.Connection) -> None:
    pg.prepare(connection)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True


@asynccontextmanager
async def open_postgres(url: str, faults: Faults | None, *, inline: bool) -> AsyncIterator[PostgresStore]:
    """Connect to an existing database; on leaving, commit what is queued and close everything."""
    session = await trio.to_thread.run_sync(PostgresSession, url)
    pool: ConnectionPool[pg.Connection] = ConnectionPool(
        url,
        kwargs=pg.connecting(),
        configure=_configure_reader,
        min_size=1,
        max_size=READERS,
        timeout=pg.CONNECT_TIMEOUT_S,
        reconnect_timeout=pg.CONNECT_TIMEOUT_S,  # then the next read tries again, however long the server was gone
        name="csms readers",
        open=False,
    )
    writer = InlineWriter(session, faults) if inline else Writer(session, faults)
    try:
        await trio.to_thread.run_sync(pool.open)
        yield PostgresStore(pool, writer, faults)
    finally:
        session.stop_waiting()
        with trio.CancelScope(shield=True), contextlib.suppress(psycopg.Error):
            await trio.to_thread.run_sync(pool.close, 1.0)
        await writer.close()

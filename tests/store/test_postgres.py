"""PostgreSQL's own troubles: lost connections, lost answers, deadlocks, timeouts, a server that is gone."""

import threading
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from csms.errors import StoreUnavailable
from csms.store import postgres, postgres_connection
from csms.store.connection import Database, FaultPoint, Store, open_store
from tests.conftest import Server
from tests.store.faults import Hold, Scripted
from tests.store.ledger import add, create_ledger, names
from tests.store.proxy import Loss, proxied
from tests.store.test_group_commit import Callers


@pytest.fixture(params=["postgres"])
def dialect(request: pytest.FixtureRequest) -> str:
    """These tests run on PostgreSQL only."""
    return str(request.param)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An open store with a ledger."""
    async with open_store(store_url) as opened:
        await opened.write(create_ledger)
        yield opened


def kill_connections(server: Server, url: str) -> None:
    """End every connection to the database of `url`, as a restarting server would."""
    database = url.split("@/")[1].split("?")[0]
    server.execute(
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'"
    )


async def test_every_commit_is_durable_whatever_the_servers_default(store: Store) -> None:
    shown = await store.write(lambda db: db.one("SHOW synchronous_commit"))  # the tests' server says off
    assert shown == {"synchronous_commit": "on"}


@pytest.mark.parametrize("point", ["before_begin", "before_work", "before_commit"])
async def test_a_batch_whose_connection_is_lost_is_written_once(
    store_url: str, postgres_server: Server, point: FaultPoint
) -> None:
    faults = Scripted()
    async with open_store(store_url, faults=faults) as store:
        await store.write(create_ledger)
        async with trio.open_nursery() as nursery:
            callers = Callers(store, nursery)
            hold = Hold(faults, "before_reply")
            callers.write("first")
            await hold.arrived.wait()
            for name in "abc":
                callers.write(name)
            await wait_all_tasks_blocked()
            faults.at(point, lambda: kill_connections(postgres_server, store_url))
            hold.let_go()
        assert callers.results == {name: name for name in ("first", "a", "b", "c")}
        assert await store.read(names) == ["a", "b", "c", "first"]


@pytest.mark.parametrize("loss", ["request", "answer", "client"])
async def test_a_batch_whose_commit_got_no_answer_is_written_once(store_url: str, loss: Loss) -> None:
    faults = Scripted()
    async with proxied(store_url) as (url, proxy), open_store(url, faults=faults) as store:
        await store.write(create_ledger)
        async with trio.open_nursery() as nursery:
            callers = Callers(store, nursery)
            hold = Hold(faults, "before_begin")
            callers.write("first")
            await hold.arrived.wait()
            hold.let_go()
            while not callers.results:
                await trio.lowlevel.checkpoint()
            hold = Hold(faults, "before_commit")
            for name in "abc":
                callers.write(name)
            await hold.arrived.wait()
            proxy.lose_at_commit.append(loss)
            hold.let_go()
        assert proxy.lose_at_commit == []
        assert callers.results == {name: name for name in ("first", "a", "b", "c")}
        assert await store.read(names) == ["a", "b", "c", "first"]


async def test_a_unit_that_loses_its_connection_every_time_is_given_up(store_url: str) -> None:
    async with proxied(store_url) as (url, proxy), open_store(url) as store:
        await store.write(create_ledger)
        proxy.lose_at_commit = ["request"] * 4
        with pytest.raises(StoreUnavailable):
            await store.write(lambda db: add(db, "a"))
        assert proxy.lose_at_commit == []
        await store.write(lambda db: add(db, "b"))
        assert await store.read(names) == ["b"]


async def test_a_server_that_is_gone_fails_writes_and_reads_and_is_found_again(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "RECONNECT_AFTER_S", (0.0, 0.01))
    monkeypatch.setattr(postgres, "REFUSE_FOR_S", 0.0)
    monkeypatch.setattr(postgres_connection, "CONNECT_TIMEOUT_S", 0.5)
    async with proxied(store_url) as (url, proxy), open_store(url) as store:
        await store.write(create_ledger)
        await proxy.refuse(True)
        with pytest.raises(StoreUnavailable):
            await store.write(lambda db: add(db, "a"))
        with pytest.raises(StoreUnavailable):
            await store.read(names)
        assert store.health().problem
        await proxy.refuse(False)
        await store.write(lambda db: add(db, "b"))
        assert store.health().problem is None
        assert await store.read(names) == ["b"]


async def test_after_failing_to_reconnect_further_transactions_fail_without_trying(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "RECONNECT_AFTER_S", (0.0, 0.01))
    monkeypatch.setattr(postgres, "REFUSE_FOR_S", 3600.0)
    async with proxied(store_url) as (url, proxy), open_store(url) as store:
        await store.write(create_ledger)
        await proxy.refuse(True)
        with pytest.raises(StoreUnavailable):
            await store.write(lambda db: add(db, "a"))
        tried = proxy.connections
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await store.write(lambda db: add(db, "b"))
        assert proxy.connections - tried <= 1  # the readers' pool may try on its own


async def test_reads_on_connections_the_server_has_forgotten_are_tried_again(
    store: Store, store_url: str, postgres_server: Server
) -> None:
    barrier = threading.Barrier(postgres.READERS)

    async def read_together() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(postgres.READERS):
                nursery.start_soon(store.read, lambda db: (names(db), barrier.wait(10)))

    await read_together()
    kill_connections(postgres_server, store_url)
    assert await store.read(names) == []
    await read_together()


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_a_serialization_failure_or_deadlock_is_tried_again(store: Store, sqlstate: str) -> None:
    runs: list[str] = []

    def work(db: Database) -> str:
        add(db, "a")
        runs.append("a")
        if len(runs) == 1:
            db.run(f"DO $$ BEGIN RAISE EXCEPTION 'made: up %' , 1 USING ERRCODE = '{sqlstate}'; END $$")
        return "done"

    assert await store.write(work) == "done"
    assert runs == ["a", "a"]
    assert await store.read(names) == ["a"]


async def test_a_real_deadlock_between_two_nodes_is_tried_again(store: Store, store_url: str) -> None:
    await store.write(lambda db: [add(db, name, 0) for name in "ab"])
    token = trio.lowlevel.current_trio_token()
    locked = trio.Event()
    update = "UPDATE ledger SET amount = amount + 1 WHERE name = :name"
    other = psycopg.connect(store_url)
    other.execute("UPDATE ledger SET amount = amount + 10 WHERE name = 'b'")

    def work(db: Database) -> None:
        db.run("SET LOCAL deadlock_timeout = '20ms'")
        db.run(update, {"name": "a"})
        if not locked.is_set():
            trio.from_thread.run_sync(locked.set, trio_token=token)
            while not db.one("SELECT 1 AS one FROM pg_locks WHERE NOT granted"):
                pass
        db.run(update, {"name": "b"})

    def close_the_circle() -> None:
        with other:
            other.execute("SET LOCAL deadlock_timeout = '10s'")
            other.execute("UPDATE ledger SET amount = amount + 10 WHERE name = 'a'")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.write, work)
        await locked.wait()
        nursery.start_soon(trio.to_thread.run_sync, close_the_circle)
    amounts = await store.read(lambda db: db.all("SELECT name, amount FROM ledger ORDER BY name"))
    assert amounts == [{"name": "a", "amount": 11}, {"name": "b", "amount": 11}]


async def test_a_statement_that_takes_too_long_fails_its_own_unit_only(store_url: str) -> None:
    faults = Scripted()

    def slow(db: Database) -> None:
        db.run("SET LOCAL statement_timeout = '10ms'")
        db.one("SELECT pg_sleep(10)")

    async with open_store(store_url, faults=faults) as store:
        await store.write(create_ledger)
        async with trio.open_nursery() as nursery:
            callers = Callers(store, nursery)
            hold = Hold(faults, "before_begin")
            callers.write("first")
            await hold.arrived.wait()
            callers.write("a")
            callers.write("slow", slow)
            callers.write("b")
            await wait_all_tasks_blocked()
            hold.let_go()
        assert isinstance(callers.results.pop("slow"), StoreUnavailable)
        assert callers.results == {name: name for name in ("first", "a", "b")}
        assert await store.read(names) == ["a", "b", "first"]


async def test_errors_do_not_quote_rows(store: Store) -> None:
    await store.write(lambda db: add(db, "secret"))
    with pytest.raises(Exception, match="unique") as caught:
        await store.write(lambda db: add(db, "secret"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [lambda url: url.replace("@/", "@/no_such_"), lambda url: url.replace("host=", "host=/nowhere")]
)
async def test_a_server_or_database_that_is_not_there_is_one_clear_line(
    store_url: str, wrong: Callable[[str], str]
) -> None:
    with pytest.raises(StoreUnavailable, match=r"^PostgreSQL: [^\n]*$"):
        async with open_store(wrong(store_url)):
            pass

"""Brief units are committed on the event loop; whatever would keep it waiting goes to the writer's thread."""

import random
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from csms.errors import StoreStopped, StoreUnavailable
from csms.store import migrate
from csms.store.connection import Crash, Database, FaultPoint, Store, TooLong, open_store
from tests.store.faults import Hold, Scripted
from tests.store.ledger import add, create_ledger, names

HERE = threading.get_ident


class Callers:
    """Tasks that write, what each of them got, and which thread did the work."""

    def __init__(self, store: Store, nursery: trio.Nursery) -> None:
        self.results: dict[str, object] = {}
        self.threads: dict[str, int] = {}
        self._store = store
        self._nursery = nursery

    def write(
        self, name: str, work: Callable[[Database], object] | None = None, *, brief: bool = True
    ) -> trio.CancelScope:
        """Start a caller that writes a row called `name`, or does `work`."""
        scope = trio.CancelScope()

        def noted(db: Database) -> object:
            self.threads[name] = HERE()
            return work(db) if work else add(db, name)

        async def run() -> None:
            with scope:
                try:
                    self.results[name] = await self._store.write(noted, brief=brief)
                except Exception as error:
                    self.results[name] = error
            if scope.cancelled_caught:
                self.results[name] = "cancelled"

        self._nursery.start_soon(run)
        return scope


@pytest.fixture(autouse=True)
def fast_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no commit be slow, however busy the machine is."""
    monkeypatch.setattr("csms.store.loop_writer.SLOW_COMMIT_S", 1e9)


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """A migrated database file."""
    url = f"sqlite:///{tmp_path / 'csms.db'}"
    migrate.migrate(url)
    return url


@asynccontextmanager
async def ledger(url: str, faults: Scripted) -> AsyncIterator[tuple[Store, Callers]]:
    """An open store with a ledger, and callers to write to it."""
    async with open_store(url, faults=faults) as store:
        await store.write(create_ledger)
        async with trio.open_nursery() as nursery:
            yield store, Callers(store, nursery)


async def kept(url: str) -> list[str]:
    """Return what a fresh process would find."""
    async with open_store(url) as store:
        return await store.read(names)


async def test_brief_units_of_one_round_share_a_commit_on_the_event_loop(file_url: str) -> None:
    async with ledger(file_url, Scripted()) as (store, callers):
        before = store.health()
        for number in range(40):
            callers.write(f"{number:02}")
        await wait_all_tasks_blocked()
        after = store.health()
    assert set(callers.threads.values()) == {HERE()}
    assert (after.commits - before.commits, after.units - before.units) == (1, 40)
    assert len(await kept(file_url)) == 40


async def test_a_round_is_bounded_and_the_rest_comes_in_the_next(file_url: str) -> None:
    async with ledger(file_url, Scripted()) as (store, callers):
        for number in range(600):
            callers.write(f"{number:03}")
    assert store.health().largest_batch == 256
    assert len(await kept(file_url)) == 600


async def test_other_units_go_to_the_thread(file_url: str) -> None:
    async with ledger(file_url, Scripted()) as (_, callers):
        callers.write("long", brief=False)
    assert callers.threads["long"] != HERE()


async def test_a_unit_that_turns_out_long_moves_to_the_thread_with_its_neighbours(file_url: str) -> None:
    hurried: list[bool] = []

    def turns_out_long(db: Database) -> object:
        hurried.append(db.hurried)
        add(db, "long")
        if db.hurried:
            raise TooLong("many readings")
        return "done"

    async with ledger(file_url, Scripted()) as (_, callers):
        callers.write("a")
        callers.write("long", turns_out_long)
        callers.write("b")
    assert callers.results == {"a": "a", "long": "done", "b": "b"}
    assert hurried == [True, False]
    assert HERE() not in callers.threads.values()
    assert await kept(file_url) == ["a", "b", "long"]


async def test_brief_units_wait_while_the_thread_is_at_work_and_then_run_on_the_loop(file_url: str) -> None:
    faults = Scripted()
    async with ledger(file_url, faults) as (store, callers):
        hold = Hold(faults, "before_commit")
        callers.write("long", brief=False)
        await hold.arrived.wait()
        callers.write("brief")
        scope = callers.write("withdrawn")
        await wait_all_tasks_blocked()
        assert store.health().waiting_units == 2
        scope.cancel()
        await wait_all_tasks_blocked()
        hold.let_go()
    assert callers.threads["brief"] == HERE()
    assert callers.results == {"long": "long", "brief": "brief", "withdrawn": "cancelled"}
    assert await kept(file_url) == ["brief", "long"]


async def test_a_stream_of_long_units_does_not_starve_brief_ones(file_url: str) -> None:
    faults = Scripted()
    async with ledger(file_url, faults) as (_, callers):
        first, second = Hold(faults, "before_commit", 1), Hold(faults, "before_commit", 2)
        callers.write("long 1", brief=False)
        await first.arrived.wait()
        callers.write("long 2", brief=False)
        callers.write("brief")
        await wait_all_tasks_blocked()
        first.let_go()
        await second.arrived.wait()
        await wait_all_tasks_blocked()
        callers.write("long 3", brief=False)
        second.let_go()
    assert callers.results == {name: name for name in ("long 1", "long 2", "long 3", "brief")}
    assert callers.threads["brief"] != HERE()


async def test_a_long_unit_withdrawn_before_it_began_holds_nobody_up(file_url: str) -> None:
    faults = Scripted()
    async with ledger(file_url, faults) as (_, callers):
        hold = Hold(faults, "before_begin")
        callers.write("long", brief=False)
        await hold.arrived.wait()
        scope = callers.write("withdrawn", brief=False)
        await wait_all_tasks_blocked()
        scope.cancel()
        await wait_all_tasks_blocked()
        hold.let_go()
        while "long" not in callers.results:
            await trio.lowlevel.checkpoint()
        callers.write("brief")
        await wait_all_tasks_blocked()
        assert callers.threads["brief"] == HERE()
    assert await kept(file_url) == ["brief", "long"]


async def test_another_process_that_writes_is_waited_for_in_the_thread(file_url: str) -> None:
    other = sqlite3.connect(file_url.removeprefix("sqlite:///"), isolation_level=None)
    async with ledger(file_url, Scripted()) as (_, callers):
        other.execute("BEGIN IMMEDIATE")
        callers.write("brief")
        await wait_all_tasks_blocked(0.01)
        assert callers.results == {}
        other.execute("COMMIT")
    other.close()
    assert callers.results == {"brief": "brief"}
    assert callers.threads["brief"] != HERE()


async def test_while_the_disk_is_slow_the_thread_commits(
    file_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csms.store.loop_writer.SLOW_COMMIT_S", -1.0)
    async with ledger(file_url, Scripted()) as (_, callers):
        callers.write("brief")
    assert callers.threads["brief"] != HERE()


async def test_a_failing_unit_takes_only_its_own_rows_with_it(file_url: str) -> None:
    def fails(db: Database) -> None:
        add(db, "unwanted")
        raise LookupError("changed its mind")

    async with ledger(file_url, Scripted()) as (_, callers):
        callers.write("a")
        callers.write("bad", fails)
        callers.write("b")
    assert isinstance(callers.results.pop("bad"), LookupError)
    assert callers.results == {"a": "a", "b": "b"}
    assert set(callers.threads.values()) == {HERE()}
    assert await kept(file_url) == ["a", "b"]


@pytest.mark.parametrize("point", ["before_begin", "before_work", "before_commit"])
async def test_a_round_that_fails_as_a_whole_keeps_nothing_and_the_next_goes_on(
    file_url: str, point: FaultPoint
) -> None:
    faults = Scripted()
    async with ledger(file_url, faults) as (store, callers):
        faults.fail_at(point, OSError(28, "No space left on device"))
        callers.write("a")
        callers.write("b")
        await wait_all_tasks_blocked()
        assert {type(result) for result in callers.results.values()} == {StoreUnavailable}
        assert store.health().problem
        await store.write(lambda db: add(db, "later"), brief=True)
        assert store.health().problem is None
    assert await kept(file_url) == ["later"]


@pytest.mark.parametrize(("point", "is_kept"), [("before_commit", False), ("before_reply", True)])
async def test_a_crash_on_the_loop_stops_the_store_for_everybody(
    file_url: str, point: FaultPoint, is_kept: bool
) -> None:
    faults = Scripted()
    async with ledger(file_url, faults) as (store, callers):
        faults.fail_at(point, Crash())
        callers.write("a")
        callers.write("b")
        await wait_all_tasks_blocked()
        assert {type(result) for result in callers.results.values()} == {StoreStopped}
        with pytest.raises(StoreStopped):
            await store.write(names, brief=True)
    assert await kept(file_url) == (["a", "b"] if is_kept else [])


async def test_a_crash_in_the_thread_refuses_the_brief_units_that_wait_for_it(file_url: str) -> None:
    faults = Scripted()
    async with ledger(file_url, faults) as (_, callers):
        hold = Hold(faults, "before_begin")
        faults.fail_at("before_commit", Crash())
        callers.write("long", brief=False)
        await hold.arrived.wait()
        callers.write("brief")
        await wait_all_tasks_blocked()
        hold.let_go()
    assert {type(result) for result in callers.results.values()} == {StoreStopped}
    assert await kept(file_url) == []


async def test_closing_commits_what_waits(file_url: str) -> None:
    results: list[object] = []

    async def write(store: Store) -> None:
        results.append(await store.write(lambda db: add(db, "brief"), brief=True))

    faults = Scripted()
    async with trio.open_nursery() as nursery, open_store(file_url, faults=faults) as store:
        await store.write(create_ledger)
        hold = Hold(faults, "before_commit")
        nursery.start_soon(lambda: store.write(lambda db: add(db, "long")))
        await hold.arrived.wait()
        nursery.start_soon(write, store)
        await wait_all_tasks_blocked()
        hold.let_go()
    assert results == ["brief"]
    assert await kept(file_url) == ["brief", "long"]


@pytest.mark.parametrize("seed", range(8))
async def test_any_mix_of_brief_long_failing_and_cancelled_is_accounted_for(file_url: str, seed: int) -> None:
    chance = random.Random(seed)
    kinds: dict[str, str] = {}

    def work_of(name: str, kind: str) -> Callable[[Database], object]:
        def work(db: Database) -> None:
            add(db, name)
            if kind == "fail":
                raise LookupError(name)
            if kind == "turns long" and db.hurried:
                raise TooLong(name)

        return work

    async with ledger(file_url, Scripted()) as (_, callers):
        scopes: list[trio.CancelScope] = []
        for number in range(300):
            name = f"{number:03}"
            kinds[name] = chance.choices(["good", "fail", "turns long"], [12, 1, 1])[0]
            scopes.append(callers.write(name, work_of(name, kinds[name]), brief=chance.random() < 0.8))
            if chance.random() < 0.2:
                await trio.lowlevel.checkpoint()
            if chance.random() < 0.1:
                chance.choice(scopes).cancel()
            if chance.random() < 0.03:
                await wait_all_tasks_blocked()
    told = {name: result for name, result in callers.results.items() if result != "cancelled"}
    assert callers.results.keys() == kinds.keys()
    for name, result in told.items():
        assert isinstance(result, LookupError) if kinds[name] == "fail" else result is None, name
    assert await kept(file_url) == sorted(name for name in told if kinds[name] != "fail")

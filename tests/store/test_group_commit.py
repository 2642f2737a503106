"""Group commit: what shares a transaction, what is kept apart, what callers are told; on both dialects."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from csms.errors import StoreStopped, StoreUnavailable
from csms.store.connection import ConstraintViolated, Crash, Database, FaultPoint, Store, open_store
from tests.store.faults import Hold, Scripted
from tests.store.ledger import add, create_ledger, names

Write = Callable[[Callable[[Database], object]], None]


class Callers:
    """Tasks that write, and what each of them got."""

    def __init__(self, store: Store, nursery: trio.Nursery) -> None:
        self.results: dict[str, object] = {}
        self._store = store
        self._nursery = nursery

    def write(self, name: str, work: Callable[[Database], object] | None = None) -> trio.CancelScope:
        """Start a caller that writes a row called `name`, or does `work`; the scope cancels it."""
        scope = trio.CancelScope()
        self._nursery.start_soon(self._run, name, work or (lambda db: add(db, name)), scope)
        return scope

    async def _run(self, name: str, work: Callable[[Database], object], scope: trio.CancelScope) -> None:
        with scope:
            try:
                self.results[name] = await self._store.write(work)
            except Exception as error:
                self.results[name] = error
        if scope.cancelled_caught:
            self.results[name] = "cancelled"


@asynccontextmanager
async def ledger(url: str, faults: Scripted) -> AsyncIterator[tuple[Store, Callers]]:
    """An open store with a ledger, and callers to write to it."""
    async with open_store(url, faults=faults) as store:
        await store.write(create_ledger)
        async with trio.open_nursery() as nursery:
            yield store, Callers(store, nursery)


async def read_again(url: str) -> list[str]:
    """Return what a fresh process would find."""
    async with open_store(url) as store:
        return await store.read(names)


async def test_what_waits_during_a_commit_shares_the_next_one(store_url: str) -> None:
    faults = Scripted()
    async with ledger(store_url, faults) as (store, callers):
        hold = Hold(faults, "before_commit")
        callers.write("first")
        await hold.arrived.wait()
        for number in range(40):
            callers.write(f"{number:02}")
        await wait_all_tasks_blocked()
        before = store.health()
        assert before.waiting_units == 40
        hold.let_go()
        await wait_all_tasks_blocked()
    after = store.health()
    assert (after.commits - before.commits, after.units - before.units) == (2, 41)
    assert after.largest_batch == 40
    assert len(await read_again(store_url)) == 41


async def test_nobody_is_answered_before_the_commit(store_url: str) -> None:
    faults = Scripted()
    async with ledger(store_url, faults) as (store, callers):
        hold = Hold(faults, "before_commit")
        callers.write("a")
        await hold.arrived.wait()
        await wait_all_tasks_blocked(0.01)
        assert callers.results == {}
        assert await store.read(names) == []
        hold.let_go()
    assert callers.results == {"a": "a"}


async def test_a_batch_has_a_largest_size(store_url: str) -> None:
    faults = Scripted()
    async with ledger(store_url, faults) as (store, callers):
        hold = Hold(faults, "before_begin")
        callers.write("first")
        await hold.arrived.wait()
        for number in range(600):
            callers.write(f"{number:03}")
        await wait_all_tasks_blocked()
        hold.let_go()
    assert store.health().largest_batch == 256
    assert len(await read_again(store_url)) == 601


@pytest.mark.parametrize("position", [0, 1, 2])
async def test_a_failing_unit_takes_only_its_own_rows_with_it(store_url: str, position: int) -> None:
    faults = Scripted()

    def fail_late(db: Database) -> None:
        add(db, "unwanted")
        raise LookupError("changed its mind")

    async with ledger(store_url, faults) as (_, callers):
        hold = Hold(faults, "before_begin")
        callers.write("first")
        await hold.arrived.wait()
        order: list[tuple[str, Callable[[Database], object] | None]] = [("a", None), ("b", None)]
        order.insert(position, ("bad", fail_late))
        for name, work in order:
            callers.write(name, work)
            await wait_all_tasks_blocked()
        hold.let_go()
    assert isinstance(callers.results.pop("bad"), LookupError)
    assert callers.results == {name: name for name in ("first", "a", "b")}
    assert await read_again(store_url) == ["a", "b", "first"]


async def test_a_failing_statement_takes_only_its_own_unit_with_it(store_url: str) -> None:
    faults = Scripted()
    async with ledger(store_url, faults) as (_, callers):
        hold = Hold(faults, "before_begin")
        callers.write("first")
        await hold.arrived.wait()
        callers.write("a")
        callers.write("twice", lambda db: (add(db, "unwanted"), add(db, "first")))
        callers.write("b")
        await wait_all_tasks_blocked()
        hold.let_go()
    assert isinstance(callers.results.pop("twice"), ConstraintViolated)
    assert callers.results == {name: name for name in ("first", "a", "b")}
    assert await read_again(store_url) == ["a", "b", "first"]


async def test_a_refusal_before_any_change_does_not_make_the_batch_run_again(store_url: str) -> None:
    faults = Scripted()
    runs: list[str] = []

    def counted(name: str) -> Callable[[Database], None]:
        def work(db: Database) -> None:
            runs.append(name)
            names(db)
            if name == "refused":
                raise LookupError(name)
            add(db, name)

        return work

    async with ledger(store_url, faults) as (_, callers):
        hold = Hold(faults, "before_begin")
        callers.write("first", counted("first"))
        await hold.arrived.wait()
        for name in ("a", "refused", "b"):
            callers.write(name, counted(name))
        await wait_all_tasks_blocked()
        hold.let_go()
    assert sorted(runs) == ["a", "b", "first", "refused"]
    assert isinstance(callers.results["refused"], LookupError)


async def test_a_caller_cancelled_before_its_work_began_leaves_no_trace(store_url: str) -> None:
    faults = Scripted()
    async with ledger(store_url, faults) as (_, callers):
        hold = Hold(faults, "before_commit")
        callers.write("first")
        await hold.arrived.wait()
        scope = callers.write("withdrawn")
        callers.write("stays")
        await wait_all_tasks_blocked()
        scope.cancel()
        await wait_all_tasks_blocked()
        assert callers.results == {"withdrawn": "cancelled"}
        hold.let_go()
    assert await read_again(store_url) == ["first", "stays"]


@pytest.mark.parametrize(
    "point", ["before_begin", "before_work", "before_commit", "after_commit", "before_reply"]
)
async def test_a_caller_cancelled_after_its_work_began_gets_the_outcome(
    store_url: str, point: FaultPoint
) -> None:
    faults = Scripted()
    async with ledger(store_url, faults) as (_, callers):
        hold = Hold(faults, point)
        scope = callers.write("begun", lambda db: (add(db, "begun"), "outcome")[1])
        await hold.arrived.wait()
        scope.cancel()
        await wait_all_tasks_blocked(0.01)
        assert callers.results == {}
        hold.let_go()
    assert callers.results == {"begun": "outcome"}
    assert await read_again(store_url) == ["begun"]


@pytest.mark.parametrize(
    "error", [StoreUnavailable("the disk is full"), OSError(28, "No space left on device")]
)
@pytest.mark.parametrize("point", ["before_begin", "before_work", "before_commit"])
async def test_a_transaction_that_fails_as_a_whole_keeps_nothing_and_the_writer_goes_on(
    store_url: str, point: FaultPoint, error: Exception
) -> None:
    faults = Scripted()
    async with ledger(store_url, faults) as (store, callers):
        hold = Hold(faults, "before_reply")
        callers.write("first")
        await hold.arrived.wait()
        for name in ("a", "b"):
            callers.write(name)
        await wait_all_tasks_blocked()
        faults.fail_at(point, error)
        hold.let_go()
        while len(callers.results) < 3:
            await trio.lowlevel.checkpoint()
        assert callers.results["first"] == "first"
        for name in ("a", "b"):
            assert isinstance(callers.results[name], StoreUnavailable)
        assert callers.results["a"] is not callers.results["b"]
        health = store.health()
        assert health.problem
        assert health.failed_units == 2
        assert await store.read(names) == ["first"]
        await store.write(lambda db: add(db, "later"))
        assert store.health().problem is None
    assert await read_again(store_url) == ["first", "later"]


@pytest.mark.parametrize(
    ("point", "kept"),
    [
        ("before_begin", False),
        ("before_work", False),
        ("before_commit", False),
        ("after_commit", True),
        ("before_reply", True),
    ],
)
async def test_a_crash_leaves_a_batch_whole_or_absent(store_url: str, point: FaultPoint, kept: bool) -> None:
    faults = Scripted()
    async with ledger(store_url, faults) as (store, callers):
        hold = Hold(faults, "before_reply")
        callers.write("first")
        await hold.arrived.wait()
        for name in ("a", "b", "c"):
            callers.write(name)
        await wait_all_tasks_blocked()
        faults.fail_at(
            point, Crash(), nth=2 if point in ("before_work", "before_reply") and kept is False else 1
        )
        hold.let_go()
        while len(callers.results) < 4:
            await trio.lowlevel.checkpoint()
        assert callers.results.pop("first") == "first"
        assert {type(result) for result in callers.results.values()} == {StoreStopped}
        with pytest.raises(StoreStopped):
            await store.write(names)
        assert store.health().problem
    assert await read_again(store_url) == (["a", "b", "c", "first"] if kept else ["first"])


async def test_an_interrupt_inside_a_work_reaches_its_caller_and_not_the_writer(store: Store) -> None:
    def interrupted(_: Database) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await store.write(interrupted)
    assert await store.write(lambda db: db.one("SELECT 1 AS one")) == {"one": 1}


def work_of_kind(name: str, kind: str) -> Callable[[Database], object]:
    """Return a work that succeeds or fails in the named way."""

    def work(db: Database) -> None:
        if kind == "refuse":
            raise LookupError(name)
        add(db, name)
        if kind == "fail":
            raise LookupError(name)
        if kind == "violate":
            add(db, name)

    return work


async def write_at_random(callers: Callers, chance: random.Random) -> dict[str, str]:
    """Start 200 callers of all kinds and cancel some; return the kinds by name."""
    kinds: dict[str, str] = {}
    scopes: list[trio.CancelScope] = []
    for number in range(200):
        name = f"{number:03}"
        kinds[name] = chance.choices(["good", "refuse", "fail", "violate"], [12, 2, 1, 1])[0]
        scopes.append(callers.write(name, work_of_kind(name, kinds[name])))
        if chance.random() < 0.2:
            await trio.lowlevel.checkpoint()
        if chance.random() < 0.1:
            chance.choice(scopes).cancel()
        if chance.random() < 0.03:
            await wait_all_tasks_blocked()
    return kinds


@pytest.mark.parametrize("seed", range(8))
async def test_any_mix_of_success_failure_and_cancellation_is_accounted_for(
    store_url: str, seed: int
) -> None:
    async with ledger(store_url, Scripted()) as (_, callers):
        kinds = await write_at_random(callers, random.Random(seed))
    assert callers.results.keys() == kinds.keys()
    told = {name: result for name, result in callers.results.items() if result != "cancelled"}
    errors = {"refuse": LookupError, "fail": LookupError, "violate": ConstraintViolated, "good": type(None)}
    assert {name: type(result) for name, result in told.items()} == {
        name: errors[kinds[name]] for name in told
    }
    assert await read_again(store_url) == sorted(name for name in told if kinds[name] == "good")

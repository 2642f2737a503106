"""The store on the event loop itself, for simulations under a virtual clock; on both dialects."""

import pytest
import trio
from trio.testing import MockClock

from csms.errors import StoreUnavailable
from csms.store.connection import ConstraintViolated, Crash, Database, open_store
from tests.store.faults import Scripted
from tests.store.ledger import add, create_ledger, names


async def test_a_jumping_clock_does_not_jump_over_a_commit(store_url: str, autojump_clock: MockClock) -> None:
    async with open_store(store_url, inline=True) as store:
        await store.write(create_ledger)
        with trio.fail_after(0.001):
            for number in range(20):
                await store.write(lambda db, name=f"{number:02}": add(db, name))  # type: ignore[misc]
            assert len(await store.read(names)) == 20
        assert trio.current_time() == 0


async def test_failures_are_undone_and_raised(store_url: str) -> None:
    def fail(db: Database) -> None:
        add(db, "unwanted")
        raise LookupError("changed its mind")

    async with open_store(store_url, inline=True) as store:
        await store.write(create_ledger)
        await store.write(lambda db: add(db, "a"))
        with pytest.raises(LookupError):
            await store.write(fail)
        with pytest.raises(ConstraintViolated):
            await store.write(lambda db: add(db, "a"))
        with pytest.raises(Exception, match=r"read-?only"):
            await store.read(lambda db: add(db, "b"))
        assert await store.read(names) == ["a"]
        assert store.health().units >= 2


@pytest.mark.parametrize(
    ("point", "kept"), [("before_commit", False), ("after_commit", True), ("before_reply", True)]
)
async def test_a_crash_stops_the_store_where_it_stands(store_url: str, point: str, kept: bool) -> None:
    faults = Scripted()
    async with open_store(store_url, inline=True, faults=faults) as store:
        await store.write(create_ledger)
        faults.fail_at(point, Crash())  # type: ignore[arg-type]
        with pytest.raises(StoreUnavailable):
            await store.write(lambda db: add(db, "a"))
        with pytest.raises(StoreUnavailable):
            await store.write(lambda db: add(db, "b"))
    async with open_store(store_url, inline=True) as store:
        assert await store.read(names) == (["a"] if kept else [])


async def test_a_cancelled_caller_leaves_no_trace(store_url: str) -> None:
    async with open_store(store_url, inline=True) as store:
        await store.write(create_ledger)
        with trio.CancelScope() as scope:
            scope.cancel()
            await store.write(lambda db: add(db, "a"))
        assert scope.cancelled_caught
        assert await store.read(names) == []

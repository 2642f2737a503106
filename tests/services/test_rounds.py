"""Work that waits in the database: each subject once at a time, not too many at once, none held up by another."""

from collections.abc import MutableMapping
from typing import Any

import pytest
import trio
import trio.testing

from csms.errors import CsmsError, StoreStopped
from csms.services.rounds import Rounds


class Work:
    """Subjects, and what was done with them."""

    def __init__(self, *subjects: str, at_a_time: int = 2) -> None:
        self.subjects = list(subjects)
        self.begun: list[str] = []
        self.done: list[str] = []
        self.go_on = trio.Event()
        self.rounds = Rounds("work", self.due, self.work, every_s=10, at_a_time=at_a_time)

    async def due(self) -> list[str]:
        return list(self.subjects)

    async def work(self, subject: str) -> None:
        self.begun.append(subject)
        if subject.startswith("slow"):
            await self.go_on.wait()
        if subject == "bad":
            raise CsmsError("does not work")
        if subject == "odd":
            raise ZeroDivisionError
        if subject == "stopped":
            raise StoreStopped("no disk")
        self.done.append(subject)
        self.subjects.remove(subject)


async def test_only_so_many_at_once_and_the_next_without_waiting(
    autojump_clock: trio.testing.MockClock,
) -> None:
    work = Work("slow1", "a", "b", "c")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(work.rounds.run)
        await trio.sleep(1)
        assert sorted(work.done) == ["a", "b", "c"]
        work.go_on.set()
        await trio.sleep(1)
        assert sorted(work.done) == ["a", "b", "c", "slow1"]
        nursery.cancel_scope.cancel()


async def test_a_subject_is_not_begun_twice(autojump_clock: trio.testing.MockClock) -> None:
    work = Work("slow1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(work.rounds.run)
        await trio.sleep(35)
        assert work.begun == ["slow1"]
        nursery.cancel_scope.cancel()


async def test_what_fails_is_tried_at_the_next_round(autojump_clock: trio.testing.MockClock) -> None:
    work = Work("bad", "a")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(work.rounds.run)
        await trio.sleep(25)
        assert (work.begun.count("bad"), work.done) == (3, ["a"])
        nursery.cancel_scope.cancel()


async def test_what_nobody_foresaw_is_logged_and_left_alone_for_a_while(
    autojump_clock: trio.testing.MockClock, logs: list[MutableMapping[str, Any]]
) -> None:
    work = Work("odd", "a")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(work.rounds.run)
        await trio.sleep(295)
        assert (work.begun.count("odd"), work.done) == (1, ["a"])
        await trio.sleep(20)
        assert work.begun.count("odd") == 2
        nursery.cancel_scope.cancel()
    assert [entry["event"] for entry in logs] == ["rounds_crashed"] * 2
    logs.clear()


async def test_a_store_that_has_stopped_ends_everything() -> None:
    work = Work("stopped")
    with pytest.RaisesGroup(StoreStopped, flatten_subgroups=True):
        await work.rounds.run()

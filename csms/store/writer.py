"""The group-commit writer: all writes go through one thread, and all that wait share one commit.

One fsync costs the same for one row or for a thousand, so whatever has queued up while the last commit was
under way becomes the next transaction. Each unit of work is isolated from its neighbours, and nobody is
answered before the commit is durable. Results go back to the event loop with one `run_sync_soon` for the
whole batch.

Cancellation. A caller is never left not knowing: the writer takes a unit by popping its `ticket`, and so does
a cancelled caller that wants to withdraw it. Whoever pops first wins. If the caller won, the work has not
begun and never will; if the writer won, the caller waits on for the outcome (a commit takes milliseconds) and
gets it. Giving up in between would leave rows that the caller believes were not written.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

import trio

from csms.errors import StoreStopped
from csms.store.committer import Committer, Session, Unit
from csms.store.database import Crash, Database, Faults

T = TypeVar("T")
MAX_BATCH_UNITS = 256


class Waiting(Unit):
    """A unit whose caller is a task that waits."""

    __slots__ = ("on_withdrawal", "task", "ticket")

    def __init__(self, work: Callable[[Database], Any], task: trio.lowlevel.Task) -> None:
        super().__init__(work)
        self.task = task
        self.ticket = [True]
        self.on_withdrawal: Callable[[], None] | None = None

    def take(self) -> bool:
        """Return True to the first who asks, whichever thread that is."""
        try:
            self.ticket.pop()
        except IndexError:
            return False
        return True

    def withdraw(self, _: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
        """Leave the queue for a cancelled caller, unless the work has begun."""
        if not self.take():
            return trio.lowlevel.Abort.FAILED
        if self.on_withdrawal is not None:
            self.on_withdrawal()
        return trio.lowlevel.Abort.SUCCEEDED


class Writer(Committer):
    """Owns the write connection and the one thread that may use it."""

    def __init__(self, session: Session, faults: Faults | None = None) -> None:
        super().__init__(session, faults)
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._closed = False
        self._token = trio.lowlevel.current_trio_token()
        self._thread = threading.Thread(target=self._serve, name="csms store writer", daemon=True)
        self._thread.start()

    def waiting_units(self) -> int:
        """Return how many units have not been taken yet."""
        return self._queue.qsize()

    async def write(self, work: Callable[[Database], T], *, brief: bool = False) -> T:
        """Queue `work`, wait until its commit is durable, return its result or raise its error."""
        if self._closed:
            raise StoreStopped("the store is closed")
        await trio.lowlevel.checkpoint_if_cancelled()
        unit = Waiting(work, trio.lowlevel.current_task())
        self.queue(unit, brief)
        if self._ended() and unit.take():  # the thread ended between the first look and the put
            raise StoreStopped("the store has stopped")
        return cast(T, await trio.lowlevel.wait_task_rescheduled(unit.withdraw))

    def queue(self, unit: Waiting, brief: bool) -> None:
        """Hand a unit to the thread; brief or not, on PostgreSQL it waits for a server."""
        del brief
        self._queue.put(unit)

    def _ended(self) -> bool:
        return self._closed

    async def close(self) -> None:
        """Commit what is queued, end the thread, close the connection."""
        self._closed = True
        self._queue.put(None)
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._thread.join)

    def _serve(self) -> None:
        """Turn the queue into transactions until `close`."""
        batch: list[Waiting] = []
        open_ = True
        try:
            while open_:
                batch, open_ = self._next_batch()
                if batch:
                    self.settle(batch)
                    self._answer(batch)
                    batch = []
        except Crash:
            pass
        finally:
            self._closed = True
            self._session.close()
            self._refuse_the_rest(batch)

    def _next_batch(self) -> tuple[list[Waiting], bool]:
        """Wait for work; return all that is there, and False when the store closes after it."""
        batch: list[Waiting] = []
        get = self._queue.get
        item = get()
        while item is not None:
            if item.take():
                batch.append(item)
            if len(batch) >= MAX_BATCH_UNITS:
                return batch, True
            try:
                item = get(False)
            except Empty:
                return batch, True
        return batch, False

    def _answer(self, batch: Sequence[Waiting]) -> None:
        """Wake every caller of the batch with one crossing into the event loop."""
        self.reach("before_reply")
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self.resume, batch)

    def resume(self, batch: Sequence[Waiting]) -> None:
        """Let the callers go on, in the order in which they came."""
        reschedule = trio.lowlevel.reschedule
        for unit in batch:
            assert unit.result is not None
            reschedule(unit.task, unit.result)

    def _refuse_the_rest(self, current: Sequence[Waiting]) -> None:
        """Answer whoever is still waiting after the thread's end, so that nobody waits for ever."""
        rest = list(current)
        with contextlib.suppress(Empty):
            while True:
                item = self._queue.get(False)
                if item is not None and item.take():
                    rest.append(item)
        if rest:
            self.fail(rest, StoreStopped("the store has stopped"))
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self.resume, rest)


class InlineWriter(Committer):
    """Writes on the event loop itself, one unit a transaction: for simulations under a virtual clock.

    Nothing happens between a call and its outcome, so a run can be repeated exactly, and a clock that jumps when all
    tasks wait does not jump over a commit.
    """

    def __init__(self, session: Session, faults: Faults | None = None) -> None:
        super().__init__(session, faults)
        self._closed = False

    def waiting_units(self) -> int:
        """Return 0: nothing waits."""
        return 0

    async def write(self, work: Callable[[Database], T], *, brief: bool = False) -> T:
        """Run `work` in a transaction of its own, return its result or raise its error."""
        del brief
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise StoreStopped("the store is closed")
        unit = Unit(work)
        try:
            self.settle([unit])
            self.reach("before_reply")
        except Crash:
            await self.close()
            self.fail([unit], StoreStopped("the store has stopped"))
        assert unit.result is not None
        return cast(T, unit.result.unwrap())

    async def close(self) -> None:
        """Close the connection."""
        self._closed = True
        self._session.close()

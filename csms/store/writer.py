"""The group-commit writer: all writes go through one thread, and all that wait share one commit.

One fsync costs the same for one row or for a thousand, so whatever has queued up while the last commit was
under way becomes the next transaction. Each unit of work is isolated from its neighbours, and nobody is
answered before the commit is durable. Results go back to the event loop with one `run_sync_soon` for the
whole batch.

Cancellation. A caller is never left not knowing: the writer takes a unit by popping its `ticket`, and so does
a cancelled caller that wants to withdraw it. Whoever pops first wins. If the caller won, the work has not
begun and never will; if the writer won, the caller waits on for the outcome (a commit takes milliseconds) and
gets it. Giving up in between would leave rows that the caller believes were not written.

Isolation. A savepoint for each unit costs two statements and a copy of every page it touches (a fifth of the
whole), so a batch first runs without. A unit that fails before it changed anything is simply answered with
its error. When one fails after a change, the transaction is rolled back and the batch runs again with
savepoints. That is why works must be repeatable.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Literal, Protocol, TypeVar, cast

import outcome
import trio

from csms.errors import StoreUnavailable
from csms.store.database import Crash, Database, FaultPoint, Faults

T = TypeVar("T")
MAX_BATCH_UNITS = 256
ATTEMPTS = 3
"""How often a unit is tried alone after a batch was lost to something passing."""


class TryAgain(StoreUnavailable):
    """The transaction was lost to something passing (deadlock, dropped connection); nothing was kept."""


class Session(Protocol):
    """The writer's connection, as each dialect implements it. Only the writer's thread calls it."""

    @property
    def database(self) -> Database:
        """Return the statements' face of the connection."""
        ...

    def begin(self) -> None:
        """Begin a write transaction; raises `StoreUnavailable` when no connection or no lock is to be had."""
        ...

    def commit(self) -> None:
        """Make the transaction durable; raises `StoreUnavailable` when nothing was kept."""
        ...

    def rollback(self) -> None:
        """Leave the transaction, whatever state it is in; never raises."""
        ...

    def savepoint(self) -> None:
        """Mark the place to which `undo` returns."""
        ...

    def release(self) -> None:
        """Keep what was done since `savepoint`."""
        ...

    def undo(self) -> None:
        """Take back what was done since `savepoint`."""
        ...

    def changes(self) -> int:
        """Return a number that differs after any statement that changed something or needs undoing."""
        ...

    def broken(self) -> StoreUnavailable | None:
        """Return why the open transaction can no longer be committed as a whole, or None."""
        ...

    def take_failure(self) -> Exception | None:
        """Return, once, the error of the statement that failed in this unit; later ones were refused."""
        ...

    def close(self) -> None:
        """Close the connection; never raises."""
        ...


class _Unit:
    """One caller's work on its way through the writer."""

    __slots__ = ("result", "task", "ticket", "work")

    def __init__(self, work: Callable[[Database], Any], task: trio.lowlevel.Task) -> None:
        self.work = work
        self.task = task
        self.ticket = [True]
        self.result: outcome.Outcome[Any] | None = None

    def take(self) -> bool:
        """Return True to the first who asks, whichever thread that is."""
        try:
            self.ticket.pop()
        except IndexError:
            return False
        return True


class Writer:
    """Owns the write connection and the one thread that may use it."""

    def __init__(self, session: Session, faults: Faults | None = None) -> None:
        self.problem: str | None = None
        self.units = self.commits = self.failed_units = self.largest_batch = 0
        self._session = session
        self._faults = faults
        self._queue: SimpleQueue[_Unit | None] = SimpleQueue()
        self._closed = False
        self._token = trio.lowlevel.current_trio_token()
        self._thread = threading.Thread(target=self._serve, name="csms store writer", daemon=True)
        self._thread.start()

    def waiting_units(self) -> int:
        """Return how many units have not been taken yet."""
        return self._queue.qsize()

    async def write(self, work: Callable[[Database], T]) -> T:
        """Queue `work`, wait until its commit is durable, return its result or raise its error."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        await trio.lowlevel.checkpoint_if_cancelled()
        unit = _Unit(work, trio.lowlevel.current_task())

        def withdraw(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            return trio.lowlevel.Abort.SUCCEEDED if unit.take() else trio.lowlevel.Abort.FAILED

        self._queue.put(unit)
        if self._closed and unit.take():  # the thread ended between the first look and the put
            raise StoreUnavailable("the store has stopped")
        return cast(T, await trio.lowlevel.wait_task_rescheduled(withdraw))

    async def close(self) -> None:
        """Commit what is queued, end the thread, close the connection."""
        self._closed = True
        self._queue.put(None)
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._thread.join)

    def _serve(self) -> None:
        """Turn the queue into transactions until `close`."""
        batch: list[_Unit] = []
        open_ = True
        try:
            while open_:
                batch, open_ = self._next_batch()
                if batch:
                    self._settle(batch)
                    self._answer(batch)
                    batch = []
        except Crash:
            pass
        finally:
            self._closed = True
            self._session.close()
            self._refuse_the_rest(batch)

    def _next_batch(self) -> tuple[list[_Unit], bool]:
        """Wait for work; return all that is there, and False when the store closes after it."""
        batch: list[_Unit] = []
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

    def _settle(self, batch: Sequence[_Unit]) -> None:
        """Give every unit of the batch its outcome."""
        try:
            self._transact(batch, isolated=False)
        except TryAgain:
            self._settle_one_by_one(batch)
        except StoreUnavailable as reason:
            self._fail(batch, reason)

    def _settle_one_by_one(self, batch: Sequence[_Unit]) -> None:
        """Give each unit of a lost batch a few transactions of its own, until the database is really gone."""
        for done, unit in enumerate(batch):
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    self._transact([unit], isolated=False)
                    break
                except TryAgain as reason:
                    if attempt == ATTEMPTS:
                        self._fail([unit], reason)
                except StoreUnavailable as reason:
                    self._fail(batch[done:], reason)
                    return

    def _transact(self, batch: Sequence[_Unit], isolated: bool) -> None:
        """Run a batch in one transaction and commit it; raises `StoreUnavailable` when nothing was kept."""
        session = self._session
        try:
            self._reach("before_begin")
            session.begin()
            verdict = self._run(batch, isolated)
            if verdict == "commit":
                self._reach("before_commit")
                session.commit()
            else:
                session.rollback()
        except StoreUnavailable:
            session.rollback()
            raise
        except Exception as error:
            session.rollback()
            raise StoreUnavailable(f"the database failed: {error}") from error
        if verdict == "again":
            self._transact(batch, isolated=True)
            return
        self._reach("after_commit")
        self.problem = None
        self.commits += 1
        self.units += len(batch)
        self.largest_batch = max(self.largest_batch, len(batch))

    def _run(self, batch: Sequence[_Unit], isolated: bool) -> Literal["commit", "again", "rollback"]:
        """Run every unit's work and say what is to become of the transaction."""
        session = self._session
        for unit in batch:
            self._reach("before_work")
            before = session.changes()
            if isolated:
                session.savepoint()
            unit.result = self._attempt(unit.work)
            broken = session.broken()
            if broken:
                raise broken
            if isolated:
                if isinstance(unit.result, outcome.Value):
                    session.release()
                else:
                    session.undo()
            elif isinstance(unit.result, outcome.Error) and session.changes() != before:
                return "rollback" if len(batch) == 1 else "again"
        return "commit"

    def _attempt(self, work: Callable[[Database], Any]) -> outcome.Outcome[Any]:
        """Run one work; it has failed when it raised, and also when it swallowed the error of a statement."""
        result: outcome.Outcome[Any]
        try:
            result = outcome.Value(work(self._session.database))
        except Crash:
            raise
        except BaseException as error:  # whatever it is, it belongs to the caller
            result = outcome.Error(error)
        failure = self._session.take_failure()
        if failure is not None and isinstance(result, outcome.Value):
            return outcome.Error(failure)
        return result

    def _fail(self, units: Sequence[_Unit], reason: StoreUnavailable) -> None:
        """Give `reason` to each of `units`, as an exception of its own so that tracebacks do not mix."""
        self.problem = str(reason)
        self.failed_units += len(units)
        for unit in units:
            unit.result = outcome.Error(type(reason)(*reason.args))

    def _answer(self, batch: Sequence[_Unit]) -> None:
        """Wake every caller of the batch with one crossing into the event loop."""
        self._reach("before_reply")
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(_resume, batch)

    def _refuse_the_rest(self, current: Sequence[_Unit]) -> None:
        """Answer whoever is still waiting after the thread's end, so that nobody waits for ever."""
        rest = list(current)
        with contextlib.suppress(Empty):
            while True:
                item = self._queue.get(False)
                if item is not None and item.take():
                    rest.append(item)
        if rest:
            self._fail(rest, StoreUnavailable("the store has stopped"))
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(_resume, rest)

    def _reach(self, point: FaultPoint) -> None:
        if self._faults is not None:
            self._faults.reach(point)


def _resume(batch: Sequence[_Unit]) -> None:
    """Let the callers go on, in the order in which they came."""
    reschedule = trio.lowlevel.reschedule
    for unit in batch:
        assert unit.result is not None
        reschedule(unit.task, unit.result)

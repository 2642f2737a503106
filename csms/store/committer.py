"""Turns units of work into transactions: several share one, none harms another, each gets its own outcome.

Isolation. A savepoint for each unit costs two statements and a copy of every page it touches (a fifth of the
whole), so a batch first runs without. A unit that fails before it changed anything is simply answered with
its error. When one fails after a change, the transaction is rolled back and the batch runs again with
savepoints. That is why works must be repeatable.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import outcome

from csms.errors import StoreUnavailable
from csms.store.database import Crash, Database, FaultPoint, Faults, TooLong

COMMITS_AVERAGED = 10
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

    def begin(self, *, hurried: bool) -> None:
        """Begin a write transaction; raises `StoreUnavailable` when no connection or no lock is to be had.

        The event loop waits for a `hurried` one: `TooLong` when another process holds the lock.
        """
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


class Unit:
    """One caller's work and what became of it."""

    __slots__ = ("result", "work")

    def __init__(self, work: Callable[[Database], Any]) -> None:
        self.work = work
        self.result: outcome.Outcome[Any] | None = None


class Committer:
    """Runs batches of units on the one connection that writes."""

    def __init__(self, session: Session, faults: Faults | None) -> None:
        self.problem: str | None = None
        self.units = self.commits = self.failed_units = self.largest_batch = 0
        self.commit_s = 0.0
        """What a commit takes, as a moving average."""
        self._session = session
        self._faults = faults

    def settle(self, batch: Sequence[Unit]) -> None:
        """Give every unit of the batch its outcome."""
        try:
            self._transact(batch, isolated=False)
        except TryAgain:
            self._settle_one_by_one(batch)
        except StoreUnavailable as reason:
            self.fail(batch, reason)

    def _settle_one_by_one(self, batch: Sequence[Unit]) -> None:
        """Give each unit of a lost batch a few transactions of its own, until the database is really gone."""
        for done, unit in enumerate(batch):
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    self._transact([unit], isolated=False)
                    break
                except TryAgain as reason:
                    if attempt == ATTEMPTS:
                        self.fail([unit], reason)
                except StoreUnavailable as reason:
                    self.fail(batch[done:], reason)
                    return

    def _transact(self, batch: Sequence[Unit], isolated: bool, hurried: bool = False) -> None:
        """Run a batch in one transaction and commit it; raises `StoreUnavailable` when nothing was kept.

        A `hurried` one raises `TooLong`, also with nothing kept, when it is not for the event loop.
        """
        session = self._session
        try:
            self.reach("before_begin")
            session.begin(hurried=hurried)
            verdict = self._run(batch, isolated, hurried)
            if verdict == "commit":
                self.reach("before_commit")
                self._commit()
            else:
                session.rollback()
        except (StoreUnavailable, TooLong):
            session.rollback()
            raise
        except Exception as error:
            session.rollback()
            raise StoreUnavailable(f"the database failed: {error}") from error
        if verdict == "again":
            self._transact(batch, isolated=True, hurried=hurried)
            return
        self.reach("after_commit")
        self.problem = None
        self.commits += 1
        self.units += len(batch)
        self.largest_batch = max(self.largest_batch, len(batch))

    def _commit(self) -> None:
        """Commit, and remember how long it took."""
        begun = time.perf_counter()
        self._session.commit()
        self.commit_s += (time.perf_counter() - begun - self.commit_s) / COMMITS_AVERAGED

    def _run(
        self, batch: Sequence[Unit], isolated: bool, hurried: bool
    ) -> Literal["commit", "again", "rollback"]:
        """Run every unit's work and say what is to become of the transaction."""
        session = self._session
        for unit in batch:
            self.reach("before_work")
            before = session.changes()
            if isolated:
                session.savepoint()
            unit.result = self._attempt(unit.work)
            broken = session.broken()
            if broken:
                raise broken
            if hurried and isinstance(unit.result, outcome.Error) and isinstance(unit.result.error, TooLong):
                raise unit.result.error
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

    def fail(self, units: Sequence[Unit], reason: StoreUnavailable) -> None:
        """Give `reason` to each of `units`, as an exception of its own so that tracebacks do not mix."""
        self.problem = str(reason)
        self.failed_units += len(units)
        for unit in units:
            unit.result = outcome.Error(type(reason)(*reason.args))

    def reach(self, point: FaultPoint) -> None:
        """Give the tests' failure points their turn."""
        if self._faults is not None:
            self._faults.reach(point)

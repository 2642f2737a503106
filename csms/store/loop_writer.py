"""The group-commit writer of a database in this very process: brief units run on the event loop, long ones in a thread.

A thread that writes while the event loop reads costs more than it brings: at every statement the two quarrel over the
interpreter, a third of a message's whole cost. So what stations send, brief and bounded, is committed between two
rounds of the loop: all units that came up in a round share one commit.

The thread still takes everything that may keep the loop waiting: units that do not call themselves brief, those that
find out that they are not (`TooLong`), all of them while another process holds the database's lock, and while the disk
is slow to commit. Only one side uses the connection at a time: the loop, when nothing is `_away` with the thread.
"""

from collections.abc import Sequence
from typing import Final

from csms.errors import StoreStopped, StoreUnavailable
from csms.store.committer import Session
from csms.store.database import Crash, Faults, TooLong
from csms.store.writer import MAX_BATCH_UNITS, Waiting, Writer

SLOW_COMMIT_S: Final = 0.005
"""Commits that take longer than this on average are no business of the event loop."""


class LoopWriter(Writer):
    """A `Writer` that has its brief units done on the event loop."""

    def __init__(self, session: Session, faults: Faults | None = None) -> None:
        """Begin with the loop; the thread is called when needed."""
        super().__init__(session, faults)
        self._brief: list[Waiting] = []
        """Units for the next round of the loop, or waiting for the thread to come back."""
        self._away = 0
        """Units handed to the thread whose outcome has not come back."""

    def waiting_units(self) -> int:
        """Return how many units have not been taken yet."""
        return super().waiting_units() + len(self._brief)

    def queue(self, unit: Waiting, brief: bool) -> None:
        """Take a brief unit into the next round of the loop, and hand any other to the thread."""
        if not brief or self.commit_s > SLOW_COMMIT_S:
            self._hand_over([unit])
            return
        if not self._brief and not self._away:
            self._token.run_sync_soon(self._round)
        self._brief.append(unit)

    def resume(self, batch: Sequence[Waiting]) -> None:
        """Let the callers go on; what waited for the thread is done now, or goes along with its next batch."""
        super().resume(batch)
        self._away -= len(batch)
        if not self._away:
            self._round()
        else:
            self._hand_over(self._leave_loop())

    async def close(self) -> None:
        """Commit what is queued, end the thread, close the connection."""
        self._hand_over(self._leave_loop())
        await super().close()

    def _hand_over(self, units: Sequence[Waiting]) -> None:
        self._away += len(units)
        for unit in units:
            unit.on_withdrawal = self._come_back
            self._queue.put(unit)

    def _come_back(self) -> None:
        """Forget a unit whose caller was cancelled before the thread took it."""
        self._away -= 1
        if self._brief and not self._away:
            self._token.run_sync_soon(self._round)

    def _leave_loop(self) -> list[Waiting]:
        brief, self._brief = self._brief, []
        return brief

    def _round(self) -> None:
        """Commit the brief units that have come up, unless the thread was called meanwhile."""
        if self._away or not self._brief:
            return
        batch = [unit for unit in self._brief[:MAX_BATCH_UNITS] if unit.take()]
        del self._brief[:MAX_BATCH_UNITS]
        if self._brief:
            self._token.run_sync_soon(self._round)
        if not batch:
            return
        try:
            self._settle_here(batch)
        except TooLong:
            for unit in batch:
                unit.ticket.append(True)
            self._hand_over(batch)
        else:
            super().resume(batch)

    def _settle_here(self, batch: Sequence[Waiting]) -> None:
        """Give every unit of the batch its outcome, or raise `TooLong` with nothing kept."""
        try:
            if self._closed:
                raise StoreStopped("the store has stopped")
            self._transact(batch, isolated=False, hurried=True)
            self.reach("before_reply")
        except StoreUnavailable as reason:
            self.fail(batch, reason)
        except Crash:
            self._closed = True
            self._queue.put(None)  # the thread closes the connection
            self.fail(batch, StoreStopped("the store has stopped"))

"""Work that waits in the database: looked up every few seconds, done one subject at a time, many subjects at once.

What is to do stands in the database, so that a process that died left nothing undone; what a subject does to its own
work costs no other subject more than one of the places.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import structlog
import trio

from csms.errors import CsmsError, StoreStopped

T = TypeVar("T", bound=Hashable)

_MOST_WAITING: Final = 1000
_SHUN_S: Final = 300.0
"""How long a subject is left alone with which something happened that nobody foresaw."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Rounds(Generic[T]):
    """One kind of work: `due` finds its subjects, `work` does one; at most `at_a_time` of them at once.

    Others wait for a place, so that one after the other is done without waiting for the next round.
    """

    name: str
    due: Callable[[], Awaitable[Sequence[T]]]
    work: Callable[[T], Awaitable[None]]
    every_s: float
    at_a_time: int
    _busy: set[T] = field(default_factory=set)
    _shunned: dict[T, float] = field(default_factory=dict)
    _places: trio.CapacityLimiter = field(init=False)

    def __post_init__(self) -> None:
        self._places = trio.CapacityLimiter(self.at_a_time)

    async def run(self) -> None:
        """Do rounds until cancelled; a failure is logged and tried again at the next round."""
        async with trio.open_nursery() as nursery:
            while True:
                await self.turn(nursery)
                await trio.sleep(self.every_s)

    async def once(self) -> None:
        """Do one round and wait until it is done."""
        async with trio.open_nursery() as nursery:
            await self.turn(nursery)

    async def turn(self, nursery: trio.Nursery) -> None:
        """Begin what is due, or let it wait for a place."""
        try:
            subjects = await self.due()
        except StoreStopped:
            raise
        except CsmsError as error:
            log.error("rounds_failed", work=self.name, error=str(error))
            return
        for subject in subjects:
            if len(self._busy) >= _MOST_WAITING:
                return
            if subject not in self._busy and self._shunned.get(subject, 0) <= trio.current_time():
                self._shunned.pop(subject, None)
                self._busy.add(subject)
                nursery.start_soon(self._do, subject)

    async def _do(self, subject: T) -> None:
        try:
            async with self._places:
                await self.work(subject)
        except StoreStopped:
            raise
        except CsmsError as error:
            log.error("rounds_failed", work=self.name, subject=subject, error=str(error))
        except Exception:  # what one station said must not end the work for all
            log.exception("rounds_crashed", work=self.name, subject=subject)
            self._shunned[subject] = trio.current_time() + _SHUN_S
        finally:
            self._busy.discard(subject)

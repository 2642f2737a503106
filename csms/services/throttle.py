"""Counting who asks how often, in memory and bounded: windows of the `limits` package over one storage a process.

Several nodes on one database count each for itself.
"""

import math
import time
from collections.abc import Callable
from typing import Any, Final

from csms.errors import TooBusy

MOST_KEYS: Final = 50_000
"""Who comes from ever new addresses must not fill the memory: beyond this, all counting begins anew."""


class Throttle:
    """At most so many in a minute for each key; the window slides."""

    def __init__(self, per_minute: int, what: str, timer: Callable[[], float] = time.time) -> None:
        self.per_minute = per_minute
        self._what = what
        self._timer = timer
        self._limit: Any = None
        self._windows: Any = None
        self._storage: Any = None

    def hit(self, key: str, cost: int = 1) -> None:
        """Count one; raises TooBusy, which says when it may come again, where there were too many."""
        if self.per_minute <= 0:
            return
        if self._windows is None or len(self._storage.locks) > MOST_KEYS:
            self._begin()
        if not self._windows.hit(self._limit, key, cost=cost):
            reset_at = self._windows.get_window_stats(self._limit, key).reset_time
            wait_s = max(1.0, math.ceil(reset_at - self._timer()))
            raise TooBusy(f"too many {self._what}: come again in {wait_s:.0f} s", retry_after_s=wait_s)

    def remaining(self, key: str) -> int | None:
        """Return how many more may come now, None where there is no bound."""
        if self.per_minute <= 0:
            return None
        if self._windows is None:
            return self.per_minute
        return int(self._windows.get_window_stats(self._limit, key).remaining)

    def _begin(self) -> None:
        from limits import RateLimitItemPerMinute
        from limits.storage import MemoryStorage
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._storage = MemoryStorage()
        self._limit = RateLimitItemPerMinute(self.per_minute)
        self._windows = SlidingWindowCounterRateLimiter(self._storage)

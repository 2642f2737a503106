"""Failure points for the store's tests: hold the writer still, or make something happen at a point."""

import threading
from collections import Counter
from collections.abc import Callable

import trio

from csms.store.connection import FaultPoint


class Scripted:
    """Runs what was planned for the n-th time a point is reached after `arm`."""

    def __init__(self) -> None:
        self.reached: Counter[FaultPoint] = Counter()
        self._plans: dict[tuple[FaultPoint, int], Callable[[], None]] = {}

    def at(self, point: FaultPoint, action: Callable[[], None], nth: int = 1) -> None:
        """Plan `action` for the `nth` passing of `point` from now on."""
        self._plans[point, self.reached[point] + nth] = action

    def fail_at(self, point: FaultPoint, error: BaseException, nth: int = 1) -> None:
        """Plan an exception."""

        def action() -> None:
            raise error

        self.at(point, action, nth)

    def reach(self, point: FaultPoint) -> None:
        """Called by the store."""
        self.reached[point] += 1
        action = self._plans.pop((point, self.reached[point]), None)
        if action:
            action()


class Hold:
    """Stops the writer's thread at a point until it is let go; `arrived` says that it stands there."""

    def __init__(self, faults: Scripted, point: FaultPoint, nth: int = 1) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._go = threading.Event()
        self.arrived = trio.Event()
        faults.at(point, self._wait, nth)

    def _wait(self) -> None:
        self._token.run_sync_soon(self.arrived.set)
        assert self._go.wait(30)

    def let_go(self) -> None:
        """Let the writer's thread go on."""
        self._go.set()

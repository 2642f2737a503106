"""A place where all stations of a run wait for one another, so that a storm breaks at once."""

import trio


class Meeting:
    """Opens each time everybody who still takes part has come."""

    def __init__(self, members: int) -> None:
        self._members = members
        self._waiting = 0
        self._opens = trio.Event()

    async def wait(self) -> None:
        """Return when everybody is here."""
        opens = self._opens
        self._waiting += 1
        self._open_if_complete()
        await opens.wait()

    def leave(self) -> None:
        """Take part no longer."""
        self._members -= 1
        self._open_if_complete()

    def _open_if_complete(self) -> None:
        if 0 < self._members <= self._waiting:
            opens, self._opens = self._opens, trio.Event()
            self._waiting = 0
            opens.set()

"""A lock that costs nothing when it is free: `trio.Lock` visits the scheduler each time it is taken."""

import trio


class Turn:
    """Lets one task at a time go on, first come, first served."""

    __slots__ = ("_lot", "_taken")

    def __init__(self) -> None:
        self._taken = False
        self._lot = trio.lowlevel.ParkingLot()

    async def take(self) -> None:
        """Return when it is the caller's turn; the caller must `give` it back."""
        if self._taken:
            await self._lot.park()  # `give` hands the turn over, so that nobody can slip in between
        else:
            self._taken = True

    def give(self) -> None:
        """Hand the turn to the one who has waited longest."""
        if self._lot:
            self._lot.unpark()
        else:
            self._taken = False

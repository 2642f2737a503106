"""Message records without effects of their own, collected for a moment and written together."""

from csms.clock import Clock
from csms.services import inbox
from csms.services.inbox import Message
from csms.services.unit import Unit

_MOST_WAITING = 20_000


class MessageLog:
    """Collects records of refused, malformed and outgoing messages; `flush` writes them."""

    def __init__(self, unit: Unit, clock: Clock) -> None:
        self._unit = unit
        self._clock = clock
        self._waiting: list[dict[str, object]] = []
        self.dropped = 0

    def add(self, message: Message, direction: str, answer: bytes | None) -> None:
        """Collect one record; when far too many wait, new ones are dropped and counted."""
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(inbox.log_values(message, direction, self._clock.now(), answer))

    async def flush(self) -> None:
        """Write what was collected; what cannot be written now waits for the next time."""
        entries, self._waiting = self._waiting, []
        if not entries:
            return
        try:
            await self._unit.run(lambda tx: inbox.keep(tx, entries))
        except BaseException:
            self._waiting = entries + self._waiting
            raise

"""What stations of both versions have in common: an ear for the schemas, and answers that are right unless scripted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import trio
from trio.abc import Stream

from csms.clock import to_wire
from csms.ocpp import schemas
from csms.ocpp.rpc import Version
from tests.wire.station import Answer, Payload, Station


class CaseStation(Station):
    """One connection of a station that takes nothing its version does not know."""

    version: ClassVar[Version]
    subprotocol: ClassVar[str]

    def __init__(
        self, stream: Stream, nursery: trio.Nursery, station_id: str, evses: int, now: Callable[[], datetime]
    ) -> None:
        super().__init__(stream, nursery)
        self.id = station_id
        self.evses = evses
        self._now = now
        self.answers: dict[str, Answer] = self.usual_answers()

    def usual_answers(self) -> dict[str, Answer]:
        """Return what a well-behaved station answers, by action, where that is not just Accepted."""
        raise NotImplementedError  # each version has its own

    async def booted(self) -> None:
        """[Booted]: accepted, and every connector Available."""
        raise NotImplementedError  # each version has its own

    def at(self) -> str:
        """Return the station's time as it writes it: its clock is right."""
        return to_wire(self._now())

    def asked_for(self, action: str) -> list[Payload]:
        """Return the payloads of all CALLs of an action, oldest first."""
        return [payload for name, payload in self.asked if name == action]

    async def until_asked_for(self, action: str, times: int = 1) -> Payload:
        """Wait until the CSMS has sent an action so many times and return the latest payload."""
        while len(self.asked_for(action)) < times:
            if self.ended.is_set():
                raise AssertionError(f"{self.id} was cut off before {action} came")
            self._news = trio.Event()
            await self._news.wait()
        return self.asked_for(action)[times - 1]

    async def call(
        self, action: str, payload: Payload | None = None, *, message_id: str | None = None
    ) -> Any:
        answer = await super().call(action, payload, message_id=message_id)
        fault = schemas.validate(self.version, action, "response", answer)
        assert fault is None, f"{action} was answered {answer}: {fault}"
        return answer

    async def _answer(self, message_id: str, action: str, payload: Payload) -> None:
        fault = schemas.validate(self.version, action, "request", payload)
        assert fault is None, f"the CSMS asked {action} {payload}: {fault}"
        await super()._answer(message_id, action, payload)

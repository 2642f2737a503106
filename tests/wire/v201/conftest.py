"""CP1 as a station that speaks OCPP 2.0.1, and whose ear is the standard's own schemas."""

from typing import Any

import pytest

from csms.ocpp import schemas
from tests.wire.appliance import Appliance
from tests.wire.station import Payload, Station
from tests.wire.v201 import payloads

PROTOCOL = "ocpp2.0.1"


class ListeningStation(Station):
    """A station that takes no answer, and no request, which its version does not know."""

    async def call(
        self, action: str, payload: Payload | None = None, *, message_id: str | None = None
    ) -> Any:
        answer = await super().call(action, payload, message_id=message_id)
        assert schemas.validate("2.0.1", action, "response", answer) is None, answer
        return answer

    async def _answer(self, message_id: str, action: str, payload: Payload) -> None:
        assert schemas.validate("2.0.1", action, "request", payload) is None, payload
        await super()._answer(message_id, action, payload)


async def connected(csms: Appliance, station_id: str = "CP1") -> ListeningStation:
    """Return a station that is connected but has not booted."""
    station = ListeningStation(csms.stream(), csms.nursery)
    await station.connect(f"/ocpp/{station_id}", protocols=PROTOCOL)
    return station


@pytest.fixture
async def station(csms: Appliance) -> ListeningStation:
    """CP1, connected and booted."""
    made = await connected(csms)
    await made.call("BootNotification", payloads.boot())
    return made

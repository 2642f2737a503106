"""The appliance of tests/wire with its management listener on a real socket."""

from collections.abc import AsyncIterator

import pytest

from tests.admin import described
from tests.wire.appliance import Appliance, Rest
from tests.wire.conftest import clock, csms, limits, logs, station

__all__ = ["clock", "csms", "limits", "logs", "station"]


@pytest.fixture
async def rest(csms: Appliance) -> AsyncIterator[Rest]:
    """A program with the API key of a SUPER_ADMIN."""
    async with csms.rest() as program:
        program.client.event_hooks = {"response": [described.check]}
        yield program

"""A server for stations, run anew for each test."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import trio

from csms.ocpp.limits import Limits
from tests.ocpp.station import Office, Yard

MakeYard = Callable[..., Any]


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
async def yard(nursery: trio.Nursery, office: Office, limits: Limits) -> AsyncIterator[Yard]:
    made = Yard(nursery, office, limits)
    await nursery.start(made.server.run, [])
    yield made
    nursery.cancel_scope.cancel()

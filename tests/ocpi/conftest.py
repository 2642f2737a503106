"""A charge point operator's appliance with its OCPI listener, and a fake eMSP before it."""

from collections.abc import AsyncIterator

import pytest
import trio

from csms.store.connection import Store
from tests.ocpi.partner import Partner
from tests.ocpi.site import Platform, platform
from tests.wire.appliance import SetClock
from tests.wire.conftest import logs

__all__ = ["logs"]


@pytest.fixture
def dialect() -> str:
    """The wire looks the same from either database: the rules are tested on both with the services."""
    return "sqlite"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def cpo(store: Store, clock: SetClock) -> AsyncIterator[Platform]:
    async with platform(store, clock, name="Depot", party_id="DEP") as made:
        yield made


@pytest.fixture
async def partner(nursery: trio.Nursery) -> Partner:
    made = Partner()
    await nursery.start(made.run)
    return made

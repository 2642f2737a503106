from collections.abc import AsyncIterator

import pytest
import trio

from tests.simulator.fake_csms import FakeCsms
from tests.simulator.fake_csms201 import FakeCsms201


@pytest.fixture
async def csms() -> AsyncIterator[FakeCsms]:
    """A central system on memory streams; every frame it got must have been valid.

    Tests ask for `autojump_clock` themselves: pytest-trio takes the clock from the arguments of the test alone.
    """
    async with trio.open_nursery() as nursery:
        fake = FakeCsms(nursery)
        yield fake
        nursery.cancel_scope.cancel()
    assert fake.faults == []


@pytest.fixture
async def csms201() -> AsyncIterator[FakeCsms201]:
    """The same for OCPP 2.0.1."""
    async with trio.open_nursery() as nursery:
        fake = FakeCsms201(nursery)
        yield fake
        nursery.cancel_scope.cancel()
    assert fake.faults == []

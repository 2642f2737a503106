from collections.abc import AsyncIterator

import pytest
import trio

from tests.simulator.fake_csms import FakeCsms


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

"""An appliance with what `furniture` registers, and a station that has booted."""

import os
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog.testing

from csms.ocpp.limits import Limits
from csms.store.connection import Store
from tests.wire import payloads
from tests.wire.appliance import Appliance, SeededEntropy, SetClock, appliance
from tests.wire.furniture import furnish
from tests.wire.station import Station


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A directory in memory where there is one: what a disk makes of a commit is tested with the store."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(
        dir=memory if os.access(memory, os.W_OK) else None, ignore_cleanup_errors=True
    ) as path:
        yield Path(path)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
async def csms(store: Store, clock: SetClock, limits: Limits, tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(store, clock, SeededEntropy(), limits, tmp_path) as running:
        await running.unit.run(furnish)
        yield running


@pytest.fixture
async def station(csms: Appliance) -> Station:
    """CP1, connected and booted."""
    connected = await csms.station()
    await connected.call("BootNotification", payloads.boot())
    return connected


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What the product logs; an exception it did not foresee fails the test, unless the test clears the list."""
    with structlog.testing.capture_logs() as entries:
        yield entries
    assert [entry for entry in entries if entry.get("exc_info")] == []

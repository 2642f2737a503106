"""An appliance with one tenant, station CP1 (two connectors), token TAG1 and a tariff of 0.30 EUR a kWh."""

import os
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog.testing

from csms.ocpp.limits import Limits
from csms.services import stations, tariffs, tenants, tokens
from csms.services.access import LOCAL_OPERATOR
from csms.services.unit import Tx
from csms.store.connection import Store
from tests.wire import payloads
from tests.wire.appliance import Appliance, SeededEntropy, SetClock, appliance
from tests.wire.station import Station

TARIFF = {
    "id": "energy",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 19.0, "step_size": 1}]}],
}


def furnish(tx: Tx) -> None:
    """Register what every test needs."""
    tenants.add(tx, LOCAL_OPERATOR, name="default")
    stations.add(tx, LOCAL_OPERATOR, station_id="CP1", security_profile=0, connectors=2)
    tokens.add(tx, LOCAL_OPERATOR, uid="TAG1", group="FLEET")
    tariffs.add(tx, LOCAL_OPERATOR, document=TARIFF)
    tariffs.assign(tx, LOCAL_OPERATOR, tariff="energy")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A directory in memory where there is one: what a disk makes of a commit is tested with the store."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as path:
        yield Path(path)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
async def csms(store: Store, clock: SetClock, limits: Limits) -> AsyncIterator[Appliance]:
    async with appliance(store, clock, SeededEntropy(), limits) as running:
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

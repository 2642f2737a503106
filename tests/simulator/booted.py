"""A station that has booted at the fake central system, whose answers are all valid when the block ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from csms.simulator import Station16, Station201, StationSettings
from csms.simulator.clock import PacedClock
from tests.simulator.fake_csms import NOON, FakeCsms
from tests.simulator.fake_csms201 import FakeCsms201

CP = "CP1"


@asynccontextmanager
async def booted(csms: FakeCsms, **settings: object) -> AsyncIterator[Station16]:
    chosen = StationSettings(connectors=2, **settings)  # type: ignore[arg-type]
    async with Station16.connect(
        "ws://csms.example/ocpp", CP, dial=csms.dial(), settings=chosen, clock=PacedClock(NOON)
    ) as station:
        await station.boot()
        yield station
        assert station.tally.violations == []


@asynccontextmanager
async def booted201(csms: FakeCsms201, **settings: object) -> AsyncIterator[Station201]:
    chosen = StationSettings(connectors=2, **settings)  # type: ignore[arg-type]
    async with Station201.connect(
        "ws://csms.example/ocpp", CP, dial=csms.dial(), settings=chosen, clock=PacedClock(NOON)
    ) as station:
        await station.boot()
        yield station
        assert station.tally.violations == []

"""Vehicles that talk, at simulated stations that obey: what is offered is what they then may draw."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import trio

from csms.services import vehicle_profiles
from csms.services.rounds import Rounds
from csms.simulator import Station201, StationSettings
from csms.simulator.clock import PacedClock
from csms.simulator.v201.vehicle import tell_limit, tell_needs, tell_plan
from tests.wire.appliance import NOON, Appliance


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test say when a round is done."""

    async def never(_rounds: Rounds[Any]) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(Rounds, "run", never)


@pytest.fixture
async def simulated(csms: Appliance) -> AsyncIterator[Station201]:
    """CP1 as a simulated 2.0.1 station with a charge on EVSE 1."""

    async def dial() -> trio.abc.Stream:
        return csms.stream()

    settings = StationSettings(connectors=2)
    async with Station201.connect(
        "ws://csms.example/ocpp", "CP1", dial=dial, settings=settings, clock=PacedClock(NOON)
    ) as station:
        await station.boot()
        await station.start(1, "TAG1")
        yield station


async def round_(csms: Appliance) -> None:
    await vehicle_profiles.rounds(csms.house).once()


def allowed_a(station: Station201, after: timedelta = timedelta(0)) -> float | None:
    """Return what the station lets the vehicle draw, in A per phase."""
    began = station.evse(1).transaction
    assert began is not None
    watts = station.profiles.limit_w(1, NOON + timedelta(seconds=30) + after, began.started_at)
    return None if watts is None else round(watts / 690, 1)


async def limit(csms: Appliance, amps: int) -> None:
    args = {"amps": amps, "evse_id": 1}
    done = await csms.verb("station.command", station="CP1", verb="limit", args=args)
    assert done["outcome"] == "DONE"


async def test_a_vehicle_gets_what_it_needs_within_what_is_allowed(
    csms: Appliance, simulated: Station201
) -> None:
    await limit(csms, 16)
    assert await tell_needs(simulated, 1, most_a=20, most_periods=5) == "Accepted"
    await round_(csms)
    assert [p.purpose for p in simulated.profiles] == ["TxDefaultProfile", "TxProfile"]
    assert allowed_a(simulated) == 16.0
    assert await tell_plan(simulated, 1, most_a=20) == "Accepted"
    await round_(csms)
    assert await tell_plan(simulated, 1, most_a=20, obeys=False) == "Rejected"
    await limit(csms, 8)
    await round_(csms)
    assert allowed_a(simulated) == 8.0
    assert await tell_plan(simulated, 1, most_a=20) == "Accepted"


async def test_the_grids_limit_lowers_the_offer_for_as_long_as_it_holds(
    csms: Appliance, simulated: Station201
) -> None:
    await tell_limit(simulated, "SO", 6900, for_s=3600)
    assert await tell_needs(simulated, 1) == "Accepted"
    await round_(csms)
    assert allowed_a(simulated) == 10.0
    assert allowed_a(simulated, timedelta(hours=1)) == 32.0
    await tell_limit(simulated, "SO", None)
    await round_(csms)
    assert allowed_a(simulated) == 32.0


async def test_the_profile_ends_with_the_charge(csms: Appliance, simulated: Station201) -> None:
    await tell_needs(simulated, 1)
    await round_(csms)
    transaction = simulated.evse(1).transaction
    assert transaction is not None
    await simulated.stop(transaction)
    assert len(simulated.profiles) == 0
    assert (await csms.verb("station.profiles", station="CP1"))["profiles"] == []

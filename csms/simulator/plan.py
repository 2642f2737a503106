"""What the stations of a run do, drawn from the seed: same seed and index, same plan, on any machine."""

import random
from dataclasses import dataclass
from typing import Final

from csms.simulator.charge import Vehicle

OUTAGES: Final = ("whole", "after-start", "start-unconfirmed")
"""When the connection is gone: for the whole charge, once the start is confirmed, before it could be."""

POWERS: Final = ((3680, 1), (7360, 1), (11040, 3), (22080, 3))  # W and phases of vehicles in Europe


@dataclass(frozen=True, slots=True)
class ChargePlan:
    """One charge; seconds are the station's time."""

    vehicle: Vehicle
    duration_s: float
    pause_s: float  # before the driver comes
    handling_s: float
    reason: str
    outage: str  # offline-replay: one of OUTAGES


@dataclass(frozen=True, slots=True)
class StationPlan:
    """Everything that one station does of its own accord."""

    index: int
    identity: str
    id_tag: str
    arrival_share: float  # when within the ramp it connects, 0 to 1
    boots_again: bool  # offline-replay: whether it boots after the reconnect
    charges: tuple[ChargePlan, ...]

    @property
    def length_s(self) -> float:
        """Return how long all charges take, in the station's time."""
        return sum(c.pause_s + c.duration_s + 3 * c.handling_s for c in self.charges)


def draw_vehicle(rng: random.Random, duration_s: float) -> Vehicle:
    """Draw a vehicle; about every other one is full before the duration is over."""
    max_power_w, phases = POWERS[rng.randrange(len(POWERS))]
    battery_wh = rng.randrange(30_000, 90_000, 500)
    wanted_wh = int(max_power_w * duration_s / 3600 * rng.uniform(0.5, 1.3))
    arrival_wh = battery_wh - min(max(wanted_wh, 500), int(battery_wh * 0.95))
    return Vehicle(battery_wh, arrival_wh, max_power_w, phases)


def draw_station(
    seed: str, index: int, identity: str, id_tag: str, charges: int, duration_s: float
) -> StationPlan:
    """Draw the plan of the station with that index."""
    rng = random.Random(f"{seed}/{index}")
    return StationPlan(
        index=index,
        identity=identity,
        id_tag=id_tag,
        arrival_share=rng.random(),
        boots_again=rng.random() < 0.5,
        charges=tuple(_draw_charge(rng, number, duration_s) for number in range(charges)),
    )


def _draw_charge(rng: random.Random, number: int, duration_s: float) -> ChargePlan:
    return ChargePlan(
        vehicle=draw_vehicle(rng, duration_s),
        duration_s=duration_s,
        pause_s=float(rng.randrange(30, 300)) if number else 0.0,
        handling_s=float(rng.randrange(3, 20)),
        reason="Local" if rng.random() < 0.7 else "EVDisconnected",
        outage=OUTAGES[rng.choices(range(len(OUTAGES)), weights=(2, 2, 1))[0]],
    )

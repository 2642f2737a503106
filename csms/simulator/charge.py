"""The vehicle and the meter: how much power flows, and what the meter shows. Pure arithmetic."""

import math
from dataclasses import dataclass
from typing import Final

VOLTAGE_V: Final = 230.0
TAPER_FROM: Final = 0.8  # share of the battery above which a vehicle takes less and less
TAPER_TO: Final = 0.1  # share of its power that it still takes at the very end


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What arrives at the station."""

    battery_wh: int
    arrival_wh: int
    max_power_w: int
    phases: int  # 1 or 3


@dataclass(frozen=True, slots=True)
class Reading:
    """What the station measures at one moment."""

    register_wh: float
    power_w: float
    currents_a: tuple[float, float, float]
    voltages_v: tuple[float, float, float]
    offered_w: float
    offered_a: float
    soc_percent: float
    temperature_c: float


class Meter:
    """A connector's energy register; it only ever counts up."""

    def __init__(self, register_wh: float = 0.0) -> None:
        self.register_wh = float(register_wh)

    @property
    def shown_wh(self) -> int:
        """Return the register as StartTransaction and StopTransaction report it."""
        return int(self.register_wh)


class Draw:
    """A vehicle at a connector: takes power as its battery and the station's limit allow."""

    def __init__(self, vehicle: Vehicle, meter: Meter, hardware_limit_w: float) -> None:
        self.vehicle = vehicle
        self.meter = meter
        self._hardware_limit_w = hardware_limit_w
        self._stored_wh = float(vehicle.arrival_wh)
        self._power_w = 0.0
        self._offered_w = hardware_limit_w
        self._steps = 0

    @property
    def full(self) -> bool:
        """Say whether the battery takes no more."""
        return self.vehicle.battery_wh - self._stored_wh < 1.0

    @property
    def power_w(self) -> float:
        """Return the power of the last step in W."""
        return self._power_w

    def offer(self, limit_w: float | None) -> float:
        """Set what the station offers, None for all it has; return the power that flows now in W."""
        self._offered_w = self._hardware_limit_w if limit_w is None else min(limit_w, self._hardware_limit_w)
        self._power_w = 0.0 if self.full else min(self._accepted_w(), self._offered_w)
        return self._power_w

    def advance(self, seconds: float) -> None:
        """Let the present power flow for some seconds, or until the battery is full."""
        energy_wh = min(self._power_w * seconds / 3600.0, self.vehicle.battery_wh - self._stored_wh)
        self._stored_wh += energy_wh
        self.meter.register_wh += energy_wh
        self._steps += 1

    def reading(self) -> Reading:
        """Return what the station measures now; voltages wobble by up to 2 V, the same way every time."""
        wobble = self._steps * 0.7
        voltages = (
            VOLTAGE_V + 2.0 * math.sin(wobble),
            VOLTAGE_V + 2.0 * math.sin(wobble + 2.1),
            VOLTAGE_V + 2.0 * math.sin(wobble + 4.2),
        )
        phases = self.vehicle.phases
        per_phase_w = self._power_w / phases
        currents = tuple(per_phase_w / voltages[phase] if phase < phases else 0.0 for phase in range(3))
        return Reading(
            register_wh=self.meter.register_wh,
            power_w=self._power_w,
            currents_a=(currents[0], currents[1], currents[2]),
            voltages_v=voltages,
            offered_w=self._offered_w,
            offered_a=self._offered_w / (VOLTAGE_V * 3),
            soc_percent=100.0 * self._stored_wh / self.vehicle.battery_wh,
            temperature_c=25.0 + 15.0 * self._power_w / max(self._hardware_limit_w, 1.0),
        )

    def _accepted_w(self) -> float:
        share = self._stored_wh / self.vehicle.battery_wh
        if share <= TAPER_FROM:
            return float(self.vehicle.max_power_w)
        left = (1.0 - share) / (1.0 - TAPER_FROM)
        return self.vehicle.max_power_w * (TAPER_TO + (1.0 - TAPER_TO) * left)


def idle_reading(meter: Meter) -> Reading:
    """Return what a connector without a vehicle measures."""
    voltages = (VOLTAGE_V, VOLTAGE_V, VOLTAGE_V)
    return Reading(meter.register_wh, 0.0, (0.0, 0.0, 0.0), voltages, 0.0, 0.0, 0.0, 25.0)

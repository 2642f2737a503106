"""What happened, counted: one tally for all stations of a run."""

from array import array
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

KEPT_VIOLATIONS = 50


@dataclass(frozen=True, slots=True)
class FinishedCharge:
    """A charge whose end the CSMS has answered; a connector is an EVSE in OCPP 2.0.1."""

    station: str
    connector: int
    transaction_id: int | str | None
    id_tag: str
    meter_start_wh: int
    meter_stop_wh: int
    started_at: datetime
    stopped_at: datetime
    reason: str

    @property
    def energy_wh(self) -> int:
        """Return what the meter counted between start and stop."""
        return self.meter_stop_wh - self.meter_start_wh


@dataclass(slots=True)
class Tally:
    """Counters of one run; latencies are seconds from the CALL's last byte out to its answer in."""

    connections: int = 0
    sent: int = 0
    answered: int = 0
    call_errors: int = 0
    timeouts: int = 0
    lost: int = 0
    discarded: int = 0
    repeats: int = 0
    received_calls: int = 0
    violation_count: int = 0
    violations: list[str] = field(default_factory=list)
    charges: list[FinishedCharge] = field(default_factory=list)
    answer_s: "array[float]" = field(default_factory=lambda: array("d"))
    reconnect_s: "array[float]" = field(default_factory=lambda: array("d"))

    @property
    def errors(self) -> int:
        """Return how many CALLs ended in a CALLERROR or a timeout, and how often the CSMS broke a rule."""
        return self.call_errors + self.timeouts + self.violation_count

    @property
    def energy_wh(self) -> int:
        """Return the energy of all finished charges."""
        return sum(charge.energy_wh for charge in self.charges)

    def violation(self, station: str, text: str) -> None:
        """Note that the CSMS broke a rule of the standard; the first ones are kept in words."""
        self.violation_count += 1
        if len(self.violations) < KEPT_VIOLATIONS:
            self.violations.append(f"{station}: {text}")


def percentile_ms(seconds: "array[float]", percent: float) -> float | None:
    """Return the nearest-rank percentile in milliseconds, or None when nothing was measured."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    rank = ceil(percent / 100 * len(ordered))
    return round(ordered[max(rank, 1) - 1] * 1000, 2)

"""When a tariff element applies: TariffRestrictions (OCPI 2.2.1 §11.4.6), tested at a moment of a charge.

Decided where the text leaves room: the day of week and the dates are those of the current local day, also
inside a window that wraps over midnight; `end_time` 00:00 is the end of the day; equal times mean the whole
day; what was not measured (current without a sample) matches no restriction on it; a reservation has no
energy, power or current, and its duration counts from its own start, as a charging session's does from the
session's.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from csms.model.rounding import Exact, exact

MICROSECONDS = 1_000_000
MINUTES_A_DAY = 24 * 60


class DayOfWeek(StrEnum):
    """Days of the week, Monday first (§11.4.1)."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class ReservationRestriction(StrEnum):
    """Elements that price reservations: used ones, and ones that expired unused (§11.4.3)."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


@dataclass(frozen=True, slots=True)
class Restrictions:
    """TariffRestrictions as written: local times and dates, kWh, A (sum of phases), kW, seconds."""

    start_time: time | None = None
    end_time: time | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: tuple[DayOfWeek, ...] = ()
    reservation: ReservationRestriction | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What restrictions look at, at the start of a stretch of a charge.

    `local` is wall-clock time at the location. Lowest and highest are those seen in the stretch; None: not
    measured.
    """

    elapsed_us: int = 0
    energy_wh: Exact = 0
    local: datetime | None = None
    lowest_power_w: Exact | None = None
    highest_power_w: Exact | None = None
    lowest_current_a: Exact | None = None
    highest_current_a: Exact | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """A lower bound (inclusive) and an upper bound (exclusive); None: unbounded."""

    lowest: Exact | None
    above: Exact | None

    def hold(self, low: Exact | None, high: Exact | None) -> bool:
        """Tell whether everything from `low` to `high` lies within; the unknown never does."""
        if self.lowest is not None and (low is None or low < self.lowest):
            return False
        return self.above is None or (high is not None and high < self.above)


@dataclass(frozen=True, slots=True)
class Condition:
    """Restrictions made ready for testing: µs, Wh, W, A, minutes of the day."""

    window: tuple[int, int] | None
    first_date: date | None
    end_date: date | None
    weekdays: frozenset[int] | None
    energy_wh: Bounds | None
    elapsed_us: Bounds | None
    power_w: Bounds | None
    current_a: Bounds | None

    @property
    def reads_clock(self) -> bool:
        """Whether local time plays a part."""
        return not (
            self.window is None
            and self.weekdays is None
            and self.first_date is None
            and self.end_date is None
        )

    def holds(self, now: Circumstances) -> bool:
        """Tell whether all restrictions match."""
        if self.elapsed_us is not None and not self.elapsed_us.hold(now.elapsed_us, now.elapsed_us):
            return False
        if self.energy_wh is not None and not self.energy_wh.hold(now.energy_wh, now.energy_wh):
            return False
        if self.power_w is not None and not self.power_w.hold(now.lowest_power_w, now.highest_power_w):
            return False
        if self.current_a is not None and not self.current_a.hold(
            now.lowest_current_a, now.highest_current_a
        ):
            return False
        return not self.reads_clock or (now.local is not None and self._holds_at(now.local))

    def _holds_at(self, local: datetime) -> bool:
        if self.weekdays is not None and local.weekday() not in self.weekdays:
            return False
        if self.first_date is not None and local.date() < self.first_date:
            return False
        if self.end_date is not None and local.date() >= self.end_date:
            return False
        if self.window is None:
            return True
        begin, end = self.window
        minute = local.hour * 60 + local.minute
        return begin <= minute < end if begin < end else minute >= begin or minute < end


def condition(restrictions: Restrictions | None) -> Condition | None:
    """Return restrictions ready for testing, None where nothing is restricted.

    The reservation restriction is no condition: it says which elements price what, not when.
    """
    if restrictions is None or restrictions == Restrictions(reservation=restrictions.reservation):
        return None
    r = restrictions
    days = frozenset(list(DayOfWeek).index(day) for day in r.day_of_week)
    return Condition(
        window=window(r),
        first_date=r.start_date,
        end_date=r.end_date,
        weekdays=days or None,
        energy_wh=_bounds(r.min_kwh, r.max_kwh, 1000),
        elapsed_us=_bounds(r.min_duration, r.max_duration, MICROSECONDS),
        power_w=_bounds(r.min_power, r.max_power, 1000),
        current_a=_bounds(r.min_current, r.max_current, 1),
    )


def window(restrictions: Restrictions) -> tuple[int, int] | None:
    """Return the daily window as minutes of the day, the end exclusive; one that ends by its begin wraps."""
    start, end = restrictions.start_time, restrictions.end_time
    if start is None and end is None:
        return None
    begin = 0 if start is None else start.hour * 60 + start.minute
    finish = MINUTES_A_DAY if end is None else (end.hour * 60 + end.minute) or MINUTES_A_DAY
    return begin, finish


def _bounds(lowest: Decimal | int | None, above: Decimal | int | None, scale: int) -> Bounds | None:
    if lowest is None and above is None:
        return None
    return Bounds(
        None if lowest is None else exact(Decimal(lowest) * scale),
        None if above is None else exact(Decimal(above) * scale),
    )

"""The bill of one charge: stretches go in one by one, charging periods and priced lines come out.

Implements OCPI 2.2.1 §10.3.1 (step_size, charging periods, totals) and §11.3.1 (choice of components, min and
max price). `step_size` rounds up the session's energy once and its time once. For time, charging and parking
count as one: only the dimension priced last is rounded up, all of it that was priced together. A
reservation's time is rounded up on its own. What rounding adds costs the price of the last component.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from csms.model.priced_charge import US_PER_HOUR, WH_PER_KWH, Category, ChargingPeriod, Line, LineKind
from csms.model.pricing_plan import Choice, Plan, Scope
from csms.model.rounding import Exact
from csms.model.stretch import Stretch
from csms.model.tariff import Dimension


@dataclass(frozen=True, slots=True)
class _Active:
    """The components that apply in a period."""

    energy: Choice | None
    time: Choice | None
    parking: Choice | None


@dataclass(slots=True)
class _Period:
    """A charging period while it grows."""

    scope: Scope
    started_at: datetime
    active: _Active
    flat: Choice | None
    charging_us: int = 0
    parking_us: int = 0
    reserved_us: int = 0
    energy_wh: Exact = 0
    power_w: list[Exact] = field(default_factory=list)
    current_a: list[Exact] = field(default_factory=list)

    def add(self, stretch: Stretch) -> None:
        """Take up a stretch; the extremes of one without length count only where it comes first."""
        first = not (self.charging_us or self.parking_us or self.reserved_us or self.energy_wh)
        self.charging_us += stretch.charging_us
        self.parking_us += stretch.parking_us
        self.reserved_us += stretch.reserved_us
        self.energy_wh += stretch.energy_wh
        if not (first or stretch.lasts):
            return
        now = stretch.now
        self.power_w += [v for v in (now.lowest_power_w, now.highest_power_w) if v is not None]
        self.current_a += [v for v in (now.lowest_current_a, now.highest_current_a) if v is not None]

    def continues_in(self, stretch: Stretch, active: _Active, flat: Choice | None) -> bool:
        """Tell whether a stretch with these components belongs to this period."""
        if stretch.scope is not self.scope or active.energy is not self.active.energy:
            return False
        if not stretch.lasts:
            return True
        return (
            self.flat in (None, flat)
            and active.time is self.active.time
            and active.parking is self.active.parking
            and (stretch.parking_us > 0) == (self.parking_us > 0)
        )


class Bill:
    """Collects the stretches of one charge; `joins`: neighbours with the same components are one period."""

    def __init__(self, plan: Plan, *, joins: bool) -> None:
        self._plan = plan
        self._joins = joins
        self._periods: list[_Period] = []
        self._flat_paid: set[Scope] = set()

    def add(self, stretch: Stretch) -> None:
        """Take up a stretch; stretches come in order of time."""
        active = self._active(stretch)
        flat = self._plan.choose(stretch.scope, Dimension.FLAT, stretch.now)
        due = flat if stretch.scope not in self._flat_paid else None
        last = self._periods[-1] if self._periods else None
        if last is None or due is not None or not self._joins or not last.continues_in(stretch, active, flat):
            last = _Period(stretch.scope, stretch.started_at, active, due)
            self._periods.append(last)
        if due is not None:
            self._flat_paid.add(stretch.scope)
        last.add(stretch)

    def periods(self) -> tuple[ChargingPeriod, ...]:
        """Return the charging periods so far."""
        needs = self._plan.session
        return tuple(
            ChargingPeriod(p.started_at, tuple(_dimensions(p, power=needs.power, current=needs.current)))
            for p in self._periods
        )

    def lines(self) -> list[Line]:
        """Return the priced lines so far: components in order of time, then what step_size adds."""
        lines: list[Line] = []
        groups: dict[str, _StepGroup] = {}
        for index, period in enumerate(self._periods):
            for choice, category, volume, group in _priced(period):
                lines.append(_line(LineKind.COMPONENT, choice, category, index, volume))
                if group:
                    groups.setdefault(group, _StepGroup()).add(choice, category, index, volume)
        return lines + [line for group in groups.values() for line in group.surplus()]

    def sums(self) -> tuple[Exact, int, int]:
        """Return energy in Wh, parking time in µs and reserved time in µs."""
        energy: Exact = 0
        for period in self._periods:
            energy += period.energy_wh
        parking = sum(period.parking_us for period in self._periods)
        return energy, parking, sum(period.reserved_us for period in self._periods)

    def _active(self, stretch: Stretch) -> _Active:
        choose, now = self._plan.choose, stretch.now
        if stretch.scope is not Scope.SESSION:
            return _Active(None, choose(stretch.scope, Dimension.TIME, now), None)
        return _Active(
            choose(Scope.SESSION, Dimension.ENERGY, now),
            choose(Scope.SESSION, Dimension.TIME, now) if stretch.charging_us else None,
            choose(Scope.SESSION, Dimension.PARKING_TIME, now) if stretch.parking_us else None,
        )


class _StepGroup:
    """What step_size rounds up together: one volume per dimension, of which the last priced one counts."""

    def __init__(self) -> None:
        self._volumes: dict[Dimension, Exact] = {}
        self._last: tuple[Choice, Category, int] | None = None

    def add(self, choice: Choice, category: Category, period: int, volume: Exact) -> None:
        dimension = choice.component.type
        self._volumes[dimension] = self._volumes.get(dimension, 0) + volume
        self._last = (choice, category, period)

    def surplus(self) -> Iterator[Line]:
        """Yield the line that rounds the volume up, if it is not a multiple of the step already."""
        if self._last is None:
            return
        choice, category, period = self._last
        used = self._volumes[choice.component.type]
        missing = -used % choice.step
        if used > 0 and missing:
            note = f"{_shown(choice, used)} in the session, billed in steps of {_step(choice)}"
            yield _line(LineKind.STEP_SIZE, choice, category, period, missing, note)


def _priced(period: _Period) -> Iterator[tuple[Choice, Category, Exact, str]]:
    """Yield component, partial total, volume and step group of everything a period costs."""
    active = period.active
    if period.flat is not None:
        yield period.flat, _flat_category(period, period.flat), 1, ""
    if active.energy is not None and period.energy_wh:
        yield active.energy, Category.ENERGY, period.energy_wh, "energy"
    if active.time is not None and period.charging_us:
        yield active.time, Category.TIME, period.charging_us, "time"
    if active.parking is not None and period.parking_us:
        yield active.parking, Category.PARKING, period.parking_us, "time"
    if active.time is not None and period.reserved_us:
        yield active.time, Category.RESERVATION, period.reserved_us, "reservation"


def _flat_category(period: _Period, flat: Choice) -> Category:
    """Tell a parking's or reservation's fixed price from the others: it stands beside PARKING_TIME alone."""
    if period.scope is not Scope.SESSION:
        return Category.RESERVATION
    return Category.PARKING if flat.beside == {Dimension.PARKING_TIME} else Category.FIXED


def _line(
    kind: LineKind, choice: Choice, category: Category, period: int, volume: Exact, note: str = ""
) -> Line:
    excl = choice.unit_price * volume
    return Line(
        kind=kind,
        excl_vat=excl,
        incl_vat=None if choice.vat_factor is None else excl * choice.vat_factor,
        category=category,
        element=choice.element,
        period=period,
        component=choice.component,
        volume=volume,
        note=note,
    )


def _dimensions(period: _Period, *, power: bool, current: bool) -> Iterator[tuple[str, Exact]]:
    """Yield the CDR dimensions of a period: at least one volume, extremes where the tariff asks for them."""
    if period.energy_wh:
        yield "ENERGY", Fraction(period.energy_wh, WH_PER_KWH)
    if period.charging_us:
        yield "TIME", Fraction(period.charging_us, US_PER_HOUR)
    if period.parking_us:
        yield "PARKING_TIME", Fraction(period.parking_us, US_PER_HOUR)
    if period.scope is not Scope.SESSION:
        yield "RESERVATION_TIME", Fraction(period.reserved_us, US_PER_HOUR)
        return
    if not (period.energy_wh or period.charging_us or period.parking_us):
        yield "TIME", 0
    if power and period.power_w:
        yield "MIN_POWER", Fraction(min(period.power_w)) / 1000
        yield "MAX_POWER", Fraction(max(period.power_w)) / 1000
    if current and period.current_a:
        yield "MIN_CURRENT", min(period.current_a)
        yield "MAX_CURRENT", max(period.current_a)


def _step(choice: Choice) -> str:
    return (
        f"{choice.step} Wh" if choice.component.type is Dimension.ENERGY else f"{choice.step // 1_000_000} s"
    )


def _shown(choice: Choice, volume: Exact) -> str:
    energy = choice.component.type is Dimension.ENERGY
    scaled = Fraction(volume) if energy else Fraction(volume, 1_000_000)
    return f"{float(scaled):.10g} {'Wh' if energy else 's'}"

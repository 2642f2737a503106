"""A tariff made ready for pricing: per dimension, the components in the order in which they are tried.

At each instant and for each dimension the first element in list order that has a component of the dimension
and whose restrictions all match is used; none means free (OCPI 2.2.1 §11.3.1). Elements with a reservation
restriction price reservations only. For an expired one, a dimension is priced by RESERVATION_EXPIRES elements
where there are any, and by RESERVATION elements otherwise (§11.4.3).
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache

from csms.model.restriction import (
    Bounds,
    Circumstances,
    Condition,
    ReservationRestriction,
    condition,
)
from csms.model.rounding import Exact
from csms.model.tariff import Dimension, PriceComponent, Tariff, TariffElement

US_PER_HOUR = 3_600_000_000


class Scope(Enum):
    """What is priced: a charging session, a reservation that was used, one that expired."""

    SESSION = "SESSION"
    RESERVATION = "RESERVATION"
    EXPIRED_RESERVATION = "EXPIRED_RESERVATION"


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One component that may be chosen; `element` is its element's index in the tariff.

    `unit_price` is per Wh, per µs or once; `step` in Wh or µs; `beside` are the other dimensions of the
    element.
    """

    element: int
    component: PriceComponent
    condition: Condition | None
    unit_price: Fraction
    vat_factor: Fraction | None
    step: int
    beside: frozenset[Dimension]


@dataclass(frozen=True, slots=True)
class Needs:
    """Where a charge must be cut because a restriction may begin or cease to match there."""

    clock_minutes: tuple[int, ...] = ()
    elapsed_us: tuple[int, ...] = ()
    energy_wh: tuple[Exact, ...] = ()
    power: bool = False
    current: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The choices of every scope and dimension, and what a charge must be cut for."""

    choices: dict[tuple[Scope, Dimension], tuple[Choice, ...]]
    session: Needs
    reservation: Needs

    def choose(self, scope: Scope, dimension: Dimension, now: Circumstances) -> Choice | None:
        """Return the component that prices `dimension` under these circumstances, None for free."""
        for choice in self.choices[scope, dimension]:
            if choice.condition is None or choice.condition.holds(now):
                return choice
        return None


@lru_cache(maxsize=512)
def plan_for(tariff: Tariff) -> Plan:
    """Return the plan of a tariff; a tariff planned before costs nothing."""
    session = {d: _choices(tariff, d, None) for d in Dimension}
    choices = {(Scope.SESSION, d): found for d, found in session.items()}
    for dimension in (Dimension.FLAT, Dimension.TIME):
        used = _choices(tariff, dimension, ReservationRestriction.RESERVATION)
        expired = _choices(tariff, dimension, ReservationRestriction.RESERVATION_EXPIRES)
        choices[Scope.RESERVATION, dimension] = used
        choices[Scope.EXPIRED_RESERVATION, dimension] = expired or used
    reserved = [c for (scope, _), found in choices.items() if scope is not Scope.SESSION for c in found]
    return Plan(choices, _needs([c for found in session.values() for c in found]), _needs(reserved))


def _choices(
    tariff: Tariff, dimension: Dimension, reservation: ReservationRestriction | None
) -> tuple[Choice, ...]:
    """List the components of a dimension up to the first that always matches: none after it is reached."""
    found: list[Choice] = []
    for index, element in enumerate(tariff.elements):
        component = _component(element, dimension)
        if component is None or element.reservation is not reservation:
            continue
        choice = _choice(index, component, element)
        found.append(choice)
        if choice.condition is None:
            break
    return tuple(found)


def _component(element: TariffElement, dimension: Dimension) -> PriceComponent | None:
    return next((c for c in element.price_components if c.type is dimension), None)


def _choice(index: int, component: PriceComponent, element: TariffElement) -> Choice:
    price, step = Fraction(component.price), max(component.step_size, 1)
    if component.type is Dimension.ENERGY:
        price /= 1000
    elif component.type is not Dimension.FLAT:
        price /= US_PER_HOUR
        step *= 1_000_000
    beside = frozenset(c.type for c in element.price_components if c.type is not component.type)
    when = condition(element.restrictions)
    return Choice(index, component, when, price, _vat_factor(component.vat), step, beside)


def _vat_factor(vat: Decimal | None) -> Fraction | None:
    return None if vat is None else 1 + Fraction(vat) / 100


def _needs(choices: list[Choice]) -> Needs:
    conditions = [choice.condition for choice in choices if choice.condition is not None]
    minutes: set[int] = set()
    for when in conditions:
        if when.reads_clock:
            minutes.add(0)
        if when.window is not None:
            minutes.update(when.window)
    return Needs(
        clock_minutes=tuple(sorted(minutes)),
        elapsed_us=tuple(int(edge) for edge in _edges([when.elapsed_us for when in conditions])),
        energy_wh=_edges([when.energy_wh for when in conditions]),
        power=any(when.power_w is not None for when in conditions),
        current=any(when.current_a is not None for when in conditions),
    )


def _edges(bounds: list[Bounds | None]) -> tuple[Exact, ...]:
    edges = {edge for bound in bounds if bound is not None for edge in (bound.lowest, bound.above)}
    return tuple(sorted(edge for edge in edges if edge is not None))

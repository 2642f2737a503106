"""What was metered during a charge, as a curve of energy over time that can be read at any moment or energy.

Between two readings energy flows evenly. The register is what counts: power comes from a reading's own
sample, which speaks for the time until the next reading, and without one from the energy that flowed until
then.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Self

from csms.errors import InvalidInput
from csms.model.rounding import Exact, exact

LONGEST_CHARGE = timedelta(days=100)
"""Longer ones come from wrong clocks; their price would be as wrong as they are, and take seconds to find."""

_US = timedelta(microseconds=1)
_US_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class MeterPoint:
    """One reading: Wh since the start (None: not read), W, and A summed over the phases."""

    at: datetime
    energy_wh: Exact | None
    power_w: int | None = None
    current_a: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time; the end is not part of it."""

    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation from when it was made until the charge began or it expired."""

    started_at: datetime
    ended_at: datetime
    expired: bool = False


@dataclass(frozen=True, slots=True)
class ChargeCurve:
    """A charge from plug-in to plug-out, finished or so far; moments are aware UTC.

    `parking` are the spans in which the vehicle requested no power. Points need no order; those outside the
    session count at its nearest end, and a fall of the energy counts as none flowing. Raises InvalidInput for
    an end before the start, a naive moment, or more than LONGEST_CHARGE.
    """

    started_at: datetime
    ended_at: datetime
    points: Sequence[MeterPoint] = ()
    parking: Sequence[Interval] = ()
    reservation: Reservation | None = None

    def __post_init__(self) -> None:
        _check_span("session", self.started_at, self.ended_at)
        if self.reservation is not None:
            _check_span("reservation", self.reservation.started_at, self.reservation.ended_at)

    @classmethod
    def of_expired_reservation(cls, started_at: datetime, ended_at: datetime) -> Self:
        """Return the curve of a reservation that no charge followed."""
        return cls(ended_at, ended_at, reservation=Reservation(started_at, ended_at, expired=True))

    @property
    def duration_us(self) -> int:
        """Length of the session in µs, parking included, reservation not."""
        return (self.ended_at - self.started_at) // _US


@dataclass(slots=True)
class Knot:
    """A corner of the energy curve, µs after the start, and what was sampled there.

    Not frozen only because there is one per reading and frozen ones take three times as long to make.
    """

    at_us: int
    energy_wh: Exact
    power_w: Exact | None = None
    current_a: Exact | None = None


class Track:
    """The energy curve from the start to the end of the session, ready to be read."""

    __slots__ = ("_energies", "_times", "knots")

    def __init__(self, curve: ChargeCurve) -> None:
        self.knots = _knots(curve)
        self._times = [knot.at_us for knot in self.knots]
        self._energies = [knot.energy_wh for knot in self.knots]

    @property
    def energy_wh(self) -> Exact:
        """Energy of the whole session."""
        return self._energies[-1]

    def energy_at(self, at_us: int) -> Exact:
        """Return the energy at a moment, all that was metered at that very moment included."""
        after = bisect_right(self._times, at_us)
        return self._energies[-1] if after == len(self._times) else _between(self.knots, after, at_us)

    def reached_at(self, energy_wh: Exact) -> int | None:
        """Return the µs at which an energy was reached, None for never or from the start."""
        index = bisect_left(self._energies, energy_wh)
        if index == 0 or index == len(self._energies):
            return None
        before, after = self.knots[index - 1], self.knots[index]
        share = Fraction(energy_wh - before.energy_wh) / (after.energy_wh - before.energy_wh)
        return before.at_us + int(share * (after.at_us - before.at_us))

    def power_w(self, index: int) -> Exact | None:
        """Return the power from knot `index` to the next.

        A sampled zero is not believed where energy flowed: it was taken just before the power came.
        """
        knot, after = self.knots[index], self.knots[index + 1]
        flowed, took_us = after.energy_wh - knot.energy_wh, after.at_us - knot.at_us
        if knot.power_w is not None and (knot.power_w > 0 or not flowed):
            return knot.power_w
        if took_us == 0:
            return None
        return Fraction(flowed * _US_PER_HOUR) / took_us if flowed else 0

    def currents_a(self) -> list[Exact | None]:
        """Return the current from each knot to the next: its sample, or 0 where no energy flowed.

        Where energy flowed and the knot has no sample or a zero, the next knot's or the last one counts.
        """
        currents: list[Exact | None] = []
        last: Exact | None = None
        for knot, after in pairwise(self.knots):
            if after.energy_wh == knot.energy_wh:
                currents.append(knot.current_a or 0)
            else:
                currents.append(knot.current_a or after.current_a or last)
            last = knot.current_a or last
        return currents


def _knots(curve: ChargeCurve) -> list[Knot]:
    end_us = curve.duration_us
    knots = [Knot(0, 0)]
    unread: list[MeterPoint] = []
    for point in sorted(curve.points, key=lambda point: point.at):
        if point.energy_wh is None:
            unread.append(point)
            continue
        at_us = min(max((point.at - curve.started_at) // _US, 0), end_us)
        knots.append(_knot(at_us, max(point.energy_wh, knots[-1].energy_wh), point))
    if knots[-1].at_us < end_us or len(knots) == 1:
        knots.append(Knot(end_us, knots[-1].energy_wh))
    for point in unread:
        at_us = (point.at - curve.started_at) // _US
        after = bisect_right(knots, at_us, key=lambda knot: knot.at_us)
        if 0 <= at_us < end_us:
            knots.insert(after, _knot(at_us, _between(knots, after, at_us), point))
    return knots


def _knot(at_us: int, energy_wh: Exact, point: MeterPoint) -> Knot:
    return Knot(at_us, energy_wh, point.power_w, None if point.current_a is None else exact(point.current_a))


def _between(knots: Sequence[Knot], after: int, at_us: int) -> Exact:
    """Read the straight line between knot `after` and the one before it."""
    low, high = knots[after - 1], knots[after]
    flowed = high.energy_wh - low.energy_wh
    if not flowed or at_us == low.at_us:
        return low.energy_wh
    energy = low.energy_wh + Fraction(flowed) * (at_us - low.at_us) / (high.at_us - low.at_us)
    return energy.numerator if energy.denominator == 1 else energy


def _check_span(what: str, started_at: datetime, ended_at: datetime) -> None:
    if started_at.tzinfo is None or ended_at.tzinfo is None:
        raise InvalidInput(f"the {what} begins or ends at a time without zone")
    if ended_at < started_at:
        raise InvalidInput(
            f"the {what} ends before it begins: {started_at.isoformat()} to {ended_at.isoformat()}"
        )
    if ended_at - started_at > LONGEST_CHARGE:
        raise InvalidInput(
            f"the {what} lasts {(ended_at - started_at).days} days: {LONGEST_CHARGE.days} are the most"
        )

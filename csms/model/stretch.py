"""Stretches of a charge: cut so that within each no restriction of the tariff can begin or cease to match.

"When another Price Component becomes active, the CPO SHALL add a new Charging Period" (OCPI 2.2.1 §10.3.1):
the cuts are at times of day, midnights and clock changes of the location, durations, amounts of energy,
readings where power or current matters, and wherever charging turns into parking or back.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import chain, pairwise

from csms.model.charge_curve import ChargeCurve, Interval, Reservation, Track
from csms.model.local_time import clock_changes, zone_named
from csms.model.pricing_plan import Needs, Plan, Scope
from csms.model.restriction import Circumstances
from csms.model.rounding import Exact

_US = timedelta(microseconds=1)
NOWHERE = Circumstances()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a session or reservation: what was consumed in it, and the circumstances at its start."""

    scope: Scope
    started_at: datetime
    charging_us: int = 0
    parking_us: int = 0
    reserved_us: int = 0
    energy_wh: Exact = 0
    now: Circumstances = NOWHERE

    @property
    def lasts(self) -> bool:
        """Whether it takes any time."""
        return bool(self.charging_us or self.parking_us or self.reserved_us)


def reservation_stretches(plan: Plan, zone: str, curve: ChargeCurve) -> Iterator[Stretch]:
    """Cut the reservation of a curve; it ends no later than its session begins."""
    reservation = curve.reservation
    if reservation is None:
        return
    scope = Scope.EXPIRED_RESERVATION if reservation.expired else Scope.RESERVATION
    span = _reserved_span(reservation, curve)
    place = zone_named(zone) if plan.reservation.clock_minutes else None
    cuts = sorted({0, _us(span.ended_at - span.started_at), *_time_cuts(plan.reservation, span, place)})
    for since, until in pairwise(cuts) if len(cuts) > 1 else [(0, 0)]:
        at = span.started_at + timedelta(microseconds=since)
        now = Circumstances(
            elapsed_us=since,
            local=None if place is None else at.astimezone(place),
            lowest_power_w=0,
            highest_power_w=0,
            lowest_current_a=0,
            highest_current_a=0,
        )
        yield Stretch(scope, at, reserved_us=until - since, now=now)


def session_stretches(plan: Plan, zone: str, curve: ChargeCurve, track: Track) -> Iterator[Stretch]:
    """Cut the charging session of a curve."""
    needs = plan.session
    place = zone_named(zone) if needs.clock_minutes else None
    metered = _Metered(needs, track)
    parked = _Parked(curve)
    places = _places(needs, curve, track, place, parked.edges_us)
    for (since, energy), (until, later) in pairwise(places) if len(places) > 1 else [(places[0], places[0])]:
        seen_us = since if until > since or since == 0 else since - 1
        lowest = metered.at(since, energy)
        now = Circumstances(
            elapsed_us=seen_us,
            energy_wh=energy,
            local=None if place is None else (curve.started_at + seen_us * _US).astimezone(place),
            lowest_power_w=lowest[0],
            highest_power_w=lowest[0],
            lowest_current_a=lowest[1],
            highest_current_a=lowest[1],
        )
        parking = parked.at(seen_us)
        yield Stretch(
            Scope.SESSION,
            curve.started_at + since * _US,
            charging_us=0 if parking else until - since,
            parking_us=until - since if parking else 0,
            energy_wh=later - energy,
            now=now,
        )


def _places(
    needs: Needs, curve: ChargeCurve, track: Track, place: tzinfo | None, parking_edges_us: Sequence[int]
) -> list[tuple[int, Exact]]:
    """List the points of the curve at which it is cut, first and last included; both coordinates only grow.

    A jump of the register belongs to the time before it, so a cut in time lies after the jump.
    """
    end_us = curve.duration_us
    times = chain(_time_cuts(needs, Interval(curve.started_at, curve.ended_at), place), parking_edges_us)
    places: set[tuple[int, Exact]] = {(0, 0), (end_us, track.energy_wh)}
    places.update((at_us, track.energy_at(at_us)) for at_us in set(times) if 0 < at_us < end_us)
    for energy_wh in needs.energy_wh:
        at_us = track.reached_at(energy_wh)
        if at_us is not None:
            places.add((at_us, energy_wh))
    if needs.power or needs.current:
        places.update((knot.at_us, knot.energy_wh) for knot in track.knots)
    return sorted(places)


def _time_cuts(needs: Needs, span: Interval, place: tzinfo | None) -> Iterator[int]:
    """Yield the µs after the start at which a duration is reached or the local clock shows a needed time."""
    end_us = _us(span.ended_at - span.started_at)
    yield from (elapsed for elapsed in needs.elapsed_us if 0 < elapsed < end_us)
    if place is not None:
        for moment in clock_changes(span.started_at, span.ended_at, place, needs.clock_minutes):
            yield _us(moment - span.started_at)


def _reserved_span(reservation: Reservation, curve: ChargeCurve) -> Interval:
    ended_at = reservation.ended_at if reservation.expired else min(reservation.ended_at, curve.started_at)
    return Interval(reservation.started_at, max(ended_at, reservation.started_at))


def _us(span: timedelta) -> int:
    return span // _US


class _Parked:
    """Answers whether the vehicle requested no power at a moment, after overlapping intervals were joined."""

    def __init__(self, curve: ChargeCurve) -> None:
        self.edges_us: list[int] = []
        for interval in sorted(curve.parking, key=lambda interval: interval.started_at):
            since = max(_us(interval.started_at - curve.started_at), 0)
            until = min(_us(interval.ended_at - curve.started_at), curve.duration_us)
            if since >= until:
                continue
            if self.edges_us and since <= self.edges_us[-1]:
                self.edges_us[-1] = max(self.edges_us[-1], until)
            else:
                self.edges_us += [since, until]

    def at(self, at_us: int) -> bool:
        return bisect_right(self.edges_us, at_us) % 2 == 1


class _Metered:
    """Answers what power (W) and current (A) flowed from a place of the curve on; asked in order of time."""

    def __init__(self, needs: Needs, track: Track) -> None:
        self._track = track
        self._needs = needs
        self._currents = track.currents_a() if needs.current else []
        self._knot = 0

    def at(self, at_us: int, energy_wh: Exact) -> tuple[Exact | None, Exact | None]:
        if not (self._needs.power or self._needs.current):
            return None, None
        knots = self._track.knots
        while self._knot < len(knots) - 2 and _reached(
            knots[self._knot + 1].at_us, knots[self._knot + 1].energy_wh, at_us, energy_wh
        ):
            self._knot += 1
        return (
            self._track.power_w(self._knot) if self._needs.power else None,
            self._currents[self._knot] if self._needs.current else None,
        )


def _reached(knot_us: int, knot_wh: Exact, at_us: int, energy_wh: Exact) -> bool:
    return (knot_us, knot_wh) <= (at_us, energy_wh)

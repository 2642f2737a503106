"""What holds for every tariff and charge: against a second, naive computation, and against itself."""

import math
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from csms.model.charge_curve import ChargeCurve, MeterPoint, Track
from csms.model.priced_charge import ChargingPeriod, LineKind, PricedCharge, cdr_fields, total
from csms.model.pricing import price, price_periods
from csms.model.rounding import Rounding
from tests.model.samples import at, tariff, unhurried
from tests.model.strategies import GRID, ZONES, Charge, charges, elements

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
TIMES = ("TIME", "PARKING_TIME")
FINE = Rounding(12)
zones = st.sampled_from(ZONES)
some_elements = st.lists(elements(), min_size=1, max_size=5)


def matches(
    restrictions: dict[str, Any], local: datetime, elapsed_s: int, wh: int, power_w: Fraction
) -> bool:
    """Test restrictions as the standard words them, one by one."""
    clock, date = local.strftime("%H:%M"), local.strftime("%Y-%m-%d")
    start, end = restrictions.get("start_time", "00:00"), restrictions.get("end_time", "00:00")
    end = "24:00" if end == "00:00" else end
    checks = [
        start == end or (start <= clock < end if start < end else clock >= start or clock < end),
        date >= restrictions.get("start_date", date),
        date < restrictions.get("end_date", "9999-12-31"),
        DAYS[local.weekday()] in restrictions.get("day_of_week", DAYS),
        elapsed_s >= restrictions.get("min_duration", 0),
        elapsed_s < restrictions.get("max_duration", math.inf),
        wh >= round(restrictions.get("min_kwh", 0) * 1000),
        wh < round(restrictions.get("max_kwh", 10**9) * 1000),
        power_w >= restrictions.get("min_power", 0) * 1000,
        power_w < restrictions.get("max_power", 10**9) * 1000,
    ]
    return all(checks)


class Naive:
    """Prices half minute by half minute, with a list of (dimension, component, volume) and nothing else."""

    def __init__(self, document: list[dict[str, Any]], zone: str) -> None:
        self.elements = document
        self.zone = ZoneInfo(zone)

    def find(self, dimension: str, reservation: str | None, *moment: Any) -> dict[str, Any] | None:
        for item in self.elements:
            limits = item["restrictions"]
            if limits.get("reservation") == reservation and matches(limits, *moment):
                for part in item["price_components"]:
                    if part["type"] == dimension:
                        return dict(part)
        return None

    def total(self, charge: Charge) -> Fraction:
        found: list[tuple[str, dict[str, Any] | None, Fraction]] = []
        session_flats, reservation_flats = [], []
        start, energy = at(charge.started_at), 0
        for index in range(charge.reserved):
            local = (start + (index - charge.reserved) * GRID).astimezone(self.zone)
            moment = (local, index * 30, 0, Fraction(0))
            found.append(("RESERVED", self.find("TIME", "RESERVATION", *moment), Fraction(30)))
            reservation_flats.append(self.find("FLAT", "RESERVATION", *moment))
        for index, (parked, wh, sample) in enumerate(charge.steps):
            local = (start + index * GRID).astimezone(self.zone)
            moment = (local, index * 30, energy, Fraction(wh * 120 if sample is None else sample))
            found.append(("ENERGY", self.find("ENERGY", None, *moment), Fraction(wh)))
            time = "PARKING_TIME" if parked else "TIME"
            found.append((time, self.find(time, None, *moment), Fraction(30)))
            session_flats.append(self.find("FLAT", None, *moment))
            energy += wh
        firsts = [next(filter(None, flats), None) for flats in (session_flats, reservation_flats)]
        cost = sum((Fraction(str(flat["price"])) for flat in firsts if flat), Fraction(0))
        priced = [(name, part, volume) for name, part, volume in found if part is not None and volume]
        for names in (("ENERGY",), ("TIME", "PARKING_TIME"), ("RESERVED",)):
            cost += self.group([line for line in priced if line[0] in names])
        return cost

    def group(self, lines: list[tuple[str, dict[str, Any], Fraction]]) -> Fraction:
        """Price lines of one step group; the last one's dimension is rounded up as a whole."""
        per = {"ENERGY": 1000}
        cost = sum(
            (Fraction(str(part["price"])) * vol / per.get(name, 3600) for name, part, vol in lines),
            Fraction(0),
        )
        if lines:
            name, part, _ = lines[-1]
            used, step = sum(volume for other, _, volume in lines if other == name), max(part["step_size"], 1)
            cost += (
                Fraction(str(part["price"])) * (math.ceil(used / step) * step - used) / per.get(name, 3600)
            )
        return cost


def summed(priced: PricedCharge) -> tuple[Fraction, Fraction | None]:
    """Add up the lines except the final rounding."""
    excl, incl = total(line for line in priced.lines if line.kind is not LineKind.ROUNDING)
    return Fraction(excl), None if incl is None else Fraction(incl)


@unhurried
@given(some_elements, charges(), zones)
def test_agrees_with_a_naive_computation(document: list[dict[str, Any]], charge: Charge, zone: str) -> None:
    priced = price(tariff(*document), zone, charge.curve())
    assert summed(priced)[0] == Naive(document, zone).total(charge)


@unhurried
@given(
    some_elements,
    charges(),
    zones,
    st.sampled_from([None, {"excl_vat": 1.5}, {"excl_vat": 2, "incl_vat": 2.2}]),
)
def test_lines_are_the_total_and_nothing_is_negative(
    document: list[dict[str, Any]], charge: Charge, zone: str, bound: dict[str, Any] | None
) -> None:
    for name in ("min_price", "max_price"):
        priced = price(tariff(*document, **{name: bound}), zone, charge.curve())
        excl, incl = total(priced.lines)
        assert excl == Fraction(priced.total_cost.excl_vat)
        if priced.total_cost.incl_vat is not None:
            assert incl == Fraction(priced.total_cost.incl_vat)
        assert excl >= 0 <= (incl or 0)
        assert all(
            line.excl_vat >= 0
            for line in priced.lines
            if line.kind in {LineKind.COMPONENT, LineKind.STEP_SIZE}
        )
        parts = [line for line in priced.lines if line.category is not None]
        assert all(line.component is not None and line.element is not None for line in parts)


@unhurried
@given(some_elements, charges(), zones)
def test_periods_of_the_result_give_the_result_again(
    document: list[dict[str, Any]], charge: Charge, zone: str
) -> None:
    one = tariff(*document)
    priced = price(one, zone, charge.curve(), FINE)
    again = price_periods(one, zone, priced.periods, priced.ended_at, FINE)
    assert summed(again) == summed(priced)
    assert again.total_cost == priced.total_cost
    assert (again.total_energy, again.total_time, again.total_parking_time) == (
        priced.total_energy,
        priced.total_time,
        priced.total_parking_time,
    )


@unhurried
@given(some_elements, charges(sampled=False), zones, st.data())
def test_more_readings_on_the_same_line_change_nothing(
    document: list[dict[str, Any]], charge: Charge, zone: str, data: st.DataObject
) -> None:
    curve = charge.curve()
    one = tariff(*document)
    end_us = curve.duration_us
    points = list(curve.points)
    for at_us in data.draw(st.lists(st.integers(0, end_us), max_size=4)):
        step, within = divmod(at_us, 30_000_000)
        wh = charge.steps[step][1] if step < len(charge.steps) else 0
        before = curve.points[step].energy_wh
        assert before is not None
        points.append(
            MeterPoint(
                curve.started_at + step * GRID + within * (GRID / 30_000_000),
                before + Fraction(wh * within, 30_000_000),
            )
        )
    shuffled = data.draw(st.permutations(points))
    more = ChargeCurve(curve.started_at, curve.ended_at, shuffled, curve.parking[::-1], curve.reservation)
    assert price(one, zone, more).lines == price(one, zone, curve).lines


@unhurried
@given(some_elements, charges(), zones, st.data())
def test_an_extra_period_in_between_changes_nothing(
    document: list[dict[str, Any]], charge: Charge, zone: str, data: st.DataObject
) -> None:
    """A CPO may add periods that the price does not need."""
    one, curve = tariff(*document), charge.curve()
    whole = price(one, zone, curve, FINE)
    cut = curve.started_at + data.draw(st.integers(1, curve.duration_us)) * timedelta(microseconds=1)
    finer = cut_in_two(list(whole.periods), cut, curve)
    assert summed(price_periods(one, zone, finer, whole.ended_at, FINE)) == summed(whole)


def cut_in_two(periods: list[ChargingPeriod], cut: datetime, curve: ChargeCurve) -> list[ChargingPeriod]:
    """Cut the period in which `cut` lies, dividing its volumes as they were metered."""
    index = max(i for i, period in enumerate(periods) if period.started_at <= cut)
    whole = periods[index]
    end = periods[index + 1].started_at if index + 1 < len(periods) else curve.ended_at
    if not whole.started_at < cut < end:
        return periods
    track, us = Track(curve), timedelta(microseconds=1)
    used = Fraction(track.energy_at((cut - curve.started_at) // us))
    used -= track.energy_at((whole.started_at - curve.started_at) // us)
    share = Fraction((cut - whole.started_at) // us, (end - whole.started_at) // us)
    firsts = {"ENERGY": used / 1000, **{name: dict(whole.dimensions).get(name, 0) * share for name in TIMES}}
    first = [(name, firsts.get(name, volume)) for name, volume in whole.dimensions]
    second = [
        (name, volume - firsts[name] if name in firsts else volume) for name, volume in whole.dimensions
    ]
    halves = [ChargingPeriod(whole.started_at, tuple(first)), ChargingPeriod(cut, tuple(second))]
    return [*periods[:index], *halves, *periods[index + 1 :]]


@unhurried
@given(
    st.lists(
        elements(("ENERGY", "FLAT"), ("min_kwh", "max_kwh"), st.just(1), reservations=False),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(0, 2_000), min_size=1, max_size=10),
    st.integers(0, 2_000),
)
def test_more_energy_never_costs_less(document: list[dict[str, Any]], used: list[int], more: int) -> None:
    """Where only energy decides, and steps are single Wh."""
    one = tariff(*document)

    def cost(*steps: int) -> Fraction:
        return summed(
            price(one, "UTC", Charge("2026-03-01T10:00", tuple((False, wh, None) for wh in steps)).curve())
        )[0]

    assert cost(*used, more) >= cost(*used, 0)
    assert cost(used[0] + more, *used[1:]) >= cost(*used)


@unhurried
@given(some_elements, charges(), zones)
def test_written_volumes_add_up(document: list[dict[str, Any]], charge: Charge, zone: str) -> None:
    priced = price(tariff(*document), zone, charge.curve())
    fields = cdr_fields(priced)
    volumes = [d for period in fields["charging_periods"] for d in period["dimensions"]]

    def volume(name: str) -> Any:
        return sum(d["volume"] for d in volumes if d["type"] == name)

    assert volume("ENERGY") == fields["total_energy"]
    assert volume("PARKING_TIME") == fields["total_parking_time"]
    assert abs(volume("TIME") + volume("PARKING_TIME") - fields["total_time"]) < Fraction(2, 10_000)
    assert volume("RESERVATION_TIME") == priced.total_reservation_time
    starts = [period["start_date_time"] for period in fields["charging_periods"]]
    assert starts == sorted(starts)
    assert all(period["dimensions"] for period in fields["charging_periods"])

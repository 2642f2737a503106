"""Meter curves: interpolation, odd readings, sampled power and current, parking."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from csms.errors import InvalidInput
from csms.model.charge_curve import (
    LONGEST_CHARGE,
    ChargeCurve,
    Interval,
    MeterPoint,
    Reservation,
    Track,
)
from csms.model.pricing import CURRENT_UNKNOWN, price, price_periods
from tests.model.samples import MINUTE, at, charge, costs, element, part, tariff

START = "2026-03-02T10:00"
FREE_THEN_DEAR = tariff(
    element(part("ENERGY", "0"), max_kwh=10), element(part("ENERGY", "1"), part("TIME", "6"), min_kwh=10)
)


def test_reading_at_any_moment_and_energy() -> None:
    track = Track(charge(START, 60, (10, 1_000), (40, 4_000)))
    assert [track.energy_at(m * 60_000_000) for m in (0, 5, 10, 25, 40, 50, 60)] == [
        0, 500, 1_000, 2_500, 4_000, 4_000, 4_000
    ]  # fmt: skip
    assert [track.reached_at(wh) for wh in (0, 500, 1_000, 4_000, 4_001)] == [
        None, 300_000_000, 600_000_000, 2_400_000_000, None
    ]  # fmt: skip
    assert track.energy_at(1) == Fraction(1, 600_000)


def test_threshold_is_crossed_between_readings() -> None:
    priced = price(FREE_THEN_DEAR, "UTC", charge(START, 60, (60, 12_000)))
    assert [period.started_at for period in priced.periods] == [at(START), at(START) + 50 * MINUTE]
    assert costs(priced) == ("3", None)


def test_threshold_reached_exactly_at_the_end_changes_nothing() -> None:
    priced = price(FREE_THEN_DEAR, "UTC", charge(START, 60, (60, 10_000)))
    assert (len(priced.periods), costs(priced)) == (1, ("0", None))


def test_flat_energy_after_the_threshold_keeps_counting() -> None:
    priced = price(FREE_THEN_DEAR, "UTC", charge(START, 60, (30, 10_000), (60, 10_000)))
    assert costs(priced) == ("3", None)


def test_points_outside_out_of_order_and_falling() -> None:
    orderly = charge(START, 60, (0, 1_000), (30, 2_000), (60, 9_000))
    odd = charge(START, 60, (90, 9_000), (30, 2_000), (45, 1_500), (-5, 1_000))
    energy = tariff(element(part("ENERGY", "1")))
    assert price(energy, "UTC", odd).total_energy == price(energy, "UTC", orderly).total_energy == 9
    assert Track(odd).energy_at(45 * 60_000_000) == 2_000


def test_charge_without_readings_or_without_length() -> None:
    everything = tariff(element(part("FLAT", "1"), part("ENERGY", "1"), part("TIME", "60")))
    assert costs(price(everything, "UTC", charge(START, 60))) == ("61", None)
    assert costs(price(everything, "UTC", charge(START, 0))) == ("1", None)
    jump = price(everything, "UTC", charge(START, 0, (0, 5_000)))
    assert (costs(jump), jump.total_energy) == (("6", None), Decimal(5))


def test_a_jump_belongs_to_the_time_before_it() -> None:
    windows = tariff(
        element(part("ENERGY", "1"), part("TIME", "0"), end_time="11:00"),
        element(part("ENERGY", "9"), part("TIME", "0"), start_time="11:00"),
    )
    jumps = [(0, 0), (60, 0), (60, 1_000)]
    for minutes in (60, 61):
        assert costs(price(windows, "UTC", charge(START, minutes, *jumps))) == ("1", None)


def test_pieces_of_a_jump_belong_to_the_time_before_it() -> None:
    windows = tariff(
        element(part("ENERGY", "1"), max_kwh=1, end_time="11:00"),
        element(part("ENERGY", "2"), end_time="11:00"),
        element(part("ENERGY", "9")),
    )
    priced = price(windows, "UTC", charge(START, 60, (60, 0), (60, 3_000)))
    assert costs(priced) == ("5", None)
    assert price_periods(windows, "UTC", priced.periods, priced.ended_at).total_cost == priced.total_cost


def test_a_sample_taken_at_a_jump_does_not_colour_the_time_before_it() -> None:
    slow = tariff(element(part("ENERGY", "1")), element(part("TIME", "6"), max_power=20))
    curve = charge(START, 60, (0, 0), (60, 10_000), (60, 10_500), power_w=[10_000, 50_000, 50_000])
    priced = price(slow, "UTC", curve)
    assert (len(priced.periods), costs(priced)) == (1, ("16.5", None))
    assert price_periods(slow, "UTC", priced.periods, priced.ended_at).total_cost == priced.total_cost


def test_thresholds_inside_a_jump() -> None:
    curve = charge(START, 60, (60, 0), (60, 12_000))
    assert costs(price(FREE_THEN_DEAR, "UTC", curve)) == ("2", None)


def test_readings_of_power_alone_are_placed_on_the_line() -> None:
    by_power = tariff(element(part("ENERGY", "1"), max_power=8), element(part("ENERGY", "3")))
    curve = charge(START, 60, (0, 0), (60, 10_000), power_w=[7_000, 0])
    more = [*curve.points, MeterPoint(at(START) + 30 * MINUTE, None, 11_000)]
    assert costs(price(by_power, "UTC", curve)) == ("10", None)
    assert costs(price(by_power, "UTC", ChargeCurve(curve.started_at, curve.ended_at, more))) == ("20", None)
    outside = [MeterPoint(at(START) + minute * MINUTE, None, 11_000) for minute in (-1, 60, 61)]
    same = ChargeCurve(curve.started_at, curve.ended_at, [*curve.points, *outside])
    assert costs(price(by_power, "UTC", same)) == ("10", None)


def test_a_zero_sampled_before_power_came_is_not_believed() -> None:
    by_power = tariff(element(part("ENERGY", "1"), max_power=8), element(part("ENERGY", "3")))
    curve = charge(START, 60, (0, 0), (60, 10_000), power_w=[0, 0])
    assert costs(price(by_power, "UTC", curve)) == ("30", None)


def test_current_that_nobody_measured_matches_nothing() -> None:
    by_current = tariff(
        element(part("ENERGY", "1"), max_current=32), element(part("ENERGY", "2"), min_current=32)
    )
    unmeasured = price(by_current, "UTC", charge(START, 60, (60, 10_000)))
    assert (costs(unmeasured), unmeasured.notes) == (("0", None), (CURRENT_UNKNOWN,))
    late = price(by_current, "UTC", charge(START, 60, (0, 0), (60, 10_000), current_a=[None, "31.9"]))
    assert (costs(late), late.notes) == (("10", None), ())
    idle = price(tariff(element(part("TIME", "6"), max_current=32)), "UTC", charge(START, 60))
    assert costs(idle) == ("6", None)


def test_parking_intervals_may_overlap_and_stick_out() -> None:
    parking = tariff(element(part("TIME", "60"), part("PARKING_TIME", "6")))
    curve = charge(START, 60, parked=[(30, 50), (20, 40), (50, 90), (-20, -10), (15, 15)])
    priced = price(parking, "UTC", curve)
    assert (costs(priced), priced.total_parking_time) == (("24", None), Decimal("0.6667"))


def test_parking_is_a_period_of_its_own_even_where_it_costs_nothing() -> None:
    priced = price(
        tariff(element(part("ENERGY", "1"))), "UTC", charge(START, 60, (60, 6_000), parked=[(20, 60)])
    )
    assert [period.dimensions for period in priced.periods] == [
        (("ENERGY", 2), ("TIME", Fraction(1, 3))),
        (("ENERGY", 4), ("PARKING_TIME", Fraction(2, 3))),
    ]


def test_energy_while_parked_is_still_energy() -> None:
    everything = tariff(element(part("ENERGY", "1"), part("TIME", "1"), part("PARKING_TIME", "10")))
    assert costs(price(everything, "UTC", charge(START, 60, (60, 2_000), parked=[(30, 60)]))) == ("7.5", None)


def test_reservation_ends_no_later_than_the_session_begins() -> None:
    reserved = tariff(element(part("TIME", "60"), reservation="RESERVATION"))
    begin = at(START)
    reservation = Reservation(begin - 10 * MINUTE, begin + 30 * MINUTE)
    priced = price(reserved, "UTC", ChargeCurve(begin, begin + 60 * MINUTE, reservation=reservation))
    assert costs(priced) == ("10", None)
    assert (priced.started_at, priced.total_time) == (begin - 10 * MINUTE, Decimal(1))


@pytest.mark.parametrize(
    ("begin", "end", "complaint"),
    [
        (at(START), at(START) - MINUTE, "ends before it begins"),
        (at(START), at(START) + LONGEST_CHARGE + MINUTE, "100"),
        (datetime(2026, 3, 2), at(START), "without zone"),  # noqa: DTZ001
    ],
)
def test_impossible_spans_are_refused(begin: datetime, end: datetime, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=f"session.*{complaint}"):
        ChargeCurve(begin, end)
    with pytest.raises(InvalidInput, match=f"reservation.*{complaint}"):
        ChargeCurve(at(START), at(START), reservation=Reservation(begin, end))


def test_adjoining_intervals_are_one() -> None:
    begin = at(START)
    halves = [
        Interval(begin, begin + timedelta(minutes=5)),
        Interval(begin + 5 * MINUTE, begin + 10 * MINUTE),
    ]
    parking = tariff(element(part("PARKING_TIME", "60")))
    priced = price(parking, "UTC", ChargeCurve(begin, begin + 20 * MINUTE, parking=halves))
    assert [period.started_at for period in priced.periods] == [begin, begin + 10 * MINUTE]

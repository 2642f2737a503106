"""The worked examples of OCPI 2.2.1: tariffs (§11.3.1, §11.4) and step_size (§10.3.1)."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from csms.model.charge_curve import ChargeCurve, MeterPoint
from csms.model.pricing import price, price_periods
from csms.model.rounding import Rounding
from csms.model.tariff import Tariff
from csms.model.tariff_document import decode
from tests.model.samples import DEFAULTS, MINUTE, amounts, at, charge, costs, element, part, tariff

VECTORS = Path(__file__).parents[1] / "vectors" / "tariffs-tandemdrive"
MONDAY, SATURDAY = "2026-03-02", "2026-03-07"


def published(name: str) -> Tariff:
    """Read one of the standard's example tariffs, which are among the vectors."""
    return decode((VECTORS / name / "tariff.json").read_text(), DEFAULTS)


def test_simple_energy() -> None:
    assert costs(price(published("simple_025kwh"), "UTC", charge(MONDAY, 60, (60, 20_000)))) == ("5", "5.5")


def test_start_fee() -> None:
    assert costs(price(published("025kwh_start"), "UTC", charge(MONDAY, 60, (60, 20_000)))) == ("5.5", "6.1")


@pytest.mark.parametrize(
    ("wh", "expected"), [(20_000, ("5", "5.5")), (1_999, ("0.5", "0.55")), (0, ("0.5", "0.55"))]
)
def test_minimum_price(wh: int, expected: tuple[str, str]) -> None:
    assert costs(price(published("025kwh_min_price"), "UTC", charge(MONDAY, 60, (60, wh)))) == expected


def test_parking_after_charging_is_rounded_up_to_quarters() -> None:
    priced = price(
        published("025kwh_parking_start"), "UTC", charge(MONDAY, 100, (60, 20_000), parked=[(60, 100)])
    )
    assert costs(priced) == ("7", "7.9")
    assert amounts(priced.total_fixed_cost) == ("0.5", "0.6")
    assert amounts(priced.total_parking_cost) == ("1.5", "1.8")


@pytest.mark.parametrize(("wh", "expected"), [(50_000, ("10", "11")), (30_000, ("8", "8.85"))])
def test_maximum_price(wh: int, expected: tuple[str, str]) -> None:
    assert costs(price(published("025kwh_start_max_price"), "UTC", charge(MONDAY, 60, (60, wh)))) == expected


def test_time_only_leaves_parking_free() -> None:
    priced = price(published("simple_2hour"), "UTC", charge(MONDAY, 180, parked=[(150, 180)]))
    assert costs(priced) == ("5", "5.5")


def test_time_and_dearer_parking() -> None:
    priced = price(published("simple_3hour_5parking"), "UTC", charge(MONDAY, 192, parked=[(150, 192)]))
    assert costs(priced) == ("11.25", "12.75")


def test_ad_hoc_rounds_to_the_cent_as_published() -> None:
    priced = price(published("alt_text"), "UTC", charge(MONDAY, 150), Rounding(2))
    assert costs(priced) == ("4.75", "5")


def test_steps_of_a_hundred_wh() -> None:
    curve = charge(MONDAY, 60, (60, 20_450))
    assert costs(price(published("alt_url"), "UTC", curve)) == ("5.625", "6.2375")
    to_the_cent = price(published("alt_url"), "UTC", curve, Rounding(2))
    assert costs(to_the_cent) == ("5.63", "6.24")
    assert amounts(to_the_cent.total_energy_cost) == ("5.13", "5.64")


def test_complex_on_monday_morning() -> None:
    curve = charge(f"{MONDAY}T09:30", 207, (0, 0), (165, 10_000), parked=[(165, 207)], current_a=["16", "0"])
    priced = price(published("complex"), "UTC", curve)
    assert costs(priced) == ("9", "10.3")
    assert amounts(priced.total_time_cost) == ("2.75", "3.3")
    assert amounts(priced.total_parking_cost) == ("3.75", "4.125")


def test_complex_on_saturday_afternoon() -> None:
    """The published figures, 12.28 and 13.861, come from 1.20 per hour; tariff and text say 1.25."""
    curve = charge(
        f"{SATURDAY}T13:30", 185, (0, 0), (114, 10_000), parked=[(114, 185)], current_a=["43", "0"]
    )
    priced = price(published("complex"), "UTC", curve)
    assert amounts(priced.total_time_cost) == ("2.375", "2.85")
    assert amounts(priced.total_parking_cost) == ("7.5", "8.25")
    assert costs(priced) == ("12.375", "13.975")


def test_free_of_charge() -> None:
    priced = price(published("free_of_charge"), "UTC", charge(MONDAY, 60, (60, 20_000)))
    assert costs(priced) == ("0", None)
    assert amounts(priced.total_fixed_cost) == ("0", None)


def test_reservation_then_charge() -> None:
    priced = price(
        published("reservation_5_euro_per_hour"), "UTC", charge(MONDAY, 60, (60, 20_000), reserved=15)
    )
    assert costs(priced) == ("6.75", "7.6")
    assert amounts(priced.total_reservation_cost) == ("1.25", "1.5")
    assert (priced.total_time, priced.total_reservation_time) == (Decimal(1), Decimal("0.25"))


def test_reservation_fee_counts_as_reservation() -> None:
    tariff_ = published("reservation_2_euro_fee_5_euro_per_hour")
    priced = price(tariff_, "UTC", charge(MONDAY, 60, (60, 20_000), reserved=13))
    assert costs(priced) == ("8.75", "10")
    assert amounts(priced.total_reservation_cost) == ("3.25", "3.9")
    assert amounts(priced.total_fixed_cost) == ("0.5", "0.6")


@pytest.mark.parametrize(
    ("name", "used", "expired_minutes", "expired"),
    [
        ("reservation_with_expire_fee", ("6.5", "7.3"), 60, ("6", "7.2")),
        ("reservation_with_expire_time", ("7", "7.9"), 90, ("9", "10.8")),
    ],
)
def test_reservation_used_and_expired(
    name: str, used: tuple[str, str], expired_minutes: int, expired: tuple[str, str]
) -> None:
    tariff_ = published(name)
    assert costs(price(tariff_, "UTC", charge(MONDAY, 60, (60, 20_000), reserved=22))) == used
    alone = ChargeCurve.of_expired_reservation(at(MONDAY), at(MONDAY) + expired_minutes * MINUTE)
    priced = price(tariff_, "UTC", alone)
    assert costs(priced) == expired
    assert priced.total_fixed_cost is None
    assert priced.total_energy_cost is None
    assert costs(price_periods(tariff_, "UTC", priced.periods, priced.ended_at)) == expired


@pytest.mark.parametrize(
    ("start", "minutes", "parked", "expected"),
    [
        ("16:55", 12, [(10, 12)], "0.55"),
        ("16:35", 35, [], "1.3"),
        ("19:40", 32, [(12, 32)], "0.73"),
    ],
)
def test_step_size_where_elements_change(
    start: str, minutes: int, parked: list[tuple[float, float]], expected: str
) -> None:
    curve = charge(f"{MONDAY}T{start}", minutes, parked=parked)
    assert costs(price(published("step_size"), "UTC", curve)) == (expected, None)


@pytest.mark.parametrize(("step", "expected"), [(1, "0.029"), (25, "0.0313"), (500, "0.125")])
def test_part_of_a_wh_is_rounded_up(step: int, expected: str) -> None:
    curve = charge(MONDAY, 60)
    metered = ChargeCurve(curve.started_at, curve.ended_at, [_read(curve, Fraction(1152, 10))])
    assert costs(price(tariff(element(part("ENERGY", "0.25", step=step))), "UTC", metered)) == (
        expected,
        None,
    )


def _read(curve: ChargeCurve, energy_wh: Fraction) -> MeterPoint:
    return MeterPoint(curve.ended_at, energy_wh)


def test_max_power() -> None:
    minutes = [(0, 0), (10, 1_000), (60, 41_000), (67.5, 41_500)]
    by_sample = charge(MONDAY, 67.5, *minutes, power_w=[6_000, 48_000, 4_000, 0])
    by_register = charge(MONDAY, 67.5, *minutes)
    for curve in (by_sample, by_register):
        assert costs(price(published("restriction_example_max_power"), "UTC", curve))[0] == "20.3"


def test_max_duration() -> None:
    curve = charge(MONDAY, 40, (30, 5_000), (40, 6_200))
    assert costs(price(published("restriction_example_max_duration"), "UTC", curve))[0] == "0.3"


def test_first_hour_of_parking_and_first_kwh_free() -> None:
    curve = charge(MONDAY, 240, (60, 3_500), parked=[(60, 240)])
    priced = price(published("first_hour_kwh_free"), "UTC", curve)
    assert amounts(priced.total_energy_cost) == ("0.5", None)
    assert amounts(priced.total_parking_cost) == ("7", None)


def test_charging_is_not_rounded_when_parking_follows() -> None:
    """§10.3.1: steps of 5 minutes, 21 minutes of charging and 7 of parking cost 21 and 10."""
    steps = tariff(element(part("TIME", "6", step=300), part("PARKING_TIME", "6", step=300)))
    priced = price(steps, "UTC", charge(MONDAY, 28, parked=[(21, 28)]))
    assert amounts(priced.total_time_cost) == ("2.1", None)
    assert amounts(priced.total_parking_cost) == ("1", None)


def test_parking_alone_is_rounded() -> None:
    """§10.3.1: steps of 10 minutes, 21 minutes of charging and 16 of parking cost 21 and 20."""
    steps = tariff(element(part("TIME", "1", step=600), part("PARKING_TIME", "2", step=600)))
    priced = price(steps, "UTC", charge(MONDAY, 37, parked=[(21, 37)]))
    assert costs(priced) == ("1.0167", None)
    assert amounts(priced.total_parking_cost) == ("0.6667", None)


def test_energy_of_the_session_is_rounded_once() -> None:
    """§10.3.1: 4.3 kWh at 0.20 and 1.1 kWh at 0.27 in steps of 500 Wh: 5.5 kWh in all."""
    steps = tariff(
        element(part("ENERGY", "0.20", step=500), end_time="17:00"),
        element(part("ENERGY", "0.27", step=500), start_time="17:00"),
    )
    priced = price(steps, "UTC", charge(f"{MONDAY}T16:00", 90, (60, 4_300), (90, 5_400)))
    assert costs(priced) == ("1.184", None)


def test_time_of_the_session_is_rounded_once() -> None:
    """§10.3.1: 6 minutes at 5 and 22 minutes at 7 in steps of 10 minutes: 30 minutes, 24 of them at 7."""
    steps = tariff(
        element(part("TIME", "5", step=600), end_time="17:00"),
        element(part("TIME", "7", step=600), start_time="17:00"),
    )
    assert costs(price(steps, "UTC", charge(f"{MONDAY}T16:54", 28))) == ("3.3", None)


def test_energy_step_when_the_current_changes() -> None:
    """A question answered in the standard's tracker: 3 kWh, 3 kWh, 3 kWh in steps of 10 kWh cost 3, 3 and 4."""
    steps = tariff(
        element(part("ENERGY", "2", step=10_000), max_current=20),
        element(part("ENERGY", "5", step=10_000), min_current=20),
    )
    curve = charge(
        f"{MONDAY}T09:00",
        180,
        (0, 0),
        (60, 3_000),
        (120, 6_000),
        (180, 9_000),
        current_a=["10", "40", "10", "0"],
    )
    assert costs(price(steps, "UTC", curve)) == ("29", None)

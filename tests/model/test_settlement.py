"""Closing a bill: bounds, VAT, rounding, and the lines that show them."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from csms.model.charge_curve import ChargeCurve, MeterPoint
from csms.model.priced_charge import LineKind, PricedCharge, cdr_fields, total
from csms.model.pricing import price, price_periods
from csms.model.rounding import Rounding, RoundingMode
from csms.model.tariff import Tariff
from tests.model.samples import MINUTE, amounts, at, charge, costs, element, part, tariff

START = "2026-03-02T10:00"


def kwh(amount: int, tariff_: Tariff) -> PricedCharge:
    """Price an hour with so many kWh."""
    return price(tariff_, "UTC", charge(START, 60, (60, amount * 1_000)))


def energy(vat: str | None = None, **fields: Any) -> Tariff:
    """A tariff of 1 per kWh."""
    return tariff(element(part("ENERGY", "1", vat)), **fields)


@pytest.mark.parametrize(
    ("fields", "amount", "expected"),
    [
        ({"vat": "20"}, 1, ("1", "1.2")),
        ({}, 1, ("1", None)),
        ({"vat": "0"}, 1, ("1", "1")),
        # a minimum, apart for both amounts
        ({"vat": "20", "min_price": {"excl_vat": 2, "incl_vat": 2.1}}, 1, ("2", "2.1")),
        ({"vat": "20", "min_price": {"excl_vat": 1, "incl_vat": 2}}, 1, ("1", "2")),
        ({"vat": "20", "min_price": {"excl_vat": 2, "incl_vat": 2.4}}, 3, ("3", "3.6")),
        # with VAT unsaid: not derived, but never below the amount without
        ({"vat": "20", "min_price": {"excl_vat": 1.1}}, 1, ("1.1", "1.2")),
        ({"vat": "20", "min_price": {"excl_vat": 2}}, 1, ("2", "2")),
        ({"min_price": {"excl_vat": 2}}, 1, ("2", None)),
        ({"min_price": {"excl_vat": 2, "incl_vat": 2.4}}, 1, ("2", "2.4")),
        # a maximum
        ({"vat": "20", "max_price": {"excl_vat": 2, "incl_vat": 2.4}}, 5, ("2", "2.4")),
        ({"vat": "20", "max_price": {"excl_vat": 9, "incl_vat": 5.5}}, 5, ("5", "5.5")),
        ({"vat": "20", "max_price": {"excl_vat": 2}}, 5, ("2", "6")),
        ({"max_price": {"excl_vat": 2}}, 5, ("2", None)),
        ({"max_price": {"excl_vat": 2, "incl_vat": 2}}, 5, ("2", "2")),
        ({"max_price": {"excl_vat": 2, "incl_vat": 2}}, 1, ("1", None)),
        # both: the maximum wins
        (
            {"vat": "20", "min_price": {"excl_vat": 9}, "max_price": {"excl_vat": 2, "incl_vat": 2.4}},
            1,
            ("2", "2.4"),
        ),
    ],
)
def test_bounds_and_vat(fields: dict[str, Any], amount: int, expected: tuple[str, str | None]) -> None:
    priced = kwh(amount, energy(**fields))
    assert costs(priced) == expected
    excl, incl = total(priced.lines)
    assert (excl, incl) == (Fraction(expected[0]), None if expected[1] is None else Fraction(expected[1]))


def test_bounds_leave_partial_totals_alone() -> None:
    priced = kwh(1, energy("20", min_price={"excl_vat": 5, "incl_vat": 6}))
    assert amounts(priced.total_energy_cost) == ("1", "1.2")
    assert [line.kind for line in priced.lines] == [LineKind.COMPONENT, LineKind.MIN_PRICE]


def test_component_without_vat_counts_in_full_beside_one_with() -> None:
    mixed = tariff(element(part("FLAT", "1"), part("ENERGY", "1", "10")))
    priced = kwh(1, mixed)
    assert costs(priced) == ("2", "2.1")
    assert amounts(priced.total_fixed_cost) == ("1", None)


def test_bounds_do_not_touch_an_expired_reservation() -> None:
    bounded = tariff(
        element(part("TIME", "60"), reservation="RESERVATION"),
        element(part("ENERGY", "1")),
        min_price={"excl_vat": 50},
        max_price={"excl_vat": 5},
    )
    alone = ChargeCurve.of_expired_reservation(at(START), at(START) + 10 * MINUTE)
    assert costs(price(bounded, "UTC", alone)) == ("10", None)
    assert costs(price(bounded, "UTC", charge(START, 60, reserved=10))) == ("5", None)


def test_a_parking_fee_counts_as_parking() -> None:
    fees = tariff(
        element(part("FLAT", "3", "20"), part("PARKING_TIME", "6", "20"), min_duration=1800),
        element(part("FLAT", "1", "20"), part("ENERGY", "1", "20")),
    )
    early = price(fees, "UTC", charge(START, 60, (60, 1_000), parked=[(30, 60)]))
    assert amounts(early.total_fixed_cost) == ("1", "1.2")
    assert amounts(early.total_parking_cost) == ("3", "3.6")
    parking_first = tariff(
        element(part("FLAT", "3"), part("PARKING_TIME", "6")), element(part("ENERGY", "1"))
    )
    late = price(parking_first, "UTC", charge(START, 60, parked=[(30, 60)]))
    assert (late.total_fixed_cost, amounts(late.total_parking_cost)) == (None, ("6", None))


def test_rounding_policy_and_its_line() -> None:
    third = tariff(element(part("TIME", "1", "20")))
    curve = charge(START, 20)
    exactly = price(third, "UTC", curve)
    assert costs(exactly) == ("0.3333", "0.4")
    assert exactly.lines[-1].kind is LineKind.ROUNDING
    assert (exactly.lines[-1].excl_vat, exactly.lines[-1].incl_vat) == (Fraction(-1, 30_000), 0)
    assert costs(price(third, "UTC", curve, Rounding(1, RoundingMode.UP))) == ("0.4", "0.4")
    assert costs(price(third, "UTC", curve, Rounding(0, RoundingMode.DOWN))) == ("0", "0")


def test_lines_say_how_the_total_came_about() -> None:
    steps = tariff(
        element(part("FLAT", "0.5", "20"), part("ENERGY", "0.25", "10", step=500), end_time="10:30"),
        element(part("ENERGY", "0.5", "10", step=500), part("TIME", "1", step=600)),
    )
    priced = price(steps, "UTC", charge(START, 60, (30, 2_000), (60, 5_250)))
    shown = [
        (li.kind.value, li.element, li.period, str(li.quantity), li.unit, str(li.excl_vat))
        for li in priced.lines
    ]
    assert shown == [
        ("COMPONENT", 0, 0, "1", "", "1/2"),
        ("COMPONENT", 0, 0, "2", "kWh", "1/2"),
        ("COMPONENT", 1, 0, "1/2", "h", "1/2"),
        ("COMPONENT", 1, 1, "13/4", "kWh", "13/8"),
        ("COMPONENT", 1, 1, "1/2", "h", "1/2"),
        ("STEP_SIZE", 1, 1, "1/4", "kWh", "1/8"),
    ]
    assert priced.lines[-1].note == "5250 Wh in the session, billed in steps of 500 Wh"
    assert costs(priced) == ("3.75", "4.075")


def test_cdr_fields_carry_the_names_and_volumes_of_the_standard() -> None:
    windows = tariff(
        element(part("ENERGY", "1", "20"), max_power=8, end_time="10:40"),
        element(part("ENERGY", "2", "20"), part("PARKING_TIME", "6", "20")),
    )
    priced = price(
        windows, "Europe/Berlin", charge("2026-03-02T09:20", 60, (0, 0), (40, 5_000), parked=[(40, 60)])
    )
    assert cdr_fields(priced) == {
        "start_date_time": "2026-03-02T09:20:00.000Z",
        "end_date_time": "2026-03-02T10:20:00.000Z",
        "currency": "EUR",
        "charging_periods": [
            {
                "start_date_time": "2026-03-02T09:20:00.000Z",
                "dimensions": [
                    {"type": "ENERGY", "volume": Decimal("2.5")},
                    {"type": "TIME", "volume": Decimal("0.3333")},
                    {"type": "MIN_POWER", "volume": Decimal("7.5")},
                    {"type": "MAX_POWER", "volume": Decimal("7.5")},
                ],
                "tariff_id": "T1",
            },
            {
                "start_date_time": "2026-03-02T09:40:00.000Z",
                "dimensions": [
                    {"type": "ENERGY", "volume": Decimal("2.5")},
                    {"type": "TIME", "volume": Decimal("0.3334")},
                    {"type": "MIN_POWER", "volume": Decimal("7.5")},
                    {"type": "MAX_POWER", "volume": Decimal("7.5")},
                ],
                "tariff_id": "T1",
            },
            {
                "start_date_time": "2026-03-02T10:00:00.000Z",
                "dimensions": [
                    {"type": "PARKING_TIME", "volume": Decimal("0.3333")},
                    {"type": "MIN_POWER", "volume": Decimal(0)},
                    {"type": "MAX_POWER", "volume": Decimal(0)},
                ],
                "tariff_id": "T1",
            },
        ],
        "total_cost": {"excl_vat": Decimal("9.5"), "incl_vat": Decimal("11.4")},
        "total_energy": Decimal(5),
        "total_energy_cost": {"excl_vat": Decimal("7.5"), "incl_vat": Decimal(9)},
        "total_time": Decimal(1),
        "total_parking_time": Decimal("0.3333"),
        "total_parking_cost": {"excl_vat": Decimal(2), "incl_vat": Decimal("2.4")},
    }


def test_reservation_and_charging_time_are_rounded_apart() -> None:
    steps = tariff(
        element(part("TIME", "60", step=300), reservation="RESERVATION"), element(part("TIME", "6", step=300))
    )
    priced = price(steps, "UTC", charge(START, 7, reserved=13))
    assert amounts(priced.total_reservation_cost) == ("15", None)
    assert amounts(priced.total_time_cost) == ("1", None)


def test_a_fee_for_low_power_is_recomputed_from_the_periods() -> None:
    """The fee is due while power is low; the period that shows it must not reach into the time of high power."""
    fee = tariff(element(part("FLAT", "1"), max_power=8), element(part("ENERGY", "1")))
    priced = price(fee, "UTC", charge(START, 60, (0, 0), (30, 3_000), (60, 13_000)))
    assert [period.started_at for period in priced.periods] == [at(START), at(START) + 30 * MINUTE]
    assert price_periods(fee, "UTC", priced.periods, priced.ended_at).total_cost == priced.total_cost


def test_extremes_are_written_on_their_side_of_a_limit() -> None:
    limited = tariff(element(part("ENERGY", "1"), max_power=8), element(part("ENERGY", "2")))
    curve = ChargeCurve(
        at(START), at(START) + 60 * MINUTE, [MeterPoint(at(START) + 60 * MINUTE, Fraction(799_999, 100))]
    )
    period = cdr_fields(price(limited, "UTC", curve))["charging_periods"][0]
    assert period["dimensions"][-1] == {"type": "MAX_POWER", "volume": Decimal("7.9999")}


def test_a_charge_of_nothing_still_has_a_period_with_a_dimension() -> None:
    fields = cdr_fields(price(energy(), "UTC", charge(START, 0)))
    assert [period["dimensions"] for period in fields["charging_periods"]] == [
        [{"type": "TIME", "volume": 0}]
    ]

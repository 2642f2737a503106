"""Doubts about tariffs."""

from pathlib import Path
from typing import Any

import pytest

from csms.model.tariff_document import decode
from csms.model.tariff_review import review
from tests.model.samples import DEFAULTS, element, part, tariff

VECTORS = Path(__file__).parents[1] / "vectors" / "tariffs-tandemdrive"
ENERGY = element(part("ENERGY", "1"))


@pytest.mark.parametrize(
    "name", ["simple_025kwh", "025kwh_start_max_price", "reservation_with_expire_time", "alt_text"]
)
def test_sound_tariffs_raise_no_doubt(name: str) -> None:
    assert review(decode((VECTORS / name / "tariff.json").read_text(), DEFAULTS)) == []


@pytest.mark.parametrize(
    ("elements", "fields", "doubt"),
    [
        ([ENERGY, ENERGY], {}, "$.elements[1]: its ENERGY is never used, element 0 comes first"),
        (
            [element(part("ENERGY", "1"), max_kwh=1)],
            {},
            "$.elements: ENERGY is free where no restriction matches; all elements with it have some",
        ),
        (
            [element(part("FLAT", "1"), part("FLAT", "2"))],
            {},
            "$.elements[0].price_components[1]: a second FLAT in the same element is never used",
        ),
        (
            [ENERGY, element(part("ENERGY", "1"), reservation="RESERVATION")],
            {},
            "$.elements[1].price_components[0]: a reservation has only FLAT and TIME, ENERGY is never used",
        ),
        ([element(part("ENERGY", "-1"))], {}, "$.elements[0].price_components[0].price: is negative"),
        (
            [element(part("TIME", "1", step=0))],
            {},
            "$.elements[0].price_components[0].step_size: 0 is taken for 1",
        ),
        (
            [element(part("ENERGY", "1"), min_kwh=5, max_kwh=5), ENERGY],
            {},
            "$.elements[0].restrictions.max_kwh: never matches, it is not above min_kwh",
        ),
        (
            [element(part("ENERGY", "1"), start_time="08:00", end_time="08:00"), ENERGY],
            {},
            "$.elements[0].restrictions.end_time: equals start_time, which is taken for the whole day",
        ),
        (
            [
                element(part("ENERGY", "1"), start_time="22:00", end_time="06:00", day_of_week=["FRIDAY"]),
                ENERGY,
            ],
            {},
            "$.elements[0].restrictions.day_of_week: counts after midnight too, where the window runs on",
        ),
        (
            [element(part("ENERGY", "1", "20"))],
            {"min_price": {"excl_vat": 1}},
            "$.min_price: has no incl_vat, so the amount with VAT is not bounded",
        ),
        ([ENERGY], {"max_price": {"excl_vat": 2, "incl_vat": 1}}, "$.max_price.incl_vat: is below excl_vat"),
        (
            [ENERGY],
            {"min_price": {"excl_vat": 2}, "max_price": {"excl_vat": 1}},
            "$.min_price: is above max_price; max_price wins",
        ),
        (
            [ENERGY],
            {"start_date_time": "2026-01-02T00:00:00Z", "end_date_time": "2026-01-01T00:00:00Z"},
            "$.end_date_time: is not after start_date_time",
        ),
    ],
)
def test_each_doubt_alone(elements: list[dict[str, Any]], fields: dict[str, Any], doubt: str) -> None:
    assert review(tariff(*elements, **fields)) == [doubt]


def test_reservation_and_charging_elements_do_not_hide_each_other() -> None:
    both = tariff(
        element(part("TIME", "1"), part("FLAT", "1"), reservation="RESERVATION"),
        element(part("TIME", "1"), part("FLAT", "1"), reservation="RESERVATION_EXPIRES"),
        element(part("TIME", "1"), part("FLAT", "1")),
    )
    assert review(both) == []

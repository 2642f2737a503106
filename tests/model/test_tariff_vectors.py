"""The vectors in tests/vectors: every CDR priced under its tariff; its README says where the standard disagrees."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from csms.errors import InvalidInput
from csms.model.priced_charge import ChargingPeriod, cdr_fields
from csms.model.pricing import price_periods
from csms.model.tariff_document import decode, encode, parse, to_json
from tests.model.samples import DEFAULTS, at, costs, element, part, tariff

VECTORS = Path(__file__).parents[1] / "vectors" / "tariffs-tandemdrive"
TARIFFS = sorted(VECTORS.glob("*/tariff.json"))
CDRS = sorted(VECTORS.glob("*/cdr*.json"))
NO_VAT = {"step_size/cdr1.json", "step_size_energy/cdr1.json"}
CORRECTED: dict[str, dict[str, Any]] = {
    "025kwh_min_price/cdr2_less_than_2kWh.json": {
        "total_cost": {"excl_vat": Decimal("0.50"), "incl_vat": Decimal("0.55")}
    },
    "step_size/cdr1.json": {
        "total_cost": {"excl_vat": Decimal("0.55")},
        "total_time_cost": {"excl_vat": Decimal("0.30")},
        "total_parking_time": Decimal("0.0333"),
    },
}


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _periods(cdr: dict[str, Any]) -> list[ChargingPeriod]:
    return [
        ChargingPeriod(
            datetime.fromisoformat(period["start_date_time"]),
            tuple((d["type"], Fraction(d["volume"])) for d in period["dimensions"]),
        )
        for period in cdr["charging_periods"]
    ]


def _expected(path: Path, cdr: dict[str, Any]) -> dict[str, Any]:
    expected = {name: value for name, value in cdr.items() if name.startswith("total_")}
    if _name(path) in NO_VAT:
        for name, value in expected.items():
            if isinstance(value, dict):
                assert value["incl_vat"] == value["excl_vat"]
                expected[name] = {"excl_vat": value["excl_vat"]}
    return expected | CORRECTED.get(_name(path), {})


def test_all_vectors_are_there() -> None:
    assert (len(TARIFFS), len(CDRS)) == (24, 9)


@pytest.mark.parametrize("path", CDRS, ids=_name)
def test_cdr_costs_what_the_vector_says(path: Path) -> None:
    cdr = json.loads(path.read_text(), parse_float=Decimal)
    tariff = decode((path.parent / "tariff.json").read_text(), DEFAULTS)
    fields = cdr_fields(
        price_periods(tariff, "UTC", _periods(cdr), datetime.fromisoformat(cdr["end_date_time"]))
    )
    found = {name: value for name, value in fields.items() if name.startswith("total_")}
    expected = _expected(path, cdr)
    assert {name: found.get(name) for name in expected} == expected
    assert all(not value for name, value in found.items() if name not in expected), "a total nobody expects"


@pytest.mark.parametrize("path", TARIFFS, ids=_name)
def test_tariff_survives_being_written_and_read(path: Path) -> None:
    read = decode(path.read_text(), DEFAULTS)
    assert decode(encode(read)) == read
    assert parse(to_json(read)) == read
    source = json.loads(path.read_text(), parse_float=Decimal)
    assert source.items() <= (json.loads(encode(read), parse_float=Decimal) | _times(source)).items()


def _times(source: dict[str, Any]) -> dict[str, Any]:
    """Times are written with milliseconds, so their text differs."""
    return {
        name: source[name] for name in source if name in {"last_updated", "start_date_time", "end_date_time"}
    }


def test_time_is_billed_from_timestamps_where_hours_only_round_them() -> None:
    """1200.1 s are 0.3334 h, which are 1200.24 s; a step of one second makes 1201 of them."""
    hourly = tariff(element(part("TIME", "3600")))
    begin = at("2026-03-02T10:00:00")
    period = ChargingPeriod(begin, (("TIME", Fraction("0.3334")),))
    priced = price_periods(hourly, "UTC", [period], begin + timedelta(seconds=1200.1))
    assert costs(priced) == ("1201", None)


def test_a_cdr_without_periods_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one charging period"):
        price_periods(tariff(element(part("TIME", "1"))), "UTC", [], at("2026-03-02T10:00:00"))

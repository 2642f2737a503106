"""Tariff documents: what is refused and how it is said, what is tolerated, and writing what was read."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.errors import InvalidInput
from csms.model.restriction import DayOfWeek, ReservationRestriction
from csms.model.tariff import Tariff, TariffType, choose
from csms.model.tariff_document import LARGEST_DOCUMENT_BYTES, Defaults, decode, encode, parse, to_json
from tests.model.samples import DEFAULTS, at, element, part, tariff, unhurried

FULL: dict[str, Any] = {
    "country_code": "DE",
    "party_id": "ALL",
    "id": "14",
    "currency": "EUR",
    "type": "REGULAR",
    "tariff_alt_text": [{"language": "en", "text": "By the hour – and more."}],
    "tariff_alt_url": "https://example.com/tariffs/14",
    "min_price": {"excl_vat": Decimal("0.50"), "incl_vat": Decimal("0.6")},
    "max_price": {"excl_vat": 100},
    "start_date_time": "2026-01-01T00:00:00Z",
    "end_date_time": "2026-12-31T23:59:59.999Z",
    "energy_mix": {"is_green_energy": True, "energy_sources": [{"source": "WIND", "percentage": 100}]},
    "last_updated": "2025-12-17T16:45:21Z",
    "elements": [
        {
            "price_components": [
                {"type": "ENERGY", "price": Decimal("0.25"), "vat": Decimal("10.0"), "step_size": 1},
                {"type": "TIME", "price": 1, "step_size": 60},
            ],
            "restrictions": {
                "start_time": "09:30",
                "end_time": "18:00",
                "start_date": "2026-02-01",
                "end_date": "2026-03-01",
                "min_kwh": 1,
                "max_kwh": Decimal("50.5"),
                "min_current": 6,
                "max_current": 32,
                "min_power": 1,
                "max_power": 22,
                "min_duration": 60,
                "max_duration": 7200,
                "day_of_week": ["MONDAY", "SUNDAY"],
            },
        },
        {
            "price_components": [{"type": "FLAT", "price": Decimal("-0.1"), "vat": 0, "step_size": 0}],
            "restrictions": {"reservation": "RESERVATION_EXPIRES"},
        },
    ],
}


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Return the full document with one change."""
    document = copy.deepcopy(FULL)
    change(document)
    return document


def put(*path: str | int, value: object) -> dict[str, Any]:
    """Return the full document with one value replaced."""
    document: Any = copy.deepcopy(FULL)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert isinstance(document, dict)
    return document


def test_reads_every_field() -> None:
    read = parse(FULL)
    assert (read.type, read.start_date_time) == (TariffType.REGULAR, at("2026-01-01T00:00:00"))
    assert read.end_date_time == datetime(2026, 12, 31, 23, 59, 59, 999_000, UTC)
    first, second = read.elements
    limits = first.restrictions
    assert limits is not None
    assert (limits.start_time, limits.end_date, limits.max_kwh) == (
        time(9, 30),
        date(2026, 3, 1),
        Decimal("50.5"),
    )
    assert limits.day_of_week == (DayOfWeek.MONDAY, DayOfWeek.SUNDAY)
    assert first.price_components[1].vat is None
    assert second.price_components[0].vat == 0
    assert second.reservation is ReservationRestriction.RESERVATION_EXPIRES


def test_writes_what_it_read() -> None:
    written = json.loads(encode(parse(FULL)), parse_float=Decimal)
    times = {"start_date_time": "2026-01-01T00:00:00.000Z", "end_date_time": "2026-12-31T23:59:59.999Z"}
    assert written == FULL | times | {"last_updated": "2025-12-17T16:45:21.000Z"}
    assert parse(to_json(parse(FULL))) == parse(FULL)


COMPONENT = ("elements", 0, "price_components", 0)
LIMITS = ("elements", 0, "restrictions")


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([], r"^\$: expected an object, found a list"),
        (None, r"^\$: expected an object, found null"),
        (changed(lambda d: d.pop("currency")), r"^\$\.currency: is required"),
        (changed(lambda d: d.pop("country_code")), r"^\$\.country_code: is required"),
        (changed(lambda d: d.pop("last_updated")), r"^\$\.last_updated: is required"),
        (changed(lambda d: d.pop("elements")), r"^\$\.elements: at least one element"),
        (put("elements", value=[]), r"^\$\.elements: at least one element"),
        (put("elements", value={}), r"^\$\.elements: expected a list, found an object"),
        (put("elements", value=[1]), r"^\$\.elements\[0\]: expected an object, found a number"),
        (put("elements", value=FULL["elements"] * 251), r"^\$\.elements: has 502 entries"),
        (
            put("elements", 1, "price_components", value=[]),
            r"^\$\.elements\[1\]\.price_components: at least one",
        ),
        (put("id", value="x" * 37), r"^\$\.id: must have 1 to 36 characters, has 37"),
        (put("id", value=""), r"^\$\.id: must have 1 to 36"),
        (put("id", value="Preis-ß"), r"^\$\.id: .* does not match"),
        (put("id", value=14), r"^\$\.id: expected a string, found a number"),
        (put("currency", value="eur"), r"^\$\.currency: 'eur' does not match"),
        (put("type", value="Regular"), r"^\$\.type: 'Regular' is not one of AD_HOC_PAYMENT, "),
        (put("tariff_alt_text", 0, "text", value="a\nb"), r"^\$\.tariff_alt_text\[0\]\.text: .* printed"),
        (put("energy_mix", value=[]), r"^\$\.energy_mix: expected an object"),
        (put("min_price", value=5), r"^\$\.min_price: expected an object, found a number"),
        (put("min_price", value={}), r"^\$\.min_price\.excl_vat: is required"),
        (put("max_price", "excl_vat", value=-1), r"^\$\.max_price\.excl_vat: must not be negative"),
        (put("last_updated", value="2025-12-17"), r"^\$\.last_updated: .* does not match"),
        (put("last_updated", value="2025-02-30T00:00:00Z"), r"^\$\.last_updated: .* is not a date and time"),
        (
            put(*COMPONENT, "type", value="CURRENT"),
            r"price_components\[0\]\.type: 'CURRENT' is not one of ENERGY",
        ),
        (put(*COMPONENT, "type", value=["ENERGY"]), r"price_components\[0\]\.type: a list is not one of"),
        (
            put(*COMPONENT, "price", value="0.25"),
            r"price_components\[0\]\.price: expected a number, found a string",
        ),
        (put(*COMPONENT, "price", value=True), r"price: expected a number, found a boolean"),
        (put(*COMPONENT, "price", value=None), r"price: is required"),
        (put(*COMPONENT, "price", value=float("nan")), r"price: must lie between"),
        (put(*COMPONENT, "price", value=Decimal("Infinity")), r"price: must lie between"),
        (put(*COMPONENT, "price", value=Decimal("1e999999")), r"price: must lie between"),
        (put(*COMPONENT, "price", value=Decimal("1e-999999")), r"price: has more than 20 decimals"),
        (put(*COMPONENT, "vat", value=101), r"vat: a percentage"),
        (put(*COMPONENT, "vat", value=-1), r"vat: must not be negative"),
        (put(*COMPONENT, "step_size", value=None), r"step_size: is required"),
        (put(*COMPONENT, "step_size", value=1.5), r"step_size: must be a whole number"),
        (put(*COMPONENT, "step_size", value=-1), r"step_size: must be a whole number"),
        (put(*COMPONENT, "step_size", value=2**31), r"step_size: must be a whole number"),
        (put(*LIMITS, value=[]), r"^\$\.elements\[0\]\.restrictions: expected an object"),
        (put(*LIMITS, "start_time", value="9:30"), r"restrictions\.start_time: '9:30' does not match"),
        (put(*LIMITS, "start_time", value="24:00"), r"restrictions\.start_time: 24:00 can only end"),
        (put(*LIMITS, "end_time", value="18:60"), r"restrictions\.end_time: '18:60' does not match"),
        (put(*LIMITS, "end_date", value="2026-02-29"), r"restrictions\.end_date: '2026-02-29' is not a date"),
        (put(*LIMITS, "end_date", value="٢026-02-28"), r"restrictions\.end_date: .* does not match"),
        (put(*LIMITS, "day_of_week", value="MONDAY"), r"day_of_week: expected a list, found a string"),
        (put(*LIMITS, "day_of_week", value=["MON"]), r"day_of_week\[0\]: 'MON' is not one of MONDAY"),
        (put(*LIMITS, "min_kwh", value=-1), r"restrictions\.min_kwh: must not be negative"),
        (put(*LIMITS, "min_duration", value=1e300), r"restrictions\.min_duration: must lie between"),
        (put(*LIMITS, "reservation", value="YES"), r"restrictions\.reservation: 'YES' is not one of"),
    ],
)
def test_faults_are_named_by_path(document: object, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        parse(document)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, '{"id": NaN}', "\ud800", "null", "{}", '{"elements": 1e99999999}'],
    ids=range(8),
)
def test_text_that_is_no_tariff(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^\$"):
        decode(text)


def test_text_that_is_too_long() -> None:
    with pytest.raises(InvalidInput, match="262144 bytes"):
        decode(" " * (LARGEST_DOCUMENT_BYTES + 1))


@unhurried
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(FULL)), inner),
    )
)
def test_nothing_but_invalid_input_is_raised(document: object) -> None:
    with pytest.raises(InvalidInput):
        parse(document)


def test_what_is_tolerated() -> None:
    document = put(*LIMITS, "end_time", value="24:00")
    document |= {"future": {"field": 1}, "tariff_alt_url": None, "min_price": None, "tariff_alt_text": None}
    document["last_updated"] = "2025-12-17T17:45:21+01:00"
    document["elements"][0]["price_components"][0] |= {"step_size": Decimal("1.0"), "price": 0.1}
    read = parse(document)
    limits, component = read.elements[0].restrictions, read.elements[0].price_components[0]
    assert limits is not None
    assert limits.end_time == time(0, 0)
    assert read.last_updated == at("2025-12-17T16:45:21") == parse(FULL).last_updated
    assert (component.step_size, component.price) == (1, Decimal("0.1"))
    assert parse(put("last_updated", value="2025-12-17T16:45:21")).last_updated == read.last_updated


def test_defaults_fill_in_but_do_not_override() -> None:
    bare = {"id": "1", "currency": "EUR", "elements": FULL["elements"]}
    filled = parse(bare, DEFAULTS)
    assert (filled.country_code, filled.party_id, filled.last_updated) == ("NL", "TST", DEFAULTS.last_updated)
    assert parse(FULL, Defaults("NL", "TST", at("2026-01-01"))) == parse(FULL)


def test_choice_of_tariff_at_the_start_of_a_session() -> None:
    def one(id_: str, **fields: Any) -> Tariff:
        return tariff(element(part("FLAT", "1")), id=id_, **fields)

    anyone, regular, cheap = one("any"), one("regular", type="REGULAR"), one("cheap", type="PROFILE_CHEAP")
    old = one("old", type="REGULAR", end_date_time="2026-06-30T23:59:59Z")
    new = one("new", type="REGULAR", start_date_time="2026-07-01T00:00:00Z")
    june, july = at("2026-06-30T23:59:59"), at("2026-07-01")
    assert choose([anyone, cheap, regular], june) is regular
    assert choose([anyone, cheap, regular], june, TariffType.PROFILE_CHEAP) is cheap
    assert choose([cheap, anyone], june, TariffType.PROFILE_FAST) is anyone
    assert choose([cheap, regular], june, TariffType.PROFILE_FAST) is None
    assert (choose([new, old], june), choose([old, new], july)) == (old, new)
    assert choose([], june) is None

"""Tariffs as JSON: a strict reader that names the path of every fault, and a writer (OCPI 2.2.1 §11.3.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from csms.clock import to_wire
from csms.errors import InvalidInput
from csms.model.json_fields import Fields
from csms.model.restriction import DayOfWeek, ReservationRestriction, Restrictions
from csms.model.tariff import Dimension, DisplayText, Price, PriceComponent, Tariff, TariffElement, TariffType

LARGEST_DOCUMENT_BYTES = 256 * 1024
MOST_ELEMENTS = 500
MOST_COMPONENTS = 16
MOST_TEXTS = 50
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_PARTY = re.compile(r"[A-Za-z0-9]{3}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_CI_STRING = re.compile(r"[\x20-\x7e]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a document may leave out because the one who takes it in knows it."""

    country_code: str | None = None
    party_id: str | None = None
    last_updated: datetime | None = None


NO_DEFAULTS = Defaults()


@lru_cache(maxsize=512)
def decode(text: str | bytes, defaults: Defaults = NO_DEFAULTS) -> Tariff:
    """Read a tariff from JSON text; a text read before costs nothing. Raises InvalidInput."""
    if len(text) > LARGEST_DOCUMENT_BYTES:
        raise InvalidInput(f"$: a tariff of more than {LARGEST_DOCUMENT_BYTES} bytes is not accepted")
    try:
        document = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise InvalidInput(f"$: not JSON: {error}") from error
    return parse(document, defaults)


def encode(tariff: Tariff) -> str:
    """Write a tariff as JSON text; prices are JSON numbers with exactly their digits."""
    return _encoder.encode(to_json(tariff)).decode()


def parse(document: object, defaults: Defaults = NO_DEFAULTS) -> Tariff:
    """Build a tariff from a JSON object. Raises InvalidInput naming the path; unknown fields are ignored."""
    top = Fields(document)
    elements = top.children("elements", MOST_ELEMENTS, _element)
    if not elements:
        top.fail("elements", "at least one element is required")
    return Tariff(
        country_code=top.required(
            "country_code", top.text("country_code", 2, _COUNTRY) or defaults.country_code
        ),
        party_id=top.required("party_id", top.text("party_id", 3, _PARTY) or defaults.party_id),
        id=top.required("id", top.text("id", 36, _CI_STRING)),
        currency=top.required("currency", top.text("currency", 3, _CURRENCY)),
        elements=elements,
        last_updated=top.required("last_updated", top.moment("last_updated") or defaults.last_updated),
        type=top.choice("type", TariffType),
        tariff_alt_text=top.children("tariff_alt_text", MOST_TEXTS, _text),
        tariff_alt_url=top.text("tariff_alt_url", 255),
        min_price=top.child("min_price", _price),
        max_price=top.child("max_price", _price),
        start_date_time=top.moment("start_date_time"),
        end_date_time=top.moment("end_date_time"),
        energy_mix=_mapping(top, "energy_mix"),
    )


def to_json(tariff: Tariff) -> dict[str, Any]:
    """Return the tariff as an OCPI Tariff object; numbers are `Decimal`, absent fields are left out."""
    return _written(tariff)


def _element(source: Fields) -> TariffElement:
    components = source.children("price_components", MOST_COMPONENTS, _component)
    if not components:
        source.fail("price_components", "at least one price component is required")
    return TariffElement(components, source.child("restrictions", _restrictions))


def _component(source: Fields) -> PriceComponent:
    vat = source.amount("vat")
    if vat is not None and vat > 100:
        source.fail("vat", f"a percentage lies between 0 and 100, this is {vat}")
    return PriceComponent(
        type=source.required("type", source.choice("type", Dimension)),
        price=source.required("price", source.number("price")),
        step_size=source.required("step_size", source.count("step_size")),
        vat=vat,
    )


def _restrictions(source: Fields) -> Restrictions:
    return Restrictions(
        start_time=_time(source, "start_time"),
        end_time=_time(source, "end_time"),
        start_date=source.date("start_date"),
        end_date=source.date("end_date"),
        min_kwh=source.amount("min_kwh"),
        max_kwh=source.amount("max_kwh"),
        min_current=source.number("min_current"),
        max_current=source.number("max_current"),
        min_power=source.number("min_power"),
        max_power=source.number("max_power"),
        min_duration=source.count("min_duration"),
        max_duration=source.count("max_duration"),
        day_of_week=source.choices("day_of_week", DayOfWeek),
        reservation=source.choice("reservation", ReservationRestriction),
    )


def _time(source: Fields, name: str) -> time | None:
    """Read a time of day; partners also write the end of the day as 24:00, which is 00:00 here."""
    text = source.text(name, 5, _TIME)
    if text is None:
        return None
    if text == "24:00":
        if name == "start_time":
            source.fail(name, "24:00 can only end a window")
        return time()
    return time.fromisoformat(text)


def _price(source: Fields) -> Price:
    return Price(source.required("excl_vat", source.amount("excl_vat")), source.amount("incl_vat"))


def _text(source: Fields) -> DisplayText:
    return DisplayText(
        source.required("language", source.text("language", 2, _LANGUAGE)),
        source.required("text", source.text("text", 512)),
    )


def _mapping(source: Fields, name: str) -> Mapping[str, Any] | None:
    value = source.get(name)
    if not isinstance(value, Mapping | None):
        source.fail(name, "expected an object")
    return value


def _written(record: Any) -> dict[str, Any]:
    """Write a dataclass field by field; field names are OCPI's own."""
    pairs = ((field.name, getattr(record, field.name)) for field in fields(record))
    return {name: _value(value) for name, value in pairs if value is not None and value != ()}


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    if isinstance(value, datetime):
        return to_wire(value)
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Price | PriceComponent | TariffElement | DisplayText | Restrictions):
        return _written(value)
    return value

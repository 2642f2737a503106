"""Doubts about a tariff: it can be priced, but probably does not mean what it says (OCPI 2.2.1 §11.3)."""

from collections.abc import Iterator
from itertools import groupby

from csms.model.restriction import Restrictions, condition
from csms.model.tariff import Dimension, PriceComponent, Tariff, TariffElement

_RANGES = (
    ("min_kwh", "max_kwh"),
    ("min_current", "max_current"),
    ("min_power", "max_power"),
    ("min_duration", "max_duration"),
    ("start_date", "end_date"),
)


def review(tariff: Tariff) -> list[str]:
    """Return what is odd about a tariff, one sentence each, beginning with the JSON path it is about."""
    doubts = list(_unreached(tariff))
    for index, element in enumerate(tariff.elements):
        path = f"$.elements[{index}]"
        doubts += [f"{path}.{doubt}" for doubt in _components(element)]
        if element.restrictions is not None:
            doubts += [f"{path}.restrictions.{doubt}" for doubt in _restrictions(element.restrictions)]
    return doubts + list(_bounds(tariff)) + list(_validity(tariff))


def _unreached(tariff: Tariff) -> Iterator[str]:
    """Yield components hidden by an earlier one that always applies, and dimensions that may end up free."""
    placed = [
        (component.type, element.reservation, index)
        for index, element in enumerate(tariff.elements)
        for component in _distinct(element)
    ]
    placed.sort(key=lambda place: (place[0], place[1] or "", place[2]))
    for (dimension, reservation), group in groupby(placed, key=lambda place: place[:2]):
        always: int | None = None
        for _, _, index in group:
            if always is not None:
                yield f"$.elements[{index}]: its {dimension} is never used, element {always} comes first"
            elif condition(tariff.elements[index].restrictions) is None:
                always = index
        if always is None and reservation is None and dimension is not Dimension.FLAT:
            yield f"$.elements: {dimension} is free where no restriction matches; all elements with it have some"


def _distinct(element: TariffElement) -> list[PriceComponent]:
    """Return the components of an element that count: the first of each dimension."""
    found: dict[Dimension, PriceComponent] = {}
    for component in element.price_components:
        found.setdefault(component.type, component)
    return list(found.values())


def _components(element: TariffElement) -> Iterator[str]:
    counted = _distinct(element)
    for index, component in enumerate(element.price_components):
        path = f"price_components[{index}]"
        if not any(component is other for other in counted):
            yield f"{path}: a second {component.type} in the same element is never used"
        if element.reservation and component.type in (Dimension.ENERGY, Dimension.PARKING_TIME):
            yield f"{path}: a reservation has only FLAT and TIME, {component.type} is never used"
        if component.price < 0:
            yield f"{path}.price: is negative"
        if component.step_size == 0 and component.type is not Dimension.FLAT:
            yield f"{path}.step_size: 0 is taken for 1"


def _restrictions(restrictions: Restrictions) -> Iterator[str]:
    for low, high in _RANGES:
        lowest, above = getattr(restrictions, low), getattr(restrictions, high)
        if lowest is not None and above is not None and lowest >= above:
            yield f"{high}: never matches, it is not above {low}"
    start, end = restrictions.start_time, restrictions.end_time
    if start is None or end is None:
        return
    if start == end and end.hour + end.minute > 0:
        yield "end_time: equals start_time, which is taken for the whole day"
    elif restrictions.day_of_week and end < start and end.hour + end.minute > 0:
        yield "day_of_week: counts after midnight too, where the window runs on"


def _bounds(tariff: Tariff) -> Iterator[str]:
    low, high = tariff.min_price, tariff.max_price
    taxed = any(c.vat is not None for element in tariff.elements for c in element.price_components)
    for name, bound in (("min_price", low), ("max_price", high)):
        if bound is None:
            continue
        if bound.incl_vat is None and taxed:
            yield f"$.{name}: has no incl_vat, so the amount with VAT is not bounded"
        elif bound.incl_vat is not None and bound.incl_vat < bound.excl_vat:
            yield f"$.{name}.incl_vat: is below excl_vat"
    if low is not None and high is not None and low.excl_vat > high.excl_vat:
        yield "$.min_price: is above max_price; max_price wins"


def _validity(tariff: Tariff) -> Iterator[str]:
    start, end = tariff.start_date_time, tariff.end_date_time
    if start is not None and end is not None and end <= start:
        yield "$.end_date_time: is not after start_date_time"

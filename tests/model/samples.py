"""Short ways to write tariffs and charges in tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings

from csms.model.charge_curve import ChargeCurve, Interval, MeterPoint, Reservation
from csms.model.priced_charge import PricedCharge
from csms.model.tariff import Price, Tariff
from csms.model.tariff_document import Defaults, parse

UPDATED = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULTS = Defaults("NL", "TST", UPDATED)
MINUTE = timedelta(minutes=1)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def at(text: str) -> datetime:
    """Read a moment, UTC where no offset is written."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def part(type_: str, price: str, vat: str | None = None, step: int = 1) -> dict[str, Any]:
    """Write a price component."""
    component = {"type": type_, "price": Decimal(price), "step_size": step}
    return component if vat is None else component | {"vat": Decimal(vat)}


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    """Write a tariff element."""
    found: dict[str, Any] = {"price_components": list(components)}
    return found | {"restrictions": restrictions} if restrictions else found


def tariff(*elements: dict[str, Any], **fields: Any) -> Tariff:
    """Build a tariff of these elements."""
    return parse({"id": "T1", "currency": "EUR", "elements": list(elements), **fields}, DEFAULTS)


def charge(
    started_at: str,
    minutes: float,
    *metered: tuple[float, float],
    parked: Sequence[tuple[float, float]] = (),
    reserved: float = 0,
    **sampled: Sequence[Any],
) -> ChargeCurve:
    """Build a charge: `metered` are (minute, Wh), `parked` (from, to) in minutes, `reserved` minutes before it.

    `power_w` and `current_a` are samples that go with `metered`, one each.
    """
    start = at(started_at)
    powers = sampled.get("power_w", [None] * len(metered))
    currents = sampled.get("current_a", [None] * len(metered))
    points = [
        MeterPoint(start + minute * MINUTE, int(wh), power, None if current is None else Decimal(current))
        for (minute, wh), power, current in zip(metered, powers, currents, strict=True)
    ]
    parking = [Interval(start + since * MINUTE, start + until * MINUTE) for since, until in parked]
    reservation = Reservation(start - reserved * MINUTE, start) if reserved else None
    return ChargeCurve(start, start + minutes * MINUTE, points, parking, reservation)


def costs(priced: PricedCharge) -> tuple[str, str | None]:
    """Return the total as text: without and with VAT."""
    return amounts(priced.total_cost)


def amounts(price: Price | None) -> tuple[str, str | None]:
    """Return an amount as text: without and with VAT."""
    assert price is not None
    return str(price.excl_vat), None if price.incl_vat is None else str(price.incl_vat)

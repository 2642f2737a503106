"""The price of a charge: totals and periods in the words of an OCPI 2.2.1 CDR, and every line behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from csms.clock import to_wire
from csms.model.rounding import FOUR_DECIMALS, FOUR_DECIMALS_FLOOR, Exact
from csms.model.tariff import Dimension, Price, PriceComponent

WH_PER_KWH = 1000
US_PER_HOUR = 3_600_000_000


class Category(StrEnum):
    """The partial total of a CDR to which a line belongs (§10.3.1)."""

    FIXED = "total_fixed_cost"
    ENERGY = "total_energy_cost"
    TIME = "total_time_cost"
    PARKING = "total_parking_cost"
    RESERVATION = "total_reservation_cost"


class LineKind(StrEnum):
    """Why a line is there: a component's price, or one of the corrections."""

    COMPONENT = "COMPONENT"
    STEP_SIZE = "STEP_SIZE"
    MIN_PRICE = "MIN_PRICE"
    MAX_PRICE = "MAX_PRICE"
    ROUNDING = "ROUNDING"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill; all lines together are exactly the total.

    `element` and `period` are indexes into the tariff's elements and the charge's periods. `volume` is in Wh,
    µs or once. `incl_vat` is None where no VAT applies; such a line counts with `excl_vat` in a total that
    has VAT.
    """

    kind: LineKind
    excl_vat: Exact
    incl_vat: Exact | None
    category: Category | None = None
    element: int | None = None
    period: int | None = None
    component: PriceComponent | None = None
    volume: Exact = 1
    note: str = ""

    @property
    def quantity(self) -> Exact:
        """The volume in the unit that is priced: kWh, hours, or once."""
        if self.component is None or self.component.type is Dimension.FLAT:
            return self.volume
        scale = WH_PER_KWH if self.component.type is Dimension.ENERGY else US_PER_HOUR
        return Fraction(self.volume) / scale

    @property
    def unit(self) -> str:
        """The unit of `quantity`: kWh, h, or nothing."""
        if self.component is None or self.component.type is Dimension.FLAT:
            return ""
        return "kWh" if self.component.type is Dimension.ENERGY else "h"


@dataclass(frozen=True, slots=True)
class ChargingPeriod:
    """A part of a charge in which the same components applied; volumes are exact, in kWh, hours, kW and A."""

    started_at: datetime
    dimensions: tuple[tuple[str, Exact], ...]


@dataclass(frozen=True, slots=True)
class PricedCharge:
    """What a charge costs. Totals carry OCPI's names and are rounded; energy in kWh, times in hours.

    A partial total is None where the tariff prices nothing of its kind. `total_time` is the session with
    parking and without reservation. `notes` say what kept a price component from applying.
    """

    tariff_id: str
    currency: str
    started_at: datetime
    ended_at: datetime
    periods: tuple[ChargingPeriod, ...]
    lines: tuple[Line, ...]
    total_cost: Price
    total_energy: Decimal
    total_time: Decimal
    total_parking_time: Decimal
    total_reservation_time: Decimal
    total_fixed_cost: Price | None = None
    total_energy_cost: Price | None = None
    total_time_cost: Price | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    notes: tuple[str, ...] = ()


def total(lines: Iterable[Line]) -> tuple[Exact, Exact | None]:
    """Add lines up: excluding VAT, and including VAT where VAT applies to any of them."""
    excl: Exact = 0
    incl: Exact = 0
    taxed = False
    for line in lines:
        with_vat = line.excl_vat if line.incl_vat is None else line.incl_vat
        excl = excl + line.excl_vat if excl else line.excl_vat  # adding to zero is what costs most
        incl = incl + with_vat if incl else with_vat
        taxed = taxed or line.incl_vat is not None
    return excl, incl if taxed else None


def cdr_fields(charge: PricedCharge) -> dict[str, Any]:
    """Return the fields of an OCPI CDR object that pricing knows (§10.3.1); numbers are `Decimal`."""
    found: dict[str, Any] = {
        "start_date_time": to_wire(charge.started_at),
        "end_date_time": to_wire(charge.ended_at),
        "currency": charge.currency,
        "charging_periods": _periods(charge.periods, charge.tariff_id),
        "total_cost": _price(charge.total_cost),
        "total_energy": charge.total_energy,
        "total_time": charge.total_time,
        "total_parking_time": charge.total_parking_time,
    }
    for category in Category:
        price: Price | None = getattr(charge, category.value)
        if price is not None:
            found[category.value] = _price(price)
    return found


def _price(price: Price) -> dict[str, Decimal]:
    found = {"excl_vat": price.excl_vat}
    return found if price.incl_vat is None else found | {"incl_vat": price.incl_vat}


def _periods(periods: Sequence[ChargingPeriod], tariff_id: str) -> list[dict[str, Any]]:
    """Write periods; volumes are rounded as differences of a rounded running sum, so that they add up.

    Extremes of power and current are rounded down, which keeps them on their side of any limit of four
    decimals.
    """
    sums: dict[str, Exact] = {}
    written = []
    for period in periods:
        dimensions = []
        for name, volume in period.dimensions:
            if name.startswith(("MIN_", "MAX_")):
                number = FOUR_DECIMALS_FLOOR.decimal(volume)
            else:
                before = sums.get(name, 0)
                sums[name] = before + volume if before else volume
                number = FOUR_DECIMALS.decimal(sums[name])
                number = number - FOUR_DECIMALS.decimal(before) if before else number
            dimensions.append({"type": name, "volume": number})
        written.append(
            {"start_date_time": to_wire(period.started_at), "dimensions": dimensions, "tariff_id": tariff_id}
        )
    return written

"""Closing a bill: min_price and max_price, rounding, totals (OCPI 2.2.1 §10.3.1, §11.3.1).

`min_price` and `max_price` bound the total of a charging session, reservation included, apart for the amounts
with and without VAT. Where one of a pair is missing it is not derived, but raising the amount without VAT
never leaves the amount with VAT below it. Neither bounds a reservation that no session followed.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from csms.model.bill import Bill
from csms.model.priced_charge import US_PER_HOUR, WH_PER_KWH, Category, Line, LineKind, PricedCharge, total
from csms.model.rounding import FOUR_DECIMALS, Exact, Rounding, exact
from csms.model.tariff import Price, Tariff


def settle(
    tariff: Tariff,
    bill: Bill,
    span: tuple[datetime, datetime],
    session_us: int | None,
    rounding: Rounding,
    notes: Sequence[str] = (),
) -> PricedCharge:
    """Close a bill into a priced charge; `session_us` is the session's length, None for no session."""
    lines = bill.lines()
    parts = {c: _part([line for line in lines if line.category is c], rounding) for c in Category}
    excl, incl = total(lines)
    if session_us is not None and (tariff.min_price or tariff.max_price):
        lines += _bounds(tariff, excl, incl)
        excl, incl = total(lines)
    total_cost = _price(excl, incl, rounding)
    lines += _rounding(total_cost, excl, incl)
    energy_wh, parking_us, reserved_us = bill.sums()
    return PricedCharge(
        tariff_id=tariff.id,
        currency=tariff.currency,
        started_at=span[0],
        ended_at=span[1],
        periods=bill.periods(),
        lines=tuple(lines),
        total_cost=total_cost,
        total_energy=FOUR_DECIMALS.decimal(energy_wh, WH_PER_KWH),
        total_time=FOUR_DECIMALS.decimal(session_us or 0, US_PER_HOUR),
        total_parking_time=FOUR_DECIMALS.decimal(parking_us, US_PER_HOUR),
        total_reservation_time=FOUR_DECIMALS.decimal(reserved_us, US_PER_HOUR),
        total_fixed_cost=parts[Category.FIXED],
        total_energy_cost=parts[Category.ENERGY],
        total_time_cost=parts[Category.TIME],
        total_parking_cost=parts[Category.PARKING],
        total_reservation_cost=parts[Category.RESERVATION],
        notes=tuple(notes),
    )


def _bounds(tariff: Tariff, excl: Exact, incl: Exact | None) -> Iterator[Line]:
    """Yield the lines that bring a total up to min_price and then down to max_price."""
    if tariff.min_price is not None:
        floor = tariff.min_price
        raised = max(excl, exact(floor.excl_vat))
        with_vat = _with_vat(excl, incl, floor)
        if with_vat is not None:
            before = with_vat
            with_vat = before if floor.incl_vat is None else max(before, exact(floor.incl_vat))
            with_vat = max(with_vat, raised) if raised > excl else with_vat
            yield from _correction(LineKind.MIN_PRICE, raised - excl, with_vat - before)
        else:
            yield from _correction(LineKind.MIN_PRICE, raised - excl, None)
        excl, incl = raised, with_vat
    if tariff.max_price is not None:
        cap = tariff.max_price
        lowered = min(excl, exact(cap.excl_vat))
        with_vat = _with_vat(excl, incl, cap)
        if with_vat is not None and cap.incl_vat is not None:
            yield from _correction(
                LineKind.MAX_PRICE, lowered - excl, min(with_vat, exact(cap.incl_vat)) - with_vat
            )
        else:
            yield from _correction(LineKind.MAX_PRICE, lowered - excl, None if with_vat is None else 0)


def _with_vat(excl: Exact, incl: Exact | None, bound: Price) -> Exact | None:
    """Return the amount with VAT that a bound applies to; without any VAT that is the amount itself."""
    return excl if incl is None and bound.incl_vat is not None else incl


def _correction(kind: LineKind, excl: Exact, incl: Exact | None) -> Iterator[Line]:
    if excl or incl:
        yield Line(kind, excl, incl)


def _rounding(rounded: Price, excl: Exact, incl: Exact | None) -> Iterator[Line]:
    """Yield the line by which the emitted total differs from the exact one."""
    if rounded.excl_vat == excl and rounded.incl_vat == incl:
        return
    lost_incl = None if incl is None or rounded.incl_vat is None else exact(rounded.incl_vat) - incl
    yield from _correction(LineKind.ROUNDING, exact(rounded.excl_vat) - excl, lost_incl)


def _part(lines: Sequence[Line], rounding: Rounding) -> Price | None:
    return _price(*total(lines), rounding) if lines else None


def _price(excl: Exact, incl: Exact | None, rounding: Rounding) -> Price:
    return Price(rounding.decimal(excl), None if incl is None else rounding.decimal(incl))

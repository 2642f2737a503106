"""Pricing: a tariff applied to a charge, exactly (OCPI 2.2.1 §10.3.1, §11.3).

Two ways in: `price` cuts a metered curve itself, `price_periods` takes the charging periods of a CDR as they
are; for the same charge both give the same. Everything is computed in integers and fractions. Only the totals
are rounded, once each, and what rounding changes is a line of its own. A charge that still runs is priced the
same way.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from csms.errors import InvalidInput
from csms.model.bill import Bill
from csms.model.cdr_periods import period_stretches, session_start
from csms.model.charge_curve import ChargeCurve, Track
from csms.model.priced_charge import ChargingPeriod, PricedCharge
from csms.model.pricing_plan import plan_for
from csms.model.rounding import FOUR_DECIMALS, Rounding
from csms.model.settlement import settle
from csms.model.stretch import reservation_stretches, session_stretches
from csms.model.tariff import Tariff

CURRENT_UNKNOWN = (
    "The current was not measured all the time: elements restricted by current did not apply then."
)
_US = timedelta(microseconds=1)


def price(
    tariff: Tariff, time_zone: str, curve: ChargeCurve, rounding: Rounding = FOUR_DECIMALS
) -> PricedCharge:
    """Price a metered charge; `time_zone` is the IANA name of the location's.

    An expired reservation is priced alone. Raises InvalidInput for an unknown time zone where the tariff
    reads clocks.
    """
    plan = plan_for(tariff)
    bill = Bill(plan, joins=True)
    notes: set[str] = set()
    for stretch in reservation_stretches(plan, time_zone, curve):
        bill.add(stretch)
    reservation = curve.reservation
    started_at = curve.started_at if reservation is None else min(reservation.started_at, curve.started_at)
    if reservation is not None and reservation.expired:
        return settle(tariff, bill, (started_at, reservation.ended_at), None, rounding)
    for stretch in session_stretches(plan, time_zone, curve, Track(curve)):
        bill.add(stretch)
        if plan.session.current and stretch.energy_wh and stretch.now.lowest_current_a is None:
            notes.add(CURRENT_UNKNOWN)
    return settle(tariff, bill, (started_at, curve.ended_at), curve.duration_us, rounding, sorted(notes))


def price_periods(
    tariff: Tariff,
    time_zone: str,
    periods: Sequence[ChargingPeriod],
    ended_at: datetime,
    rounding: Rounding = FOUR_DECIMALS,
) -> PricedCharge:
    """Price the charging periods of a CDR that ended at `ended_at`; periods come in order of time.

    Periods of reservation alone are an expired reservation. Raises InvalidInput for no periods, or as `price`
    does.
    """
    if not periods:
        raise InvalidInput("a CDR has at least one charging period")
    plan = plan_for(tariff)
    bill = Bill(plan, joins=False)
    for stretch in period_stretches(plan, time_zone, periods, ended_at):
        bill.add(stretch)
    began_at = session_start(periods)
    session_us = None if began_at is None else max((ended_at - began_at) // _US, 0)
    return settle(tariff, bill, (periods[0].started_at, ended_at), session_us, rounding)

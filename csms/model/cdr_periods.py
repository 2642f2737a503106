"""Charging periods of a CDR as stretches to price: how a CDR is recomputed (OCPI 2.2.1 §10.3.1, §10.4.6).

A period ends where the next begins, and restrictions are tested at its start: whoever wrote the CDR had to
begin a period wherever another component became active. Hours of four decimals are up to 0.36 s off, so a
time volume that fits the period's timestamps is taken from them, and one that does not is taken as whole
seconds.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from csms.model.local_time import zone_named
from csms.model.priced_charge import US_PER_HOUR, WH_PER_KWH, ChargingPeriod
from csms.model.pricing_plan import Plan, Scope
from csms.model.restriction import MICROSECONDS, Circumstances
from csms.model.rounding import Exact
from csms.model.stretch import Stretch

_US = timedelta(microseconds=1)
_HOURS_ROUNDING_US = US_PER_HOUR // 10_000
_RESERVED = "RESERVATION_TIME"


def session_start(periods: Sequence[ChargingPeriod]) -> datetime | None:
    """Return when charging began, None where all periods are reservation."""
    for period in periods:
        if any(name != _RESERVED for name, _ in period.dimensions):
            return period.started_at
    return None


def period_stretches(
    plan: Plan, time_zone: str, periods: Sequence[ChargingPeriod], ended_at: datetime
) -> Iterator[Stretch]:
    """Yield one stretch per charging period; a period with reservation and charging gives two."""
    began_at = session_start(periods)
    reserved = Scope.EXPIRED_RESERVATION if began_at is None else Scope.RESERVATION
    clock = plan.session.clock_minutes or plan.reservation.clock_minutes
    zone = zone_named(time_zone) if clock else None
    energy: Exact = 0
    ends = [period.started_at for period in periods[1:]] + [ended_at]
    for period, end in zip(periods, ends, strict=True):
        volumes = dict(period.dimensions)
        length_us = max((end - period.started_at) // _US, 0)
        first = began_at if began_at is not None and period.started_at >= began_at else periods[0].started_at
        seen_at = period.started_at if length_us or period.started_at <= first else period.started_at - _US
        local = None if zone is None else seen_at.astimezone(zone)
        elapsed_us = (seen_at - first) // _US
        if _RESERVED in volumes:
            now = Circumstances(elapsed_us, 0, local, 0, 0, 0, 0)
            reserved_us = _time_us(volumes.pop(_RESERVED), length_us)
            yield Stretch(reserved, period.started_at, reserved_us=reserved_us, now=now)
        if not volumes:
            continue
        used = Fraction(volumes.get("ENERGY", 0)) * WH_PER_KWH
        yield Stretch(
            Scope.SESSION,
            period.started_at,
            charging_us=_time_us(volumes.get("TIME", 0), length_us),
            parking_us=_time_us(volumes.get("PARKING_TIME", 0), length_us),
            energy_wh=used,
            now=Circumstances(
                elapsed_us, energy, local, *_power_w(volumes, used, length_us), *_current_a(volumes, used)
            ),
        )
        energy += used


def _time_us(hours: Exact, length_us: int) -> int:
    time = Fraction(hours) * US_PER_HOUR
    if hours and abs(time - length_us) <= _HOURS_ROUNDING_US:
        return length_us
    if (Fraction(hours) * 10_000).denominator == 1:
        return round(time / MICROSECONDS) * MICROSECONDS
    return round(time)


def _power_w(volumes: dict[str, Exact], used_wh: Exact, length_us: int) -> tuple[Exact | None, Exact | None]:
    """Return the extremes of power, else the mean that the energy gives."""
    mean = Fraction(used_wh * US_PER_HOUR) / length_us if length_us else None if used_wh else Fraction(0)
    low, high = volumes.get("MIN_POWER"), volumes.get("MAX_POWER")
    return mean if low is None else low * 1000, mean if high is None else high * 1000


def _current_a(volumes: dict[str, Exact], used_wh: Exact) -> tuple[Exact | None, Exact | None]:
    unmeasured = None if used_wh else 0
    return volumes.get("MIN_CURRENT", unmeasured), volumes.get("MAX_CURRENT", unmeasured)

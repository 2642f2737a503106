"""What charging profiles together allow at an EVSE, as limits one after the other (OCPP 2.0.1 K01 §3, 1.6 §3.13.3).

Of several profiles with one purpose the one with the highest stack level that has something to say counts, one of
the EVSE before one of the station; of the purposes, the smallest limit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final

from csms.model.charging_profile import (
    ChargingProfile,
    ChargingSchedule,
    ProfileKind,
    ProfilePurpose,
    RateUnit,
    Recurrency,
    SchedulePeriod,
)

VOLTS: Final = 230
"""Nominal voltage of a phase, where A have to be compared with W."""
_EVERY: Final = {Recurrency.DAILY: timedelta(days=1), Recurrency.WEEKLY: timedelta(weeks=1)}
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Circuit:
    """What A and W have to do with each other at an EVSE."""

    phases: int = 3
    volts: int = VOLTS

    def convert(self, limit: Decimal, phases: int | None, unit: RateUnit, into: RateUnit) -> Decimal:
        """Return a limit in another unit; `phases` are those its period is about."""
        if unit is into:
            return limit
        factor = self.volts * (phases or self.phases)
        return limit * factor if into is RateUnit.WATTS else limit / factor


@dataclass(frozen=True, slots=True)
class Step:
    """A limit from a moment on; None is no limit."""

    at: datetime
    limit: Decimal | None


def allowed(
    profiles: Sequence[ChargingProfile],
    evse_id: int,
    span: tuple[datetime, datetime],
    unit: RateUnit,
    circuit: Circuit,
    charge_began_at: datetime | None = None,
) -> list[Step]:
    """Return what profiles allow at an EVSE over a span, each step different from the one before.

    TxProfiles are left out: what is asked is what the one to be made must keep within.
    """
    begin, until = span
    counting = [p for p in profiles if p.purpose is not ProfilePurpose.TX and p.evse_id in (0, evse_id)]
    moments = {begin}
    for profile in counting:
        moments.update(m for m in _changes(profile, span, charge_began_at or begin) if begin < m < until)
    steps: list[Step] = []
    for moment in sorted(moments):
        limit = _limit_at(counting, moment, unit, circuit, charge_began_at or begin)
        if not steps or steps[-1].limit != limit:
            steps.append(Step(moment, limit))
    return steps


def bounded(steps: Iterable[Step], most: Decimal | None) -> list[Step]:
    """Return steps of which none allows more than `most`."""
    if most is None:
        return list(steps)
    bounded_: list[Step] = []
    for step in steps:
        limit = most if step.limit is None else min(most, step.limit)
        if not bounded_ or bounded_[-1].limit != limit:
            bounded_.append(Step(step.at, limit))
    return bounded_


def whole_seconds(steps: Sequence[Step], begin: datetime) -> list[Step]:
    """Return steps that change at full seconds after `begin`, which is all a schedule can say; never more."""
    seconds: dict[int, list[Decimal]] = {}
    for step in steps:
        limits = seconds.setdefault(int((step.at - begin).total_seconds()), [])
        limits += [] if step.limit is None else [step.limit]
    merged: list[Step] = []
    for second, limits in seconds.items():
        limit = min(limits, default=None)
        if not merged or merged[-1].limit != limit:
            merged.append(Step(begin + timedelta(seconds=second), limit))
    return merged


def fewest(steps: Sequence[Step], most: int, until: datetime) -> list[Step]:
    """Return at most so many steps that never allow more than the given ones, giving up as little as possible."""
    kept = list(steps)
    while len(kept) > max(1, most):
        ends = [step.at for step in kept[1:]] + [until]
        at = min(range(len(kept) - 1), key=lambda i: _given_up(kept[i], kept[i + 1], ends[i], ends[i + 1]))
        limits = [step.limit for step in kept[at : at + 2] if step.limit is not None]
        kept[at : at + 2] = [Step(kept[at].at, min(limits, default=None))]
    return kept


def limit_of(schedule: ChargingSchedule, begin: datetime, moment: datetime) -> SchedulePeriod | None:
    """Return the period of a schedule begun at `begin` that holds at a moment, None before and after it."""
    offset_s = (moment - begin).total_seconds()
    if offset_s < 0 or (schedule.duration_s is not None and offset_s >= schedule.duration_s):
        return None
    found = None
    for period in schedule.periods:
        if period.start_s <= offset_s:
            found = period
    return found


def exceeds(
    schedule: ChargingSchedule, begin: datetime, steps: Sequence[Step], unit: RateUnit, circuit: Circuit
) -> bool:
    """Whether a schedule begun at `begin` anywhere wants more than steps in `unit` allow, by more than a tenth."""
    moments = {begin + timedelta(seconds=period.start_s) for period in schedule.periods}
    moments |= {step.at for step in steps if step.at > begin}
    for moment in moments:
        period = limit_of(schedule, begin, moment)
        step = next((s for s in reversed(steps) if s.at <= moment), None)
        if period is None or step is None or step.limit is None:
            continue
        if circuit.convert(period.limit, period.phases, schedule.unit, unit) > step.limit + _TENTH:
            return True
    return False


def periods(steps: Sequence[Step], begin: datetime) -> tuple[SchedulePeriod, ...]:
    """Return steps as periods of a schedule begun at `begin`; every step must have a limit."""
    return tuple(
        SchedulePeriod(int((step.at - begin).total_seconds()), step.limit.quantize(_TENTH, ROUND_DOWN))
        for step in steps
        if step.limit is not None
    )


def _limit_at(
    profiles: Sequence[ChargingProfile], moment: datetime, unit: RateUnit, circuit: Circuit, began: datetime
) -> Decimal | None:
    limits = []
    for purpose in ProfilePurpose:
        alike = sorted(
            (p for p in profiles if p.purpose is purpose),
            key=lambda p: (p.stack_level, p.evse_id, p.id),
            reverse=True,
        )
        for profile in alike:
            schedule = profile.schedules[0]
            period = _period_at(profile, schedule, moment, began)
            if period is not None:
                limits.append(circuit.convert(period.limit, period.phases, schedule.unit, unit))
                if purpose is not ProfilePurpose.EXTERNAL:
                    break
    return min(limits, default=None)


def _period_at(
    profile: ChargingProfile, schedule: ChargingSchedule, moment: datetime, began: datetime
) -> SchedulePeriod | None:
    if profile.valid_from is not None and moment < profile.valid_from:
        return None
    if profile.valid_to is not None and moment >= profile.valid_to:
        return None
    begin = schedule.start_at if profile.kind is not ProfileKind.RELATIVE else None
    begin = begin or began
    if profile.recurrency is not None and moment >= begin:
        every = _EVERY[profile.recurrency]
        begin += every * ((moment - begin) // every)
    return limit_of(schedule, begin, moment)


def _changes(
    profile: ChargingProfile, span: tuple[datetime, datetime], began: datetime
) -> Iterator[datetime]:
    """Yield the moments at which what a profile says may change."""
    yield from (moment for moment in (profile.valid_from, profile.valid_to) if moment is not None)
    schedule = profile.schedules[0]
    begin = (schedule.start_at if profile.kind is not ProfileKind.RELATIVE else None) or began
    every = None if profile.recurrency is None else _EVERY[profile.recurrency]
    if every is not None and span[0] > begin:
        begin += every * ((span[0] - begin) // every)
    while True:
        for period in schedule.periods:
            yield begin + timedelta(seconds=period.start_s)
        if schedule.duration_s is not None:
            yield begin + timedelta(seconds=schedule.duration_s)
        if every is None or begin + every >= span[1]:
            return
        begin += every


def _given_up(one: Step, other: Step, one_ends: datetime, other_ends: datetime) -> tuple[int, Decimal]:
    """Return how much two steps lose by becoming one; steps without a limit are the last to go."""
    if one.limit is None or other.limit is None:
        return 1, Decimal((one_ends - one.at if one.limit is None else other_ends - other.at).total_seconds())
    higher = one_ends - one.at if one.limit > other.limit else other_ends - other.at
    return 0, abs(one.limit - other.limit) * Decimal(higher.total_seconds())

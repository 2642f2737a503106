"""Charging profiles and what makes one fit to be sent (OCPP 2.0.1 K01 and §2.10–2.13; 1.6 §3.13, §7.8–7.14).

The words are OCPP 2.0.1's; 1.6's ChargePointMaxProfile is a ChargingStationMaxProfile. EVSE 0 is the station.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final

_TENTH: Final = Decimal("0.1")
_MOST_SCHEDULES: Final = 3


class ProfilePurpose(StrEnum):
    """What a profile bounds (2.0.1 ChargingProfilePurposeEnumType)."""

    EXTERNAL = "ChargingStationExternalConstraints"
    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class ProfileKind(StrEnum):
    """From when a profile's schedule counts: a moment, that moment again and again, the start of a charge."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class Recurrency(StrEnum):
    """How often a recurring schedule begins anew."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class RateUnit(StrEnum):
    """What limits are given in: A per phase, or W over all phases."""

    AMPS = "A"
    WATTS = "W"


@dataclass(frozen=True, slots=True)
class SchedulePeriod:
    """A limit from `start_s` after the schedule's start on; `phase_to_use` where only one phase is used."""

    start_s: int
    limit: Decimal
    phases: int | None = None
    phase_to_use: int | None = None


@dataclass(frozen=True, slots=True)
class ChargingSchedule:
    """Limits one after the other; without a duration the last one holds on."""

    unit: RateUnit
    periods: tuple[SchedulePeriod, ...]
    start_at: datetime | None = None
    duration_s: int | None = None
    min_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ChargingProfile:
    """One charging profile at an EVSE; of two with one purpose the higher `stack_level` prevails.

    `transaction_id` is the station's id of the transaction, of a TxProfile only. Several schedules are the choice of
    a vehicle (ISO 15118).
    """

    id: int
    evse_id: int
    purpose: ProfilePurpose
    stack_level: int
    kind: ProfileKind
    schedules: tuple[ChargingSchedule, ...]
    recurrency: Recurrency | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileScope:
    """Which profiles are meant: those that fit everything that is given; nothing given means all."""

    ids: tuple[int, ...] = ()
    evse_id: int | None = None
    purpose: ProfilePurpose | None = None
    stack_level: int | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileLimits:
    """What a station takes, as far as it has said.

    `needs_transaction`: a TxProfile names its transaction (K01.FR.03). `one_default_a_level`: a TxDefaultProfile of
    the station and one of an EVSE may not share a stack level (K01.FR.53). `phase_switching`: whether a single phase
    can be chosen.
    """

    stack_level: int | None = None
    periods: int | None = None
    units: frozenset[RateUnit] | None = None
    profiles: int | None = None
    phase_switching: bool | None = None
    needs_transaction: bool = False
    one_default_a_level: bool = False


def rounded(profile: ChargingProfile) -> ChargingProfile:
    """Return a profile with limits of one decimal, which is all a station takes; never more than was meant."""

    def tenth(value: Decimal) -> Decimal:
        return value.quantize(_TENTH, ROUND_DOWN)

    schedules = tuple(
        replace(
            schedule,
            periods=tuple(replace(period, limit=tenth(period.limit)) for period in schedule.periods),
            min_rate=None if schedule.min_rate is None else tenth(schedule.min_rate),
        )
        for schedule in profile.schedules
    )
    return replace(profile, schedules=schedules)


def violations(
    profile: ChargingProfile, limits: ProfileLimits, installed: Sequence[ChargingProfile] = ()
) -> list[str]:
    """Return what speaks against sending a profile to a station that holds others; nothing for a good one."""
    return [
        *_of_purpose(profile, limits),
        *_of_kind(profile),
        *(text for schedule in profile.schedules for text in _of_schedule(schedule, limits)),
        *_of_the_station(profile, limits, installed),
    ]


def collides(one: ChargingProfile, other: ChargingProfile, *, one_default_a_level: bool = False) -> bool:
    """Whether two profiles with different ids could not stand beside each other (K01.FR.06, FR.39, FR.53)."""
    if one.id == other.id or (one.purpose, one.stack_level) != (other.purpose, other.stack_level):
        return False
    if one.purpose is ProfilePurpose.TX:
        return one.evse_id == other.evse_id and one.transaction_id == other.transaction_id
    whole = (
        one_default_a_level and one.purpose is ProfilePurpose.TX_DEFAULT and 0 in (one.evse_id, other.evse_id)
    )
    return (one.evse_id == other.evse_id or whole) and _overlap(one, other)


def _of_purpose(profile: ChargingProfile, limits: ProfileLimits) -> Iterator[str]:
    purpose, evse_id = profile.purpose, profile.evse_id
    if purpose is ProfilePurpose.EXTERNAL:
        yield "external constraints are told by the station, never set (K01.FR.22)"
    if purpose is ProfilePurpose.STATION_MAX and evse_id != 0:
        yield "a ChargingStationMaxProfile is for the whole station, EVSE 0"
    if purpose is ProfilePurpose.STATION_MAX and profile.kind is ProfileKind.RELATIVE:
        yield "a ChargingStationMaxProfile cannot be Relative (K01.FR.38)"
    if purpose is ProfilePurpose.TX:
        if evse_id == 0:
            yield "a TxProfile is for one EVSE (K01.FR.16)"
        if limits.needs_transaction and profile.transaction_id is None:
            yield "a TxProfile names its transaction (K01.FR.03)"
    elif profile.transaction_id is not None:
        yield f"only a TxProfile names a transaction, not a {purpose}"


def _of_kind(profile: ChargingProfile) -> Iterator[str]:
    begins = [schedule.start_at is not None for schedule in profile.schedules]
    if profile.kind is ProfileKind.RELATIVE and any(begins):
        yield "a Relative schedule begins with the charge and has no start of its own (K01.FR.41)"
    if profile.kind is not ProfileKind.RELATIVE and not all(begins):
        yield f"a schedule that is {profile.kind} needs a start (K01.FR.40)"
    if (profile.kind is ProfileKind.RECURRING) != (profile.recurrency is not None):
        yield "a Recurring profile, and no other, is Daily or Weekly"
    valid = (profile.valid_from, profile.valid_to)
    if valid[0] is not None and valid[1] is not None and valid[0] >= valid[1]:
        yield "a profile is valid from a moment before it ends"
    if not 1 <= len(profile.schedules) <= _MOST_SCHEDULES:
        yield f"a profile has 1 to {_MOST_SCHEDULES} schedules"
    if len(profile.schedules) > 1 and profile.purpose is not ProfilePurpose.TX:
        yield "only a TxProfile offers a choice of schedules (ISO 15118)"


def _of_schedule(schedule: ChargingSchedule, limits: ProfileLimits) -> Iterator[str]:
    periods = schedule.periods
    if not periods:
        yield "a schedule has at least one period"
        return
    if periods[0].start_s != 0:
        yield "the first period of a schedule starts at 0 s (K01.FR.31)"
    if any(later.start_s <= earlier.start_s for earlier, later in pairwise(periods)):
        yield "each period of a schedule starts after the one before (K01.FR.35)"
    if schedule.duration_s is not None and schedule.duration_s <= periods[-1].start_s:
        yield "a schedule lasts longer than to the start of its last period"
    if limits.periods is not None and len(periods) > limits.periods:
        yield f"the station takes at most {limits.periods} periods, not {len(periods)}"
    if limits.units and schedule.unit not in limits.units:
        yield f"the station takes limits in {', '.join(sorted(limits.units))}, not in {schedule.unit}"
    for period in periods:
        yield from _of_period(period, limits)


def _of_period(period: SchedulePeriod, limits: ProfileLimits) -> Iterator[str]:
    if not period.limit.is_finite() or period.limit < 0:
        yield "a limit is 0 or more"
    elif period.limit != period.limit.quantize(_TENTH, ROUND_DOWN):
        yield f"a limit has one decimal, {period.limit} has more"
    if period.phases not in (None, 1, 2, 3):
        yield "a period uses 1, 2 or 3 phases"
    if period.phase_to_use is not None:
        if period.phase_to_use not in (1, 2, 3):
            yield "the phase to use is 1, 2 or 3"
        if period.phases != 1:
            yield "a phase is chosen only where one phase is used (K01.FR.19)"
        if not limits.phase_switching:
            yield "the station does not say that it can choose a phase (K01.FR.20)"


def _of_the_station(
    profile: ChargingProfile, limits: ProfileLimits, installed: Sequence[ChargingProfile]
) -> Iterator[str]:
    if profile.stack_level < 0 or (
        limits.stack_level is not None and profile.stack_level > limits.stack_level
    ):
        most = "" if limits.stack_level is None else f" to {limits.stack_level}"
        yield f"stack levels of the station go from 0{most}, not {profile.stack_level}"
    others = [other for other in installed if other.id != profile.id]
    if limits.profiles is not None and len(others) >= limits.profiles:
        yield f"the station holds at most {limits.profiles} profiles, and has them: clear one first"
    for other in others:
        if collides(profile, other, one_default_a_level=limits.one_default_a_level):
            where = f"EVSE {other.evse_id}" if other.evse_id else "the station"
            yield (
                f"profile {other.id} is a {other.purpose} at stack level {other.stack_level} of {where}: "
                "use its id to replace it, another level, or clear it first"
            )


def _overlap(one: ChargingProfile, other: ChargingProfile) -> bool:
    """Whether there is a moment at which both profiles are valid."""
    begins = [p.valid_from for p in (one, other) if p.valid_from is not None]
    ends = [p.valid_to for p in (one, other) if p.valid_to is not None]
    return not begins or not ends or max(begins) < min(ends)

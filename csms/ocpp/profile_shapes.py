"""Charging profiles on the wire, as far as OCPP 1.6 and 2.0.1 write them alike (1.6 §7.8–7.14, 2.0.1 §2.10–2.13)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from csms.clock import to_wire
from csms.model.charging_profile import (
    ChargingProfile,
    ChargingSchedule,
    ProfileKind,
    ProfilePurpose,
    RateUnit,
    Recurrency,
    SchedulePeriod,
)
from csms.ocpp.moments import read_moment

Payload = Mapping[str, Any]

UNREADABLE: Final = (KeyError, TypeError, ValueError, InvalidOperation, OverflowError)
"""What reading a profile raises that is not one, however it got past the schema."""
_LARGEST_INTEGER: Final = 2**31 - 1
_LARGEST_LIMIT: Final = 10**9
_LAST_YEAR: Final = 9000
_THOUSANDTH: Final = Decimal("0.001")


def read_profile(
    raw: Payload,
    evse_id: int,
    id_field: str,
    purposes: Mapping[str, ProfilePurpose],
    schedules: Sequence[Any],
) -> ChargingProfile:
    """Return a profile; raises one of `UNREADABLE` for what is none."""
    recurrency, transaction_id = raw.get("recurrencyKind"), raw.get("transactionId")
    if not schedules:
        raise ValueError("a profile without a schedule")
    return ChargingProfile(
        id=_integer(raw[id_field]),
        evse_id=evse_id,
        purpose=purposes[raw["chargingProfilePurpose"]],
        stack_level=_integer(raw["stackLevel"]),
        kind=ProfileKind(raw["chargingProfileKind"]),
        schedules=tuple(read_schedule(schedule) for schedule in schedules),
        recurrency=None if recurrency is None else Recurrency(recurrency),
        valid_from=_moment(raw.get("validFrom")),
        valid_to=_moment(raw.get("validTo")),
        transaction_id=None if transaction_id is None else str(transaction_id),
    )


def read_schedule(raw: Payload) -> ChargingSchedule:
    """Return a schedule; limits are freed of float noise (8.100000381). Raises one of `UNREADABLE`."""
    duration, min_rate = raw.get("duration"), raw.get("minChargingRate")
    return ChargingSchedule(
        unit=RateUnit(raw["chargingRateUnit"]),
        periods=tuple(_period(period) for period in raw["chargingSchedulePeriod"]),
        start_at=_moment(raw.get("startSchedule")),
        duration_s=None if duration is None else _integer(duration),
        min_rate=None if min_rate is None else _decimal(min_rate),
    )


def write_profile(profile: ChargingProfile, id_field: str, purpose: str) -> dict[str, Any]:
    """Return a profile without its schedules."""
    fields = {
        id_field: profile.id,
        "stackLevel": profile.stack_level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": profile.kind.value,
        "recurrencyKind": profile.recurrency and profile.recurrency.value,
        "validFrom": profile.valid_from and to_wire(profile.valid_from),
        "validTo": profile.valid_to and to_wire(profile.valid_to),
    }
    return present(fields)


def write_schedule(schedule: ChargingSchedule) -> dict[str, Any]:
    """Return a schedule; limits have one decimal by then (model.charging_profile.rounded)."""
    fields = {
        "startSchedule": schedule.start_at and to_wire(schedule.start_at),
        "duration": schedule.duration_s,
        "chargingRateUnit": schedule.unit.value,
        "minChargingRate": None if schedule.min_rate is None else float(schedule.min_rate),
        "chargingSchedulePeriod": [
            present(
                {
                    "startPeriod": period.start_s,
                    "limit": float(period.limit),
                    "numberPhases": period.phases,
                    "phaseToUse": period.phase_to_use,
                }
            )
            for period in schedule.periods
        ],
    }
    return present(fields)


def present(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not given: optional fields are absent, never null."""
    return {name: value for name, value in fields.items() if value is not None}


def _period(raw: Payload) -> SchedulePeriod:
    phases, phase, start_s = raw.get("numberPhases"), raw.get("phaseToUse"), _integer(raw["startPeriod"])
    if start_s < 0:
        raise ValueError("a period before its schedule")
    return SchedulePeriod(
        start_s,
        _decimal(raw["limit"]),
        None if phases is None else _integer(phases),
        None if phase is None else _integer(phase),
    )


def _integer(value: Any) -> int:
    """Return an integer of the standard, which has 32 bits; OverflowError for a larger one."""
    number = int(value)
    if abs(number) > _LARGEST_INTEGER:
        raise OverflowError(f"{str(number)[:20]}… is no 32-bit integer")
    return number


def _decimal(value: Any) -> Decimal:
    number = Decimal(str(value)).quantize(_THOUSANDTH, ROUND_HALF_UP)
    if not number.is_finite() or abs(number) > _LARGEST_LIMIT:
        raise ValueError(f"{value} is no limit")
    return number.normalize() + 0


def _moment(text: Any) -> datetime | None:
    """Return a moment from which a schedule can be reckoned on; OverflowError for one at the end of all time."""
    if text is None:
        return None
    moment = read_moment(text, datetime.now(UTC), [])
    if moment.year > _LAST_YEAR:
        raise OverflowError(f"{moment.year} is out of reach")
    return moment

"""What a vehicle tells of its needs, and the schedule it is offered for them (OCPP 2.0.1 K15–K17, ISO 15118).

The offer keeps within what the operator's profiles and outside limits allow and what the vehicle can take, and has no
more periods than vehicle and station read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from csms.model.charging_limit import Circuit, Step, allowed, bounded, fewest, periods, whole_seconds
from csms.model.charging_profile import (
    ChargingProfile,
    ChargingSchedule,
    ProfileKind,
    ProfileLimits,
    ProfilePurpose,
    RateUnit,
)

HORIZON: Final = timedelta(hours=24)
"""How far an offer reaches; after it the TxDefaultProfile of the station holds again."""
_PHASES: Final = {"AC_single_phase": 1, "AC_two_phase": 2, "AC_three_phase": 3}
_DEFAULT_AC_A: Final = Decimal(32)
_DEFAULT_DC_W: Final = Decimal(50_000)
"""What is offered where neither the operator nor the vehicle names a limit: the station's hardware bounds it anyway."""


class NeedsAnswer(StrEnum):
    """What a station is told about needs: a profile follows, perhaps later, or never (2.0.1 K15)."""

    ACCEPTED = "Accepted"
    PROCESSING = "Processing"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class ChargingNeeds:
    """What a vehicle says before it charges; `transfer` is the station's word for AC or DC.

    `most_periods` is how many the vehicle reads (maxScheduleTuples). AC currents are per phase.
    """

    evse_id: int
    transfer: str
    most_periods: int | None = None
    departure_at: datetime | None = None
    energy_wh: int | None = None
    min_current_a: Decimal | None = None
    max_current_a: Decimal | None = None
    max_voltage_v: Decimal | None = None
    max_power_w: Decimal | None = None
    state_of_charge: int | None = None

    @property
    def direct(self) -> bool:
        """Whether it charges with direct current."""
        return self.transfer.upper().startswith("DC")

    @property
    def circuit(self) -> Circuit:
        """How A and W relate for it."""
        return Circuit(_PHASES.get(self.transfer, 3))


@dataclass(frozen=True, slots=True)
class Frame:
    """What an offer must keep within: the profiles a station holds, outside limits as profiles, and what it takes."""

    profiles: Sequence[ChargingProfile]
    limits: ProfileLimits
    charge_began_at: datetime | None = None


def unit_for(needs: ChargingNeeds, limits: ProfileLimits) -> RateUnit:
    """Return the unit of an offer: A for AC and W for DC, unless the station takes only the other."""
    wanted = RateUnit.WATTS if needs.direct else RateUnit.AMPS
    if limits.units and wanted not in limits.units:
        return RateUnit.AMPS if wanted is RateUnit.WATTS else RateUnit.WATTS
    return wanted


def within(needs: ChargingNeeds, frame: Frame, now: datetime) -> list[Step]:
    """Return the most that the operator and the vehicle together allow from now on; every step has a limit."""
    unit = unit_for(needs, frame.limits)
    span = (now, now + HORIZON)
    steps = allowed(frame.profiles, needs.evse_id, span, unit, needs.circuit, frame.charge_began_at)
    own = _vehicle_limit(needs, unit)
    usual = _DEFAULT_DC_W if needs.direct else _DEFAULT_AC_A
    usual = needs.circuit.convert(usual, None, RateUnit.WATTS if needs.direct else RateUnit.AMPS, unit)
    return bounded([s if s.limit is not None else Step(s.at, own or usual) for s in steps], own)


def offer(
    needs: ChargingNeeds,
    frame: Frame,
    now: datetime,
    *,
    profile_id: int,
    stack_level: int,
    transaction_id: str,
) -> ChargingProfile:
    """Return the TxProfile for a vehicle's needs."""
    most = min(n for n in (needs.most_periods, frame.limits.periods, 1024) if n is not None)
    steps = fewest(whole_seconds(within(needs, frame, now), now), most, now + HORIZON)
    schedule = ChargingSchedule(
        unit_for(needs, frame.limits),
        periods(steps, now),
        start_at=now,
        duration_s=int(HORIZON.total_seconds()),
    )
    return ChargingProfile(
        id=profile_id,
        evse_id=needs.evse_id,
        purpose=ProfilePurpose.TX,
        stack_level=stack_level,
        kind=ProfileKind.ABSOLUTE,
        schedules=(schedule,),
        transaction_id=transaction_id,
    )


def _vehicle_limit(needs: ChargingNeeds, unit: RateUnit) -> Decimal | None:
    """Return the most that a vehicle can take, in a unit; None where it does not say."""
    if not needs.direct:
        if needs.max_current_a is None:
            return None
        return needs.circuit.convert(needs.max_current_a, None, RateUnit.AMPS, unit)
    power = needs.max_power_w
    if power is None and needs.max_current_a is not None and needs.max_voltage_v is not None:
        power = needs.max_current_a * needs.max_voltage_v
    return None if power is None else needs.circuit.convert(power, None, RateUnit.WATTS, unit)

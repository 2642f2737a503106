"""What vehicles tell of their needs and plans, and when a profile is due for them (OCPP 2.0.1 K15–K17).

Nothing is sent here: what is due stands in the database and `services.vehicle_profiles` sends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from csms.clock import from_text
from csms.model.charging_limit import exceeds
from csms.model.charging_needs import ChargingNeeds, Frame, NeedsAnswer, unit_for, within
from csms.model.charging_profile import (
    ChargingProfile,
    ChargingSchedule,
    ProfileKind,
    ProfileLimits,
    ProfilePurpose,
    RateUnit,
)
from csms.model.station import StationRef
from csms.services import stations
from csms.services.charging_profiles import ANSWER_WITHIN
from csms.services.unit import Tx
from csms.store import charging_needs as store
from csms.store import charging_profiles, transactions
from csms.store.charging_needs import KeptNeeds, NeedsStatus
from csms.store.charging_profiles import InstalledProfile
from csms.store.connection import Row

MOST_RENEGOTIATIONS: Final = 5
"""How often a vehicle whose plan exceeds its limits is sent them again, within one transaction."""
_NO_ID: Final = -1


@dataclass(frozen=True, slots=True)
class Needed:
    """What a vehicle needs, and the message that says it."""

    needs: ChargingNeeds
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What a vehicle plans to draw: a schedule that begins at `begin_at`, None where it cannot be read."""

    evse_id: int
    begin_at: datetime
    schedule: ChargingSchedule | None
    body: dict[str, Any]


def take(tx: Tx, station: StationRef, told: Needed) -> NeedsAnswer:
    """Keep what a vehicle needs, so that a profile follows as soon as its transaction is known."""
    needs = told.needs
    stations.record(tx, station, "charging.needs", told.body)
    if needs.evse_id < 1:
        return NeedsAnswer.REJECTED
    running = running_at(tx, station.key, needs.evse_id)
    transaction_id = str(running["ocpp_id"]) if running else None
    before = store.get(tx.db, station.key, needs.evse_id)
    same = before is not None and before.transaction_id == transaction_id
    store.put(
        tx.db, _due(tx, station, needs, transaction_id, before.renegotiations if before and same else 0)
    )
    return NeedsAnswer.ACCEPTED if running else NeedsAnswer.PROCESSING


def plan(tx: Tx, station: StationRef, told: Scheduled) -> bool:
    """Return whether what a vehicle plans is within its limits; else they are due to be sent again (K15.FR.12, K16)."""
    stations.record(tx, station, "charging.schedule", told.body)
    running = running_at(tx, station.key, told.evse_id)
    if running is None or told.schedule is None:
        return True
    kept = store.get(tx.db, station.key, told.evse_id)
    if kept is None or kept.transaction_id not in (None, running["ocpp_id"]):
        kept = _due(tx, station, _guessed(told.evse_id, told.schedule), str(running["ocpp_id"]), 0)
    if not _is_too_much(tx, station, kept.needs, told.begin_at, told.schedule, running):
        return True
    again = kept.renegotiations + 1
    due = _due(tx, station, kept.needs, str(running["ocpp_id"]), again)
    if again > MOST_RENEGOTIATIONS:
        problem = f"the vehicle's plan exceeds its limits, told {MOST_RENEGOTIATIONS} times"
        store.put(tx.db, replace(due, status=NeedsStatus.FAILED, problem=problem))
        return False
    store.put(tx.db, replace(due, problem="the vehicle's plan exceeds its limits"))
    return False


def running_at(tx: Tx, station_key: str, evse_id: int) -> Row | None:
    """Return the transaction that runs at an EVSE."""
    return next(iter(transactions.open_on(tx.db, station_key, evse_id)), None)


def frame(tx: Tx, station_key: str, evse_id: int, limits: ProfileLimits) -> Frame:
    """Return what an offer to a vehicle at an EVSE must keep within now: all that others than we for it have set."""
    running = running_at(tx, station_key, evse_id)
    began = min(from_text(running["started_at"]), tx.now) if running and running["started_at"] else None
    transaction_id = str(running["ocpp_id"]) if running else ""
    kept = charging_profiles.select(tx.db, station_key)
    bounds = [one.profile for one in kept if one.profile.purpose is not ProfilePurpose.TX]
    theirs = operators(kept, evse_id, transaction_id)
    if theirs is not None:
        bounds.append(replace(theirs, purpose=ProfilePurpose.EXTERNAL, transaction_id=None))
    others = [p for limit in charging_profiles.externals(tx.db, station_key) for p in _as_profiles(limit)]
    return Frame([*bounds, *others], limits, began)


def offered(kept: Sequence[InstalledProfile], evse_id: int, transaction_id: str) -> ChargingProfile | None:
    """Return the TxProfile that a charge has for its vehicle's needs."""
    return _strongest(kept, evse_id, transaction_id, for_vehicle=True)


def operators(kept: Sequence[InstalledProfile], evse_id: int, transaction_id: str) -> ChargingProfile | None:
    """Return the TxProfile that a charge has from the operator: the one that prevails."""
    return _strongest(kept, evse_id, transaction_id, for_vehicle=False)


def _strongest(
    kept: Sequence[InstalledProfile], evse_id: int, transaction_id: str, *, for_vehicle: bool
) -> ChargingProfile | None:
    mine = [
        one.profile
        for one in kept
        if one.profile.purpose is ProfilePurpose.TX
        and one.profile.evse_id == evse_id
        and one.profile.transaction_id in (None, transaction_id)
        and (one.source == charging_profiles.FOR_VEHICLE) is for_vehicle
    ]
    return max(mine, key=lambda p: p.stack_level, default=None)


def _due(
    tx: Tx, station: StationRef, needs: ChargingNeeds, transaction_id: str | None, renegotiations: int
) -> KeptNeeds:
    return KeptNeeds(
        station_key=station.key,
        evse_id=needs.evse_id,
        transaction_id=transaction_id,
        needs=needs,
        received_at=tx.now,
        asked_at=tx.now,
        due_at=tx.now + ANSWER_WITHIN,
        status=NeedsStatus.PENDING,
        attempts=0,
        renegotiations=renegotiations,
        updated_at=tx.now,
    )


def _guessed(evse_id: int, schedule: ChargingSchedule) -> ChargingNeeds:
    """Return needs for a vehicle that has told none: what it plans says whether it charges with AC or DC."""
    return ChargingNeeds(evse_id, "DC" if schedule.unit is RateUnit.WATTS else "AC_three_phase")


def _is_too_much(
    tx: Tx,
    station: StationRef,
    needs: ChargingNeeds,
    begin_at: datetime,
    schedule: ChargingSchedule,
    running: Row,
) -> bool:
    """Whether a plan exceeds what the operator allows, or the profile that was sent for the charge."""
    bounds = frame(tx, station.key, needs.evse_id, ProfileLimits())
    unit = unit_for(needs, bounds.limits)
    bare = ChargingNeeds(needs.evse_id, needs.transfer)  # what the vehicle can take is its own matter
    usual = within(bare, bounds, tx.now) if bounds.profiles else []
    if exceeds(schedule, begin_at, usual, unit, needs.circuit):
        return True
    kept = charging_profiles.select(tx.db, station.key)
    sent = offered(kept, needs.evse_id, str(running["ocpp_id"]))
    if sent is None:
        return False
    alone = Frame([replace(sent, purpose=ProfilePurpose.TX_DEFAULT)], ProfileLimits(), bounds.charge_began_at)
    return exceeds(schedule, begin_at, within(bare, alone, tx.now), unit, needs.circuit)


def _as_profiles(limit: charging_profiles.ExternalLimit) -> list[ChargingProfile]:
    """Return a limit that others have set as a profile that holds from when it was told."""
    return [
        ChargingProfile(
            id=_NO_ID,
            evse_id=limit.evse_id,
            purpose=ProfilePurpose.EXTERNAL,
            stack_level=0,
            kind=ProfileKind.ABSOLUTE,
            schedules=(replace(schedule, start_at=schedule.start_at or limit.at),),
        )
        for schedule in limit.schedules
        if schedule.periods
    ]

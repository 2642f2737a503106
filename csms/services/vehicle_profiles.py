"""Sending the TxProfile that a vehicle waits for (OCPP 2.0.1 K15.FR.08: within 60 s; K16: again when limits change).

What is due stands in the database (services.charging_needs): a process that died sends it when it is back, or keeps
why it was not sent.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from csms.clock import to_text
from csms.errors import CsmsError, StoreStopped, Unsupported
from csms.model.alert import AlertCategory, AlertSeverity
from csms.model.charging_limit import exceeds
from csms.model.charging_needs import Frame, offer, unit_for, within
from csms.model.charging_profile import ChargingProfile, ProfileLimits, ProfilePurpose, violations
from csms.model.command import CallStatus, Outcome
from csms.model.station import ChargingStation
from csms.model.station_command import SetChargingProfile
from csms.services import alerts, charging_needs
from csms.services.access import Caller, Role
from csms.services.errand import Errand
from csms.services.house import House
from csms.services.profile_orders import unused_id
from csms.services.rounds import Rounds
from csms.services.unit import Tx
from csms.store import charging_needs as store
from csms.store import charging_profiles, stations
from csms.store.charging_needs import KeptNeeds, NeedsStatus

EVERY_S: Final = 2.0
_AT_A_TIME: Final = 50
_MOST_ATTEMPTS: Final = 3
_AGAIN_AFTER: Final = timedelta(seconds=10)
_CALLER: Final = Caller("csms", Role.SUPER_ADMIN, None, "vehicle profiles")
_ALERT: Final = "charging-needs"

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Task:
    """One profile to send: for whom, and what it must keep within.

    `again` is the operator's own profile, where it is all there is to tell a vehicle that exceeds it.
    """

    station: ChargingStation
    kept: KeptNeeds
    transaction_id: str
    frame: Frame
    profile_id: int
    stack_level: int
    again: ChargingProfile | None = None


async def run(house: House) -> None:
    """Send what is due until cancelled."""
    await rounds(house).run()


def rounds(house: House) -> Rounds[Place]:
    """Return the rounds, by station and EVSE."""
    return Rounds("vehicle_profiles", partial(_due, house), partial(_answer, house), EVERY_S, _AT_A_TIME)


async def _due(house: House) -> list[Place]:
    return await house.unit.read(lambda tx: store.pending(tx.db))


async def _answer(house: House, place: Place) -> None:
    """Send the profile for one vehicle, or keep why not."""
    found = await house.unit.read(lambda tx: _look(tx, place))
    if found is None:
        return
    station, kept = found
    now = house.unit.clock.now()
    linked = house.link.link(station.id) is not None
    if now >= kept.due_at:
        why = kept.problem or ("the station was offline" if not linked else "no transaction ran at the EVSE")
        await house.unit.run(lambda tx: _give_up(tx, station, kept, f"not sent in time: {why}"))
        return
    if not linked or (kept.attempts and now < kept.updated_at + _AGAIN_AFTER):
        return
    errand = Errand(house, _CALLER, station, "vehicle profile")
    try:
        limits = (await errand.bounds()).profiles
        task = await house.unit.run(lambda tx: _prepare(tx, station, kept, limits))
        if task is not None:
            await _send(errand, task)
    except StoreStopped:
        raise
    except Unsupported as error:
        problem = str(error)
        await house.unit.run(lambda tx: _give_up(tx, station, kept, problem))
    except CsmsError as error:
        problem = str(error)
        await house.unit.run(lambda tx: _failed(tx, station, kept, problem))


def _look(tx: Tx, place: Place) -> tuple[ChargingStation, KeptNeeds] | None:
    station, kept = stations.by_key(tx.db, place[0]), store.get(tx.db, *place)
    if station is None or kept is None or kept.status is not NeedsStatus.PENDING:
        return None
    return station, kept


def _prepare(tx: Tx, station: ChargingStation, kept: KeptNeeds, limits: ProfileLimits) -> _Task | None:
    """Return what to send; None where there is nothing, or not yet."""
    running = charging_needs.running_at(tx, station.id, kept.evse_id)
    if running is None or kept.transaction_id not in (None, running["ocpp_id"]):
        if kept.transaction_id is not None:  # that charge is over
            store.remove(tx.db, station.id, kept.evse_id)
        return None
    transaction_id = str(running["ocpp_id"])
    frame = charging_needs.frame(tx, station.id, kept.evse_id, limits)
    held = charging_profiles.select(tx.db, station.id)
    ours = charging_needs.offered(held, kept.evse_id, transaction_id)
    theirs = charging_needs.operators(held, kept.evse_id, transaction_id)
    if ours is not None:
        task = _Task(station, kept, transaction_id, frame, ours.id, ours.stack_level)
        if kept.profile_id is not None and _is_as_it_should_be(tx, task, ours):
            _settled(tx, task, ours.id)
            return None
        return task
    again = theirs if kept.renegotiations else None
    number, level = _place(tx, station, theirs, limits)
    return _Task(station, kept, transaction_id, frame, number, level, again)


def _place(
    tx: Tx, station: ChargingStation, theirs: ChargingProfile | None, limits: ProfileLimits
) -> tuple[int, int]:
    """Return id and stack level of an offer: above the operator's own profile for the charge, else in its place."""
    if theirs is None:
        return unused_id(tx, station.id), 0
    if limits.stack_level is not None and theirs.stack_level >= limits.stack_level:
        return theirs.id, theirs.stack_level
    return unused_id(tx, station.id), theirs.stack_level + 1


async def _send(errand: Errand, task: _Task) -> None:
    """Send a profile and keep how that ended."""
    kept = task.kept
    profile = task.again or offer(
        kept.needs,
        task.frame,
        errand.house.unit.clock.now().replace(microsecond=0),
        profile_id=task.profile_id,
        stack_level=task.stack_level,
        transaction_id=task.transaction_id,
    )
    wrong = violations(profile, replace(task.frame.limits, profiles=None))
    if wrong:
        await errand.house.unit.run(lambda tx: _give_up(tx, task.station, kept, "; ".join(wrong)))
        return
    result = await errand.carry_out(SetChargingProfile(profile))
    if result.status is CallStatus.ANSWERED and result.outcome is Outcome.DONE:
        await errand.house.unit.run(lambda tx: _settled(tx, task, profile.id))
        return
    said = (result.response or {}).get("status")
    problem = result.error or f"the station answered {said}"
    await errand.house.unit.run(lambda tx: _failed(tx, task.station, kept, problem))


def _is_as_it_should_be(tx: Tx, task: _Task, held: ChargingProfile) -> bool:
    """Whether the profile of a charge still is what would be sent: neither more than is allowed now, nor less."""
    needs, now = task.kept.needs, tx.now
    unit = unit_for(needs, task.frame.limits)
    schedule = held.schedules[0]
    begin = schedule.start_at or now
    steps = within(needs, task.frame, now)
    if exceeds(schedule, begin, steps, unit, needs.circuit):
        return False
    fresh = offer(
        needs, task.frame, now, profile_id=held.id, stack_level=0, transaction_id=task.transaction_id
    )
    alone = Frame([replace(held, purpose=ProfilePurpose.TX_DEFAULT, transaction_id=None)], task.frame.limits)
    return not exceeds(fresh.schedules[0], now, within(needs, alone, now), unit, needs.circuit)


def _settled(tx: Tx, task: _Task, profile_id: int) -> None:
    """Note that a charge has its profile, unless it became due again meanwhile."""
    if task.again is None:
        charging_profiles.set_source(tx.db, task.station.id, profile_id, charging_profiles.FOR_VEHICLE)
    current = store.get(tx.db, task.station.id, task.kept.evse_id)
    if current is None or current.asked_at != task.kept.asked_at:
        return
    store.put(
        tx.db,
        replace(
            current,
            status=NeedsStatus.SENT,
            transaction_id=task.transaction_id,
            profile_id=profile_id,
            attempts=current.attempts + 1,
            problem=None,
            updated_at=tx.now,
        ),
    )
    alerts.clear(tx, task.station.tenant_id, _key(task.station, task.kept))


def _failed(tx: Tx, station: ChargingStation, kept: KeptNeeds, problem: str) -> None:
    """Count an attempt in vain; after a few of them that was all."""
    if kept.attempts + 1 >= _MOST_ATTEMPTS:
        _give_up(tx, station, kept, problem)
        return
    _keep(tx, kept, NeedsStatus.PENDING, problem)


def _give_up(tx: Tx, station: ChargingStation, kept: KeptNeeds, problem: str) -> None:
    if _keep(tx, kept, NeedsStatus.FAILED, problem):
        alerts.raise_alert(
            tx,
            tenant_id=station.tenant_id,
            station_id=station.station_id,
            severity=AlertSeverity.MEDIUM,
            category=AlertCategory.SESSION_ERROR,
            key=_key(station, kept),
            text=f"the vehicle at EVSE {kept.evse_id} of {station.station_id} got no charging profile: {problem}",
            detail={"evseId": kept.evse_id, "askedAt": to_text(kept.asked_at)},
        )


def _keep(tx: Tx, kept: KeptNeeds, status: NeedsStatus, problem: str) -> bool:
    current = store.get(tx.db, kept.station_key, kept.evse_id)
    if current is None or current.asked_at != kept.asked_at or current.status is not NeedsStatus.PENDING:
        return False
    attempts = current.attempts + 1
    store.put(tx.db, replace(current, status=status, attempts=attempts, problem=problem, updated_at=tx.now))
    return True


def _key(station: ChargingStation, kept: KeptNeeds) -> str:
    return f"{_ALERT}/{station.station_id}/{kept.evse_id}"

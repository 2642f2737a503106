"""What operators order about charging profiles, in the same words for every OCPP version (1.6 §3.13, 2.0.1 block K).

A profile is checked against the rules of the standard, what the station takes and what it holds before it is sent. One
of the same purpose, stack level and EVSE is replaced under its id, so that there are never two of them.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from csms.clock import to_wire
from csms.errors import Conflict, InvalidInput, NotFound, Unsupported
from csms.model.charging_profile import (
    ChargingProfile,
    ChargingSchedule,
    ProfileKind,
    ProfileLimits,
    ProfilePurpose,
    ProfileScope,
    RateUnit,
    Recurrency,
    SchedulePeriod,
    collides,
    rounded,
    violations,
)
from csms.model.command import CallStatus, Command, Outcome
from csms.model.station import ChargingStation
from csms.model.station_command import (
    ClearChargingProfiles,
    GetChargingProfiles,
    GetCompositeSchedule,
    SetChargingProfile,
)
from csms.services.access import Caller
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.station_orders import aware
from csms.services.unit import Tx
from csms.store import abilities, transactions
from csms.store import charging_profiles as store

_WORDS: Final = {
    "station": ProfilePurpose.STATION_MAX,
    "default": ProfilePurpose.TX_DEFAULT,
    "transaction": ProfilePurpose.TX,
}


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Bound what a station, each charge, or one charge may draw.

    `purpose` is station, default, transaction or the standard's own word. One `limit`, or `periods` of them. Without a
    start the profile counts from today's midnight (station), else from the begin of a charge.
    """

    purpose: str
    limit: Decimal | None = None
    periods: tuple[SchedulePeriod, ...] = ()
    evse_id: int = 0
    unit: RateUnit = RateUnit.AMPS
    stack_level: int = 0
    phases: int | None = None
    start_at: datetime | None = None
    duration_s: int | None = None
    recurrency: Recurrency | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ClearProfiles:
    """Drop one profile by its id, those that fit what is given, or `every` one; never an id and criteria."""

    id: int | None = None
    evse_id: int | None = None
    purpose: str | None = None
    stack_level: int | None = None
    every: bool = False


@dataclass(frozen=True, slots=True)
class ListProfiles:
    """Ask a station which profiles it holds; one that cannot be asked is told of as its answers have shown."""

    evse_id: int | None = None
    purpose: str | None = None
    stack_level: int | None = None
    ids: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()


async def set_profile(errand: Errand, order: SetProfile) -> tuple[CallResult, dict[str, Any]]:
    """Send a charging profile that the station can take; InvalidInput says what speaks against it."""
    await errand.ask_first(GetCompositeSchedule())
    limits = (await errand.bounds()).profiles
    profile = await errand.house.unit.run(lambda tx: _profile(tx, errand.station, order, limits))
    result = await errand.carry_out(SetChargingProfile(profile))
    detail: dict[str, Any] = {"profileId": profile.id}
    if profile.transaction_id is not None:
        detail["transactionId"] = profile.transaction_id
    return result, detail


async def clear_profiles(errand: Errand, order: ClearProfiles) -> tuple[CallResult, dict[str, Any]]:
    """Have profiles dropped."""
    criteria = [order.evse_id, order.purpose, order.stack_level]
    narrowed = any(value is not None for value in criteria)
    if (order.id is not None) + narrowed + order.every != 1:
        raise InvalidInput("give the profile's id, or what the profiles have in common, or all; one of these")
    ids = () if order.id is None else (order.id,)
    purpose = None if order.purpose is None else _purpose(order.purpose)
    if purpose is ProfilePurpose.EXTERNAL:
        raise InvalidInput("external constraints are not ours to clear (K10.FR.05)")
    scope = ProfileScope(ids, order.evse_id, purpose, order.stack_level)
    return await errand.carry_out(ClearChargingProfiles(scope)), {}


async def list_profiles(errand: Errand, order: ListProfiles) -> tuple[CallResult, dict[str, Any]]:
    """Have the station report its profiles, where its OCPP version has a message for that."""
    purpose = None if order.purpose is None else _purpose(order.purpose)
    scope = ProfileScope(order.ids, order.evse_id, purpose, order.stack_level, order.sources)
    question = GetChargingProfiles(0, scope)
    try:
        errand.house.link.translate(errand.version, question, await errand.abilities())
    except Unsupported:
        return CallResult(CallStatus.ANSWERED, None, None, Outcome.DONE, "", ""), {"asked": False}
    number = await errand.house.unit.run(lambda tx: _open_report(tx, errand.station, scope))
    return await errand.carry_out(replace(question, number=number)), {"asked": True}


def listed(tx: Tx, _caller: Caller, station: ChargingStation, _command: Command | None) -> dict[str, Any]:
    """Return the profiles that a station holds as far as is known by now."""
    return {"profiles": [shown(one) for one in store.select(tx.db, station.id)]}


def shown(one: store.InstalledProfile) -> dict[str, Any]:
    """Return a profile as operators see it."""
    profile = one.profile
    schedule = profile.schedules[0]
    return {
        "id": profile.id,
        "evseId": profile.evse_id,
        "purpose": profile.purpose,
        "stackLevel": profile.stack_level,
        "kind": profile.kind,
        "recurrency": profile.recurrency,
        "transactionId": profile.transaction_id,
        "validFrom": profile.valid_from and to_wire(profile.valid_from),
        "validTo": profile.valid_to and to_wire(profile.valid_to),
        "unit": schedule.unit,
        "startAt": schedule.start_at and to_wire(schedule.start_at),
        "durationS": schedule.duration_s,
        "periods": [
            {"startS": p.start_s, "limit": p.limit, "phases": p.phases, "phaseToUse": p.phase_to_use}
            for p in schedule.periods
        ],
        "source": one.source,
        "installedAt": one.installed_at and to_wire(one.installed_at),
        "reportedAt": one.reported_at and to_wire(one.reported_at),
    }


def unused_id(tx: Tx, station_key: str) -> int:
    """Return an id that no profile of a station bears."""
    taken = {one.profile.id for one in store.select(tx.db, station_key)}
    number = abilities.count(tx.db, station_key, "charging-profile")
    while number in taken:
        number = abilities.count(tx.db, station_key, "charging-profile")
    return number


def _open_report(tx: Tx, station: ChargingStation, scope: ProfileScope) -> int:
    number = abilities.count(tx.db, station.id, "request")
    store.put_report(tx.db, station.id, number, scope, tx.at)
    return number


def _profile(tx: Tx, station: ChargingStation, order: SetProfile, limits: ProfileLimits) -> ChargingProfile:
    """Make a profile of an order, with the id of the one whose place it takes."""
    purpose = _purpose(order.purpose)
    evse_id, transaction_id = _place(tx, station, order, purpose)
    kind = _kind(order, purpose)
    start_at = aware(order.start_at)
    if start_at is None and kind is not ProfileKind.RELATIVE:
        start_at = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    schedule = ChargingSchedule(order.unit, _periods(order), start_at, order.duration_s)
    profile = rounded(
        ChargingProfile(
            id=order.id or 0,
            evse_id=evse_id,
            purpose=purpose,
            stack_level=order.stack_level,
            kind=kind,
            schedules=(schedule,),
            recurrency=order.recurrency,
            valid_from=aware(order.valid_from),
            valid_to=aware(order.valid_to),
            transaction_id=transaction_id,
        )
    )
    held = [one.profile for one in store.select(tx.db, station.id)]
    if order.id is None:
        alike = next((p.id for p in held if p.evse_id == evse_id and collides(profile, p)), None)
        profile = replace(profile, id=alike or unused_id(tx, station.id))
    wrong = violations(profile, limits, held)
    if wrong:
        raise InvalidInput("; ".join(wrong))
    return profile


def _place(
    tx: Tx, station: ChargingStation, order: SetProfile, purpose: ProfilePurpose
) -> tuple[int, str | None]:
    """Return the EVSE of a profile, and the transaction of a TxProfile: the one named, or the one that runs there."""
    if purpose is not ProfilePurpose.TX:
        if order.transaction is not None:
            raise InvalidInput("only a profile of a transaction names one: --purpose transaction")
        return order.evse_id, None
    running = [
        row
        for row in transactions.open_on(tx.db, station.id)
        if order.transaction in (None, row["id"], row["ocpp_id"]) and order.evse_id in (0, row["evse_id"])
    ]
    if not running:
        what = f"transaction {order.transaction} does not run" if order.transaction else "no transaction runs"
        raise NotFound(
            f"{what} at {f'EVSE {order.evse_id} of ' if order.evse_id else ''}{station.station_id}"
        )
    if len({row["evse_id"] for row in running}) > 1:
        raise Conflict("several transactions run: name one, or the connector")
    return int(running[0]["evse_id"] or 0), str(running[0]["ocpp_id"])


def _kind(order: SetProfile, purpose: ProfilePurpose) -> ProfileKind:
    if order.recurrency is not None:
        return ProfileKind.RECURRING
    if order.start_at is not None or purpose is ProfilePurpose.STATION_MAX:
        return ProfileKind.ABSOLUTE
    return ProfileKind.RELATIVE


def _periods(order: SetProfile) -> tuple[SchedulePeriod, ...]:
    if (order.limit is None) == (not order.periods):
        raise InvalidInput("give either one limit or its periods")
    if order.limit is not None:
        return (SchedulePeriod(0, order.limit, order.phases),)
    return tuple(replace(period, phases=period.phases or order.phases) for period in order.periods)


def _purpose(word: str) -> ProfilePurpose:
    found = _WORDS.get(word.casefold())
    if found is not None:
        return found
    try:
        return ProfilePurpose(word)
    except ValueError:
        known = ", ".join([*_WORDS, *ProfilePurpose])
        raise InvalidInput(f"no purpose {word[:50]!r}; there are {known}") from None

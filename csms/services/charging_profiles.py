"""What charging profiles each station holds, as its answers and reports tell, and limits others have set.

OCPP 1.6 §3.13, 2.0.1 block K. A profile stands here from when the station accepted it until it is cleared, replaced,
its transaction ends, or a report no longer has it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from csms.model.charging_profile import ChargingSchedule, ProfilePurpose, ProfileScope
from csms.model.command import ProfileInstalled, ProfilesCleared, ProfilesReported
from csms.model.station import StationRef
from csms.services import stations
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import charging_needs, rows
from csms.store import charging_profiles as store
from csms.store.charging_needs import KeptNeeds
from csms.store.charging_profiles import ExternalLimit, InstalledProfile

OURS: Final = "CSO"
"""Who sets profiles through us: the operator (2.0.1 ChargingLimitSourceEnumType)."""
ANSWER_WITHIN: Final = timedelta(seconds=60)
"""How long a vehicle waits for its profile (K15.FR.08)."""


@dataclass(frozen=True, slots=True)
class LimitTold:
    """A limit that somebody else than us has set (K11, K12, K13), as the station tells it."""

    evse_id: int
    source: str
    grid_critical: bool | None
    schedules: tuple[ChargingSchedule, ...]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LimitLifted:
    """Somebody else has lifted their limit (K13)."""

    evse_id: int
    source: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StationProfiles:
    """What bounds a station: the profiles it holds, others' limits, and what vehicles at it have asked for."""

    profiles: tuple[InstalledProfile, ...]
    external_limits: tuple[ExternalLimit, ...]
    needs: tuple[KeptNeeds, ...]


def installed(tx: Tx, station: StationRef, fact: ProfileInstalled) -> None:
    """Keep a profile that a station has accepted; whatever had its id is replaced (K01.FR.05)."""
    profile = fact.profile
    store.put(tx.db, station.key, profile, OURS, installed_at=tx.at)
    _changed(tx, station, "installed", profile.purpose, {"id": profile.id, "evseId": profile.evse_id})


def cleared(tx: Tx, station: StationRef, fact: ProfilesCleared) -> None:
    """Forget what a station has cleared, or says it does not have; what others have set is not ours to clear."""
    for one in store.select(tx.db, station.key):
        if one.profile.purpose is not ProfilePurpose.EXTERNAL and _covers(fact.scope, one):
            store.remove(tx.db, station.key, one.profile.id)
            _changed(tx, station, "cleared", one.profile.purpose, {"id": one.profile.id})


def reported(tx: Tx, station: StationRef, fact: ProfilesReported) -> None:
    """Forget the profiles that a whole report, or the word that there are none, does not have."""
    asked = store.take_report(tx.db, station.key, fact.request_id)
    if asked is None:
        return  # whoever asked did not say for what
    scope = store.scope_of(asked)
    for one in store.select(tx.db, station.key):
        told = one.reported_at is not None and rows.dump(one)["reported_at"] >= asked["asked_at"]
        fresh = one.installed_at is not None and rows.dump(one)["installed_at"] >= asked["asked_at"]
        if _covers(scope, one) and not told and not fresh:
            store.remove(tx.db, station.key, one.profile.id)


def transaction_ended(tx: Tx, station: StationRef, ocpp_id: str, evse_id: int | None) -> None:
    """Forget the profiles of a transaction: they end with it (1.6 §3.13.1, 2.0.1 K01.FR.07)."""
    store.remove_of_transaction(tx.db, station.key, ocpp_id, evse_id)


def limit_told(tx: Tx, station: StationRef, told: LimitTold) -> None:
    """Keep a limit that somebody else has set."""
    kept = ExternalLimit(told.evse_id, told.source, told.grid_critical, told.schedules, tx.now)
    store.put_external(tx.db, station.key, kept)
    stations.record(tx, station, "charging.limit", told.body)
    charging_needs.reconsider(tx.db, station.key, tx.now, tx.now + ANSWER_WITHIN)


def limit_lifted(tx: Tx, station: StationRef, lifted: LimitLifted) -> None:
    """Forget a limit that somebody else has lifted."""
    store.remove_external(tx.db, station.key, lifted.source, lifted.evse_id)
    stations.record(tx, station, "charging.limit", lifted.body)
    charging_needs.reconsider(tx.db, station.key, tx.now, tx.now + ANSWER_WITHIN)


def show(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> StationProfiles:
    """Return what bounds a station, as far as it has told."""
    key = stations.find(tx, caller, station, tenant).id
    return StationProfiles(
        tuple(store.select(tx.db, key)),
        tuple(store.externals(tx.db, key)),
        tuple(charging_needs.select(tx.db, key)),
    )


def _covers(scope: ProfileScope, one: InstalledProfile) -> bool:
    profile = one.profile
    return (
        (not scope.ids or profile.id in scope.ids)
        and scope.evse_id in (None, profile.evse_id)
        and scope.purpose in (None, profile.purpose)
        and scope.stack_level in (None, profile.stack_level)
        and (not scope.sources or one.source in scope.sources)
    )


def _changed(tx: Tx, station: StationRef, change: str, purpose: ProfilePurpose, body: dict[str, int]) -> None:
    """Tell listeners; what bounds every charge makes the offers to vehicles due again."""
    tx.emit("charging.profiles", station, station.key, {"change": change, "purpose": purpose} | body)
    if purpose is not ProfilePurpose.TX:
        charging_needs.reconsider(tx.db, station.key, tx.now, tx.now + ANSWER_WITHIN)

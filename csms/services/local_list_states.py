"""How far a station's local authorization list has come, and what puts it out of step (OCPP 2.0.1 D01, N10)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from csms.clock import from_text, to_text
from csms.model import quirk
from csms.model.alert import AlertCategory, AlertSeverity
from csms.model.id_token import fold
from csms.model.station import ChargingStation, StationRef
from csms.model.tenant import Tenant
from csms.services import alerts, tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import abilities, stations
from csms.store import local_lists as store
from csms.store import tenants as tenant_store

QUIRK: Final = "local_list_sync"
"""Quirk of a station that overrules its tenant's switch: true or false."""
_AGAIN_AFTER: Final = timedelta(seconds=30)
_AGAIN_AFTER_MOST: Final = timedelta(hours=1)
_ALERT_AFTER: Final = 3


@dataclass(frozen=True, slots=True)
class LocalListState:
    """A station's list: what it holds, whether it follows the id tokens by itself, and how the last try ended.

    `due_at` is when it is tried again, where a try failed.
    """

    version: int
    entries: int
    follows: bool
    in_step: bool
    synced_at: datetime | None
    tried_at: datetime | None
    attempts: int
    due_at: datetime | None
    problem: str | None


def follows(quirks: dict[str, Any], tenant_follows: bool) -> bool:
    """Whether a station's list follows the id tokens.

    Its own quirk decides, else its tenant's switch, unless this very station is to be left alone (`quiet`).
    """
    if quirks.get(QUIRK) is None:
        return bool(tenant_follows) and not quirk.is_on(quirks, "quiet")
    return quirk.is_on(quirks, QUIRK)


def state(tx: Tx, station: ChargingStation) -> LocalListState:
    """Return how far a station's list has come."""
    row = store.state(tx.db, station.id) or {}
    tenant = tenant_store.get(tx.db, station.tenant_id)
    version, entries = abilities.list_contents(tx.db, station.id)
    held = stations.list_version(tx.db, station.id)
    seen = row.get("token_changes", -1)
    up_to_date = seen >= store.token_changes(tx.db, station.tenant_id) and not row.get("forced")
    return LocalListState(
        version=held,
        entries=len(entries),
        follows=follows(station.quirks, tenant is not None and tenant.local_list_sync),
        in_step=bool(up_to_date and held == version and not row.get("problem")),
        synced_at=_moment(row.get("synced_at")),
        tried_at=_moment(row.get("tried_at")),
        attempts=int(row.get("attempts", 0)),
        due_at=_moment(row["due_at"]) if row.get("attempts") else None,
        problem=row.get("problem"),
    )


def succeeded(tx: Tx, station: ChargingStation, token_changes: int) -> None:
    """Note that a list holds what the id tokens were after so many changes."""
    _put(tx, station, token_changes=token_changes, synced_at=tx.at)
    alerts.clear(tx, station.tenant_id, _key(station))


def failed(
    tx: Tx, station: ChargingStation, problem: str, *, for_good: bool = False, fits_not: bool = False
) -> None:
    """Note why a list could not be brought in step, and when to try again: later each time.

    `for_good`: only when the id tokens change again, for the station cannot. An alert tells of a list that does not
    fit (`fits_not`), and of one that stays behind.
    """
    row = store.state(tx.db, station.id) or {}
    if for_good:
        if fits_not:
            _alert(tx, station, problem)
        _put(tx, station, token_changes=store.token_changes(tx.db, station.tenant_id), problem=problem)
        return
    attempts = int(row.get("attempts", 0)) + 1
    if attempts >= _ALERT_AFTER:
        _alert(tx, station, problem)
    wait = min(_AGAIN_AFTER * 2 ** min(attempts - 1, 10), _AGAIN_AFTER_MOST)
    seen, forced = int(row.get("token_changes", -1)), int(row.get("forced", 0))
    _put(
        tx, station, token_changes=seen, forced=forced, attempts=attempts, due_at=to_text(tx.now + wait),
        problem=problem,
    )  # fmt: skip


def _alert(tx: Tx, station: ChargingStation, problem: str) -> None:
    """Tell that a list stays behind: drivers may be refused, or let charge who should not."""
    alerts.raise_alert(
        tx,
        tenant_id=station.tenant_id,
        station_id=station.station_id,
        severity=AlertSeverity.LOW,
        category=AlertCategory.SYSTEM_ERROR,
        key=_key(station),
        text=f"the local list of {station.station_id} is out of step with the id tokens: {problem}",
    )


def _key(station: ChargingStation) -> str:
    return f"local-list/{station.station_id}"


def forget(tx: Tx, station: StationRef, uid: str | None) -> None:
    """Take a customer off a station's list whose data it has deleted (N10.FR.02).

    The id token stays off this list until somebody changes it; without one the list is only compared anew.
    """
    version, _ = abilities.list_contents(tx.db, station.key)
    if not version and not stations.list_version(tx.db, station.key):
        return
    if uid is not None:
        store.exclude(tx.db, station.key, [fold(uid)], tx.at)
    store.force(tx.db, station.key, tx.at)


def set_following(tx: Tx, caller: Caller, *, tenant: str, follows: bool) -> Tenant:
    """Let the lists of all a tenant's stations follow its id tokens, or not; a station's quirk overrules it."""
    found = tenants.resolve(tx, caller, tenant)
    store.follow(tx.db, found.id, follows, tx.at)
    tx.audit(caller, found.id, "tenant.local-lists", found.name, {"follows": follows})
    return tenants.resolve(tx, caller, found.id)


def _put(tx: Tx, station: ChargingStation, **values: Any) -> None:
    usual = {"forced": 0, "attempts": 0, "due_at": tx.at, "synced_at": None, "problem": None}
    store.put_state(tx.db, usual | {"station_key": station.id, "tried_at": tx.at} | values)


def _moment(text: str | None) -> datetime | None:
    return from_text(text) if text else None

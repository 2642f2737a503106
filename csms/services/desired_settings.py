"""Settings as operators want them, for a tenant, a model or a station: compared after boot, sent where they differ.

What came of each is kept by station. What a station refuses, does not know, or lets nobody write is given up until the
value, the firmware or an operator's mind changes; what it takes and does not keep is sent a few times at most.
"""

from typing import Any, Final

from csms.errors import (
    FarEndFailed,
    InvalidInput,
    NotFound,
    StationOffline,
    StationRefused,
    StationTimeout,
)
from csms.log import is_secret
from csms.model import desired_setting, variable, well_known_setting
from csms.model import station_command as ask
from csms.model.command import CallStatus
from csms.model.desired_setting import GIVEN_UP, DesiredSetting, OutcomeAtStation, Scope, SettingOutcome
from csms.model.station import ChargingStation
from csms.services import setting_calls, station_jobs, stations, tenants
from csms.services.access import Caller
from csms.services.errand import Errand
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import desired_settings as store
from csms.store import stations as station_store

MOST_ATTEMPTS: Final = 3
_LONGEST_NAME: Final = 220
_LONGEST_KEY: Final = 50
_LONGEST_VALUE: Final = 2500
_NO_ANSWER: Final[dict[CallStatus, type[FarEndFailed]]] = {
    CallStatus.OFFLINE: StationOffline,
    CallStatus.TIMEOUT: StationTimeout,
    CallStatus.ERROR: StationRefused,
}
_OPEN: Final = frozenset({SettingOutcome.WAITING, SettingOutcome.DIFFERS})


def want(
    tx: Tx,
    caller: Caller,
    *,
    name: str,
    value: str,
    station: str | None = None,
    model: str | None = None,
    tenant: str | None = None,
) -> DesiredSetting:
    """Desire a setting of one station, of a model, or of all stations of the tenant; it is compared at once."""
    _check(name, value)
    tenant_id, scope, subject = _scope(tx, caller, station, model, tenant)
    wanted = DesiredSetting(tenant_id, scope, subject, name.strip(), value, tx.now, caller.name)
    store.put(tx.db, wanted)
    detail = {"name": wanted.name, "value": value, "scope": scope, "subject": subject}
    tx.audit(caller, tenant_id, "settings.want", wanted.name, detail)
    station_jobs.wanted(tx, wanted)
    return wanted


def unwant(
    tx: Tx,
    caller: Caller,
    *,
    name: str,
    station: str | None = None,
    model: str | None = None,
    tenant: str | None = None,
) -> dict[str, Any]:
    """Desire a setting no more; stations keep what they hold."""
    tenant_id, scope, subject = _scope(tx, caller, station, model, tenant)
    if not store.remove(tx.db, tenant_id, scope, subject, name.strip()):
        raise NotFound(f"{name} is not desired there: csms station desired list shows what is")
    tx.audit(caller, tenant_id, "settings.unwant", name, {"scope": scope, "subject": subject})
    return {"name": name, "scope": scope.value, "subject": subject}


def list_desired(
    tx: Tx, caller: Caller, *, station: str | None = None, tenant: str | None = None
) -> list[dict[str, Any]]:
    """Return what is desired; of a station, what counts for it under the names of its OCPP version."""
    if station is None:
        return [_view(setting) for setting in store.select(tx.db, tenants.scope(tx, caller, tenant))]
    found = stations.find(tx, caller, station, tenant)
    wanted = resolved(tx, found, found.ocpp_version or "1.6")
    return [_view(setting) | {"name": name} for name, setting in sorted(wanted.items())]


async def apply(
    house: House, caller: Caller, *, station: str, tenant: str | None = None
) -> list[OutcomeAtStation]:
    """Compare and send now, also to a quiet station and what was given up before; returns what came of it."""
    target = await house.unit.read(lambda tx: stations.find(tx, caller, station, tenant))
    await house.unit.run(lambda tx: store.forget(tx.db, target.id))
    await bring_in_step(Errand(house, caller, target, "desired settings"), must_answer=True)
    return list((await house.unit.read(lambda tx: store.outcomes(tx.db, target.id))).values())


async def bring_in_step(errand: Errand, *, must_answer: bool = False) -> bool:
    """Read what is desired of a station, send what differs, read it again; returns whether nothing is left to try.

    With `must_answer` a station that is offline, silent or erring raises its error.
    """
    unit = errand.house.unit
    version = errand.version
    names = await unit.run(lambda tx: _begin(tx, errand.station, version))
    if not names:
        return True
    await setting_calls.learn_limits(errand)
    asked = await setting_calls.read(errand, names)
    if asked.status is not CallStatus.ANSWERED:  # what cannot be read is not written blindly
        if must_answer:
            raise _NO_ANSWER[asked.status](asked.error or "no answer")
        return False
    to_send = await unit.run(lambda tx: _differing(tx, errand.station))
    if to_send:
        await setting_calls.write(errand, to_send)
        sent = await unit.read(lambda tx: _sent(tx, errand.station))
        if sent:
            await setting_calls.read(errand, sent)
    return await unit.read(lambda tx: not _may_be_sent(tx, errand.station))


def resolved(tx: Tx, station: ChargingStation, version: str) -> dict[str, DesiredSetting]:
    """Return what is desired of a station, by the names of its OCPP version."""
    return desired_setting.resolve(store.select(tx.db, station.tenant_id), station, version)


def _begin(tx: Tx, station: ChargingStation, version: str) -> list[str]:
    """Bring the outcomes of a station in line with what is desired of it; return the names to read."""
    wanted, before = resolved(tx, station, version), store.outcomes(tx.db, station.id)
    for name, setting in wanted.items():
        held = before.pop(name.casefold(), None)
        if held is None or held.value != setting.value:
            store.begin(tx.db, station.id, name, setting.value, tx.at)
    for held in before.values():
        store.forget(tx.db, station.id, held.name)
    given_up = {folded for folded, o in store.outcomes(tx.db, station.id).items() if o.outcome in GIVEN_UP}
    return [name for name in wanted if name.casefold() not in given_up]


def _differing(tx: Tx, station: ChargingStation) -> list[ask.SetSetting]:
    """Return what is to be sent, each counted as an attempt; what nobody may write is given up."""
    readonly = {
        row["name"].casefold() for row in station_store.settings(tx.db, station.id) if row["readonly"]
    }
    to_send = []
    for outcome in _may_be_sent(tx, station):
        if outcome.name.casefold() in readonly:
            store.settle(tx.db, station.id, outcome.name, SettingOutcome.READ_ONLY, tx.at)
        else:
            to_send.append(ask.SetSetting(outcome.name, outcome.value))
    store.count_attempts(tx.db, station.id, [setting.name for setting in to_send])
    return to_send


def _may_be_sent(tx: Tx, station: ChargingStation) -> list[OutcomeAtStation]:
    outcomes = store.outcomes(tx.db, station.id).values()
    return [o for o in outcomes if o.outcome in _OPEN and o.attempts < MOST_ATTEMPTS]


def _sent(tx: Tx, station: ChargingStation) -> list[str]:
    return [o.name for o in store.outcomes(tx.db, station.id).values() if o.outcome is SettingOutcome.SENT]


def _scope(
    tx: Tx, caller: Caller, station: str | None, model: str | None, tenant: str | None
) -> tuple[str, Scope, str]:
    if model is not None and not model.strip():
        raise InvalidInput("name the model, as csms station list shows it")
    if station is not None and model is not None:
        raise InvalidInput("a setting is desired of a station or of a model, not of both at once")
    if station is not None:
        found = stations.find(tx, caller, station, tenant)
        return found.tenant_id, Scope.STATION, found.station_id
    owner = tenants.resolve(tx, caller, tenant)
    return owner.id, Scope.TENANT if model is None else Scope.MODEL, (model or "").strip()


def _check(name: str, value: str) -> None:
    found = variable.parse(name) if well_known_setting.is_variable(name) else None
    if is_secret(found.variable if found else name.strip()):
        raise InvalidInput(
            f"{name} is a secret: csms station command ID config set {name} gives it to one station"
        )
    if name.strip().casefold() in ("securityprofile", "securityctrlr.securityprofile"):
        raise InvalidInput("a security profile is raised one station at a time: csms station secure --help")
    if well_known_setting.is_read_only(name.strip()):
        raise InvalidInput(f"{name} is told by stations, nobody sets it")
    longest = _LONGEST_NAME if found else _LONGEST_KEY
    misspelt = found is None and well_known_setting.is_variable(name)
    if not name.strip() or misspelt or len(name) > longest or not name.isprintable():
        raise InvalidInput(
            f"not a setting: {name[:60]!r}; like HeartbeatInterval or OCPPCommCtrlr.HeartbeatInterval"
        )
    if len(value) > _LONGEST_VALUE or "\x00" in value:
        raise InvalidInput(f"a value has at most {_LONGEST_VALUE} characters")


def _view(setting: DesiredSetting) -> dict[str, Any]:
    return {
        "name": setting.name,
        "value": setting.value,
        "scope": setting.scope.value,
        "subject": setting.subject or None,
        "updatedAt": setting.updated_at,
        "updatedBy": setting.updated_by,
    }

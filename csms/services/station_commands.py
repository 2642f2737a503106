"""The friendly commands to stations: one verb for every surface, the same words for every OCPP version.

Accepted is not the end of most commands: with `wait_s` the verb waits for what really came of it. One literal table
of what operators may order; what the station is sent for it is its protocol edge's matter (services.ports).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import msgspec
import trio

from csms.bus import SlowReader
from csms.clock import to_text
from csms.errors import InvalidInput, NotFound
from csms.model import security_command as safety
from csms.model import station_command as ask
from csms.model.command import CallStatus, Command, Outcome
from csms.model.device_command import ClearMonitors, SetMonitoringBase, SetMonitoringLevel, SetMonitors
from csms.model.display_message import ClearDisplayMessage
from csms.model.station import ChargingStation
from csms.services import (
    certificate_orders,
    customer_information,
    display_messages,
    firmware,
    local_lists,
    log_uploads,
    monitor_orders,
    network_profiles,
    profile_orders,
    setting_calls,
    station_orders,
    stations,
    tenants,
)
from csms.services.access import Caller
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.house import House
from csms.services.station_orders import Occasion
from csms.services.unit import Tx
from csms.store import commands as command_store
from csms.store import stations as station_store
from csms.store import transactions

Prepare = Callable[[Occasion, Any], ask.StationCommand]
Work = Callable[[Errand, Any], Awaitable[tuple[CallResult, dict[str, Any]]]]
Finish = Callable[[Tx, Caller, ChargingStation, Command | None], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: what the operator says, and either the rule that makes it a command or the work of several CALLs.

    `finish` tells what is to be told once the outcome is known, or the operator waits no more.
    """

    order: type
    prepare: Prepare | None = None
    work: Work | None = None
    finish: Finish | None = None


@dataclass(frozen=True, slots=True)
class Commanded:
    """How a command ended: the exchange, what followed it, and what the verb itself has to tell in `detail`."""

    station_id: str
    verb: str
    action: str
    status: CallStatus
    outcome: Outcome
    response: dict[str, Any] | None
    error: str | None
    command_id: str
    followed_by: str | None
    detail: dict[str, Any]


async def command(
    house: House,
    caller: Caller,
    *,
    verb: str,
    station: str | None = None,
    args: dict[str, Any] | None = None,
    tenant: str | None = None,
    force: bool = False,
    wait_s: float | None = None,
    timeout_s: float | None = None,
) -> Commanded:
    """Order something of a station and return how it ended, after `wait_s` at most where more than an answer counts.

    Only `stop` may leave the station to be found by its transaction. Raises Unsupported where the station cannot.
    """
    operation = OPERATIONS.get(verb)
    if operation is None:
        raise InvalidInput(f"no command {verb[:50]!r}; there are {', '.join(OPERATIONS)}")
    order = _read(operation.order, args or {})
    target = await house.unit.read(lambda tx: _target(tx, caller, station, tenant, order))
    errand = Errand(house, caller, target, verb, timeout_s)
    if operation.work is not None:
        result, detail = await operation.work(errand, order)
    else:
        result, detail = await _simply(errand, operation, order, force)
    kept = await _wait(house, result, wait_s)
    if operation.finish is not None:
        finish = operation.finish
        detail |= await house.unit.run(lambda tx: finish(tx, caller, target, kept))
    return Commanded(
        target.station_id,
        verb,
        result.action,
        result.status,
        kept.outcome if kept else result.outcome,
        result.response,
        result.error,
        result.command_id,
        kept.followed_by if kept else None,
        detail | await house.unit.read(lambda tx: _begun(tx, target, result)),
    )


async def _simply(
    errand: Errand, operation: Operation, order: Any, force: bool
) -> tuple[CallResult, dict[str, Any]]:
    """Do what takes one CALL."""
    said: ask.StationCommand = order
    if operation.prepare is not None:
        prepare = operation.prepare
        said = await errand.house.unit.run(lambda tx: prepare(Occasion(tx, errand.station, force), order))
    numbers = {}
    if isinstance(said, ask.ReserveNow):
        numbers = {"reservationId": said.id}
    return await errand.carry_out(said), numbers


async def _get_settings(errand: Errand, order: ask.GetSettings) -> tuple[CallResult, dict[str, Any]]:
    """Read settings in parts as large as the station takes; `detail` holds what it told, and what it does not know."""
    begun_at = errand.house.unit.clock.now()
    names = tuple([setting_calls.meant(errand, name) for name in order.names])
    result = await setting_calls.read(errand, names)
    return result, await errand.house.unit.read(lambda tx: _told(tx, errand.station.id, names, begun_at))


async def _set_settings(errand: Errand, order: station_orders.Settings) -> tuple[CallResult, dict[str, Any]]:
    """Write settings and read them again: some stations accept a value and keep another."""
    wanted = [
        ask.SetSetting(setting_calls.meant(errand, setting.name), setting.value)
        for setting in station_orders.settings(order)
    ]
    result = await setting_calls.write(errand, wanted)
    if result.status is not CallStatus.ANSWERED or (result.outcome is not Outcome.DONE and len(wanted) == 1):
        return result, {}
    _, detail = await _get_settings(errand, ask.GetSettings(tuple([setting.name for setting in wanted])))
    return result, detail


def _told(tx: Tx, station_key: str, names: tuple[str, ...], since: datetime) -> dict[str, Any]:
    """Return the settings that a station has reported since a moment, and which of `names` it has not."""
    wanted = {name.casefold() for name in names}
    found = [
        {"name": row["name"], "value": row["value"], "readonly": bool(row["readonly"])}
        for row in station_store.settings(tx.db, station_key)
        if row["reported_at"] >= to_text(since) and (not wanted or row["name"].casefold() in wanted)
    ]
    known = {entry["name"].casefold() for entry in found}
    return {"settings": found, "unknown": [name for name in names if name.casefold() not in known]}


def _target(tx: Tx, caller: Caller, station: str | None, tenant: str | None, order: Any) -> ChargingStation:
    """Return the station that is meant: by its id, or by the transaction to be stopped there."""
    if station is not None:
        return stations.find(tx, caller, station, tenant)
    if not isinstance(order, station_orders.Stop):
        raise InvalidInput("name the station")
    found = transactions.get(tx.db, tenants.scope(tx, caller, tenant), order.transaction)
    at = None if found is None else station_store.by_key(tx.db, found.station_key)
    if at is None:
        raise NotFound(f"no transaction {order.transaction}")
    return at


async def _wait(house: House, result: CallResult, wait_s: float | None) -> Command | None:
    """Return the command's record once its outcome is known, or as it is after `wait_s`."""
    unit = house.unit

    async def current() -> Command | None:
        return await unit.read(lambda tx: command_store.get(tx.db, result.command_id))

    if wait_s and result.outcome is Outcome.PENDING:
        with trio.move_on_after(wait_s):
            while True:
                async with unit.bus.subscribe(limit=10_000) as events:
                    kept = await current()
                    if kept is None or kept.outcome is not Outcome.PENDING:
                        break
                    try:
                        async for event in events:
                            if (
                                event.subject == result.command_id
                                and event.body["outcome"] != Outcome.PENDING
                            ):
                                break
                    except SlowReader:
                        continue
    return await current()


def _begun(tx: Tx, station: ChargingStation, result: CallResult) -> dict[str, Any]:
    """Return the transaction that a remote start has brought by now."""
    row = command_store.begun_transaction(tx.db, station.id, result.command_id)
    return {"transactionId": row["ocpp_id"]} if row else {}


def _read(order: type, args: dict[str, Any]) -> Any:
    """Convert JSON arguments to an order; InvalidInput names the one that does not fit."""
    names = {field.name for field in fields(order)}
    unknown = set(args) - names
    if unknown:
        raise InvalidInput(
            f"unknown argument {', '.join(sorted(unknown))}; there are {', '.join(sorted(names))}"
        )
    try:
        return msgspec.convert({k: v for k, v in args.items() if v is not None}, order, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error).replace(" - at `$.", " (").replace("`", ")")) from None


OPERATIONS: Final[dict[str, Operation]] = {
    "reset": Operation(ask.Reset),
    "unlock": Operation(ask.UnlockConnector),
    "start": Operation(station_orders.Start, station_orders.start),
    "stop": Operation(station_orders.Stop, station_orders.stop),
    "availability": Operation(ask.ChangeAvailability),
    "trigger": Operation(ask.TriggerMessage),
    "config.get": Operation(ask.GetSettings, work=_get_settings),
    "config.set": Operation(station_orders.Settings, work=_set_settings),
    "limit": Operation(station_orders.Limit, station_orders.limit),
    "limit.clear": Operation(ask.ClearLimit),
    "profile.set": Operation(profile_orders.SetProfile, work=profile_orders.set_profile),
    "profile.clear": Operation(profile_orders.ClearProfiles, work=profile_orders.clear_profiles),
    "profile.list": Operation(
        profile_orders.ListProfiles, work=profile_orders.list_profiles, finish=profile_orders.listed
    ),
    "schedule": Operation(ask.GetCompositeSchedule),
    "firmware": Operation(firmware.Update, work=firmware.update),
    "firmware.publish": Operation(firmware.Publish, work=firmware.publish),
    "firmware.unpublish": Operation(firmware.Unpublish, work=firmware.unpublish),
    "log": Operation(log_uploads.Upload, work=log_uploads.upload),
    "reserve": Operation(station_orders.Reserve, station_orders.reserve),
    "cancel": Operation(ask.CancelReservation),
    "local-list.sync": Operation(local_lists.Sync, work=local_lists.sync),
    "local-list.version": Operation(ask.GetLocalListVersion),
    "cache.clear": Operation(ask.ClearCache),
    "data": Operation(ask.DataTransfer),
    "display.set": Operation(display_messages.Show, work=display_messages.show),
    "display.list": Operation(
        display_messages.ListMessages, work=display_messages.list_messages, finish=display_messages.told
    ),
    "display.clear": Operation(ClearDisplayMessage, work=display_messages.clear),
    "customer": Operation(
        customer_information.Ask, work=customer_information.ask, finish=customer_information.told
    ),
    "report": Operation(station_orders.Report, station_orders.report),
    "monitor.set": Operation(SetMonitors, work=monitor_orders.set_monitors),
    "monitor.clear": Operation(ClearMonitors, work=monitor_orders.clear_monitors),
    "monitor.base": Operation(SetMonitoringBase),
    "monitor.level": Operation(SetMonitoringLevel),
    "monitor.report": Operation(monitor_orders.MonitoringReport, monitor_orders.report),
    "network-profile": Operation(safety.SetNetworkProfile, network_profiles.checked),
    "certificate.list": Operation(
        certificate_orders.ListCertificates, work=certificate_orders.list_certificates
    ),
    "certificate.install": Operation(certificate_orders.Install, work=certificate_orders.install),
    "certificate.delete": Operation(certificate_orders.Delete, work=certificate_orders.delete),
    "certificate.renew": Operation(certificate_orders.Renew, work=certificate_orders.renew),
    "password": Operation(certificate_orders.NewPassword, work=certificate_orders.new_password),
}

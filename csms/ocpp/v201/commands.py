"""OCPP 2.0.1: every command of ours as an action and its payload (Part 2 §1).

One literal table, as for the other versions; here every command has one message that does it.
"""

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from csms.clock import to_wire
from csms.errors import InvalidInput, Unsupported
from csms.model import security_command as safety
from csms.model import station_command as ask
from csms.model.customer_request import CustomerInformation
from csms.model.device_command import (
    ClearMonitors,
    GetMonitoringReport,
    GetReport,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetMonitors,
)
from csms.model.display_message import ClearDisplayMessage, GetDisplayMessages, SetDisplayMessage
from csms.model.driver_text import UpdateCost
from csms.model.file_command import LogKind, PublishFirmware, UnpublishFirmware, UpdateFirmware, UploadLog
from csms.model.station_command import Abilities, ListEntry, ResetKind, Trigger
from csms.ocpp.route import Vocabulary
from csms.ocpp.v201 import charging, display
from csms.ocpp.v201 import device_commands as dev
from csms.ocpp.v201 import security_commands as sec
from csms.ocpp.v201.abilities import LONGEST_ID_TOKEN, bounds, excluded, first_ask
from csms.ocpp.v201.translate import id_token_info

Request = tuple[str, dict[str, Any]]
Row = Callable[[Any, Abilities], Request]

LIMIT_PROFILE_IDS_FROM: Final = 900_000
"""Charging profiles of `limit` have this id plus the EVSE's, so that a new limit replaces the old (K01.FR.05)."""
START_PROFILE_IDS_TO: Final = LIMIT_PROFILE_IDS_FROM - 1
"""Charging profiles that come with a start have ids from this one down, each start another."""
VOLTS: Final = 230


def translate(command: Any, abilities: Abilities) -> Request:
    """Return action and payload for a command; Unsupported names what speaks against it."""
    row = COMMANDS.get(type(command))
    if row is None:
        raise Unsupported(f"OCPP 2.0.1 has no {type(command).__name__}")
    action, payload = row(command, abilities)
    reason = excluded(action, abilities)
    if reason is not None:
        raise Unsupported(f"{reason} (csms station call sends an action all the same)")
    return action, payload


def _reset(command: ask.Reset, _: Abilities) -> Request:
    kind = {"type": "Immediate" if command.kind is ResetKind.HARD else "OnIdle"}
    return "Reset", kind | ({"evseId": command.evse_id} if command.evse_id else {})


def _unlock(command: ask.UnlockConnector, _: Abilities) -> Request:
    return "UnlockConnector", {"evseId": _evse(command.evse_id), "connectorId": command.connector_id}


def _start(command: ask.StartTransaction, abilities: Abilities) -> Request:
    payload: dict[str, Any] = {
        "idToken": _id_token(command.id_token, command.id_token_type),
        "remoteStartId": command.number,
    }
    if command.evse_id is not None:
        payload["evseId"] = _evse(command.evse_id)
    if command.limit_a is not None:
        payload["chargingProfile"] = {
            "id": _start_profile_id(command),
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": [_schedule(_start_profile_id(command), command.limit_a, None, abilities)],
        }
    return "RequestStartTransaction", payload


def _start_profile_id(command: ask.StartTransaction) -> int:
    """Return an id that the profile of another charge at the station does not have, for that would be replaced."""
    return START_PROFILE_IDS_TO - command.number % 50_000


def _stop(command: ask.StopTransaction, _: Abilities) -> Request:
    return "RequestStopTransaction", {"transactionId": command.ocpp_id}


def _availability(command: ask.ChangeAvailability, _: Abilities) -> Request:
    wanted = {"operationalStatus": "Operative" if command.available else "Inoperative"}
    return "ChangeAvailability", wanted | _place(command.evse_id, command.connector_id)


def _trigger(command: ask.TriggerMessage, _: Abilities) -> Request:
    """TriggerMessage; a status is a connector's, which has to be named (F06.FR.13)."""
    payload: dict[str, Any] = {"requestedMessage": command.message.value}
    connector_id = command.connector_id
    if command.message is Trigger.STATUS:
        if not command.evse_id:
            raise InvalidInput("name the EVSE: in OCPP 2.0.1 a status is that of a connector")
        connector_id = connector_id or 1
    return "TriggerMessage", payload | _place(command.evse_id, connector_id)


def _limit(command: ask.LimitCurrent, abilities: Abilities) -> Request:
    """ChargingStationMaxProfile bounds the station, TxDefaultProfile every charge on an EVSE (K01)."""
    number = command.profile_id or LIMIT_PROFILE_IDS_FROM + command.evse_id
    schedule = _schedule(number, command.amps, command.phases, abilities)
    if command.duration_s is not None:
        schedule["duration"] = command.duration_s
    kind = "Relative"
    if command.evse_id == 0 or command.duration_s is not None:
        kind, schedule["startSchedule"] = "Absolute", to_wire(command.since)
    profile = {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": _purpose(command.evse_id),
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
    }
    return "SetChargingProfile", {"evseId": command.evse_id, "chargingProfile": profile}


def _clear_limit(command: ask.ClearLimit, _: Abilities) -> Request:
    criteria = {
        "evseId": command.evse_id,
        "chargingProfilePurpose": _purpose(command.evse_id),
        "stackLevel": 0,
    }
    return "ClearChargingProfile", {"chargingProfileCriteria": criteria}


def _firmware(command: UpdateFirmware, _: Abilities) -> Request:
    """UpdateFirmware; with a signature the certificate goes along (L01.FR.11)."""
    firmware = _present(
        {
            "location": command.url,
            "retrieveDateTime": to_wire(command.retrieve_at),
            "installDateTime": None if command.install_at is None else to_wire(command.install_at),
            "signingCertificate": command.signing_certificate,
            "signature": command.signature,
        }
    )
    payload: dict[str, Any] = {"requestId": command.number, "firmware": firmware}
    return "UpdateFirmware", payload | _retries(command)


def _publish(command: PublishFirmware, _: Abilities) -> Request:
    payload = {"location": command.url, "checksum": command.checksum, "requestId": command.number}
    return "PublishFirmware", payload | _retries(command)


def _unpublish(command: UnpublishFirmware, _: Abilities) -> Request:
    return "UnpublishFirmware", {"checksum": command.checksum}


def _log(command: UploadLog, _: Abilities) -> Request:
    log = {
        "remoteLocation": command.url,
        "oldestTimestamp": None if command.oldest_at is None else to_wire(command.oldest_at),
        "latestTimestamp": None if command.latest_at is None else to_wire(command.latest_at),
    }
    payload = {
        "logType": "SecurityLog" if command.kind is LogKind.SECURITY else "DiagnosticsLog",
        "requestId": command.request_id,
        "log": _present(log),
    }
    return "GetLog", payload | _retries(command)


def _reserve(command: ask.ReserveNow, _: Abilities) -> Request:
    payload = {
        "id": command.id,
        "expiryDateTime": to_wire(command.expires_at),
        "idToken": _id_token(command.id_token, command.id_token_type),
        "connectorType": command.connector_type,
        "evseId": command.evse_id or None,
        "groupIdToken": _id_token(command.group_id, "Central") if command.group_id else None,
    }
    return "ReserveNow", _present(payload)


def _cancel_reservation(command: ask.CancelReservation, _: Abilities) -> Request:
    return "CancelReservation", {"reservationId": command.id}


def _local_list(command: ask.SendLocalList, _: Abilities) -> Request:
    payload: dict[str, Any] = {"versionNumber": command.version, "updateType": command.update.value}
    if command.entries:
        payload["localAuthorizationList"] = [_entry(entry) for entry in command.entries]
    return "SendLocalList", payload


def _entry(entry: ListEntry) -> dict[str, Any]:
    """AuthorizationData (§2.6): without idTokenInfo the token is taken off the list."""
    token = {"idToken": _id_token(entry.id_token, entry.id_token_type)}
    return token | (
        {} if entry.authorization is None else {"idTokenInfo": id_token_info(entry.authorization)}
    )


def _list_version(_: ask.GetLocalListVersion, __: Abilities) -> Request:
    return "GetLocalListVersion", {}


def _clear_cache(_: ask.ClearCache, __: Abilities) -> Request:
    return "ClearCache", {}


def _cost(command: UpdateCost, _: Abilities) -> Request:
    payload = {"totalCost": float(command.total_cost), "transactionId": command.ocpp_id}
    return "CostUpdated", payload


def _data_transfer(command: ask.DataTransfer, _: Abilities) -> Request:
    payload = {"vendorId": command.vendor_id, "messageId": command.message_id, "data": command.data}
    return "DataTransfer", _present(payload)


def _schedule(number: int, amps: Decimal, phases: int | None, abilities: Abilities) -> dict[str, Any]:
    """ChargingScheduleType (§2.12) of one period in A; in W for a station that knows only power."""
    units = abilities.setting("SmartChargingCtrlr.RateUnit")
    only_power = bool(units) and "A" not in {unit.strip().upper() for unit in str(units).split(",")}
    limit = amps * VOLTS * (phases or 3) if only_power else amps
    period: dict[str, Any] = {"startPeriod": 0, "limit": float(limit.quantize(Decimal("0.1"), ROUND_DOWN))}
    if phases is not None:
        period["numberPhases"] = phases
    rate_unit = "W" if only_power else "A"
    return {"id": number, "chargingRateUnit": rate_unit, "chargingSchedulePeriod": [period]}


def _purpose(evse_id: int) -> str:
    return "TxDefaultProfile" if evse_id else "ChargingStationMaxProfile"


def _place(evse_id: int | None, connector_id: int | None) -> dict[str, Any]:
    """Return the EVSEType of a place, nothing for the whole station."""
    if not evse_id:
        return {}
    return {"evse": {"id": evse_id} | ({"connectorId": connector_id} if connector_id else {})}


def _evse(evse_id: int) -> int:
    if evse_id < 1:
        raise InvalidInput("EVSEs are numbered from 1")
    return evse_id


def _id_token(uid: str, type_: str) -> dict[str, str]:
    if len(uid) > LONGEST_ID_TOKEN:
        raise InvalidInput(f"OCPP 2.0.1 id tokens have at most {LONGEST_ID_TOKEN} characters: {uid}")
    return {"idToken": uid, "type": type_}


def _retries(command: UpdateFirmware | PublishFirmware | UploadLog) -> dict[str, Any]:
    return _present({"retries": command.retries, "retryInterval": command.retry_interval_s})


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not given: optional fields are absent, never null (Part 4 §4.1.4)."""
    return {name: value for name, value in fields.items() if value is not None}


COMMANDS: Final[dict[type[Any], Row]] = {
    ask.CancelReservation: _cancel_reservation,
    safety.CertificateSigned: sec.certificate_signed,
    ask.ChangeAvailability: _availability,
    ask.ClearCache: _clear_cache,
    ask.ClearLimit: _clear_limit,
    ClearDisplayMessage: display.clear_message,
    CustomerInformation: display.customer,
    ask.DataTransfer: _data_transfer,
    safety.DeleteCertificate: sec.delete_certificate,
    ask.ClearChargingProfiles: charging.clear_profiles,
    ask.GetChargingProfiles: charging.get_profiles,
    ask.GetCompositeSchedule: charging.composite_schedule,
    GetDisplayMessages: display.get_messages,
    safety.GetInstalledCertificates: sec.installed_certificates,
    ask.GetLocalListVersion: _list_version,
    GetReport: dev.report,
    ask.GetSettings: dev.get_settings,
    safety.InstallCertificate: sec.install_certificate,
    ask.LimitCurrent: _limit,
    ask.ReserveNow: _reserve,
    ask.Reset: _reset,
    ask.SendLocalList: _local_list,
    ask.SetChargingProfile: charging.set_profile,
    safety.GetNetworkPriority: sec.network_priority_asked,
    safety.SetNetworkPriority: sec.network_priority,
    safety.SetNetworkProfile: sec.network_profile,
    safety.SetOrganization: sec.organization,
    safety.SetPassword: sec.password,
    ask.SetSetting: dev.set_setting,
    ask.SetSettings: dev.set_settings,
    ClearMonitors: dev.clear_monitors,
    GetMonitoringReport: dev.monitoring_report,
    SetMonitoringBase: dev.monitoring_base,
    SetMonitoringLevel: dev.monitoring_level,
    SetMonitors: dev.set_monitors,
    SetDisplayMessage: display.set_message,
    ask.StartTransaction: _start,
    ask.StopTransaction: _stop,
    ask.TriggerMessage: _trigger,
    ask.UnlockConnector: _unlock,
    UpdateCost: _cost,
    PublishFirmware: _publish,
    UnpublishFirmware: _unpublish,
    UpdateFirmware: _firmware,
    UploadLog: _log,
}

VOCABULARY: Final = Vocabulary(translate, bounds, first_ask)

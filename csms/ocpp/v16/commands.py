"""OCPP 1.6: every command of ours as an action and its payload (OCPP 1.6 §5; security whitepaper §4).

One literal table. A row gives the messages that would do, best first; `translate` takes the first that the station's
feature profiles and earlier answers do not exclude.
"""

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from csms.clock import to_wire
from csms.errors import InvalidInput, Unsupported
from csms.model import security_command as safety
from csms.model import station_command as ask
from csms.model.customer_request import CustomerInformation
from csms.model.device_command import GetReport
from csms.model.display_message import ClearDisplayMessage, GetDisplayMessages, SetDisplayMessage
from csms.model.driver_text import UpdateCost
from csms.model.file_command import LogKind, PublishFirmware, UnpublishFirmware, UpdateFirmware, UploadLog
from csms.model.id_token import Authorization
from csms.model.station_command import Abilities, ResetKind, Trigger
from csms.ocpp.route import Vocabulary
from csms.ocpp.v16 import charging
from csms.ocpp.v16 import security_commands as sec
from csms.ocpp.v16.abilities import LONGEST_ID_TAG, bounds, excluded, first_ask, has_whitepaper
from csms.ocpp.v16.translate import id_tag_info

Request = tuple[str, dict[str, Any]]
Row = Callable[[Any, Abilities], list[Request]]

LIMIT_PROFILE_IDS_FROM: Final = 900_000
"""Charging profiles of `limit` have this id plus the connector's, so that a new limit replaces the old (§3.13.2)."""
START_PROFILE_IDS_TO: Final = LIMIT_PROFILE_IDS_FROM - 1
"""Charging profiles that come with a start have ids from this one down, each start another."""
VOLTS: Final = 230
_NO_PUBLISHING: Final = "OCPP 1.6 stations give firmware to no others"
_NO_DISPLAY: Final = (
    "OCPP 1.6 has no messages for displays (csms station command ID data sends a vendor's own)"
)
_NO_TRIGGERS: Final = frozenset({Trigger.TRANSACTION, Trigger.PUBLISH_FIRMWARE_STATUS})
_TRIGGERS: Final = {Trigger.SIGN_CERTIFICATE: "SignChargePointCertificate"}


def translate(command: Any, abilities: Abilities) -> Request:
    """Return action and payload for a command; Unsupported names what speaks against every way to do it."""
    row = COMMANDS.get(type(command))
    if row is None:
        raise Unsupported(_MISSING.get(type(command), f"OCPP 1.6 has no {type(command).__name__}"))
    reasons = []
    for action, payload in row(command, abilities):
        reason = excluded(action, abilities)
        if reason is None:
            return action, payload
        reasons.append(reason)
    raise Unsupported(f"{'; '.join(reasons)} (csms station call sends an action all the same)")


def _reset(command: ask.Reset, _: Abilities) -> list[Request]:
    if command.evse_id:
        raise Unsupported("OCPP 1.6 resets the whole station, not one EVSE")
    return [("Reset", {"type": "Hard" if command.kind is ResetKind.HARD else "Soft"})]


def _unlock(command: ask.UnlockConnector, _: Abilities) -> list[Request]:
    _only_connector(command.connector_id)
    return [("UnlockConnector", {"connectorId": _connector(command.evse_id)})]


def _start(command: ask.StartTransaction, abilities: Abilities) -> list[Request]:
    payload: dict[str, Any] = {"idTag": _id_tag(command.id_token)}
    if command.evse_id is not None:
        payload["connectorId"] = _connector(command.evse_id)
    if command.limit_a is not None:
        schedule = _schedule(command.limit_a, None, abilities)
        payload["chargingProfile"] = {
            "chargingProfileId": _start_profile_id(command),
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": schedule,
        }
    return [("RemoteStartTransaction", payload)]


def _start_profile_id(command: ask.StartTransaction) -> int:
    """Return an id that the profile of another charge at the station does not have, for that would be replaced."""
    return START_PROFILE_IDS_TO - command.number % 50_000


def _stop(command: ask.StopTransaction, _: Abilities) -> list[Request]:
    if not command.ocpp_id.lstrip("-").isdigit():
        raise InvalidInput(f"OCPP 1.6 transaction ids are numbers, not {command.ocpp_id[:36]!r}")
    return [("RemoteStopTransaction", {"transactionId": int(command.ocpp_id)})]


def _availability(command: ask.ChangeAvailability, _: Abilities) -> list[Request]:
    _only_connector(command.connector_id)
    wanted = "Operative" if command.available else "Inoperative"
    return [("ChangeAvailability", {"connectorId": command.evse_id, "type": wanted})]


def _trigger(command: ask.TriggerMessage, abilities: Abilities) -> list[Request]:
    """TriggerMessage (§5.17), else ExtendedTriggerMessage (whitepaper §4.4), which alone knows certificates."""
    message = command.message
    _only_connector(command.connector_id)
    if message in _NO_TRIGGERS:
        raise Unsupported(f"OCPP 1.6 has no {message.value} to trigger")
    where = {} if command.evse_id is None else {"connectorId": command.evse_id}
    extended = ("ExtendedTriggerMessage", {"requestedMessage": _TRIGGERS.get(message, message.value)} | where)
    if message is Trigger.SIGN_V2G_CERTIFICATE:
        return sec.vehicle_trigger(message.value, abilities)
    if message is Trigger.SIGN_COMBINED_CERTIFICATE:
        raise Unsupported(f"OCPP 1.6 has no {message.value}")
    if message is Trigger.SIGN_CERTIFICATE:
        return [extended]
    plain_name = "DiagnosticsStatusNotification" if message is Trigger.LOG_STATUS else message.value
    plain = ("TriggerMessage", {"requestedMessage": plain_name} | where)
    if message is Trigger.LOG_STATUS and has_whitepaper(abilities):
        return [extended, plain]
    return [plain, extended]


def _get_settings(command: ask.GetSettings, _: Abilities) -> list[Request]:
    return [("GetConfiguration", {"key": list(command.names)} if command.names else {})]


def _set_setting(command: ask.SetSetting, _: Abilities) -> list[Request]:
    return [("ChangeConfiguration", {"key": command.name, "value": command.value})]


def _set_settings(command: ask.SetSettings, abilities: Abilities) -> list[Request]:
    """ChangeConfiguration (§5.3) takes one key a message: `bounds` says so."""
    [setting] = command.settings
    return _set_setting(setting, abilities)


def _limit(command: ask.LimitCurrent, abilities: Abilities) -> list[Request]:
    """ChargePointMaxProfile bounds the station, TxDefaultProfile every charge on a connector (§3.13.1)."""
    schedule = _schedule(command.amps, command.phases, abilities)
    if command.duration_s is not None:
        schedule["duration"] = command.duration_s
    kind = "Relative"
    if command.evse_id == 0 or command.duration_s is not None:
        kind, schedule["startSchedule"] = "Absolute", to_wire(command.since)
    profile = {
        "chargingProfileId": command.profile_id or LIMIT_PROFILE_IDS_FROM + command.evse_id,
        "stackLevel": 0,
        "chargingProfilePurpose": _purpose(command.evse_id),
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    }
    return [("SetChargingProfile", {"connectorId": command.evse_id, "csChargingProfiles": profile})]


def _clear_limit(command: ask.ClearLimit, _: Abilities) -> list[Request]:
    criteria = {"chargingProfilePurpose": _purpose(command.evse_id), "stackLevel": 0}
    return [("ClearChargingProfile", {"connectorId": command.evse_id} | criteria)]


def _firmware(command: UpdateFirmware, abilities: Abilities) -> list[Request]:
    """SignedUpdateFirmware (whitepaper §4.16) for what is signed; a station without the whitepaper gets UpdateFirmware.

    One that has shown that it knows the whitepaper is never given signed firmware without the signature.
    """
    payload = {"location": command.url, "retrieveDate": to_wire(command.retrieve_at)}
    plain = ("UpdateFirmware", payload | _retries(command))
    if command.signature is None:
        return [plain]
    firmware = {
        "location": command.url,
        "retrieveDateTime": to_wire(command.retrieve_at),
        "installDateTime": None if command.install_at is None else to_wire(command.install_at),
        "signingCertificate": command.signing_certificate,
        "signature": command.signature,
    }
    signed = {"requestId": command.number, "firmware": _present(firmware)} | _retries(command)
    only_signed = has_whitepaper(abilities)
    return [("SignedUpdateFirmware", signed)] + ([] if only_signed else [plain])


def _log(command: UploadLog, abilities: Abilities) -> list[Request]:
    """GetLog (whitepaper §4.5) where the station knows the whitepaper; GetDiagnostics (§5.9) is known to more."""
    oldest = None if command.oldest_at is None else to_wire(command.oldest_at)
    latest = None if command.latest_at is None else to_wire(command.latest_at)
    security = command.kind is LogKind.SECURITY
    log = {"remoteLocation": command.url, "oldestTimestamp": oldest, "latestTimestamp": latest}
    payload = {
        "logType": "SecurityLog" if security else "DiagnosticsLog",
        "requestId": command.request_id,
        "log": _present(log),
    }
    newer = ("GetLog", payload | _retries(command))
    if security:
        return [newer]
    diagnostics = _present({"location": command.url, "startTime": oldest, "stopTime": latest})
    older = ("GetDiagnostics", diagnostics | _retries(command))
    return [newer, older] if has_whitepaper(abilities) else [older, newer]


def _reserve(command: ask.ReserveNow, abilities: Abilities) -> list[Request]:
    if command.connector_type is not None:
        raise InvalidInput("OCPP 1.6 reserves a connector by its number, not by its type")
    zero = abilities.setting("ReserveConnectorZeroSupported")
    if command.evse_id == 0 and zero is not None and zero.strip().casefold() == "false":
        raise Unsupported(
            "the station reserves a connector only by its number (ReserveConnectorZeroSupported)"
        )
    payload = {
        "connectorId": command.evse_id,
        "expiryDate": to_wire(command.expires_at),
        "idTag": _id_tag(command.id_token),
        "parentIdTag": command.group_id[:LONGEST_ID_TAG] if command.group_id else None,
        "reservationId": command.id,
    }
    return [("ReserveNow", _present(payload))]


def _cancel_reservation(command: ask.CancelReservation, _: Abilities) -> list[Request]:
    return [("CancelReservation", {"reservationId": command.id})]


def _local_list(command: ask.SendLocalList, _: Abilities) -> list[Request]:
    payload: dict[str, Any] = {"listVersion": command.version, "updateType": command.update.value}
    if command.entries:
        payload["localAuthorizationList"] = [
            _entry(entry.id_token, entry.authorization) for entry in command.entries
        ]
    return [("SendLocalList", payload)]


def _entry(id_token: str, verdict: Authorization | None) -> dict[str, Any]:
    """AuthorizationData (§7.1): without idTagInfo the tag is taken off the list."""
    return {"idTag": _id_tag(id_token)} | ({} if verdict is None else {"idTagInfo": id_tag_info(verdict)})


def _list_version(_: ask.GetLocalListVersion, __: Abilities) -> list[Request]:
    return [("GetLocalListVersion", {})]


def _clear_cache(_: ask.ClearCache, __: Abilities) -> list[Request]:
    return [("ClearCache", {})]


def _data_transfer(command: ask.DataTransfer, _: Abilities) -> list[Request]:
    payload = {"vendorId": command.vendor_id, "messageId": command.message_id, "data": command.data}
    return [("DataTransfer", _present(payload))]


def _schedule(amps: Decimal, phases: int | None, abilities: Abilities) -> dict[str, Any]:
    """ChargingSchedule (§7.13) of one period in A; in W at 230 V a phase for a station that knows only power."""
    units = abilities.setting("ChargingScheduleAllowedChargingRateUnit")
    only_power = bool(units) and "current" not in str(units).casefold()
    limit = amps * VOLTS * (phases or 3) if only_power else amps
    period: dict[str, Any] = {"startPeriod": 0, "limit": float(limit.quantize(Decimal("0.1"), ROUND_DOWN))}
    if phases is not None:
        period["numberPhases"] = phases
    return {"chargingRateUnit": "W" if only_power else "A", "chargingSchedulePeriod": [period]}


def _purpose(evse_id: int) -> str:
    return "TxDefaultProfile" if evse_id else "ChargePointMaxProfile"


def _only_connector(connector_id: int | None) -> None:
    if connector_id not in (None, 0, 1):
        raise InvalidInput("in OCPP 1.6 every connector has a number of its own: --connector 3, not 2/1")


def _connector(evse_id: int) -> int:
    if evse_id < 1:
        raise InvalidInput("OCPP 1.6 connectors are numbered from 1")
    return evse_id


def _id_tag(id_token: str) -> str:
    if len(id_token) > LONGEST_ID_TAG:
        raise InvalidInput(f"OCPP 1.6 id tags have at most {LONGEST_ID_TAG} characters: {id_token}")
    return id_token


def _retries(command: UpdateFirmware | UploadLog) -> dict[str, Any]:
    return _present({"retries": command.retries, "retryInterval": command.retry_interval_s})


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not given: optional fields are absent, never null (OCPP-J 1.6 §4.2)."""
    return {name: value for name, value in fields.items() if value is not None}


COMMANDS: Final[dict[type[Any], Row]] = {
    ask.CancelReservation: _cancel_reservation,
    safety.CertificateSigned: sec.certificate_signed,
    ask.ChangeAvailability: _availability,
    ask.ClearCache: _clear_cache,
    ask.ClearLimit: _clear_limit,
    ask.DataTransfer: _data_transfer,
    safety.DeleteCertificate: sec.delete_certificate,
    ask.ClearChargingProfiles: charging.clear_profiles,
    ask.GetCompositeSchedule: charging.composite_schedule,
    safety.GetInstalledCertificates: sec.installed_certificates,
    ask.GetLocalListVersion: _list_version,
    ask.GetSettings: _get_settings,
    safety.InstallCertificate: sec.install_certificate,
    ask.LimitCurrent: _limit,
    ask.ReserveNow: _reserve,
    ask.Reset: _reset,
    ask.SendLocalList: _local_list,
    ask.SetChargingProfile: charging.set_profile,
    safety.SetOrganization: sec.organization,
    safety.SetPassword: sec.password,
    safety.SetSecurityProfile: sec.security_profile,
    ask.SetSetting: _set_setting,
    ask.SetSettings: _set_settings,
    ask.StartTransaction: _start,
    ask.StopTransaction: _stop,
    ask.TriggerMessage: _trigger,
    ask.UnlockConnector: _unlock,
    UpdateFirmware: _firmware,
    UploadLog: _log,
}

_MISSING: Final[dict[type[Any], str]] = {
    UpdateCost: "OCPP 1.6 shows no costs",
    ClearDisplayMessage: _NO_DISPLAY,
    CustomerInformation: "OCPP 1.6 stations tell nothing of customers (in 2.0.1: CustomerInformation)",
    GetDisplayMessages: _NO_DISPLAY,
    SetDisplayMessage: _NO_DISPLAY,
    PublishFirmware: _NO_PUBLISHING,
    UnpublishFirmware: _NO_PUBLISHING,
    safety.SetNetworkProfile: "OCPP 1.6 has no network profiles: its station finds us by its own settings",
    safety.GetNetworkPriority: "OCPP 1.6 has no network profiles",
    safety.SetNetworkPriority: "OCPP 1.6 has no network profiles",
    ask.GetChargingProfiles: "OCPP 1.6 stations cannot tell which profiles they hold: csms station profiles ID",
    GetReport: "OCPP 1.6 has no reports: its configuration keys are all there is (config get)",
}

VOCABULARY: Final = Vocabulary(translate, bounds, first_ask)

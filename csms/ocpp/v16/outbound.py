"""OCPP 1.6: what our requests to stations mean, and what the answers say about the station (§5, whitepaper §4)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from csms.model.command import (
    AvailabilityWanted,
    LocalListAt,
    PasswordTaken,
    Purpose,
    Reply,
    ReservationCancelled,
    ReservationMade,
    SettingRefused,
    SettingReported,
    Shape,
)
from csms.ocpp.moments import read_moment
from csms.ocpp.shapes import (
    AVAILABLE_WITHIN,
    HIDDEN,
    Payload,
    agreed,
    availability_changed,
    password_bytes,
    with_fact,
)

SECRET_KEYS: Final = frozenset({"authorizationkey"})
_SECURITY_PROFILE: Final = "securityprofile"


def remote_start(request: Payload) -> Shape:
    """RemoteStartTransaction: done when a start with the id tag follows."""
    return Shape(
        request,
        Purpose.REMOTE_START,
        timedelta(minutes=3),
        id_token=str(request["idTag"]),
        evse_id=request.get("connectorId"),
    )


def remote_stop(request: Payload) -> Shape:
    """RemoteStopTransaction: done when the transaction's stop arrives."""
    return Shape(request, Purpose.REMOTE_STOP, timedelta(minutes=10), ocpp_id=str(request["transactionId"]))


def change_configuration(request: Payload) -> Shape:
    """ChangeConfiguration: the new AuthorizationKey is nobody's business; a new SecurityProfile is the gate's."""
    if str(request.get("key")).casefold() == _SECURITY_PROFILE:
        value = str(request["value"]).strip()
        return Shape(request, new_profile=int(value) if value in ("1", "2", "3") else None)
    if not _secret(request.get("key")):
        return Shape(request)
    return Shape(request | {"value": HIDDEN}, new_password=password_bytes(str(request["value"])))


def configuration_changed(request: Payload, response: Payload) -> Reply:
    """ChangeConfiguration.conf: the station now holds the value."""
    reply, key, status = agreed(request, response), str(request["key"]), str(response.get("status"))
    if not reply.agreed:
        unknown = status == "NotSupported"
        return Reply(response, False, (SettingRefused(key, status, unknown, written=True),))
    secret, reboot = _secret(key), status == "RebootRequired"
    value = HIDDEN if secret else str(request["value"])
    setting = SettingReported(key, value, False, written=True, needs_reboot=reboot)
    if not secret or reboot:  # the old password serves until the reboot
        return Reply(response, True, (setting,))
    return Reply(response, True, (setting, PasswordTaken()))


def configuration(request: Payload, response: Payload) -> Reply:
    """GetConfiguration.conf: keys, values and whether they may be changed; a value may be absent."""
    facts = tuple([_setting(entry) for entry in response.get("configurationKey") or ()])
    unknown = tuple(
        [
            SettingRefused(str(key)[:50], "NotSupported", unknown=True)
            for key in response.get("unknownKey") or ()
        ]
    )
    return Reply(response, True, facts + unknown)


def change_availability(request: Payload) -> Shape:
    """ChangeAvailability: done at once, or when the running transaction ends (§5.2)."""
    evse_id = int(request["connectorId"])
    return Shape(request, Purpose.AVAILABILITY, AVAILABLE_WITHIN, evse_id=evse_id)


def availability(request: Payload, response: Payload) -> Reply:
    """ChangeAvailability.conf: Scheduled means after the running transaction."""
    wanted = AvailabilityWanted(int(request["connectorId"]), request["type"] == "Operative")
    return availability_changed(request, response, wanted)


def reserved(request: Payload, response: Payload) -> Reply:
    """ReserveNow.conf."""
    made = ReservationMade(
        id=int(request["reservationId"]),
        evse_id=int(request["connectorId"]),
        id_token=str(request["idTag"]),
        group_id=request.get("parentIdTag"),
        expires_at=read_moment(request["expiryDate"], datetime.now(UTC), []),
    )
    return with_fact(request, response, made)


def reservation_cancelled(request: Payload, response: Payload) -> Reply:
    """CancelReservation.conf."""
    return with_fact(request, response, ReservationCancelled(int(request["reservationId"])))


def list_version(request: Payload, response: Payload) -> Reply:
    """GetLocalListVersion.conf: -1 means not supported, 0 empty."""
    version = int(response.get("listVersion", -1))
    return Reply(response, version >= 0, (LocalListAt(version),) if version >= 0 else ())


def list_sent(request: Payload, response: Payload) -> Reply:
    """SendLocalList.conf."""
    return with_fact(request, response, LocalListAt(int(request["listVersion"])))


def _setting(entry: Mapping[str, Any]) -> SettingReported:
    name = str(entry.get("key", ""))[:50]
    value = entry.get("value")
    text = HIDDEN if _secret(name) else None if value is None else str(value)
    return SettingReported(name, text, bool(entry.get("readonly")))


def _secret(key: object) -> bool:
    return str(key).casefold() in SECRET_KEYS

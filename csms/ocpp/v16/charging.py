"""OCPP 1.6: charging profiles, to the domain and back (§5.5, §5.16, §7.8)."""

from typing import Any, Final

from csms.errors import InvalidInput
from csms.model.charging_profile import ChargingProfile, ProfilePurpose, ProfileScope
from csms.model.command import ProfileInstalled, ProfilesCleared, Reply
from csms.model.station_command import (
    Abilities,
    ClearChargingProfiles,
    GetCompositeSchedule,
    SetChargingProfile,
)
from csms.ocpp.profile_shapes import UNREADABLE, present, read_profile, write_profile, write_schedule
from csms.ocpp.shapes import Payload, agreed, with_fact

Request = tuple[str, dict[str, Any]]

_PURPOSES: Final = {
    "ChargePointMaxProfile": ProfilePurpose.STATION_MAX,
    "TxDefaultProfile": ProfilePurpose.TX_DEFAULT,
    "TxProfile": ProfilePurpose.TX,
}
_NAMES: Final = {purpose: name for name, purpose in _PURPOSES.items()}


def set_profile(command: SetChargingProfile, _: Abilities) -> list[Request]:
    """SetChargingProfile (§5.16)."""
    profile = command.profile
    return [("SetChargingProfile", {"connectorId": profile.evse_id, "csChargingProfiles": _written(profile)})]


def clear_profiles(command: ClearChargingProfiles, _: Abilities) -> list[Request]:
    """ClearChargingProfile (§5.5): by id, or by what is given of the other fields."""
    scope = command.scope
    if scope.ids:
        return [("ClearChargingProfile", {"id": scope.ids[0]})]
    criteria = {
        "connectorId": scope.evse_id,
        "chargingProfilePurpose": None if scope.purpose is None else _name(scope.purpose),
        "stackLevel": scope.stack_level,
    }
    return [("ClearChargingProfile", present(criteria))]


def composite_schedule(command: GetCompositeSchedule, _: Abilities) -> list[Request]:
    """GetCompositeSchedule (§5.7)."""
    unit = command.unit and command.unit.value
    payload = {"connectorId": command.evse_id, "duration": command.duration_s, "chargingRateUnit": unit}
    return [("GetCompositeSchedule", present(payload))]


def profile_set(request: Payload, response: Payload) -> Reply:
    """SetChargingProfile.conf: the station holds the profile from now on."""
    raw = request["csChargingProfiles"]
    try:
        schedules = [raw["chargingSchedule"]]
        profile = read_profile(raw, int(request["connectorId"]), "chargingProfileId", _PURPOSES, schedules)
    except UNREADABLE:
        return agreed(request, response)
    return with_fact(request, response, ProfileInstalled(profile))


def start_answered(request: Payload, response: Payload) -> Reply:
    """RemoteStartTransaction.conf: the profile that came with it is the charge's from its start (§5.11)."""
    if "chargingProfile" not in request or not request.get("connectorId"):
        return agreed(request, response)
    return profile_set(request | {"csChargingProfiles": request["chargingProfile"]}, response)


def profiles_cleared(request: Payload, response: Payload) -> Reply:
    """ClearChargingProfile.conf: Unknown means that the station has none of them, either way they are gone."""
    if request.get("id") is not None:  # by its id alone, whatever else is said (§5.5)
        scope = ProfileScope(ids=(int(request["id"]),))
    else:
        scope = ProfileScope(
            evse_id=request.get("connectorId"),
            purpose=_PURPOSES.get(request.get("chargingProfilePurpose", "")),
            stack_level=request.get("stackLevel"),
        )
    reply = agreed(request, response)
    gone = reply.agreed or response.get("status") == "Unknown"
    return Reply(response, reply.agreed, (ProfilesCleared(scope),)) if gone else reply


def _written(profile: ChargingProfile) -> dict[str, Any]:
    if len(profile.schedules) != 1:
        raise InvalidInput("a charging profile of OCPP 1.6 has one schedule")
    if any(period.phase_to_use is not None for period in profile.schedules[0].periods):
        raise InvalidInput("OCPP 1.6 cannot say which phase to use")
    written = write_profile(profile, "chargingProfileId", _name(profile.purpose))
    if profile.transaction_id is not None:
        if not profile.transaction_id.lstrip("-").isdigit():
            raise InvalidInput(f"OCPP 1.6 transaction ids are numbers, not {profile.transaction_id[:36]!r}")
        written["transactionId"] = int(profile.transaction_id)
    return written | {"chargingSchedule": write_schedule(profile.schedules[0])}


def _name(purpose: ProfilePurpose) -> str:
    name = _NAMES.get(purpose)
    if name is None:
        raise InvalidInput(f"OCPP 1.6 has no {purpose}")
    return name

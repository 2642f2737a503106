"""OCPP 2.0.1 block K: charging profiles to the domain and back, and what stations tell of limits and vehicles."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from csms.model.charging_needs import ChargingNeeds, NeedsAnswer
from csms.model.charging_profile import ChargingProfile, ProfilePurpose, ProfileScope
from csms.model.command import ProfileInstalled, ProfilesCleared, ProfilesReported, Reply
from csms.model.station_command import (
    Abilities,
    ClearChargingProfiles,
    GetChargingProfiles,
    GetCompositeSchedule,
    SetChargingProfile,
)
from csms.ocpp.moments import read_moment
from csms.ocpp.profile_shapes import (
    UNREADABLE,
    present,
    read_profile,
    read_schedule,
    write_profile,
    write_schedule,
)
from csms.ocpp.shapes import Payload, agreed, with_fact
from csms.ocpp.v201.reports import report_reader
from csms.ocpp.v201.translate import evse_number, verbatim
from csms.services.charging_needs import Needed, Scheduled
from csms.services.charging_profiles import LimitLifted, LimitTold
from csms.services.profile_reports import ProfileReport

Request = tuple[str, dict[str, Any]]

_PURPOSES: Final = {purpose.value: purpose for purpose in ProfilePurpose}
_part: Final = report_reader("charging.profiles")


def set_profile(command: SetChargingProfile, _: Abilities) -> Request:
    """SetChargingProfile (K01)."""
    profile = command.profile
    return "SetChargingProfile", {"evseId": profile.evse_id, "chargingProfile": _written(profile)}


def clear_profiles(command: ClearChargingProfiles, _: Abilities) -> Request:
    """ClearChargingProfile (K10): by id or by criteria, never both."""
    scope = command.scope
    if scope.ids:
        return "ClearChargingProfile", {"chargingProfileId": scope.ids[0]}
    criteria = present(
        {
            "evseId": scope.evse_id,
            "chargingProfilePurpose": scope.purpose and scope.purpose.value,
            "stackLevel": scope.stack_level,
        }
    )
    return "ClearChargingProfile", {"chargingProfileCriteria": criteria} if criteria else {}


def get_profiles(command: GetChargingProfiles, _: Abilities) -> Request:
    """GetChargingProfiles (K09): the criterion may not be empty (K09.FR.03); sources alone mean everything."""
    scope = command.scope
    criterion = present(
        {
            "chargingProfilePurpose": scope.purpose and scope.purpose.value,
            "stackLevel": scope.stack_level,
            "chargingProfileId": list(scope.ids) or None,
            "chargingLimitSource": list(scope.sources) or None,
        }
    )
    payload = {"requestId": command.number, "evseId": scope.evse_id}
    criterion = criterion or {"chargingLimitSource": ["EMS", "Other", "SO", "CSO"]}
    return "GetChargingProfiles", present(payload) | {"chargingProfile": criterion}


def composite_schedule(command: GetCompositeSchedule, _: Abilities) -> Request:
    """GetCompositeSchedule (K08)."""
    unit = command.unit and command.unit.value
    payload = {"evseId": command.evse_id, "duration": command.duration_s, "chargingRateUnit": unit}
    return "GetCompositeSchedule", present(payload)


def profile_set(request: Payload, response: Payload) -> Reply:
    """SetChargingProfileResponse: the station holds the profile from now on (K01)."""
    try:
        profile = _read(request["chargingProfile"], int(request["evseId"]))
    except UNREADABLE:
        return agreed(request, response)
    return with_fact(request, response, ProfileInstalled(profile))


def start_answered(request: Payload, response: Payload) -> Reply:
    """RequestStartTransactionResponse: the profile that came with it is the charge's from its start (F01, K05)."""
    if "chargingProfile" not in request or not request.get("evseId"):
        return agreed(request, response)
    return profile_set(request, response)


def profiles_cleared(request: Payload, response: Payload) -> Reply:
    """ClearChargingProfileResponse: Unknown means that the station has none of them, either way they are gone (K10)."""
    criteria = request.get("chargingProfileCriteria") or {}
    if request.get("chargingProfileId") is not None:
        scope = ProfileScope(ids=(int(request["chargingProfileId"]),))
    else:
        scope = ProfileScope(
            evse_id=criteria.get("evseId"),
            purpose=_PURPOSES.get(criteria.get("chargingProfilePurpose", "")),
            stack_level=criteria.get("stackLevel"),
        )
    reply = agreed(request, response)
    gone = reply.agreed or response.get("status") == "Unknown"
    return Reply(response, reply.agreed, (ProfilesCleared(scope),)) if gone else reply


def profiles_asked(request: Payload, response: Payload) -> Reply:
    """GetChargingProfilesResponse: NoProfiles is the whole answer, nothing follows (K09.FR.02)."""
    if response.get("status") != "NoProfiles":
        return agreed(request, response)
    return Reply(response, True, (ProfilesReported(int(request["requestId"])),), final=True)


def read_report(payload: Mapping[str, Any], now: datetime, notes: list[str]) -> ProfileReport:
    """ReportChargingProfilesRequest (K09): one EVSE and one source a message, more of them with `tbc`."""
    evse_id = evse_number(payload["evseId"], "evseId")
    found = []
    for raw in payload.get("chargingProfile") or ():
        try:
            found.append(_read(raw, evse_id))
        except UNREADABLE as error:
            notes.append(f"charging profile left out: {error!r}")
    return ProfileReport(_part(payload, now, notes), str(payload["chargingLimitSource"]), tuple(found))


def read_limit(payload: Mapping[str, Any], now: datetime, notes: list[str]) -> LimitTold:
    """NotifyChargingLimitRequest (K11, K12, K13)."""
    limit = payload["chargingLimit"]
    schedules = []
    for raw in payload.get("chargingSchedule") or ():
        try:
            schedules.append(read_schedule(raw))
        except UNREADABLE as error:
            notes.append(f"charging schedule left out: {error!r}")
    return LimitTold(
        evse_number(payload.get("evseId") or 0, "evseId"),
        str(limit["chargingLimitSource"]),
        limit.get("isGridCritical"),
        tuple(schedules),
        verbatim(payload, now, notes),
    )


def read_lifted(payload: Mapping[str, Any], now: datetime, notes: list[str]) -> LimitLifted:
    """ClearedChargingLimitRequest (K13)."""
    evse_id = evse_number(payload.get("evseId") or 0, "evseId")
    return LimitLifted(evse_id, str(payload["chargingLimitSource"]), verbatim(payload, now, notes))


def read_needs(payload: Mapping[str, Any], now: datetime, notes: list[str]) -> Needed:
    """NotifyEVChargingNeedsRequest (K15)."""
    needs = payload["chargingNeeds"]
    alternating, direct = needs.get("acChargingParameters") or {}, needs.get("dcChargingParameters") or {}
    told = direct or alternating
    departure = needs.get("departureTime")
    read = ChargingNeeds(
        evse_id=evse_number(payload["evseId"], "evseId"),
        transfer=str(needs["requestedEnergyTransfer"]),
        most_periods=_positive(payload.get("maxScheduleTuples")),
        departure_at=None if departure is None else read_moment(departure, now, notes),
        energy_wh=_positive(told.get("energyAmount")),
        min_current_a=_amount(told.get("evMinCurrent")),
        max_current_a=_amount(told.get("evMaxCurrent")),
        max_voltage_v=_amount(told.get("evMaxVoltage")),
        max_power_w=_amount(told.get("evMaxPower")),
        state_of_charge=_positive(told.get("stateOfCharge")),
    )
    return Needed(read, verbatim(payload, now, notes))


def needs_answer(answer: NeedsAnswer) -> dict[str, Any]:
    """NotifyEVChargingNeedsResponse: the profile follows as a message of its own (K15.FR.08)."""
    return {"status": answer.value}


def schedule_answer(fits: bool) -> dict[str, Any]:
    """NotifyEVChargingScheduleResponse: a plan above the limits is refused (K15.FR.12, K17.FR.12)."""
    return {"status": "Accepted" if fits else "Rejected"}


def read_schedule_told(payload: Mapping[str, Any], now: datetime, notes: list[str]) -> Scheduled:
    """NotifyEVChargingScheduleRequest (K15–K17)."""
    begin, evse_id = (
        read_moment(payload.get("timeBase"), now, notes),
        evse_number(payload["evseId"], "evseId"),
    )
    schedule = None
    try:
        schedule = read_schedule(payload["chargingSchedule"])
        last_s = max((period.start_s for period in schedule.periods), default=0)
        begin + timedelta(seconds=last_s)  # a schedule that ends beyond all time is none
    except UNREADABLE as error:
        notes.append(f"charging schedule left out: {error!r}")
        schedule = None
    return Scheduled(evse_id, begin, schedule, verbatim(payload, now, notes))


def _read(raw: Payload, evse_id: int) -> ChargingProfile:
    return read_profile(raw, evse_id, "id", _PURPOSES, raw["chargingSchedule"])


def _written(profile: ChargingProfile) -> dict[str, Any]:
    written = write_profile(profile, "id", profile.purpose.value)
    if profile.transaction_id is not None:
        written["transactionId"] = profile.transaction_id
    schedules = [
        {"id": profile.id if number == 0 else profile.id * 10 + number} | write_schedule(schedule)
        for number, schedule in enumerate(profile.schedules)
    ]
    return written | {"chargingSchedule": schedules}


def _positive(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 < value < 2**31 else None


def _amount(value: Any) -> Decimal | None:
    number = _positive(value)
    return None if number is None else Decimal(number)

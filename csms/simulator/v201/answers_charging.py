"""How a 2.0.1 station answers smart charging (OCPP 2.0.1 K01, K08 to K10)."""

from csms.simulator.charge import VOLTAGE_V
from csms.simulator.clock import to_wire
from csms.simulator.frames import Payload
from csms.simulator.profiles import TX_PURPOSE
from csms.simulator.v201.connectors import Evse
from csms.simulator.v201.device import Device201
from csms.simulator.v201.profiles import EXTERNAL_PURPOSE, MAX_PURPOSE, SOURCE, parse


def set_charging_profile(station: Device201, payload: Payload) -> Payload:
    """Answer K01: the limit holds for a charge under way from the same moment on."""
    evse_id, raw = payload["evseId"], payload["chargingProfile"]
    fault = _fault(station, evse_id, raw)
    if fault is not None:
        return {"status": "Rejected", "statusInfo": {"reasonCode": fault}}
    station.profiles.take(evse_id, raw)
    _reconsider(station)
    return {"status": "Accepted"}


def _fault(station: Device201, evse_id: int, raw: Payload) -> str | None:
    """Return the reason code for a profile that cannot be installed, or None."""
    profile, number = parse(evse_id, raw), station.model.number
    evse = station.evses.get(evse_id)
    if evse is None and evse_id != 0:
        return "UnknownEvse"
    if not 0 < len(profile.periods) <= number("SmartChargingCtrlr", "PeriodsPerSchedule"):
        return "TooManyElements"
    if profile.periods[0].start_s != 0 or profile.purpose == EXTERNAL_PURPOSE:
        return "InvalidProfile"
    if profile.stack_level > number("SmartChargingCtrlr", "ProfileStackLevel"):
        return "InvalidStackLevel"
    if len(station.profiles) >= station.model.most("SmartChargingCtrlr", "Entries", "ChargingProfiles"):
        return "TooManyElements"
    return _purpose_fault(evse, raw)


def _purpose_fault(evse: Evse | None, raw: Payload) -> str | None:
    """Say where a profile of this purpose cannot be: only one place, or only at a running transaction."""
    purpose = raw["chargingProfilePurpose"]
    if purpose == MAX_PURPOSE:
        return None if evse is None else "InvalidProfile"
    if purpose == TX_PURPOSE:
        if "transactionId" not in raw:
            return "MissingParam"
        running = evse.transaction if evse is not None else None
        known = running is not None and running.transaction_id == raw["transactionId"]
        return None if known else "TxNotFound"
    return None


def _reconsider(station: Device201) -> None:
    installed = str(len(station.profiles))
    station.model.set("SmartChargingCtrlr", "Entries", installed, "ChargingProfiles")
    for evse in station.evses.values():
        if evse.charge is not None:
            evse.charge.reconsider()


def clear_charging_profile(station: Device201, payload: Payload) -> Payload:
    """Answer K10: by id, or by all the criteria that are given."""
    criteria = payload.get("chargingProfileCriteria", {})
    cleared = station.profiles.clear_described(payload.get("chargingProfileId"), criteria)
    _reconsider(station)
    return {"status": "Accepted" if cleared else "Unknown"}


def get_charging_profiles(station: Device201, payload: Payload) -> Payload:
    """Answer K09: ReportChargingProfiles follows, one message an EVSE."""
    found = station.profiles.reported(payload.get("evseId"), payload["chargingProfile"])
    if not found:
        return {"status": "NoProfiles"}
    station.afterwards(_report, station, payload["requestId"], found)
    return {"status": "Accepted"}


async def _report(station: Device201, request_id: int, found: dict[int, list[Payload]]) -> None:
    for number, (evse_id, profiles) in enumerate(found.items(), 1):
        payload = {
            "requestId": request_id,
            "chargingLimitSource": SOURCE,
            "evseId": evse_id,
            "chargingProfile": profiles,
            "tbc": number < len(found),
        }
        await station.call("ReportChargingProfiles", payload)


def get_composite_schedule(station: Device201, payload: Payload) -> Payload:
    """Answer K08: what the profiles come to, in the asked unit, from now on; EVSE 0 is the sum of all."""
    number, duration_s = payload["evseId"], payload["duration"]
    if number != 0 and number not in station.evses:
        return {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEvse"}}
    unit = payload.get("chargingRateUnit", "W")
    begin = station.clock.now().replace(microsecond=0)
    started = {
        n: evse.transaction.started_at if evse.transaction else None
        for n, evse in station.evses.items()
        if number in (0, n)
    }
    steps = station.profiles.schedule(started, begin, duration_s, station.settings.hardware_limit_w)
    schedule = {
        "evseId": number,
        "duration": duration_s,
        "scheduleStart": to_wire(begin),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [
            {"startPeriod": start_s, "limit": _in_unit(limit_w, unit)} for start_s, limit_w in steps
        ],
    }
    return {"status": "Accepted", "schedule": schedule}


def _in_unit(limit_w: float, unit: str) -> float:
    return round(limit_w if unit == "W" else limit_w / (VOLTAGE_V * 3), 1)

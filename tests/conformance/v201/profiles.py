"""Charging profiles as the cases of block K use them (OCPP 2.0.1 Part 2 §2.10)."""

from typing import Any

from tests.wire.payloads import at
from tests.wire.station import Payload


def schedule(number: int = 1, *, limit: float = 16.0, **fields: Any) -> Payload:
    """Return a ChargingScheduleType of one period in A."""
    period = {"startPeriod": 0, "limit": limit, "numberPhases": 3}
    return {"id": number, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]} | fields


def profile(number: int = 1, purpose: str = "TxDefaultProfile", **fields: Any) -> Payload:
    """Return a ChargingProfileType; `limit`, in A, is that of its one period."""
    limit = fields.pop("limit", 16.0)
    usual = {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule(number, limit=limit)],
    }
    return usual | fields


def absolute(number: int = 1, purpose: str = "TxDefaultProfile", **fields: Any) -> Payload:
    """Return a profile of a day that begins now, as the cases of K01 want it."""
    limit = fields.pop("limit", 6.0)
    day = schedule(number, limit=limit, startSchedule=at(0), duration=86_400)
    usual = {
        "chargingProfileKind": "Absolute",
        "validFrom": at(0),
        "validTo": at(24 * 60),
        "chargingSchedule": [day],
    }
    return profile(number, purpose, **usual | fields)


def report(
    request_id: int, *profiles: Payload, evse: int = 1, tbc: bool = False, source: str = "CSO"
) -> Payload:
    """Return a ReportChargingProfiles."""
    said = {"requestId": request_id, "chargingLimitSource": source, "evseId": evse, "tbc": tbc}
    return said | {"chargingProfile": list(profiles)}

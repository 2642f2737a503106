"""The charging profiles of a 1.6 station (OCPP 1.6 §3.13 smart charging)."""

from datetime import datetime
from typing import Final

from csms.simulator.clock import from_wire
from csms.simulator.frames import Payload
from csms.simulator.profiles import RECURRENCE, Period, Profile
from csms.simulator.profiles import Profiles as AnyProfiles

MAX_PURPOSE: Final = "ChargePointMaxProfile"


class Profiles(AnyProfiles):
    """All profiles of one 1.6 station; a place is a connector."""

    def __init__(self) -> None:
        super().__init__(MAX_PURPOSE)

    def clear_described(self, wanted: Payload) -> int:
        """Remove what ClearChargingProfile describes; return how many went."""

        def meant(profile: Profile) -> bool:
            if "id" in wanted:
                return bool(profile.profile_id == wanted["id"])
            own = {
                "connectorId": profile.place_id,
                "chargingProfilePurpose": profile.purpose,
                "stackLevel": profile.stack_level,
            }
            return all(wanted.get(name, value) == value for name, value in own.items())

        return self.clear(meant)


def parse(connector_id: int, raw: Payload) -> Profile:
    """Read a ChargingProfile as it came; raises KeyError, TypeError and ValueError on a wrong one."""
    schedule = raw["chargingSchedule"]
    return Profile(
        place_id=connector_id,
        profile_id=int(raw["chargingProfileId"]),
        stack_level=int(raw["stackLevel"]),
        purpose=raw["chargingProfilePurpose"],
        kind=raw["chargingProfileKind"],
        recurrence=RECURRENCE.get(raw.get("recurrencyKind", ""))
        if raw["chargingProfileKind"] == "Recurring"
        else None,
        valid_from=_moment(raw.get("validFrom")),
        valid_to=_moment(raw.get("validTo")),
        transaction_id=raw.get("transactionId"),
        unit=schedule["chargingRateUnit"],
        duration_s=schedule.get("duration"),
        start=_moment(schedule.get("startSchedule")),
        periods=tuple(
            Period(int(period["startPeriod"]), float(period["limit"]), int(period.get("numberPhases", 3)))
            for period in schedule["chargingSchedulePeriod"]
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return from_wire(text) if text else None

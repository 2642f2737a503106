"""The charging profiles of a 2.0.1 station (OCPP 2.0.1 K)."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Final

from csms.simulator.clock import from_wire
from csms.simulator.frames import Payload
from csms.simulator.profiles import RECURRENCE, Period, Profile
from csms.simulator.profiles import Profiles as AnyProfiles

MAX_PURPOSE: Final = "ChargingStationMaxProfile"
EXTERNAL_PURPOSE: Final = "ChargingStationExternalConstraints"
SOURCE: Final = "CSO"  # who set them: the operator, through the CSMS


class Profiles(AnyProfiles):
    """All profiles of one 2.0.1 station, also as they came; a place is an EVSE."""

    def __init__(self) -> None:
        super().__init__(MAX_PURPOSE)
        self._as_came: dict[int, Payload] = {}

    def take(self, evse_id: int, raw: Payload) -> None:
        """Install a ChargingProfile; raises KeyError, TypeError and ValueError on a wrong one."""
        self.install(parse(evse_id, raw))
        self._as_came[raw["id"]] = raw

    def clear_described(self, profile_id: int | None, criteria: Payload) -> int:
        """Remove what ClearChargingProfile describes, by id or by criteria; return how many went."""

        def meant(profile: Profile) -> bool:
            if profile_id is not None:
                return profile.profile_id == profile_id
            wanted = {
                "evseId": profile.place_id,
                "chargingProfilePurpose": profile.purpose,
                "stackLevel": profile.stack_level,
            }
            return all(criteria.get(name, value) == value for name, value in wanted.items())

        return self.clear(meant)

    def reported(self, evse_id: int | None, criterion: Payload) -> dict[int, list[Payload]]:
        """Return the profiles that GetChargingProfiles asks for, by EVSE, as they came."""
        ids = criterion.get("chargingProfileId")
        by_evse: defaultdict[int, list[Payload]] = defaultdict(list)
        for profile in self:
            wanted: list[Any] = [
                evse_id in (None, profile.place_id),
                ids is None or profile.profile_id in ids,
                criterion.get("chargingProfilePurpose", profile.purpose) == profile.purpose,
                criterion.get("stackLevel", profile.stack_level) == profile.stack_level,
                SOURCE in criterion.get("chargingLimitSource", (SOURCE,)),
            ]
            if all(wanted):
                by_evse[profile.place_id].append(self._as_came[profile.profile_id])
        return by_evse


def parse(evse_id: int, raw: Payload) -> Profile:
    """Read a ChargingProfileType; of several schedules, which only ISO 15118 needs, the first one counts."""
    schedule = raw["chargingSchedule"][0]
    recurring = raw["chargingProfileKind"] == "Recurring"
    return Profile(
        place_id=evse_id,
        profile_id=int(raw["id"]),
        stack_level=int(raw["stackLevel"]),
        purpose=raw["chargingProfilePurpose"],
        kind=raw["chargingProfileKind"],
        recurrence=RECURRENCE.get(raw.get("recurrencyKind", "")) if recurring else None,
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

"""Settings as an operator wants them, for a tenant, for a model of station or for one station; the nearest wins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from csms.model import well_known_setting
from csms.model.station import ChargingStation


class Scope(StrEnum):
    """What a desired setting is for, the nearest last."""

    TENANT = "TENANT"
    MODEL = "MODEL"
    STATION = "STATION"


NEAREST_LAST: Final = (Scope.TENANT, Scope.MODEL, Scope.STATION)


class SettingOutcome(StrEnum):
    """What came of a desired setting at a station."""

    WAITING = "WAITING"
    """Not compared yet."""
    IN_STEP = "IN_STEP"
    """The station has reported this value."""
    SENT = "SENT"
    """The station took it; it has not been read again, or the station does not tell it."""
    REBOOT_REQUIRED = "REBOOT_REQUIRED"
    """The station took it and needs a reboot for it to take effect."""
    DIFFERS = "DIFFERS"
    """The station reports another value."""
    READ_ONLY = "READ_ONLY"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    """The station has no such setting."""


GIVEN_UP: Final = frozenset({SettingOutcome.READ_ONLY, SettingOutcome.REFUSED, SettingOutcome.UNKNOWN})
"""What is not tried again unless the value, the firmware or an operator's mind changes."""


NOT_TAKEN: Final = GIVEN_UP | {SettingOutcome.DIFFERS}
"""What the station does not have, although it was compared."""


@dataclass(frozen=True, slots=True)
class DesiredSetting:
    """One desired setting; `subject` is the model or the station it is for, empty for the tenant."""

    tenant_id: str
    scope: Scope
    subject: str
    name: str
    value: str
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class OutcomeAtStation:
    """What came of one desired setting at one station, under the name the station knows it by."""

    name: str
    value: str
    outcome: SettingOutcome
    detail: str | None
    attempts: int
    at: datetime


def resolve(
    desired: Iterable[DesiredSetting], station: ChargingStation, version: str
) -> dict[str, DesiredSetting]:
    """Return what is desired of a station, by the name its OCPP version has for it; the nearest scope wins.

    What has no name in that version is left out, unless it is a key that is desired of this very station.
    """
    chosen: dict[str, tuple[str, DesiredSetting]] = {}
    for setting in sorted(desired, key=lambda setting: NEAREST_LAST.index(setting.scope)):
        if not _concerns(setting, station):
            continue
        name = well_known_setting.meant_for(setting.name, version)
        if name is None and setting.scope is Scope.STATION and version == "1.6":
            name = setting.name  # keys of vendors may look like variables
        if name is not None:
            chosen[name.casefold()] = (name, setting)
    return dict(chosen.values())


def _concerns(setting: DesiredSetting, station: ChargingStation) -> bool:
    if setting.tenant_id != station.tenant_id:
        return False
    if setting.scope is Scope.STATION:
        return setting.subject == station.station_id
    if setting.scope is Scope.MODEL:
        model, vendor = station.model or "", station.vendor or ""
        return setting.subject.casefold() in (model.casefold(), f"{vendor} {model}".strip().casefold())
    return True

"""OCPP 2.0.1: what a station can be sent, by its controllers, its answers so far and its limits (Part 2 §2.1 …)."""

from typing import Final

from csms.model.charging_profile import ProfileLimits, RateUnit
from csms.model.station_command import Abilities, Bounds, GetSettings

CONTROLLERS: Final[dict[str, str]] = {
    "CancelReservation": "ReservationCtrlr",
    "ClearCache": "AuthCacheCtrlr",
    "ClearChargingProfile": "SmartChargingCtrlr",
    "GetChargingProfiles": "SmartChargingCtrlr",
    "GetCompositeSchedule": "SmartChargingCtrlr",
    "GetLocalListVersion": "LocalAuthListCtrlr",
    "ReserveNow": "ReservationCtrlr",
    "SendLocalList": "LocalAuthListCtrlr",
    "SetChargingProfile": "SmartChargingCtrlr",
}
"""Optional actions and the component whose variable `Available` tells whether the station has them."""

LONGEST_ID_TOKEN: Final = 36
READ_ITEMS: Final = "DeviceDataCtrlr.ItemsPerMessage[GetVariables]"
WRITE_ITEMS: Final = "DeviceDataCtrlr.ItemsPerMessage[SetVariables]"


def excluded(action: str, abilities: Abilities) -> str | None:
    """Return why an action should not be sent to a station, None where nothing speaks against it."""
    if action in abilities.lacks:
        return f"the station has answered before that it does not know {action}"
    controller = CONTROLLERS.get(action)
    available = abilities.setting(f"{controller}.Available") if controller else None
    if available is not None and available.strip().casefold() == "false":
        return f"{action} belongs to {controller}, which the station reports as not available"
    return None


def first_ask(action: str, abilities: Abilities) -> GetSettings | None:
    """Return what to read before an action is sent: nothing, for stations answer what they do not have."""
    return None


def bounds(abilities: Abilities) -> Bounds:
    """Return how much a station takes at once (Part 2 §2.1 DeviceDataCtrlr, MonitoringCtrlr, …)."""
    return Bounds(
        settings_per_message=abilities.number(READ_ITEMS),
        settings_per_write=abilities.number(WRITE_ITEMS),
        bytes_per_read=abilities.number("DeviceDataCtrlr.BytesPerMessage[GetVariables]"),
        bytes_per_write=abilities.number("DeviceDataCtrlr.BytesPerMessage[SetVariables]"),
        monitors_per_message=abilities.number("MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]"),
        bytes_per_monitors=abilities.number("MonitoringCtrlr.BytesPerMessage[SetVariableMonitoring]"),
        monitors_per_clearing=abilities.number("MonitoringCtrlr.ItemsPerMessage[ClearVariableMonitoring]"),
        bytes_per_clearing=abilities.number("MonitoringCtrlr.BytesPerMessage[ClearVariableMonitoring]"),
        untold=tuple([name for name in (READ_ITEMS, WRITE_ITEMS) if abilities.setting(name) is None]),
        profiles=_profile_limits(abilities),
        list_entries_per_message=abilities.number("LocalAuthListCtrlr.ItemsPerMessage"),
        list_bytes_per_message=abilities.number("LocalAuthListCtrlr.BytesPerMessage"),
        list_entries=abilities.number("LocalAuthListCtrlr.Entries:maxLimit"),
        id_token_characters=LONGEST_ID_TOKEN,
        certificate_chain_characters=abilities.number("SecurityCtrlr.MaxCertificateChainSize"),
        network_slots=_numbers(abilities.setting("OCPPCommCtrlr.NetworkConfigurationPriority")),
    )


def _profile_limits(abilities: Abilities) -> ProfileLimits:
    """Return what a station takes of charging profiles (Part 2 §2.2.12 SmartChargingCtrlr)."""
    level = (abilities.setting("SmartChargingCtrlr.ProfileStackLevel") or "").strip()
    words = {
        word.strip() for word in (abilities.setting("SmartChargingCtrlr.RateUnit") or "").upper().split(",")
    }
    switching = abilities.setting("SmartChargingCtrlr.ACPhaseSwitchingSupported")
    return ProfileLimits(
        stack_level=int(level) if level.isascii() and level.isdigit() else None,
        periods=abilities.number("SmartChargingCtrlr.PeriodsPerSchedule"),
        units=frozenset(unit for unit in RateUnit if unit.value in words) or None,
        profiles=abilities.number("SmartChargingCtrlr.Entries[ChargingProfiles]:maxLimit"),
        phase_switching=None if switching is None else switching.strip().casefold() == "true",
        needs_transaction=True,
        one_default_a_level=True,
    )


def _numbers(text: str | None) -> tuple[int, ...]:
    parts = [part.strip() for part in (text or "").split(",")]
    return tuple(int(part) for part in parts if part.isascii() and part.isdigit())

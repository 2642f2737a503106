"""OCPP 1.6: what a station can be sent, by its feature profiles, its answers so far and its limits (1.6 §3.2, §9)."""

from typing import Final

from csms.model.charging_profile import ProfileLimits, RateUnit
from csms.model.station_command import Abilities, Bounds, GetSettings

FEATURE_PROFILES: Final[dict[str, str]] = {
    "CancelReservation": "Reservation",
    "ClearChargingProfile": "SmartCharging",
    "GetCompositeSchedule": "SmartCharging",
    "GetDiagnostics": "FirmwareManagement",
    "GetLocalListVersion": "LocalAuthListManagement",
    "ReserveNow": "Reservation",
    "SendLocalList": "LocalAuthListManagement",
    "SetChargingProfile": "SmartCharging",
    "TriggerMessage": "RemoteTrigger",
    "UpdateFirmware": "FirmwareManagement",
}
"""The optional actions of §3.2; what is not listed is Core, or comes from the security whitepaper."""

WORTH_KNOWING: Final = (
    "SupportedFeatureProfiles",
    "SendLocalListMaxLength",
    "LocalAuthListMaxLength",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleMaxPeriods",
    "MaxChargingProfilesInstalled",
    "ReserveConnectorZeroSupported",
    "GetConfigurationMaxKeys",
    "SecurityProfile",
)
"""Keys that decide whether and how an optional action is sent."""

_WHITEPAPER_KEYS: Final = ("SecurityProfile", "AdditionalRootCertificateCheck", "CertificateStoreMaxLength")
LONGEST_ID_TAG: Final = 20
_UNITS: Final = {"current": RateUnit.AMPS, "power": RateUnit.WATTS, "a": RateUnit.AMPS, "w": RateUnit.WATTS}
"""Words of ChargingScheduleAllowedChargingRateUnit (§9.4.2), and those that stations put there."""


def excluded(action: str, abilities: Abilities) -> str | None:
    """Return why an action should not be sent to a station, None where nothing speaks against it."""
    if action in abilities.lacks:
        return f"the station has answered before that it does not know {action}"
    profile = FEATURE_PROFILES.get(action)
    reported = abilities.setting("SupportedFeatureProfiles")
    if profile is None or not reported:
        return None
    if _plain(profile) in {_plain(name) for name in reported.split(",")}:
        return None
    return f"{action} belongs to {profile}, and the station's feature profiles are {reported}"


def first_ask(action: str, abilities: Abilities) -> GetSettings | None:
    """Return the keys to read before an optional action is sent to a station that has not told its profiles."""
    known = abilities.setting("SupportedFeatureProfiles") is not None
    return None if known or action not in FEATURE_PROFILES else GetSettings(WORTH_KNOWING)


def has_whitepaper(abilities: Abilities) -> bool:
    """Whether a station has reported a key that only the security whitepaper defines."""
    return any(abilities.setting(name) is not None for name in _WHITEPAPER_KEYS)


def bounds(abilities: Abilities) -> Bounds:
    """Return how much a station takes at once (§9.1.6, §9.2)."""
    return Bounds(
        settings_per_message=abilities.number("GetConfigurationMaxKeys"),
        settings_per_write=1,
        untold=() if abilities.setting("GetConfigurationMaxKeys") else ("GetConfigurationMaxKeys",),
        profiles=_profile_limits(abilities),
        list_entries_per_message=abilities.number("SendLocalListMaxLength"),
        list_entries=abilities.number("LocalAuthListMaxLength"),
        id_token_characters=LONGEST_ID_TAG,
        certificate_chain_characters=abilities.number("CertificateSignedMaxChainSize"),
    )


def _profile_limits(abilities: Abilities) -> ProfileLimits:
    """Return what a station takes of charging profiles (§9.4)."""
    words = (abilities.setting("ChargingScheduleAllowedChargingRateUnit") or "").casefold().split(",")
    level = (abilities.setting("ChargeProfileMaxStackLevel") or "").strip()
    return ProfileLimits(
        stack_level=int(level) if level.isascii() and level.isdigit() else None,
        periods=abilities.number("ChargingScheduleMaxPeriods"),
        units=frozenset(_UNITS[word.strip()] for word in words if word.strip() in _UNITS) or None,
        profiles=abilities.number("MaxChargingProfilesInstalled"),
    )


def _plain(name: str) -> str:
    """Return a profile's name without what stations add to it: blanks, hyphens, case."""
    return "".join(sign for sign in name if sign.isalnum()).casefold()

"""Which configuration key of OCPP 1.6 (§9) means the same as which variable of OCPP 2.0.1 (Part 2 §3).

One literal table, by which a setting is desired once for stations of both versions and shown under both names.
"""

from typing import Final

WELL_KNOWN: Final[dict[str, str]] = {
    "AllowOfflineTxForUnknownId": "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    "AuthorizationCacheEnabled": "AuthCacheCtrlr.Enabled",
    "AuthorizeRemoteTxRequests": "AuthCtrlr.AuthorizeRemoteStart",
    "ClockAlignedDataInterval": "AlignedDataCtrlr.Interval",
    "ConnectionTimeOut": "TxCtrlr.EVConnectionTimeOut",
    "HeartbeatInterval": "OCPPCommCtrlr.HeartbeatInterval",
    "LocalAuthListEnabled": "LocalAuthListCtrlr.Enabled",
    "LocalAuthorizeOffline": "AuthCtrlr.LocalAuthorizeOffline",
    "LocalPreAuthorize": "AuthCtrlr.LocalPreAuthorize",
    "MaxEnergyOnInvalidId": "TxCtrlr.MaxEnergyOnInvalidId",
    "MeterValuesAlignedData": "AlignedDataCtrlr.Measurands",
    "MeterValuesSampledData": "SampledDataCtrlr.TxUpdatedMeasurands",
    "MeterValueSampleInterval": "SampledDataCtrlr.TxUpdatedInterval",
    "ResetRetries": "OCPPCommCtrlr.ResetRetries",
    "SendLocalListMaxLength": "LocalAuthListCtrlr.ItemsPerMessage",
    "StopTransactionOnEVSideDisconnect": "TxCtrlr.StopTxOnEVSideDisconnect",
    "StopTransactionOnInvalidId": "TxCtrlr.StopTxOnInvalidId",
    "StopTxnAlignedData": "AlignedDataCtrlr.TxEndedMeasurands",
    "StopTxnSampledData": "SampledDataCtrlr.TxEndedMeasurands",
    "TransactionMessageAttempts": "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
    "TransactionMessageRetryInterval": "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
    "UnlockConnectorOnEVSideDisconnect": "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    "WebSocketPingInterval": "OCPPCommCtrlr.WebSocketPingInterval",
    "ReserveConnectorZeroSupported": "ReservationCtrlr.NonEvseSpecific",
    "ChargeProfileMaxStackLevel": "SmartChargingCtrlr.ProfileStackLevel",
    "ChargingScheduleAllowedChargingRateUnit": "SmartChargingCtrlr.RateUnit",
    "ChargingScheduleMaxPeriods": "SmartChargingCtrlr.PeriodsPerSchedule",
    "ConnectorSwitch3to1PhaseSupported": "SmartChargingCtrlr.Phases3to1",
    "AdditionalRootCertificateCheck": "SecurityCtrlr.AdditionalRootCertificateCheck",
    "CertificateSignedMaxChainSize": "SecurityCtrlr.MaxCertificateChainSize",
    "CpoName": "SecurityCtrlr.OrganizationName",
    "SecurityProfile": "SecurityCtrlr.SecurityProfile",
}
"""Key of OCPP 1.6 to name of the variable. Rate units differ in their words: they are never desired across versions."""

_READ_ONLY: Final = frozenset(
    {
        "SendLocalListMaxLength",
        "ReserveConnectorZeroSupported",
        "ChargeProfileMaxStackLevel",
        "ChargingScheduleAllowedChargingRateUnit",
        "ChargingScheduleMaxPeriods",
        "ConnectorSwitch3to1PhaseSupported",
        "AdditionalRootCertificateCheck",
        "CertificateSignedMaxChainSize",
    }
)
_KEYS: Final = {key.casefold(): key for key in WELL_KNOWN}
_BY_VARIABLE: Final = {variable.casefold(): key for key, variable in WELL_KNOWN.items()}


def variable_of(key: str) -> str | None:
    """Return what OCPP 2.0.1 calls a configuration key of OCPP 1.6."""
    known = _KEYS.get(key.casefold())
    return WELL_KNOWN[known] if known else None


def key_of(variable: str) -> str | None:
    """Return what OCPP 1.6 calls a variable of OCPP 2.0.1."""
    return _BY_VARIABLE.get(variable.casefold())


def is_read_only(name: str) -> bool:
    """Whether a setting is one that stations tell and nobody sets."""
    return (key_of(name) or _KEYS.get(name.casefold())) in _READ_ONLY


def is_variable(name: str) -> bool:
    """Whether a name is that of a variable: keys of OCPP 1.6 have no dot."""
    return "." in name


def meant_for(name: str, version: str) -> str | None:
    """Return what a setting is called in an OCPP version, None where that version has no such setting."""
    if version == "1.6":
        return key_of(name) if is_variable(name) else name
    return name if is_variable(name) else variable_of(name)

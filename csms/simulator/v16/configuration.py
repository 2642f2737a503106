"""The configuration keys of a 1.6 station (OCPP 1.6 §9; 1.6 security whitepaper)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from csms.simulator.frames import Payload

Check = Callable[[str], bool]

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "SoC",
    "Current.Offered",
    "Power.Offered",
    "Temperature",
    "Frequency",
)


def _number(low: int, high: int) -> Check:
    return lambda value: value.isascii() and value.isdigit() and low <= int(value) <= high


def _boolean(value: str) -> bool:
    return value.lower() in ("true", "false")


def _measurands(value: str) -> bool:
    return all(name in MEASURANDS for name in value.split(",")) if value else True


def _authorization_key(value: str) -> bool:
    return 16 <= len(value) <= 80


def _anything(value: str) -> bool:
    return len(value) <= 500


_ALWAYS = _number(0, 2**31 - 1)


@dataclass(frozen=True, slots=True)
class Key:
    """One configuration key and its default; `check` is None for a key that cannot be written."""

    value: str
    check: Check | None = None
    needs_reboot: bool = False
    secret: bool = False


KEYS: Final[dict[str, Key]] = {
    "AllowOfflineTxForUnknownId": Key("true", _boolean),
    "AuthorizationCacheEnabled": Key("true", _boolean),
    "AuthorizationKey": Key("", _authorization_key, secret=True),
    "AuthorizeRemoteTxRequests": Key("true", _boolean),
    "ClockAlignedDataInterval": Key("0", _number(0, 0)),
    "ConnectionTimeOut": Key("60", _ALWAYS),
    "ConnectorPhaseRotation": Key("0.RST", _anything),
    "GetConfigurationMaxKeys": Key("50"),
    "HeartbeatInterval": Key("300", _ALWAYS),
    "LocalAuthorizeOffline": Key("true", _boolean),
    "LocalPreAuthorize": Key("false", _boolean),
    "MeterValuesAlignedData": Key("", _measurands),
    "MeterValuesSampledData": Key(",".join(MEASURANDS), _measurands),
    "MeterValueSampleInterval": Key("60", _ALWAYS),
    "NumberOfConnectors": Key("1"),
    "ResetRetries": Key("1", _number(0, 10)),
    "StopTransactionMaxMeterValues": Key("20"),
    "StopTransactionOnEVSideDisconnect": Key("true", _boolean),
    "StopTransactionOnInvalidId": Key("true", _boolean),
    "StopTxnAlignedData": Key("", _measurands),
    "StopTxnSampledData": Key("Energy.Active.Import.Register", _measurands),
    "SupportedFeatureProfiles": Key(
        "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"
    ),
    "TransactionMessageAttempts": Key("3", _number(1, 100)),
    "TransactionMessageRetryInterval": Key("10", _ALWAYS),
    "UnlockConnectorOnEVSideDisconnect": Key("true", _boolean),
    "WebSocketPingInterval": Key("0", _number(0, 86400), needs_reboot=True),
    "LocalAuthListEnabled": Key("true", _boolean),
    "LocalAuthListMaxLength": Key("10000"),
    "SendLocalListMaxLength": Key("1000"),
    "ReserveConnectorZeroSupported": Key("true"),
    "ChargeProfileMaxStackLevel": Key("10"),
    "ChargingScheduleAllowedChargingRateUnit": Key("Current,Power"),
    "ChargingScheduleMaxPeriods": Key("96"),
    "MaxChargingProfilesInstalled": Key("100"),
    "CpoName": Key("", _anything),
    "SecurityProfile": Key("0", _number(0, 3)),
    "AdditionalRootCertificateCheck": Key("false"),
    "CertificateSignedMaxChainSize": Key("10000"),
    "CertificateStoreMaxLength": Key("20"),
    "SupportedFileTransferProtocols": Key("HTTP,HTTPS,FTP,FTPS"),
}

_SPELLED: Final = {name.lower(): name for name in KEYS}


class Configuration:
    """The keys of one station; names are matched without regard to case, as CiString50Type says."""

    def __init__(self, connectors: int) -> None:
        self._changed: dict[str, str] = {"NumberOfConnectors": str(connectors)}

    def text(self, name: str) -> str:
        """Return a key's value; raises KeyError."""
        changed = self._changed.get(name)
        return KEYS[name].value if changed is None else changed

    def number(self, name: str) -> int:
        """Return the value of a numeric key."""
        return int(self.text(name) or 0)

    def flag(self, name: str) -> bool:
        """Return the value of a boolean key."""
        return self.text(name).lower() == "true"

    def set(self, name: str, value: str) -> None:
        """Set a key's value from within the station, writable or not."""
        self._changed[name] = value

    def change(self, name: str, value: str) -> str:
        """Do what ChangeConfiguration asks; return its status."""
        spelled = _SPELLED.get(name.lower())
        if spelled is None:
            return "NotSupported"
        key = KEYS[spelled]
        if key.check is None or not key.check(value):
            return "Rejected"
        self._changed[spelled] = value
        return "RebootRequired" if key.needs_reboot else "Accepted"

    def answer(self, names: Iterable[str]) -> Payload:
        """Return the answer to GetConfiguration; no names means all keys."""
        wanted = list(names)
        known = [_SPELLED[name.lower()] for name in wanted if name.lower() in _SPELLED]
        unknown = [name for name in wanted if name.lower() not in _SPELLED]
        listed = known if wanted else list(KEYS)
        answer: Payload = {}
        if listed:
            answer["configurationKey"] = [self._row(name) for name in listed]
        if unknown:
            answer["unknownKey"] = unknown
        return answer

    def _row(self, name: str) -> Payload:
        key = KEYS[name]
        row: Payload = {"key": name, "readonly": key.check is None}
        if not key.secret:
            row["value"] = self.text(name)
        return row

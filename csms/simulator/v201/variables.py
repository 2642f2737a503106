"""★ The variables of a 2.0.1 station's device model, one row each (OCPP 2.0.1 part 2, referenced components)."""

from dataclasses import dataclass
from typing import Final

START_POINTS: Final = "EVConnected,Authorized,PowerPathClosed,EnergyTransfer"
MEASURANDS: Final = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "SoC",
    "Current.Offered",
    "Power.Offered",
    "Frequency",
)
_ALL_MEASURANDS: Final = ",".join(MEASURANDS)
_ENERGY: Final = MEASURANDS[0]
_STATES: Final = "Available,Occupied,Reserved,Unavailable,Faulted"


@dataclass(frozen=True, slots=True)
class Row:
    """A variable's default value and characteristics; limits hold for numbers, or for a text's length."""

    value: str
    data_type: str = "string"
    mutability: str = "ReadOnly"
    values: str | None = None
    low: int | None = None
    high: int | None = None
    unit: str | None = None
    monitored: bool = False
    needs_reboot: bool = False


def _flag(value: str, mutability: str = "ReadOnly") -> Row:
    return Row(value, "boolean", mutability)


def _fixed(value: int, unit: str | None = None) -> Row:
    return Row(str(value), "integer", unit=unit)


def _number(value: int, low: int, high: int, unit: str | None = None) -> Row:
    return Row(str(value), "integer", "ReadWrite", low=low, high=high, unit=unit)


def _members(value: str, values: str) -> Row:
    return Row(value, "MemberList", "ReadWrite", values)


def _text(value: str, most: int) -> Row:
    return Row(value, "string", "ReadWrite", high=most)


def _state() -> Row:
    return Row("Available", "OptionList", values=_STATES, monitored=True)


Key = tuple[str, str, str | None]
"""Component, variable and the variable's instance."""

STATION: Final[dict[Key, Row]] = {
    ("ChargingStation", "Available", None): _flag("true"),
    ("ChargingStation", "AvailabilityState", None): _state(),
    ("ChargingStation", "Model", None): Row(""),
    ("ChargingStation", "Problem", None): _flag("false"),
    ("ChargingStation", "SerialNumber", None): Row(""),
    ("ChargingStation", "SupplyPhases", None): _fixed(3),
    ("ChargingStation", "VendorName", None): Row(""),
    ("OCPPCommCtrlr", "ActiveNetworkProfile", None): _fixed(1),
    ("OCPPCommCtrlr", "FileTransferProtocols", None): Row("HTTP,HTTPS,FTP,SFTP", "MemberList"),
    ("OCPPCommCtrlr", "HeartbeatInterval", None): _number(300, 1, 2**31 - 1, "s"),
    ("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"): _number(3, 1, 100),
    ("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent"): _number(10, 0, 3600, "s"),
    ("OCPPCommCtrlr", "MessageTimeout", "Default"): _fixed(30, "s"),
    ("OCPPCommCtrlr", "NetworkConfigurationPriority", None): Row(
        "1", "SequenceList", "ReadWrite", "1,2,3", needs_reboot=True
    ),
    ("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", None): _number(3, 1, 100),
    ("OCPPCommCtrlr", "OfflineThreshold", None): _number(60, 0, 86400, "s"),
    ("OCPPCommCtrlr", "ResetRetries", None): _number(1, 0, 10),
    ("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", None): _flag("true"),
    ("OCPPCommCtrlr", "WebSocketPingInterval", None): _number(0, 0, 3600, "s"),
    ("SecurityCtrlr", "AdditionalRootCertificateCheck", None): _flag("false"),
    ("SecurityCtrlr", "BasicAuthPassword", None): Row("", "string", "WriteOnly", low=16, high=40),
    ("SecurityCtrlr", "CertificateEntries", None): _fixed(20),
    ("SecurityCtrlr", "CertSigningRepeatTimes", None): _number(3, 0, 100),
    ("SecurityCtrlr", "CertSigningWaitMinimum", None): _number(30, 0, 86400, "s"),
    ("SecurityCtrlr", "Identity", None): Row(""),
    ("SecurityCtrlr", "MaxCertificateChainSize", None): _fixed(10000),
    ("SecurityCtrlr", "OrganizationName", None): _text("Simulated", 50),
    ("SecurityCtrlr", "SecurityProfile", None): _fixed(1),
    ("AuthCtrlr", "AuthorizeRemoteStart", None): _flag("true", "ReadWrite"),
    ("AuthCtrlr", "Enabled", None): _flag("true"),
    ("AuthCtrlr", "LocalAuthorizeOffline", None): _flag("true", "ReadWrite"),
    ("AuthCtrlr", "LocalPreAuthorize", None): _flag("false", "ReadWrite"),
    ("AuthCtrlr", "MasterPassGroupId", None): _text("", 36),
    ("AuthCtrlr", "OfflineTxForUnknownIdEnabled", None): _flag("true", "ReadWrite"),
    ("AuthCacheCtrlr", "Available", None): _flag("true"),
    ("AuthCacheCtrlr", "Enabled", None): _flag("true", "ReadWrite"),
    ("LocalAuthListCtrlr", "Available", None): _flag("true"),
    ("LocalAuthListCtrlr", "BytesPerMessage", None): _fixed(65536),
    ("LocalAuthListCtrlr", "Enabled", None): _flag("true", "ReadWrite"),
    ("LocalAuthListCtrlr", "Entries", None): Row("0", "integer", high=1000),
    ("LocalAuthListCtrlr", "ItemsPerMessage", None): _fixed(100),
    ("TxCtrlr", "EVConnectionTimeOut", None): _number(60, 0, 86400, "s"),
    ("TxCtrlr", "StopTxOnEVSideDisconnect", None): _flag("true"),
    ("TxCtrlr", "StopTxOnInvalidId", None): _flag("true", "ReadWrite"),
    ("TxCtrlr", "TxBeforeAcceptedEnabled", None): _flag("false"),
    ("TxCtrlr", "TxStartPoint", None): _members("PowerPathClosed", START_POINTS),
    ("TxCtrlr", "TxStopPoint", None): _members("EVConnected,Authorized", START_POINTS),
    ("SampledDataCtrlr", "Available", None): _flag("true"),
    ("SampledDataCtrlr", "Enabled", None): _flag("true"),
    ("SampledDataCtrlr", "TxEndedInterval", None): _number(0, 0, 0, "s"),
    ("SampledDataCtrlr", "TxEndedMeasurands", None): _members(_ENERGY, _ALL_MEASURANDS),
    ("SampledDataCtrlr", "TxStartedMeasurands", None): _members(_ENERGY, _ALL_MEASURANDS),
    ("SampledDataCtrlr", "TxUpdatedInterval", None): _number(60, 0, 86400, "s"),
    ("SampledDataCtrlr", "TxUpdatedMeasurands", None): _members(_ALL_MEASURANDS, _ALL_MEASURANDS),
    ("AlignedDataCtrlr", "Available", None): _flag("false"),
    ("AlignedDataCtrlr", "Interval", None): _number(0, 0, 0, "s"),
    ("AlignedDataCtrlr", "Measurands", None): _members("", _ALL_MEASURANDS),
    ("AlignedDataCtrlr", "TxEndedInterval", None): _number(0, 0, 0, "s"),
    ("AlignedDataCtrlr", "TxEndedMeasurands", None): _members("", _ALL_MEASURANDS),
    ("ClockCtrlr", "DateTime", None): Row("", "dateTime"),
    ("ClockCtrlr", "TimeSource", None): Row("Heartbeat", "SequenceList", "ReadWrite", "Heartbeat,NTP"),
    ("DeviceDataCtrlr", "BytesPerMessage", "GetReport"): _fixed(65536),
    ("DeviceDataCtrlr", "BytesPerMessage", "GetVariables"): _fixed(65536),
    ("DeviceDataCtrlr", "BytesPerMessage", "SetVariables"): _fixed(65536),
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetReport"): _fixed(50),
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"): _fixed(50),
    ("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables"): _fixed(50),
    ("MonitoringCtrlr", "ActiveMonitoringBase", None): Row("All"),
    ("MonitoringCtrlr", "ActiveMonitoringLevel", None): _fixed(9),
    ("MonitoringCtrlr", "Available", None): _flag("true"),
    ("MonitoringCtrlr", "BytesPerMessage", "SetVariableMonitoring"): _fixed(65536),
    ("MonitoringCtrlr", "Enabled", None): _flag("true"),
    ("MonitoringCtrlr", "ItemsPerMessage", "ClearVariableMonitoring"): _fixed(50),
    ("MonitoringCtrlr", "ItemsPerMessage", "SetVariableMonitoring"): _fixed(50),
    ("SmartChargingCtrlr", "Available", None): _flag("true"),
    ("SmartChargingCtrlr", "Enabled", None): _flag("true"),
    ("SmartChargingCtrlr", "Entries", "ChargingProfiles"): Row("0", "integer", high=20),
    ("SmartChargingCtrlr", "LimitChangeSignificance", None): Row("1", "decimal"),
    ("SmartChargingCtrlr", "PeriodsPerSchedule", None): _fixed(24),
    ("SmartChargingCtrlr", "ProfileStackLevel", None): _fixed(10),
    ("SmartChargingCtrlr", "RateUnit", None): Row("A,W", "MemberList"),
    ("ReservationCtrlr", "Available", None): _flag("true"),
    ("ReservationCtrlr", "Enabled", None): _flag("true"),
    ("ReservationCtrlr", "NonEvseSpecific", None): _flag("true"),
    ("DisplayMessageCtrlr", "Available", None): _flag("true"),
    ("DisplayMessageCtrlr", "DisplayMessages", None): Row("0", "integer", high=10),
    ("DisplayMessageCtrlr", "Enabled", None): _flag("true"),
    ("DisplayMessageCtrlr", "SupportedFormats", None): Row("ASCII,URI,UTF8", "MemberList"),
    ("DisplayMessageCtrlr", "SupportedPriorities", None): Row(
        "AlwaysFront,InFront,NormalCycle", "MemberList"
    ),
    ("TariffCostCtrlr", "Available", "Cost"): _flag("true"),
    ("TariffCostCtrlr", "Available", "Tariff"): _flag("true"),
    ("TariffCostCtrlr", "Currency", None): _text("EUR", 3),
    ("TariffCostCtrlr", "Enabled", "Cost"): _flag("true"),
    ("TariffCostCtrlr", "Enabled", "Tariff"): _flag("true"),
    ("TariffCostCtrlr", "TariffFallbackMessage", None): _text("", 255),
    ("TariffCostCtrlr", "TotalCostFallbackMessage", None): _text("", 255),
}

EVSE: Final[dict[str, Row]] = {
    "AvailabilityState": _state(),
    "Available": _flag("true"),
    "Power": Row("0", "decimal", unit="W", monitored=True),
    "SupplyPhases": _fixed(3),
}

CONNECTOR: Final[dict[str, Row]] = {
    "AvailabilityState": _state(),
    "Available": _flag("true"),
    "ConnectorType": Row("cType2"),
    "SupplyPhases": _fixed(3),
}

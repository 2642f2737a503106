"""Monitors of variables (OCPP 2.0.1 block N): what a station watches, and how urgent what it sees is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from csms.model.alert import AlertSeverity
from csms.model.variable import VariableName

LEAST_SEVERE: Final = 9
"""Severities count from 0 (danger) to 9 (debug)."""
_CRITICAL_TO: Final = 3
_HIGH_TO: Final = 5
_MEDIUM_TO: Final = 6


class MonitorKind(StrEnum):
    """What rouses a monitor (2.0.1 MonitorEnumType)."""

    UPPER_THRESHOLD = "UpperThreshold"
    LOWER_THRESHOLD = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    PERIODIC_CLOCK_ALIGNED = "PeriodicClockAligned"


class MonitoringBase(StrEnum):
    """Which monitors a station has active at all (2.0.1 MonitoringBaseEnumType)."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"


class EventTrigger(StrEnum):
    """What a station's event comes from (2.0.1 EventTriggerEnumType)."""

    ALERTING = "Alerting"
    DELTA = "Delta"
    PERIODIC = "Periodic"


@dataclass(frozen=True, slots=True)
class Monitor:
    """One monitor of one variable, under the number the station gave it; `custom` is one that was set by a CSMS.

    `value` is the bound, the change, or the interval in seconds, as the station writes it.
    """

    id: int
    variable: VariableName
    kind: str
    value: str
    severity: int
    in_transaction: bool = False
    custom: bool = True


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """One event of a station: a variable that a monitor watches, or that is watched by the firmware itself."""

    variable: VariableName
    trigger: EventTrigger
    at: datetime
    value: str
    cleared: bool = False
    monitor_id: int | None = None
    transaction_id: str | None = None
    tech_code: str | None = None
    tech_info: str | None = None
    detail: dict[str, Any] | None = None


def urgency(severity: int | None) -> AlertSeverity:
    """Return how urgent an event of a monitor's severity is; medium where the station does not say."""
    if severity is None:
        return AlertSeverity.MEDIUM
    if severity <= _CRITICAL_TO:
        return AlertSeverity.CRITICAL
    if severity <= _HIGH_TO:
        return AlertSeverity.HIGH
    return AlertSeverity.MEDIUM if severity <= _MEDIUM_TO else AlertSeverity.LOW

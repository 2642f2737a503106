"""What can be asked of a station about its device model and its monitors (OCPP 2.0.1 blocks B and N)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from csms.model.monitor import MonitoringBase, MonitorKind


class ReportExtent(StrEnum):
    """How much of its device model a station reports (2.0.1 ReportBaseEnumType)."""

    FULL = "full"
    CONFIGURATION = "configuration"
    SUMMARY = "summary"


class ComponentCriterion(StrEnum):
    """Which components a station reports (2.0.1 ComponentCriterionEnumType)."""

    ACTIVE = "Active"
    AVAILABLE = "Available"
    ENABLED = "Enabled"
    PROBLEM = "Problem"


class MonitorCriterion(StrEnum):
    """Which monitors a station reports (2.0.1 MonitoringCriterionEnumType)."""

    THRESHOLD = "ThresholdMonitoring"
    DELTA = "DeltaMonitoring"
    PERIODIC = "PeriodicMonitoring"


@dataclass(frozen=True, slots=True)
class GetReport:
    """Have the station report its device model in a report with this number: all of it, or parts (B07, B08).

    With `names` (of components or variables) or `criteria` only what they choose.
    """

    number: int = 0
    extent: ReportExtent = ReportExtent.FULL
    names: tuple[str, ...] = ()
    criteria: tuple[ComponentCriterion, ...] = ()


@dataclass(frozen=True, slots=True)
class WantedMonitor:
    """A monitor to be set; `id` replaces one, `value` is a bound, a change, or an interval in seconds."""

    variable: str
    kind: MonitorKind
    value: Decimal
    severity: int
    in_transaction: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class SetMonitors:
    """Have the station watch variables (N04)."""

    monitors: tuple[WantedMonitor, ...]


@dataclass(frozen=True, slots=True)
class ClearMonitors:
    """Have the station watch no more, by the numbers of its monitors (N06)."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetMonitoringBase:
    """Choose which monitors are active at all (N03)."""

    base: MonitoringBase


@dataclass(frozen=True, slots=True)
class SetMonitoringLevel:
    """Have the station report nothing less severe than this: 0 is danger, 9 debug (N05)."""

    severity: int


@dataclass(frozen=True, slots=True)
class GetMonitoringReport:
    """Have the station report its monitors in a report with this number (N02)."""

    number: int = 0
    names: tuple[str, ...] = ()
    criteria: tuple[MonitorCriterion, ...] = ()


DeviceCommand = (
    GetReport | SetMonitors | ClearMonitors | SetMonitoringBase | SetMonitoringLevel | GetMonitoringReport
)

"""Variable monitors: which there are, and what a changed value makes them say (OCPP 2.0.1 N02 to N08)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from csms.simulator.frames import Payload
from csms.simulator.v201.device_model import DeviceModel, key_of

CRITERIA: Final = {
    "UpperThreshold": "ThresholdMonitoring",
    "LowerThreshold": "ThresholdMonitoring",
    "Delta": "DeltaMonitoring",
    "Periodic": "PeriodicMonitoring",
    "PeriodicClockAligned": "PeriodicMonitoring",
}
NUMERIC: Final = ("integer", "decimal")
LOWEST_SEVERITY: Final = 9
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Monitor:
    """One monitor of one variable."""

    monitor_id: int
    component: Payload
    variable: Payload
    kind: str
    value: float
    severity: int
    transaction: bool

    def report(self) -> Payload:
        """Return the monitor as an element of `variableMonitoring`."""
        return {
            "id": self.monitor_id,
            "transaction": self.transaction,
            "value": self.value,
            "type": self.kind,
            "severity": self.severity,
        }

    def cleared_by(self, was: str, now: str) -> bool | None:
        """Return False where the change is an event, True where it ends one, None where it is neither."""
        if self.kind == "Delta" and not _is_number(now):
            return False if was != now else None
        if not (_is_number(was) and _is_number(now)):
            return None
        before, after = float(was), float(now)
        match self.kind:
            case "UpperThreshold":
                crossed_before, crossed = before > self.value, after > self.value
            case "LowerThreshold":
                crossed_before, crossed = before < self.value, after < self.value
            case "Delta":
                return False if abs(after - before) >= self.value else None
            case _:
                return None
        return None if crossed == crossed_before else not crossed


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class Monitors:
    """All monitors of one station; it has none that the CSMS did not set."""

    def __init__(self) -> None:
        self._monitors: dict[int, Monitor] = {}
        self._last_id = 0
        self.level = LOWEST_SEVERITY

    def set(self, wanted: Payload, model: DeviceModel) -> Payload:
        """Do what an element of SetVariableMonitoring asks; return the element of the answer."""
        status, monitor_id = self._set(wanted, model)
        result = {name: wanted[name] for name in ("type", "severity", "component", "variable")}
        return {"status": status, **({"id": monitor_id} if monitor_id else {}), **result}

    def _set(self, wanted: Payload, model: DeviceModel) -> tuple[str, int | None]:
        found = model.find(wanted["component"], wanted["variable"])
        if isinstance(found, str):
            return found, None
        kind, value, severity = wanted["type"], float(wanted["value"]), int(wanted["severity"])
        if not found.row.monitored or (kind != "Delta" and found.row.data_type not in NUMERIC):
            return "UnsupportedMonitorType", None
        limited = found.row.high is not None and "Threshold" in kind and value > found.row.high
        if not 0 <= severity <= LOWEST_SEVERITY or limited or (kind == "Delta" and value < 0):
            return "Rejected", None
        given = wanted.get("id")
        if (given is not None and given not in self._monitors) or len(self._monitors) >= MOST:
            return "Rejected", None
        own = (key_of(found.component, found.variable), kind, severity)
        if any(_same(old, own) for old in self._monitors.values() if old.monitor_id != given):
            return "Duplicate", None
        if given is None:
            self._last_id += 1
        number = self._last_id if given is None else int(given)
        transaction = bool(wanted.get("transaction", False))
        self._monitors[number] = Monitor(
            number, found.component, found.variable, kind, value, severity, transaction
        )
        return "Accepted", number

    def clear(self, monitor_id: int) -> str:
        """Remove one monitor; return the status of ClearVariableMonitoring."""
        return "NotFound" if self._monitors.pop(monitor_id, None) is None else "Accepted"

    def clear_all(self) -> None:
        """Remove all monitors."""
        self._monitors.clear()

    def reported(self, among: Callable[[Payload, Payload], bool], criteria: list[str]) -> list[Payload]:
        """Return `monitor` of a NotifyMonitoringReport, by variable."""
        by_variable: dict[object, Payload] = {}
        for monitor in self._monitors.values():
            if criteria and CRITERIA[monitor.kind] not in criteria:
                continue
            if not among(monitor.component, monitor.variable):
                continue
            key = key_of(monitor.component, monitor.variable)
            row = by_variable.setdefault(
                key, {"component": monitor.component, "variable": monitor.variable, "variableMonitoring": []}
            )
            row["variableMonitoring"].append(monitor.report())
        return list(by_variable.values())

    def roused(self, key: object, was: str, now: str) -> list[tuple[Monitor, bool]]:
        """Return the monitors that have something to say about a change, and whether it ends their alert."""
        said = []
        for monitor in self._monitors.values():
            if monitor.severity <= self.level and key_of(monitor.component, monitor.variable) == key:
                cleared = monitor.cleared_by(was, now)
                if cleared is not None:
                    said.append((monitor, cleared))
        return said


def _same(monitor: Monitor, own: tuple[object, str, int]) -> bool:
    return (key_of(monitor.component, monitor.variable), monitor.kind, monitor.severity) == own

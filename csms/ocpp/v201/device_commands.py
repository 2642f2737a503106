"""OCPP 2.0.1: settings, reports and monitors as actions and payloads (blocks B and N)."""

from dataclasses import replace
from typing import Any, Final

from csms.errors import InvalidInput
from csms.model import device_command as dev
from csms.model import station_command as ask
from csms.model import variable
from csms.model.device_command import ReportExtent
from csms.model.monitor import LEAST_SEVERE
from csms.model.station_command import Abilities
from csms.ocpp.v201 import names

Request = tuple[str, dict[str, Any]]

_BASES: Final = {
    ReportExtent.FULL: "FullInventory",
    ReportExtent.CONFIGURATION: "ConfigurationInventory",
    ReportExtent.SUMMARY: "SummaryInventory",
}


def get_settings(command: ask.GetSettings, _: Abilities) -> Request:
    """GetVariables; without names everything that can be configured, as a report (B06, B07)."""
    if not command.names:
        payload = {"requestId": command.number, "reportBase": "ConfigurationInventory"}
        return "GetBaseReport", payload
    return "GetVariables", {"getVariableData": [names.read(name) for name in command.names]}


def set_setting(command: ask.SetSetting, abilities: Abilities) -> Request:
    """SetVariables of one variable (B05)."""
    return set_settings(ask.SetSettings((command,)), abilities)


def set_settings(command: ask.SetSettings, _: Abilities) -> Request:
    """SetVariables (B05)."""
    wanted = [names.read(setting.name) | {"attributeValue": setting.value} for setting in command.settings]
    return "SetVariables", {"setVariableData": wanted}


def report(command: dev.GetReport, _: Abilities) -> Request:
    """GetBaseReport (B07), or GetReport where it is about some components or variables (B08)."""
    payload: dict[str, Any] = {"requestId": command.number}
    if not command.names and not command.criteria:
        return "GetBaseReport", payload | {"reportBase": _BASES[command.extent]}
    if command.criteria:
        payload["componentCriteria"] = [criterion.value for criterion in command.criteria]
    return "GetReport", payload | _about(command.names)


def set_monitors(command: dev.SetMonitors, _: Abilities) -> Request:
    """SetVariableMonitoring (N04)."""
    return "SetVariableMonitoring", {"setMonitoringData": [_monitor(wanted) for wanted in command.monitors]}


def clear_monitors(command: dev.ClearMonitors, _: Abilities) -> Request:
    """ClearVariableMonitoring (N06)."""
    return "ClearVariableMonitoring", {"id": list(command.ids)}


def monitoring_base(command: dev.SetMonitoringBase, _: Abilities) -> Request:
    """SetMonitoringBase (N03)."""
    return "SetMonitoringBase", {"monitoringBase": command.base.value}


def monitoring_level(command: dev.SetMonitoringLevel, _: Abilities) -> Request:
    """SetMonitoringLevel (N05)."""
    return "SetMonitoringLevel", {"severity": _severity(command.severity)}


def monitoring_report(command: dev.GetMonitoringReport, _: Abilities) -> Request:
    """GetMonitoringReport (N02)."""
    payload: dict[str, Any] = {"requestId": command.number}
    if command.criteria:
        payload["monitoringCriteria"] = [criterion.value for criterion in command.criteria]
    return "GetMonitoringReport", payload | _about(command.names)


def _monitor(wanted: dev.WantedMonitor) -> dict[str, Any]:
    """SetMonitoringDataType: a monitor watches the Actual value, so that no attribute is named."""
    about = names.read(wanted.variable)
    about.pop("attributeType", None)
    number = {} if wanted.id is None else {"id": wanted.id}
    during = {"transaction": True} if wanted.in_transaction else {}
    value = int(wanted.value) if wanted.value == wanted.value.to_integral_value() else float(wanted.value)
    kind = {"value": value, "type": wanted.kind.value, "severity": _severity(wanted.severity)}
    return number | during | kind | about


def _severity(severity: int) -> int:
    if not 0 <= severity <= LEAST_SEVERE:
        raise InvalidInput(f"a severity is a number from 0 (danger) to {LEAST_SEVERE} (debug)")
    return severity


def _about(chosen: tuple[str, ...]) -> dict[str, Any]:
    """ComponentVariableType: a variable, or a component with all of its variables; absent where there is none."""
    return {"componentVariable": [_component_variable(name) for name in chosen]} if chosen else {}


def _component_variable(name: str) -> dict[str, Any]:
    found = variable.parse(name)
    if found is None:
        whole = variable.parse(f"{name}.x")
        if whole is None:
            raise InvalidInput(f"not a component or variable: {name[:100]!r}; like EVSE@1 or EVSE@1.Power")
        return {"component": names.component_of(whole)}
    about = names.read(str(replace(found, attribute="Actual")))
    return {"component": about["component"], "variable": about["variable"]}

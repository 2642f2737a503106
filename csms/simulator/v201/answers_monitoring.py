"""How a 2.0.1 station answers monitoring (OCPP 2.0.1 N02 to N06)."""

from csms.simulator.frames import Payload
from csms.simulator.v201.answers_device_model import within
from csms.simulator.v201.device import Device201
from csms.simulator.v201.monitoring import LOWEST_SEVERITY


def set_monitoring_base(station: Device201, payload: Payload) -> Payload:
    """Answer N03: the station has no monitors of its own, so that any base but All removes those that were set."""
    base = payload["monitoringBase"]
    if base != "All":
        station.monitors.clear_all()
    station.model.set("MonitoringCtrlr", "ActiveMonitoringBase", base)
    return {"status": "Accepted"}


def set_monitoring_level(station: Device201, payload: Payload) -> Payload:
    """Answer N04: what is less severe is no longer reported."""
    severity = payload["severity"]
    if not 0 <= severity <= LOWEST_SEVERITY:
        return {"status": "Rejected"}
    station.monitors.level = severity
    station.model.set("MonitoringCtrlr", "ActiveMonitoringLevel", str(severity))
    return {"status": "Accepted"}


def set_variable_monitoring(station: Device201, payload: Payload) -> Payload:
    """Answer N05 item by item."""
    wanted = payload["setMonitoringData"]
    within(station, "MonitoringCtrlr", "SetVariableMonitoring", wanted)
    return {"setMonitoringResult": [station.monitors.set(each, station.model) for each in wanted]}


def clear_variable_monitoring(station: Device201, payload: Payload) -> Payload:
    """Answer N06 id by id."""
    wanted = payload["id"]
    within(station, "MonitoringCtrlr", "ClearVariableMonitoring", wanted)
    return {
        "clearMonitoringResult": [{"id": each, "status": station.monitors.clear(each)} for each in wanted]
    }


def get_monitoring_report(station: Device201, payload: Payload) -> Payload:
    """Answer N02: NotifyMonitoringReport follows in parts."""
    among = station.model.named(payload.get("componentVariable", []))
    rows = station.monitors.reported(among, payload.get("monitoringCriteria", []))
    if not rows:
        return {"status": "EmptyResultSet"}
    station.afterwards(station.send_parts, "NotifyMonitoringReport", "monitor", rows, payload["requestId"])
    return {"status": "Accepted"}

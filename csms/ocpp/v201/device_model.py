"""OCPP 2.0.1: the device model on the wire, reports and answers about variables and monitors (blocks B and N)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from csms.log import is_secret, redacted
from csms.model.command import (
    Coverage,
    CustomMonitorsGone,
    Fact,
    MonitorGone,
    MonitorSet,
    NothingToReport,
    PasswordTaken,
    Purpose,
    Reply,
    SettingRefused,
    SettingReported,
    Shape,
)
from csms.model.monitor import DeviceEvent, EventTrigger, Monitor
from csms.model.variable import Variable, VariableName
from csms.ocpp.moments import read_moment
from csms.ocpp.shapes import HIDDEN, agreed
from csms.ocpp.v201 import names
from csms.ocpp.v201.translate import evse_number

Payload = Mapping[str, Any]
Answer = dict[str, Any]

REPORT_WITHIN: Final = timedelta(minutes=10)
_PASSWORD: Final = "basicauthpassword"  # noqa: S105 (the name of a variable)
_TAKEN: Final = ("Accepted", "RebootRequired")
_UNKNOWN: Final = ("UnknownComponent", "UnknownVariable", "NotSupportedAttributeType")
_LARGEST_INTEGER: Final = 2**31 - 1
_TRIGGERS: Final = {trigger.value: trigger for trigger in EventTrigger}


def variables(entry: Payload) -> list[Variable]:
    """Return the attributes of one ReportDataType; a secret that a station tells is not kept."""
    traits = entry.get("variableCharacteristics") or {}
    found = []
    for attribute in entry.get("variableAttribute") or ():
        value = text(attribute.get("value"))
        found.append(
            Variable(
                at=variable_name(entry, str(attribute.get("type", "Actual"))),
                value=HIDDEN if value is not None and is_secret(str(entry["variable"]["name"])) else value,
                mutability=str(attribute.get("mutability", "ReadWrite")),
                persistent=bool(attribute.get("persistent")),
                constant=bool(attribute.get("constant")),
                data_type=traits.get("dataType"),
                unit=traits.get("unit"),
                min_limit=text(traits.get("minLimit")),
                max_limit=text(traits.get("maxLimit")),
                values_list=traits.get("valuesList"),
                supports_monitoring=traits.get("supportsMonitoring"),
            )
        )
    return found


def monitors(entry: Payload) -> list[Monitor]:
    """Return the monitors of one MonitoringDataType; it does not say which of them a CSMS has set."""
    found = []
    for monitor in entry.get("variableMonitoring") or ():
        number = integer(monitor.get("id"))
        if number is not None:
            found.append(_monitor(number, entry, monitor, custom=False))
    return found


def event(entry: Payload, now: datetime, notes: list[str]) -> DeviceEvent | None:
    """Return one EventDataType, None where the station names a trigger that there is not."""
    trigger = _TRIGGERS.get(str(entry.get("trigger")))
    if trigger is None:
        return None
    return DeviceEvent(
        variable=variable_name(entry),
        trigger=trigger,
        at=read_moment(entry.get("timestamp"), now, notes),
        value=HIDDEN if is_secret(str(entry["variable"]["name"])) else text(entry.get("actualValue")) or "",
        cleared=bool(entry.get("cleared")),
        monitor_id=integer(entry.get("variableMonitoringId")),
        transaction_id=entry.get("transactionId"),
        tech_code=entry.get("techCode"),
        tech_info=entry.get("techInfo"),
        detail={"eventId": entry.get("eventId"), "notification": entry.get("eventNotificationType")},
    )


def base_report(request: Answer) -> Shape:
    """GetBaseReport: done when the report is whole; a full inventory leaves nothing out (B07)."""
    whole = Coverage.DEVICE_MODEL if request["reportBase"] == "FullInventory" else None
    return _report(request, whole)


def monitoring_report(request: Answer) -> Shape:
    """GetMonitoringReport: done when the report is whole; without criteria it leaves nothing out (N02)."""
    narrowed = request.get("monitoringCriteria") or request.get("componentVariable")
    return _report(request, None if narrowed else Coverage.MONITORS)


def report(request: Answer) -> Shape:
    """GetReport: done when the report is whole (B08)."""
    return _report(request, None)


def report_promised(request: Answer, response: Answer) -> Reply:
    """GetBaseReportResponse and alike: nothing follows where there is nothing to report (EmptyResultSet)."""
    if response.get("status") != "EmptyResultSet":
        return agreed(request, response)
    covers = _covered(request)
    return Reply(response, True, (NothingToReport(covers),) if covers else (), final=True)


def set_variables(request: Answer) -> Shape:
    """SetVariables: the new BasicAuthPassword is nobody's business (A01)."""
    passwords = [
        str(entry["attributeValue"])
        for entry in request["setVariableData"]
        if str(entry["variable"]["name"]).casefold() == _PASSWORD
    ]
    return Shape(redacted(request), new_password=passwords[-1].encode() if passwords else None)


def variables_set(request: Answer, response: Answer) -> Reply:
    """SetVariablesResponse: what the station now holds or refuses; it agrees when it took every value (B05)."""
    values = {_asked(entry): str(entry["attributeValue"]) for entry in request["setVariableData"]}
    results = response.get("setVariableResult") or []
    facts: list[Fact] = []
    for result in results:
        at, status = _result_name(result), str(result.get("attributeStatus"))
        value = values.get(_asked(result))
        if value is None:
            continue
        if status not in _TAKEN:
            facts.append(SettingRefused(str(at), _reason(status, result), status in _UNKNOWN, written=True))
            continue
        shown = HIDDEN if is_secret(at.variable) else value
        reboot = status == "RebootRequired"
        facts.append(SettingReported(str(at), shown, None, at, written=True, needs_reboot=reboot))
        if at.variable.casefold() == _PASSWORD and not reboot:
            facts.append(PasswordTaken())
    taken = bool(results) and all(result.get("attributeStatus") in _TAKEN for result in results)
    return Reply(response, taken, tuple(facts))


def variables_got(request: Answer, response: Answer) -> Reply:
    """GetVariablesResponse: the values the station tells; whether they may be changed it does not say (B06)."""
    facts: list[Fact] = []
    for result in response.get("getVariableResult") or ():
        at, status = _result_name(result), str(result.get("attributeStatus"))
        if status == "Accepted":
            value = HIDDEN if is_secret(at.variable) else text(result.get("attributeValue")) or ""
            facts.append(SettingReported(str(at), value, None, at))
        elif status in _UNKNOWN:
            facts.append(SettingRefused(str(at), _reason(status, result), unknown=True))
    return Reply(response, True, tuple(facts))


def monitors_set(request: Answer, response: Answer) -> Reply:
    """SetVariableMonitoringResponse: the monitors that the station took, under its numbers (N04)."""
    wanted = {_monitor_key(entry): entry for entry in request["setMonitoringData"]}
    results = response.get("setMonitoringResult") or []
    facts: list[Fact] = []
    for result in results:
        asked, number = wanted.get(_monitor_key(result)), integer(result.get("id"))
        if asked is not None and number is not None and result.get("status") == "Accepted":
            facts.append(MonitorSet(_monitor(number, asked, asked, custom=True)))
    taken = bool(results) and all(result.get("status") == "Accepted" for result in results)
    return Reply(response, taken, tuple(facts))


def monitors_cleared(request: Answer, response: Answer) -> Reply:
    """ClearVariableMonitoringResponse: those that are cleared, or that there are none of, are gone (N06)."""
    results = response.get("clearMonitoringResult") or []
    gone = [integer(r.get("id")) for r in results if r.get("status") in ("Accepted", "NotFound")]
    facts = tuple(MonitorGone(number) for number in gone if number is not None)
    return Reply(response, bool(results) and all(r.get("status") == "Accepted" for r in results), facts)


def base_set(request: Answer, response: Answer) -> Reply:
    """SetMonitoringBaseResponse: every base but All removes the monitors that were set (N03)."""
    reply = agreed(request, response)
    if not reply.agreed:
        return reply
    at = VariableName("MonitoringCtrlr", "ActiveMonitoringBase")
    facts: tuple[Fact, ...] = (SettingReported(str(at), request["monitoringBase"], True, at),)
    return Reply(
        response, True, facts + (() if request["monitoringBase"] == "All" else (CustomMonitorsGone(),))
    )


def level_set(request: Answer, response: Answer) -> Reply:
    """SetMonitoringLevelResponse (N05)."""
    reply = agreed(request, response)
    if not reply.agreed:
        return reply
    at = VariableName("MonitoringCtrlr", "ActiveMonitoringLevel")
    return Reply(response, True, (SettingReported(str(at), str(request["severity"]), True, at),))


def variable_name(entry: Payload, attribute: str = "Actual") -> VariableName:
    """Return the variable an entry is about; raises Unusable where its EVSE is no number."""
    component = entry["component"]
    evse = component.get("evse") or {}
    evse_number(evse.get("id", 0), "evse.id")
    evse_number(evse.get("connectorId", 0), "evse.connectorId")
    return names.named(component, entry["variable"], attribute)


def text(value: Any) -> str | None:
    """Return a value as text: some stations send a number, or worse, where the standard wants one."""
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


def integer(value: Any) -> int | None:
    """Return a 32-bit integer, None for what is none."""
    if not isinstance(value, int | float) or abs(value) > _LARGEST_INTEGER or value != int(value):
        return None
    return int(value)


def _report(request: Answer, covers: Coverage | None) -> Shape:
    number = int(request["requestId"])
    return Shape(request, Purpose.REPORT, REPORT_WITHIN, request_id=number, covers=covers)


def _covered(request: Answer) -> Coverage | None:
    if "reportBase" in request:
        return base_report(request).covers
    asked_for = (
        "monitoringCriteria" in request or "componentVariable" in request or "componentCriteria" in request
    )
    return None if asked_for else Coverage.MONITORS


def _monitor(number: int, about: Payload, monitor: Payload, *, custom: bool) -> Monitor:
    severity = integer(monitor.get("severity"))
    return Monitor(
        id=number,
        variable=variable_name(about),
        kind=str(monitor.get("type", "")),
        value=text(monitor.get("value")) or "",
        severity=9 if severity is None else severity,
        in_transaction=bool(monitor.get("transaction")),
        custom=custom,
    )


def _monitor_key(entry: Payload) -> tuple[str, str, int | None]:
    name = names.written(entry["component"], entry["variable"]).casefold()
    return name, str(entry.get("type")), integer(entry.get("severity"))


def _result_name(entry: Payload) -> VariableName:
    return names.named(entry["component"], entry["variable"], str(entry.get("attributeType", "Actual")))


def _asked(entry: Payload) -> str:
    """Return what tells one attribute from another, whatever the case of its name."""
    return str(_result_name(entry)).casefold()


def _reason(status: str, result: Payload) -> str:
    info = result.get("attributeStatusInfo") or {}
    more = [str(info[name]) for name in ("reasonCode", "additionalInfo") if info.get(name)]
    return f"{status} ({', '.join(more)})" if more else status

"""How a 2.0.1 station answers for its device model and its network profiles (OCPP 2.0.1 A01, B05 to B09)."""

from collections.abc import Sequence
from typing import Final

from csms.simulator.errors import CallError
from csms.simulator.frames import Payload
from csms.simulator.socket import Address
from csms.simulator.v201.device import Device201

SLOTS: Final = (1, 2, 3)


def within(station: Device201, component: str, action: str, items: Sequence[object]) -> None:
    """Raise CallError when a request has more items than ItemsPerMessage allows."""
    most = station.model.number(component, "ItemsPerMessage", action)
    if len(items) > most:
        raise CallError(
            "OccurrenceConstraintViolation", f"{action} may have {most} items, this has {len(items)}"
        )


def get_variables(station: Device201, payload: Payload) -> Payload:
    """Answer B06."""
    wanted = payload["getVariableData"]
    within(station, "DeviceDataCtrlr", "GetVariables", wanted)
    station.tell_time()
    return {"getVariableResult": [station.model.read(each) for each in wanted]}


def set_variables(station: Device201, payload: Payload) -> Payload:
    """Answer B05, with the variables that take effect at once: password and heartbeat."""
    wanted = payload["setVariableData"]
    within(station, "DeviceDataCtrlr", "SetVariables", wanted)
    results = []
    for each in wanted:
        if not _slots_are_known(station, each):
            result = {name: each[name] for name in ("component", "variable")}
            results.append({"attributeStatus": "Rejected", **result})
            continue
        result = station.model.write(each)
        results.append(result)
        if result["attributeStatus"] == "Accepted":
            _take_effect(station, each["variable"]["name"].lower(), each["attributeValue"])
    return {"setVariableResult": results}


def _slots_are_known(station: Device201, wanted: Payload) -> bool:
    """Say whether NetworkConfigurationPriority names only slots that hold a profile; slot 1 always does."""
    if wanted["variable"]["name"].lower() != "networkconfigurationpriority":
        return True
    known = {"1", *(str(slot) for slot in station.network_profiles)}
    return all(slot in known for slot in wanted["attributeValue"].split(","))


def _take_effect(station: Device201, name: str, value: str) -> None:
    match name:
        case "heartbeatinterval":
            station.beat_again()
        case "basicauthpassword":
            station.password = value.encode()
            station.afterwards(_reconnect, station)


async def _reconnect(station: Device201) -> None:
    """Show the new password (A01): the connection is made anew, which is no boot."""
    await station.restart(abruptly=False)


def get_base_report(station: Device201, payload: Payload) -> Payload:
    """Answer B07: NotifyReport follows in parts."""
    station.tell_time()
    return _report(station, payload["requestId"], station.model.base_report(payload["reportBase"]))


def get_report(station: Device201, payload: Payload) -> Payload:
    """Answer B08: NotifyReport follows with what was asked for."""
    wanted = payload.get("componentVariable", [])
    within(station, "DeviceDataCtrlr", "GetReport", wanted)
    station.tell_time()
    return _report(
        station, payload["requestId"], station.model.report(wanted, payload.get("componentCriteria", ()))
    )


def _report(station: Device201, request_id: int, rows: list[Payload]) -> Payload:
    if not rows:
        return {"status": "EmptyResultSet"}
    station.afterwards(station.send_parts, "NotifyReport", "reportData", rows, request_id)
    return {"status": "Accepted"}


def set_network_profile(station: Device201, payload: Payload) -> Payload:
    """Answer B09: the profile is kept in its slot; NetworkConfigurationPriority may name it then."""
    slot, profile = payload["configurationSlot"], payload["connectionData"]
    now = station.model.number("SecurityCtrlr", "SecurityProfile")
    if slot not in SLOTS or profile["securityProfile"] < now or profile["ocppTransport"] != "JSON":
        return {"status": "Rejected"}
    try:
        Address.of(profile["ocppCsmsUrl"], station.identity)
    except ValueError:
        return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidURL"}}
    station.network_profiles[slot] = profile
    return {"status": "Accepted"}

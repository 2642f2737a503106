"""OCPP 2.0.1: how people write the variables of a station's device model (Part 1 §4): `Component.Variable`.

Instances stand in brackets, an EVSE and its connector after `@`, an attribute other than Actual after a colon:
`DeviceDataCtrlr.ItemsPerMessage[GetVariables]`, `Connector@1/2.AvailabilityState`, `ClockCtrlr.DateTime`,
`EVSE@1.Power:MaxSet`. Names are compared without regard to case.
"""

import re
from typing import Any, Final

from csms.errors import InvalidInput

ATTRIBUTES: Final = ("Actual", "Target", "MinSet", "MaxSet")
_NAME: Final = re.compile(
    r"(?P<component>[^.@\[\]]{1,50})(\[(?P<component_instance>[^\[\]]{1,50})\])?"
    r"(@(?P<evse>\d{1,5})(/(?P<connector>\d{1,5}))?)?"
    r"\.(?P<variable>[^@\[\]:]{1,50})(\[(?P<variable_instance>[^\[\]]{1,50})\])?(:(?P<attribute>[A-Za-z]+))?"
)


def written(component: dict[str, Any], variable: dict[str, Any], attribute: str = "Actual") -> str:
    """Return the name of a variable's attribute as people write it."""
    evse = component.get("evse") or {}
    place = f"@{evse['id']}" if evse else ""
    if evse.get("connectorId") is not None:
        place += f"/{evse['connectorId']}"
    rest = "" if attribute == "Actual" else f":{attribute}"
    return f"{_with_instance(component)}{place}.{_with_instance(variable)}{rest}"


def read(name: str) -> dict[str, Any]:
    """Return `component`, `variable` and, unless it is Actual, `attributeType` of what people write."""
    found = _NAME.fullmatch(name.strip())
    if found is None:
        raise InvalidInput(
            f"not a variable of OCPP 2.0.1: {name[:100]!r}; like OCPPCommCtrlr.HeartbeatInterval"
        )
    component: dict[str, Any] = {"name": found["component"]}
    if found["component_instance"]:
        component["instance"] = found["component_instance"]
    if found["evse"]:
        component["evse"] = {"id": int(found["evse"])}
        if found["connector"]:
            component["evse"]["connectorId"] = int(found["connector"])
    variable = {"name": found["variable"]}
    if found["variable_instance"]:
        variable["instance"] = found["variable_instance"]
    meant: dict[str, Any] = {"component": component, "variable": variable}
    attribute = found["attribute"]
    if attribute:
        known = {name.casefold(): name for name in ATTRIBUTES}
        if attribute.casefold() not in known:
            raise InvalidInput(f"attributes are {', '.join(ATTRIBUTES)}, not {attribute}")
        meant["attributeType"] = known[attribute.casefold()]
    return meant


def _with_instance(named: dict[str, Any]) -> str:
    instance = named.get("instance")
    return f"{named['name']}[{instance}]" if instance else str(named["name"])

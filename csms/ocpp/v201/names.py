"""OCPP 2.0.1: variables on the wire (ComponentType, VariableType, AttributeEnumType) and as people write them."""

from typing import Any

from csms.errors import InvalidInput
from csms.model import variable
from csms.model.variable import VariableName


def named(component: dict[str, Any], variable: dict[str, Any], attribute: str = "Actual") -> VariableName:
    """Return which attribute of which variable is meant on the wire."""
    evse = component.get("evse") or {}
    return VariableName(
        component=str(component["name"]),
        variable=str(variable["name"]),
        component_instance=str(component.get("instance") or ""),
        variable_instance=str(variable.get("instance") or ""),
        evse_id=int(evse.get("id") or 0),
        connector_id=int(evse.get("connectorId") or 0),
        attribute=attribute,
    )


def written(component: dict[str, Any], variable: dict[str, Any], attribute: str = "Actual") -> str:
    """Return the name of a variable's attribute as people write it."""
    return str(named(component, variable, attribute))


def read(name: str) -> dict[str, Any]:
    """Return `component`, `variable` and, unless it is Actual, `attributeType` of what people write."""
    found = variable.parse(name)
    if found is None:
        raise InvalidInput(
            f"not a variable of OCPP 2.0.1: {name[:100]!r}; like OCPPCommCtrlr.HeartbeatInterval "
            f"(attributes are {', '.join(variable.ATTRIBUTES)})"
        )
    meant: dict[str, Any] = {"component": component_of(found), "variable": {"name": found.variable}}
    if found.variable_instance:
        meant["variable"]["instance"] = found.variable_instance
    return meant if found.attribute == "Actual" else meant | {"attributeType": found.attribute}


def component_of(found: VariableName) -> dict[str, Any]:
    """Return the component of a variable as it stands on the wire."""
    component: dict[str, Any] = {"name": found.component}
    if found.component_instance:
        component["instance"] = found.component_instance
    if found.evse_id:
        component["evse"] = {"id": found.evse_id}
        if found.connector_id:
            component["evse"]["connectorId"] = found.connector_id
    return component

"""The device model: components with variables, how they are read, written and reported (OCPP 2.0.1 B05 to B08)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from csms.simulator.frames import Payload
from csms.simulator.v201.variables import CONNECTOR, EVSE, STATION, Row

Key = tuple[Any, ...]
ECHOED: Final = ("component", "variable", "attributeType")
IN_SUMMARY: Final = ("Active", "AvailabilityState", "Problem")
MISSING_MEANS_TRUE: Final = ("Active", "Available", "Enabled")


@dataclass(slots=True, eq=False)
class Variable:
    """One variable of one component."""

    component: Payload
    variable: Payload
    row: Row
    value: str

    def attribute(self) -> Payload:
        """Return the attribute Actual as reports show it; what may only be written is not told."""
        shown: Payload = {} if self.row.mutability == "WriteOnly" else {"value": self.value}
        return {"type": "Actual", **shown, "mutability": self.row.mutability, "persistent": True}

    def report(self) -> Payload:
        """Return the variable as an element of `reportData`."""
        row = self.row
        characteristics: Payload = {"dataType": row.data_type, "supportsMonitoring": row.monitored}
        more = {"unit": row.unit, "minLimit": row.low, "maxLimit": row.high, "valuesList": row.values}
        characteristics |= {name: value for name, value in more.items() if value is not None}
        return {
            "component": self.component,
            "variable": self.variable,
            "variableAttribute": [self.attribute()],
            "variableCharacteristics": characteristics,
        }

    def allows(self, value: str) -> bool:
        """Say whether the variable can have this value."""
        row = self.row
        match row.data_type:
            case "boolean":
                return value in ("true", "false")
            case "integer":
                digits = value.isascii() and value.isdigit()
                return digits and (row.low or 0) <= int(value) <= (
                    2**31 - 1 if row.high is None else row.high
                )
            case "OptionList":
                return value in (row.values or "").split(",")
            case "MemberList" | "SequenceList":
                members = value.split(",") if value else []
                own_may_be_empty = row.value == ""
                known = (row.values or "").split(",")
                return (bool(members) or own_may_be_empty) and all(member in known for member in members)
            case _:
                return (row.low or 0) <= len(value) <= (row.high or 2500)


def key_of(component: Payload, variable: Payload | None = None) -> Key:
    """Return what identifies a component, or one of its variables; names differ not by their case."""
    evse = component.get("evse", {})
    names = (component["name"].lower(), component.get("instance", "").lower())
    place = (evse.get("id"), evse.get("connectorId"))
    if variable is None:
        return (*names, *place)
    return (*names, *place, variable["name"].lower(), variable.get("instance", "").lower())


def station_part(name: str) -> Payload:
    """Return a component of the whole station."""
    return {"name": name}


class DeviceModel:
    """All variables of one station; `text`, `number` and `flag` read those of the station itself."""

    def __init__(self, evses: int) -> None:
        self._variables: dict[Key, Variable] = {}
        self._components: set[Key] = set()
        for (component, name, instance), row in STATION.items():
            variable = {"name": name} | ({"instance": instance} if instance else {})
            self._add(station_part(component), variable, row)
        for evse_id in range(1, evses + 1):
            self.add_evse(evse_id)

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._variables.values())

    def add_evse(self, evse_id: int) -> None:
        """Add an EVSE with its one connector."""
        for name, row in EVSE.items():
            self._add({"name": "EVSE", "evse": {"id": evse_id}}, {"name": name}, row)
        for name, row in CONNECTOR.items():
            self._add({"name": "Connector", "evse": {"id": evse_id, "connectorId": 1}}, {"name": name}, row)

    def _add(self, component: Payload, variable: Payload, row: Row) -> None:
        self._variables[key_of(component, variable)] = Variable(component, variable, row, row.value)
        self._components.add(key_of(component))

    def find(self, component: Payload, variable: Payload) -> Variable | str:
        """Return a variable, or the status that says why there is none."""
        found = self._variables.get(key_of(component, variable))
        if found is not None:
            return found
        return "UnknownVariable" if key_of(component) in self._components else "UnknownComponent"

    def has_component(self, component: Payload) -> bool:
        """Say whether the station has the component."""
        return key_of(component) in self._components

    def _of_station(self, component: str, name: str, instance: str = "") -> Variable:
        return self._variables[
            (component.lower(), "", None, None, name.lower(), instance.lower())  # as `key_of` makes it
        ]

    def text(self, component: str, name: str, instance: str = "") -> str:
        """Return the value of a variable of the station; raises KeyError."""
        return self._of_station(component, name, instance).value

    def number(self, component: str, name: str, instance: str = "") -> int:
        """Return the value of a numeric variable of the station."""
        return int(self.text(component, name, instance) or 0)

    def most(self, component: str, name: str, instance: str = "") -> int:
        """Return the maxLimit of a variable of the station."""
        return self._of_station(component, name, instance).row.high or 0

    def flag(self, component: str, name: str, instance: str = "") -> bool:
        """Return the value of a boolean variable of the station."""
        return self.text(component, name, instance) == "true"

    def set(self, component: str, name: str, value: str, instance: str = "") -> None:
        """Set a variable of the station from within, writable or not."""
        self._of_station(component, name, instance).value = value

    def read(self, wanted: Payload) -> Payload:
        """Return an element of GetVariables' answer."""
        result: Payload = {name: wanted[name] for name in ECHOED if name in wanted}
        found = self.find(wanted["component"], wanted["variable"])
        if isinstance(found, str):
            return {"attributeStatus": found, **result}
        if wanted.get("attributeType", "Actual") != "Actual":
            return {"attributeStatus": "NotSupportedAttributeType", **result}
        if found.row.mutability == "WriteOnly":
            return {"attributeStatus": "Rejected", **result}
        return {"attributeStatus": "Accepted", "attributeValue": found.value, **result}

    def write(self, wanted: Payload) -> Payload:
        """Do what an element of SetVariables asks; return the element of the answer."""
        result: Payload = {name: wanted[name] for name in ECHOED if name in wanted}
        return {"attributeStatus": self._write(wanted), **result}

    def _write(self, wanted: Payload) -> str:
        found = self.find(wanted["component"], wanted["variable"])
        if isinstance(found, str):
            return found
        if wanted.get("attributeType", "Actual") != "Actual":
            return "NotSupportedAttributeType"
        if found.row.mutability == "ReadOnly" or not found.allows(wanted["attributeValue"]):
            return "Rejected"
        found.value = wanted["attributeValue"]
        return "RebootRequired" if found.row.needs_reboot else "Accepted"

    # Reports

    def base_report(self, base: str) -> list[Payload]:
        """Return `reportData` of a GetBaseReport: all, what can be set, or states and problems."""

        def meant(variable: Variable) -> bool:
            match base:
                case "FullInventory":
                    return True
                case "ConfigurationInventory":
                    return variable.row.mutability != "ReadOnly"
                case _:
                    return variable.variable["name"] in IN_SUMMARY

        return [variable.report() for variable in self if meant(variable)]

    def report(self, wanted: Sequence[Payload], criteria: Iterable[str]) -> list[Payload]:
        """Return `reportData` of a GetReport: what is named, of components that meet one criterion."""
        wanted_criteria = tuple(criteria)
        selected = [v for v in self if not wanted or any(_names(each, v) for each in wanted)]
        return [v.report() for v in selected if not wanted_criteria or self._meets(v, wanted_criteria)]

    def _meets(self, variable: Variable, criteria: tuple[str, ...]) -> bool:
        component = variable.component
        for criterion in criteria:
            found = self.find(component, {"name": criterion})
            if isinstance(found, str):
                if criterion in MISSING_MEANS_TRUE:
                    return True
            elif found.value == "true":
                return True
        return False

    def named(self, wanted: Sequence[Payload]) -> Callable[[Payload, Payload], bool]:
        """Return what says whether a component's variable is among `componentVariable`; none means all."""

        def among(component: Payload, variable: Payload) -> bool:
            found = self.find(component, variable)
            return not wanted or (not isinstance(found, str) and any(_names(each, found) for each in wanted))

        return among


def _names(wanted: Payload, variable: Variable) -> bool:
    """Say whether `componentVariable` means it: what it leaves open fits all."""
    component, own = wanted["component"], variable.component
    if component["name"].lower() != own["name"].lower():
        return False
    if "instance" in component and component["instance"].lower() != own.get("instance", "").lower():
        return False
    place, own_place = component.get("evse", {}), own.get("evse", {})
    if any(own_place.get(name) != value for name, value in place.items() if name != "customData"):
        return False
    named, own_name = wanted.get("variable"), variable.variable
    if named is None:
        return True
    same_name = named["name"].lower() == own_name["name"].lower()
    return same_name and (
        "instance" not in named or named["instance"].lower() == own_name.get("instance", "").lower()
    )

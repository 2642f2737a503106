"""Variables of a station's device model (OCPP 2.0.1 Part 1 §4): their names as people write them, and their values.

A name is `Component.Variable`. Instances stand in brackets, an EVSE and its connector after `@`, an attribute other
than Actual after a colon: `DeviceDataCtrlr.ItemsPerMessage[GetVariables]`, `Connector@1/2.AvailabilityState`,
`EVSE@1.Power:MaxSet`. Names are compared without regard to case.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

ATTRIBUTES: Final = ("Actual", "Target", "MinSet", "MaxSet")
_NAME: Final = re.compile(
    r"(?P<component>[^.@\[\]]{1,50})(\[(?P<component_instance>[^\[\]]{1,50})\])?"
    r"(@(?P<evse>\d{1,5})(/(?P<connector>\d{1,5}))?)?"
    r"\.(?P<variable>[^@\[\]:]{1,50})(\[(?P<variable_instance>[^\[\]]{1,50})\])?(:(?P<attribute>[A-Za-z]+))?"
)


@dataclass(frozen=True, slots=True)
class VariableName:
    """One attribute of one variable; instances are empty and EVSE and connector 0 where there is none."""

    component: str
    variable: str
    component_instance: str = ""
    variable_instance: str = ""
    evse_id: int = 0
    connector_id: int = 0
    attribute: str = "Actual"

    def __str__(self) -> str:
        """Return the name as people write it."""
        place = f"@{self.evse_id}" if self.evse_id else ""
        place += f"/{self.connector_id}" if self.evse_id and self.connector_id else ""
        attribute = "" if self.attribute == "Actual" else f":{self.attribute}"
        component = _with_instance(self.component, self.component_instance)
        return f"{component}{place}.{_with_instance(self.variable, self.variable_instance)}{attribute}"


@dataclass(frozen=True, slots=True)
class Variable:
    """What a station reports of one attribute of a variable, with the variable's characteristics."""

    at: VariableName
    value: str | None
    mutability: str
    persistent: bool
    constant: bool
    data_type: str | None = None
    unit: str | None = None
    min_limit: str | None = None
    max_limit: str | None = None
    values_list: str | None = None
    supports_monitoring: bool | None = None


def parse(text: str) -> VariableName | None:
    """Return the variable that people mean by a name, None where it is no name of a variable."""
    found = _NAME.fullmatch(text.strip())
    if found is None:
        return None
    known = {name.casefold(): name for name in ATTRIBUTES}
    attribute = known.get((found["attribute"] or "Actual").casefold())
    if attribute is None:
        return None
    return VariableName(
        component=found["component"],
        variable=found["variable"],
        component_instance=found["component_instance"] or "",
        variable_instance=found["variable_instance"] or "",
        evse_id=int(found["evse"] or 0),
        connector_id=int(found["connector"] or 0),
        attribute=attribute,
    )


def same_value(one: str, other: str) -> bool:
    """Whether two values mean the same: without regard to case, blanks around commas, and how a number is written."""
    if one == other:
        return True
    ours, theirs = _members(one), _members(other)
    return len(ours) == len(theirs) and all(map(_same, ours, theirs))


def _members(value: str) -> list[str]:
    return [member.strip().casefold() for member in value.split(",")]


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _with_instance(name: str, instance: str) -> str:
    return f"{name}[{instance}]" if instance else name

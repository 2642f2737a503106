"""Reports that stations send in parts after they were asked: what they hold, and when they are whole (2.0.1 FR.05).

A part may come twice, late or out of order. A report is whole once every part up to the last has arrived; then the
command that asked for it is done.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.clock import to_text
from csms.model.command import Outcome, Purpose, SettingReported
from csms.model.station import StationRef
from csms.services import commands, facts, stations
from csms.services.unit import Tx
from csms.store import commands as command_store
from csms.store import device_model as store


@dataclass(frozen=True, slots=True)
class Variable:
    """One attribute of a variable; `name` is what operators call it. Instances are empty and EVSEs 0 where absent."""

    name: str
    component: str
    component_instance: str
    evse_id: int
    connector_id: int
    variable: str
    variable_instance: str
    attribute: str
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


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a report: its kind (an event of model.event), its numbers, and whether it is the last.

    `seq_no` is None where the standard numbers no parts.
    """

    kind: str
    request_id: int
    seq_no: int | None
    last: bool
    generated_at: datetime
    body: dict[str, Any]
    variables: tuple[Variable, ...] = ()


def take(tx: Tx, station: StationRef, part: Part) -> None:
    """Take in one part: keep what it says, and end the command that asked once the report is whole."""
    if part.seq_no is not None:
        values = {
            "station_key": station.key,
            "kind": part.kind,
            "request_id": part.request_id,
            "seq_no": part.seq_no,
            "is_last": int(part.last),
            "generated_at": to_text(part.generated_at),
            "received_at": tx.at,
        }
        store.put_part(tx.db, values)
    if part.variables:
        store.put_variables(tx.db, [_values(station, part, variable) for variable in part.variables])
        for variable in part.variables:
            if variable.attribute == "Actual":
                readonly = variable.mutability == "ReadOnly"
                facts.apply(tx, station, SettingReported(variable.name, variable.value, readonly))
    else:
        stations.record(tx, station, part.kind, part.body, reported_at=to_text(part.generated_at))
    for command in command_store.pending(tx.db, station.key, Purpose.REPORT):
        if command.request_id == part.request_id:
            outcome = Outcome.DONE if _is_whole(tx, station, part, to_text(command.requested_at)) else None
            said = "report complete" if outcome else "report begun"
            commands.follow(tx, station, Purpose.REPORT, said, outcome, request_id=part.request_id)


def _is_whole(tx: Tx, station: StationRef, part: Part, asked_at: str) -> bool:
    """Whether every part up to the last has arrived since the report was asked for."""
    if part.seq_no is None:
        return part.last
    arrived = store.parts(tx.db, station.key, part.kind, part.request_id, asked_at)
    numbers = [row["seq_no"] for row in arrived]
    return numbers == list(range(len(numbers))) and arrived[-1]["is_last"] == 1


def _values(station: StationRef, part: Part, variable: Variable) -> dict[str, Any]:
    monitored = variable.supports_monitoring
    return {
        "station_key": station.key,
        "component": variable.component,
        "component_instance": variable.component_instance,
        "evse_id": variable.evse_id,
        "connector_id": variable.connector_id,
        "variable": variable.variable,
        "variable_instance": variable.variable_instance,
        "attribute": variable.attribute,
        "value": variable.value,
        "mutability": variable.mutability,
        "persistent": int(variable.persistent),
        "constant": int(variable.constant),
        "data_type": variable.data_type,
        "unit": variable.unit,
        "min_limit": variable.min_limit,
        "max_limit": variable.max_limit,
        "values_list": variable.values_list,
        "supports_monitoring": None if monitored is None else int(monitored),
        "generated_at": to_text(part.generated_at),
    }

"""Reports that stations send in parts after they were asked: what they hold, and when they are whole (2.0.1 FR.05).

A part may come twice, late or out of order. A report is whole once every part up to the last has arrived; then the
command that asked for it is done. One collector for all of them: what a kind of part says is kept by its own rule.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.clock import to_text
from csms.model.command import Command, Outcome, Purpose
from csms.model.monitor import Monitor
from csms.model.station import StationRef
from csms.model.variable import Variable
from csms.services import commands, device_model, monitors, station_jobs, stations
from csms.services.unit import Tx
from csms.store import commands as command_store
from csms.store import device_model as store


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
    monitors: tuple[Monitor, ...] = ()


def take(tx: Tx, station: StationRef, part: Part) -> bool:
    """Take in one part: keep what it says, and end the command that asked; returns whether the report is whole now.

    What a part says counts from when it was asked for: a part of an earlier report does not overrule a later one.
    """
    _note(tx, station, part)
    command = command_store.of_request(tx.db, station.key, Purpose.REPORT, part.request_id)
    asked_at = to_text(command.requested_at) if command else tx.at
    if part.variables:
        device_model.report(tx, station, part.variables, part.generated_at, asked_at)
    if part.monitors:
        monitors.reported(tx, station, part.monitors, asked_at)
    if not part.variables:
        stations.record(tx, station, part.kind, part.body, reported_at=to_text(part.generated_at))
    if command is None or command.outcome is not Outcome.PENDING:
        return False
    whole = _is_whole(tx, station, part, asked_at)
    if whole:
        _complete(tx, station, command, asked_at)
    said = "report complete" if whole else "report begun"
    outcome = Outcome.DONE if whole else None
    commands.follow(tx, station, Purpose.REPORT, said, outcome, request_id=part.request_id)
    return whole


def abort(tx: Tx, station: StationRef) -> None:
    """End the reports under way of a station that has rebooted: what is missing of them will not come."""
    for command in command_store.pending(tx.db, station.key, Purpose.REPORT):
        if command.request_id is not None:
            commands.follow(
                tx,
                station,
                Purpose.REPORT,
                "the station rebooted",
                Outcome.FAILED,
                request_id=command.request_id,
            )


def _complete(tx: Tx, station: StationRef, command: Command, asked_at: str) -> None:
    """Forget what a report of everything has left out."""
    if command.covers is not None:
        monitors.replaced(tx, station, command.covers, asked_at)
        station_jobs.reported(tx, station, command.covers, asked_at)


def _note(tx: Tx, station: StationRef, part: Part) -> None:
    """Keep that a part has arrived."""
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


def _is_whole(tx: Tx, station: StationRef, part: Part, asked_at: str) -> bool:
    """Whether every part up to the last has arrived since the report was asked for."""
    if part.seq_no is None:
        return part.last
    arrived = store.parts(tx.db, station.key, part.kind, part.request_id, asked_at)
    numbers = [row["seq_no"] for row in arrived]
    return numbers == list(range(len(numbers))) and arrived[-1]["is_last"] == 1

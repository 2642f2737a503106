"""Orders about what a station watches (OCPP 2.0.1 block N): set and cleared in parts as large as the station takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from csms.errors import InvalidInput
from csms.model.command import CallStatus, Outcome
from csms.model.device_command import ClearMonitors, GetMonitoringReport, MonitorCriterion, SetMonitors
from csms.model.station_command import StationCommand
from csms.services import setting_calls
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.station_orders import Occasion
from csms.store import abilities

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MonitoringReport:
    """Report the monitors: all of them, or those of these components, variables or criteria."""

    names: tuple[str, ...] = ()
    criteria: tuple[MonitorCriterion, ...] = ()


def report(on: Occasion, order: MonitoringReport) -> GetMonitoringReport:
    """Give the report a number of its own."""
    number = abilities.count(on.tx.db, on.station.id, "request")
    return GetMonitoringReport(number, order.names, order.criteria)


async def set_monitors(errand: Errand, order: SetMonitors) -> tuple[CallResult, dict[str, Any]]:
    """Set monitors; the station gives each its number."""
    if not order.monitors:
        raise InvalidInput("name the variable to watch")
    bounds = await errand.bounds()
    limits = (bounds.monitors_per_message, bounds.bytes_per_monitors)
    return await _in_parts(errand, order.monitors, SetMonitors, limits), {}


async def clear_monitors(errand: Errand, order: ClearMonitors) -> tuple[CallResult, dict[str, Any]]:
    """Clear monitors by their numbers, each once (N06.FR.04)."""
    if not order.ids:
        raise InvalidInput("name the monitors by their numbers: csms station monitors ID")
    bounds = await errand.bounds()
    limits = (bounds.monitors_per_clearing, bounds.bytes_per_clearing)
    return await _in_parts(errand, tuple(dict.fromkeys(order.ids)), ClearMonitors, limits), {}


async def _in_parts(
    errand: Errand, items: Sequence[T], command: Any, limits: tuple[int | None, int | None]
) -> CallResult:
    """Send items in parts; returns the CALL that went worst."""
    known = await errand.abilities()

    def size(item: T) -> int:
        alone: StationCommand = command((item,))
        return len(msgspec.json.encode(errand.house.link.translate(errand.version, alone, known)[1]))

    worst: CallResult | None = None
    for part in setting_calls.in_parts(items, *limits, size):
        result = await errand.carry_out(command(part))
        if worst is None or result.outcome is not Outcome.DONE:
            worst = result
        if result.status in (CallStatus.OFFLINE, CallStatus.TIMEOUT):
            break
    assert worst is not None
    return worst

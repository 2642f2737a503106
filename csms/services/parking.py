"""When a connected vehicle requested no power: what OCPI bills as PARKING_TIME (OCPI 2.2.1 §11.4.5)."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from csms.clock import from_text, to_text
from csms.model.charge_curve import Interval, MeterPoint
from csms.model.station import ConnectorStatus
from csms.services.unit import Tx
from csms.store import stations
from csms.store.connection import Row

REQUESTS_NO_POWER: Final = frozenset({ConnectorStatus.SUSPENDED_EV, ConnectorStatus.FINISHING})
"""SuspendedEVSE is not among them: there the vehicle wants power and we give it none."""


def spans(tx: Tx, row: Row, ended_at: datetime, points: Sequence[MeterPoint]) -> list[Interval]:
    """Return the parking spans of a transaction: by its connector's states, else by where no energy flowed."""
    started_at = from_text(row["started_at"])
    history = stations.history(
        tx.db, row["station_key"], row["evse_id"], row["started_at"], to_text(ended_at)
    )
    if not any(entry["at"] > row["started_at"] for entry in history):
        return idle(points)
    changes = [(max(from_text(entry["at"]), started_at), entry["status"]) for entry in history]
    found: list[Interval] = []
    for (at, status), (until, _) in pairwise([*changes, (ended_at, "")]):
        if status in REQUESTS_NO_POWER and until > at:
            _append(found, at, until)
    return found


def idle(points: Sequence[MeterPoint]) -> list[Interval]:
    """Return the spans between readings in which no energy flowed and no power was drawn."""
    found: list[Interval] = []
    for before, after in pairwise(points):
        if before.energy_wh == after.energy_wh and not before.power_w and after.at > before.at:
            _append(found, before.at, after.at)
    return found


def _append(found: list[Interval], at: datetime, until: datetime) -> None:
    """Add a span, joined to the last one where they touch."""
    if found and found[-1].ended_at == at:
        at = found.pop().started_at
    found.append(Interval(at, until))

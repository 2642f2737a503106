"""What we do with reports that cannot be true as they stand; every correction is recorded with its transaction.

The rules never refuse a report and never invent energy in our favour (see docs/explanation/corrections.md).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from csms.clock import from_text, to_text
from csms.model import meter
from csms.model.station import StationRef
from csms.model.transaction import Correction, Transaction
from csms.services.unit import Tx
from csms.store import transactions as store
from csms.store.connection import Row

CLOCK_UNSET_BEFORE = datetime.fromisoformat("2015-01-01T00:00:00+00:00")
"""A station whose clock shows less has not been given the time yet: 1970 and 2000 are seen."""
CLOCK_AHEAD = timedelta(days=1)
REGISTER_NOISE_WH = 10
"""A register may read this much lower than it did before: rounding inside the meter."""
PLAUSIBLE_W = 1_000_000
"""No connector delivers more; an average above it means a wrong register."""


def note(tx: Tx, station: StationRef, transaction_id: str, kind: str, detail: dict[str, Any]) -> None:
    """Record one correction; the same one again (a retried message) is not another."""
    if (kind, detail) in [(c.kind, c.detail) for c in store.corrections(tx.db, transaction_id)]:
        return
    store.add_correction(tx.db, station.tenant_id, transaction_id, Correction(kind, detail, tx.now))
    tx.emit("transaction.corrected", station, transaction_id, {"kind": kind, **detail})


def sane_time(reported: datetime, now: datetime) -> datetime:
    """Return the reported moment, or `now` where the station's clock was obviously not set."""
    return reported if CLOCK_UNSET_BEFORE <= reported <= now + CLOCK_AHEAD else now


def check_start(tx: Tx, station: StationRef, transaction: Transaction) -> None:
    """Record what is odd about a start: a clock that is not set, a meter that reads less than at the last stop."""
    if transaction.started_at != transaction.reported_started_at:
        detail: dict[str, Any] = {"at": "start", "reported": _text(transaction.reported_started_at)}
        note(tx, station, transaction.id, "clock_not_set", detail)
    before = _text(transaction.started_at)
    last_wh = _last_stop_wh(tx, station, transaction.evse_id, before or tx.at)
    if transaction.meter_start_wh is None or last_wh is None:
        return
    if transaction.meter_start_wh < last_wh - REGISTER_NOISE_WH:
        detail = {"meterStartWh": transaction.meter_start_wh, "lastMeterStopWh": last_wh}
        note(tx, station, transaction.id, "meter_below_last_stop", detail)


@dataclass(frozen=True, slots=True)
class Settled:
    """What counts for the bill: span, registers in Wh, energy in Wh and the meter curve since the start."""

    ended_at: datetime
    meter_start_wh: int
    meter_stop_wh: int
    energy_wh: int
    curve: tuple[tuple[datetime, int], ...]


def settle(
    tx: Tx, station: StationRef, row: Row, reported_end: datetime, meter_stop_wh: int | None
) -> Settled:
    """Decide span and energy of an ending transaction from its registers, recording each correction."""
    started_at = from_text(row["started_at"])
    readings = [(from_text(r["taken_at"]), r["energy_wh"]) for r in store.meter_curve(tx.db, row["id"])]
    registers = meter.registers(readings)
    ended_at = _settle_end(tx, station, row, started_at, reported_end, registers)
    first = (
        row["meter_start_wh"] if row["meter_start_wh"] is not None else registers[0][1] if registers else 0
    )
    meter_stop_wh = _settle_stop(tx, station, row, meter_stop_wh, registers)
    begin_wh = _settle_begin(tx, station, row, first, registers, meter_stop_wh)
    end_wh = meter_stop_wh if meter_stop_wh is not None else registers[-1][1] if registers else begin_wh
    if end_wh >= begin_wh:
        energy_wh = end_wh - begin_wh
    else:
        energy_wh = _settle_fall(tx, station, row["id"], begin_wh, end_wh, registers)
    hours = max((ended_at - started_at).total_seconds(), 60) / 3600
    if energy_wh > PLAUSIBLE_W * hours:
        note(tx, station, row["id"], "implausible_energy", {"energyWh": energy_wh, "hours": round(hours, 3)})
    energies = curve(started_at, ended_at, begin_wh, energy_wh, registers)
    return Settled(ended_at, begin_wh, end_wh, energy_wh, energies)


def _settle_end(
    tx: Tx, station: StationRef, row: Row, started_at: datetime, reported: datetime,
    registers: list[tuple[datetime, int]],
) -> datetime:  # fmt: skip
    ended_at = sane_time(reported, tx.now)
    if ended_at != reported:
        note(tx, station, row["id"], "clock_not_set", {"at": "stop", "reported": to_text(reported)})
    if ended_at < started_at:
        note(tx, station, row["id"], "stop_before_start", {"reported": to_text(reported)})
        last = registers[-1][0] if registers else started_at
        ended_at = max(started_at, min(last, tx.now))
    return ended_at


def _settle_begin(
    tx: Tx, station: StationRef, row: Row, meter_start_wh: int, registers: list[tuple[datetime, int]],
    meter_stop_wh: int | None,
) -> int:  # fmt: skip
    """Replace a start register of 0 that would bill the meter's whole life (seen after offline starts)."""
    if meter_start_wh != 0:
        return meter_start_wh
    end_wh = meter_stop_wh if meter_stop_wh is not None else registers[-1][1] if registers else 0
    nonzero = [wh for _, wh in registers if wh > 0]
    last_wh = _last_stop_wh(tx, station, row["evse_id"], row["started_at"]) or 0
    if 0 < last_wh <= end_wh and (not nonzero or nonzero[0] >= last_wh):
        chosen, source = last_wh, "last stop on this EVSE"
    elif nonzero and _too_fast(from_text(row["started_at"]), registers):
        chosen, source = nonzero[0], "first reading"
    else:
        return 0
    note(tx, station, row["id"], "meter_start_zero", {"meterStartWh": 0, "usedWh": chosen, "source": source})
    return chosen


def _last_stop_wh(tx: Tx, station: StationRef, evse_id: int | None, before: str) -> int | None:
    """Return the register at the latest stop on an EVSE; EVSE 0 is any, whose registers tell nothing."""
    last = store.last_ended(tx.db, station.key, evse_id, before) if evse_id else None
    return last["meter_stop_wh"] if last else None


def _settle_stop(
    tx: Tx, station: StationRef, row: Row, meter_stop_wh: int | None, registers: list[tuple[datetime, int]]
) -> int | None:
    """Replace a stop register of 0 where the meter was read during the charge: the station did not fill it in."""
    if meter_stop_wh != 0 or not registers or registers[-1][1] <= 0:
        return meter_stop_wh
    note(tx, station, row["id"], "meter_stop_zero", {"meterStopWh": 0, "usedWh": registers[-1][1]})
    return registers[-1][1]


def _too_fast(started_at: datetime, registers: list[tuple[datetime, int]]) -> bool:
    """Whether the first non-zero register cannot have been reached from 0 since the start."""
    at, wh = next((at, wh) for at, wh in registers if wh > 0)
    hours = max((at - started_at).total_seconds(), 60) / 3600
    return wh > PLAUSIBLE_W * hours


def _settle_fall(
    tx: Tx,
    station: StationRef,
    transaction_id: str,
    begin_wh: int,
    end_wh: int,
    registers: list[tuple[datetime, int]],
) -> int:
    """Return the energy where the register reads less at the stop than at the start."""
    detail: dict[str, Any] = {"meterStartWh": begin_wh, "meterStopWh": end_wh}
    if begin_wh - end_wh <= REGISTER_NOISE_WH:
        note(tx, station, transaction_id, "meter_noise", detail | {"usedWh": 0})
        return 0
    shown = [wh for _, wh in registers if wh > 0]  # a 0 between others is a meter that did not answer
    energy_wh, _ = meter.delivered_wh([begin_wh, *shown, end_wh])
    note(tx, station, transaction_id, "meter_reset", detail | {"usedWh": energy_wh})
    return energy_wh


def curve(
    started_at: datetime,
    ended_at: datetime,
    begin_wh: int,
    energy_wh: int,
    registers: list[tuple[datetime, int]],
) -> tuple[tuple[datetime, int], ...]:
    """Return energy since the start over time: never falling, from 0 at the start to the total at the end."""
    points: list[tuple[datetime, int]] = [(started_at, 0)]
    for at, wh in registers:
        since = wh - begin_wh
        if points[-1][0] < at < ended_at and points[-1][1] <= since <= energy_wh:
            points.append((at, since))
    points.append((ended_at, energy_wh))
    return tuple(points)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)

"""Meter readings on their way into the record: kept as reported, with the numbers that bills and plots need."""

from collections.abc import Sequence
from typing import Any

import msgspec

from csms.clock import to_text
from csms.model import meter
from csms.model.meter import MeterReading
from csms.model.station import StationRef
from csms.services import corrections
from csms.services.unit import Tx
from csms.store import transactions as store

_encoder = msgspec.json.Encoder()
"""Leaves out what is the standard's default (see MeterSample)."""


def put(
    tx: Tx, station: StationRef, transaction_id: str, evse_id: int | None, readings: Sequence[MeterReading]
) -> dict[str, Any]:
    """Write readings (`transaction_id` empty: outside any) and return the numbers of the last one for listeners."""
    numbers: dict[str, Any] = {}
    for reading in readings:
        summary = meter.summarize(reading)
        values = {
            "tenant_id": station.tenant_id,
            "station_key": station.key,
            "subject": transaction_id or f"{station.key}/{evse_id or 0}",
            "evse_id": evse_id or 0,
            "taken_at": to_text(reading.taken_at),
            "received_at": tx.at,
            "signature": meter.signature(reading),
            "energy_wh": summary.energy_wh,
            "power_w": summary.power_w,
            "current_a": None if summary.current_a is None else str(summary.current_a),
            "samples": _encoder.encode(reading.samples).decode(),
        }
        store.put_meter_value(tx.db, values)
        numbers = {
            "takenAt": values["taken_at"],
            "energyWh": summary.energy_wh,
            "powerW": summary.power_w,
            "currentA": summary.current_a,
            "socPercent": summary.soc_percent,
        }
        if summary.rejected and transaction_id:
            detail = {"takenAt": values["taken_at"], "values": [s.value[:50] for s in summary.rejected[:10]]}
            corrections.note(tx, station, transaction_id, "rejected_sample", detail)
    return numbers

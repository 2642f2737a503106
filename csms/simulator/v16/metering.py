"""What a station puts into `meterValue` (OCPP 1.6 §3.16, MeterValue, SampledValue)."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from csms.simulator.charge import Reading
from csms.simulator.clock import to_wire
from csms.simulator.frames import Payload

Row = tuple[Payload, Callable[[Reading], str]]

_PHASES = ("L1", "L2", "L3")


def _current(phase: int) -> Callable[[Reading], str]:
    return lambda reading: f"{reading.currents_a[phase]:.2f}"


def _voltage(phase: int) -> Callable[[Reading], str]:
    return lambda reading: f"{reading.voltages_v[phase]:.1f}"


_ROWS: dict[str, list[Row]] = {
    "Energy.Active.Import.Register": [({"unit": "Wh"}, lambda reading: str(int(reading.register_wh)))],
    "Power.Active.Import": [({"unit": "W"}, lambda reading: f"{reading.power_w:.1f}")],
    "Current.Import": [({"phase": phase, "unit": "A"}, _current(n)) for n, phase in enumerate(_PHASES)],
    "Voltage": [({"phase": f"{phase}-N", "unit": "V"}, _voltage(n)) for n, phase in enumerate(_PHASES)],
    "SoC": [({"location": "EV", "unit": "Percent"}, lambda reading: f"{reading.soc_percent:.1f}")],
    "Current.Offered": [({"unit": "A"}, lambda reading: f"{reading.offered_a:.2f}")],
    "Power.Offered": [({"unit": "W"}, lambda reading: f"{reading.offered_w:.1f}")],
    "Temperature": [
        ({"location": "Body", "unit": "Celsius"}, lambda reading: f"{reading.temperature_c:.1f}")
    ],
    "Frequency": [({}, lambda _: "50.00")],
}


@lru_cache(maxsize=256)
def _rows(measurands: str, context: str, limit: int) -> tuple[Row, ...]:
    rows: list[Row] = []
    for measurand in filter(None, measurands.split(",")):
        for fields, value in _ROWS[measurand]:
            rows.append(({"context": context, "measurand": measurand, **fields}, value))
    return tuple(rows[:limit])


def meter_value(reading: Reading, at: datetime, measurands: str, context: str, limit: int) -> Payload:
    """Return an element of `meterValue`: the measurands of a comma list, by phase, at most `limit` values."""
    values = [{"value": value(reading), **fields} for fields, value in _rows(measurands, context, limit)]
    return {"timestamp": to_wire(at), "sampledValue": values}

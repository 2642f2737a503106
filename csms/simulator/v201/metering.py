"""What a station puts into `meterValue` (OCPP 2.0.1 J, MeterValueType)."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final

from csms.simulator.charge import Reading
from csms.simulator.clock import to_wire
from csms.simulator.frames import Payload

Row = tuple[Payload, Callable[[Reading], float]]

_PHASES: Final = ("L1", "L2", "L3")


def _unit(unit: str) -> Payload:
    return {"unitOfMeasure": {"unit": unit}}


def _current(phase: int) -> Callable[[Reading], float]:
    return lambda reading: round(reading.currents_a[phase], 2)


def _voltage(phase: int) -> Callable[[Reading], float]:
    return lambda reading: round(reading.voltages_v[phase], 1)


_ROWS: Final[dict[str, list[Row]]] = {
    "Energy.Active.Import.Register": [(_unit("Wh"), lambda reading: int(reading.register_wh))],
    "Power.Active.Import": [(_unit("W"), lambda reading: round(reading.power_w, 1))],
    "Current.Import": [({"phase": phase, **_unit("A")}, _current(n)) for n, phase in enumerate(_PHASES)],
    "Voltage": [({"phase": f"{phase}-N", **_unit("V")}, _voltage(n)) for n, phase in enumerate(_PHASES)],
    "SoC": [({"location": "EV", **_unit("Percent")}, lambda reading: round(reading.soc_percent, 1))],
    "Current.Offered": [(_unit("A"), lambda reading: round(reading.offered_a, 2))],
    "Power.Offered": [(_unit("W"), lambda reading: round(reading.offered_w, 1))],
    "Frequency": [(_unit("Hertz"), lambda _: 50.0)],
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

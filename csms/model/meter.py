"""Meter readings: what a station said, kept as it said it, and the few numbers that bills and plots need.

Defaults and measurands of OCPP 1.6 §7.31–7.38 (SampledValue) and 2.0.1 §2.39; both versions translate to this.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

import msgspec

ENERGY_REGISTER = "Energy.Active.Import.Register"
POWER_IMPORT = "Power.Active.Import"
CURRENT_IMPORT = "Current.Import"
STATE_OF_CHARGE = "SoC"
_PHASES = frozenset({"L1", "L2", "L3"})
_PHASES_TO_NEUTRAL = frozenset({"L1-N", "L2-N", "L3-N"})
_SCALE = {"kWh": 3, "kW": 3, "kvarh": 3, "kVA": 3, "kvar": 3}
_PLAIN_WH = frozenset({None, "Wh"})
_MOST_DIGITS = 15
_MOST = 1e15
_COUNTED = frozenset({ENERGY_REGISTER, POWER_IMPORT, CURRENT_IMPORT, STATE_OF_CHARGE})


class SignedValue(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a meter signed, as the station sent it (2.0.1 SignedMeterValueType)."""

    data: str
    signing_method: str = ""
    encoding_method: str = ""
    public_key: str = ""


class MeterSample(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One sampled value; `value` is the station's own text, signed data included, byte for byte.

    The defaults are the standard's. A struct, for eight of them are made of every MeterValues message.
    """

    value: str
    measurand: str = ENERGY_REGISTER
    unit: str | None = None
    context: str = "Sample.Periodic"
    location: str = "Outlet"
    phase: str | None = None
    format: str = "Raw"
    multiplier: int = 0
    signed: SignedValue | None = None


class MeterReading(msgspec.Struct, frozen=True, gc=False):
    """All samples of one moment."""

    taken_at: datetime
    samples: tuple[MeterSample, ...]


class MeterSummary(msgspec.Struct, frozen=True, gc=False):
    """The numbers of one reading: register in Wh, power in W, current in A summed over phases, charge in %.

    `rejected` are the samples whose value is no finite number; they stay in the record and count for nothing.
    """

    energy_wh: int | None = None
    power_w: int | None = None
    current_a: float | None = None
    soc_percent: float | None = None
    rejected: tuple[MeterSample, ...] = ()


def energy_wh(sample: MeterSample) -> int | None:
    """Return a register in whole Wh, computed exactly, or None when its value is no number below 1e15."""
    text = sample.value
    if sample.unit in _PLAIN_WH and not sample.multiplier and len(text) < _MOST_DIGITS and text.isdecimal():
        return int(text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    shift = _shift(sample)
    if not value.is_finite() or value.adjusted() + shift >= _MOST_DIGITS or "_" in text:
        return None
    return int(value.scaleb(shift).to_integral_value())


def number(sample: MeterSample) -> float | None:
    """Return a value in base units (W, A, %), or None when it is no finite number below 1e15."""
    text = sample.value
    try:
        value = float(text)
    except ValueError:
        return None
    if sample.unit in _SCALE or sample.multiplier:
        value *= 10.0 ** _shift(sample)
    return value if -_MOST < value < _MOST and "_" not in text else None


def _shift(sample: MeterSample) -> int:
    """Return the power of ten that brings a value to base units; no meter needs one beyond its bound."""
    return max(-_MOST_DIGITS, min(sample.multiplier, _MOST_DIGITS)) + _SCALE.get(sample.unit or "", 0)


def summarize(reading: MeterReading) -> MeterSummary:
    """Extract the numbers of one reading.

    A total wins over phases, the outlet over other places in the station, and whatever else is said of the moment
    over the value of the transaction's begin, which some stations repeat at its end.
    """
    found: dict[str, dict[str | None, float]] = {}
    elsewhere: dict[str, dict[str | None, float]] = {}
    rejected: list[MeterSample] = []
    for sample in reading.samples:
        measurand = sample.measurand
        if sample.format == "SignedData":
            continue
        value = energy_wh(sample) if measurand == ENERGY_REGISTER else number(sample)
        if value is None:
            rejected.append(sample)
        elif measurand in _COUNTED:
            place = found if sample.location == "Outlet" else elsewhere
            by_phase = place.get(measurand)
            if by_phase is None:
                place[measurand] = {sample.phase: value}
            elif sample.context != "Transaction.Begin" or sample.phase not in by_phase:
                by_phase[sample.phase] = value
    if elsewhere:
        found = elsewhere | found
    energy, power, current = (_total(found.get(m)) for m in (ENERGY_REGISTER, POWER_IMPORT, CURRENT_IMPORT))
    return MeterSummary(
        None if energy is None else int(energy),
        None if power is None else round(power),
        None if current is None else round(current, 3),
        _total(found.get(STATE_OF_CHARGE)),
        tuple(rejected),
    )


def _total(by_phase: dict[str | None, float] | None) -> float | None:
    """Return the total of one measurand: the sample without phase, else the sum of the phases reported."""
    if by_phase is None:
        return None
    if None in by_phase:
        return by_phase[None]
    for family in (_PHASES, _PHASES_TO_NEUTRAL):
        values = [value for phase, value in by_phase.items() if phase in family]
        if values:
            return sum(values)
    return None


def signature(reading: MeterReading) -> str:
    """Return a short digest of what was sampled, so that a retried reading replaces itself."""
    return _signature(
        tuple([(s.measurand, s.phase, s.location, s.context, s.format) for s in reading.samples])
    )


@lru_cache(maxsize=4096)
def _signature(parts: tuple[tuple[str | None, ...], ...]) -> str:
    return blake2b(repr(sorted(map(str, parts))).encode(), digest_size=8).hexdigest()


def registers(readings: Iterable[tuple[datetime, int | None]]) -> list[tuple[datetime, int]]:
    """Return the readings that carry an energy register, in order of time."""
    return sorted((at, wh) for at, wh in readings if wh is not None)


def _without_slips(points: Sequence[int]) -> list[int]:
    kept: list[int] = []
    for number, point in enumerate(points):
        following = points[number + 1] if number + 1 < len(points) else None
        slip = kept and following is not None and point < kept[-1] <= following
        if not slip:
            kept.append(point)
    return kept


def delivered_wh(points: Sequence[int]) -> tuple[int, bool]:
    """Sum the increments of a register; a fall is a meter reset: count what the register shows since then.

    A single low reading between two that fit is a slip, not a reset. Returns the energy in Wh and whether a reset was
    seen.
    """
    total, reset = 0, False
    for before, after in pairwise(_without_slips(points)):
        if after >= before:
            total += after - before
        else:
            reset = True
            total += after if 0 < after < before // 2 else 0
    return total, reset

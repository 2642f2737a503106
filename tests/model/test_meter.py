"""Samples to numbers: units, phases, places, garbage, and registers that fall."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.model import meter
from csms.model.meter import MeterReading, MeterSample, MeterSummary

T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)


def wh(value: str, **fields: Any) -> MeterSample:
    return MeterSample(value, **fields)


def w(value: str, **fields: Any) -> MeterSample:
    return MeterSample(value, "Power.Active.Import", fields.pop("unit", "W"), **fields)


def a(value: str, **fields: Any) -> MeterSample:
    return MeterSample(value, "Current.Import", "A", **fields)


def summary(*samples: MeterSample) -> MeterSummary:
    return meter.summarize(MeterReading(T0, samples))


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("1234", None, 1234),
        ("1234", "Wh", 1234),
        ("1.234", "kWh", 1234),
        ("0.15006999999999998", "kWh", 150),
        ("1234.5", "Wh", 1234),
        ("1235.5", "Wh", 1236),
        ("-20", "Wh", -20),
        ("1E3", "Wh", 1000),
        (" 12 ", "Wh", 12),
        ("0", "kWh", 0),
        ("1e-999999999", "kWh", 0),
        ("999999999999", "kWh", 999_999_999_999_000),
    ],
)
def test_energy_is_exact_in_whole_watt_hours(value: str, unit: str | None, expected: int) -> None:
    assert summary(wh(value, unit=unit)).energy_wh == expected


GARBAGE = [
    *("", " ", "NaN", "nan", "Infinity", "-inf", "1,5", "1_000", "0x10", "none", "²", "1 2", "--1", "1e16"),
    *("1e999", "9" * 30, "9" * 5000, "\x00", "1e9999999999999999999"),
]


@pytest.mark.parametrize("value", GARBAGE)
@pytest.mark.parametrize("make", [wh, w, a], ids=["energy", "power", "current"])
def test_what_is_no_number_is_rejected_and_counts_for_nothing(make: Any, value: str) -> None:
    found = summary(make(value), make("7"))
    assert [s.value for s in found.rejected] == [value]
    assert 7 in (found.energy_wh, found.power_w, found.current_a)


def test_garbage_of_a_measurand_nobody_counts_is_rejected_too() -> None:
    found = summary(
        MeterSample("warm", "Temperature", "Celsius"), MeterSample("21.5", "Temperature", "Celcius")
    )
    assert [s.value for s in found.rejected] == ["warm"]
    assert found == MeterSummary(rejected=found.rejected)


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (MeterSample("9", multiplier=3), 9000),
        (MeterSample("9", unit="kWh", multiplier=3), 9_000_000),
        (MeterSample("9000", multiplier=-3), 9),
        (MeterSample("9", multiplier=10**30), None),
        (MeterSample("9", multiplier=-(10**30)), 0),
    ],
)
def test_multiplier(sample: MeterSample, expected: int | None) -> None:
    assert summary(sample).energy_wh == expected


def test_signed_data_is_nobodys_number() -> None:
    assert summary(MeterSample("OCMF|{}|{}", format="SignedData"), wh("5")) == MeterSummary(energy_wh=5)


def test_power_and_charge() -> None:
    found = summary(w("7.36", unit="kW"), MeterSample("43", "SoC", "Percent", location="EV"))
    assert (found.power_w, found.soc_percent) == (7360, 43)


def test_phases_are_summed_where_there_is_no_total() -> None:
    phases = [wh("1.1", unit="kWh", phase=p) for p in ("L1", "L2", "L3")]
    found = summary(*phases, *(w("2300.4", phase=p) for p in ("L1-N", "L2-N")), a("16.5", phase="L1"))
    assert (found.energy_wh, found.power_w, found.current_a) == (3300, 4601, 16.5)


def test_a_total_wins_over_its_phases() -> None:
    found = summary(w("100", phase="L1"), w("90"), w("100", phase="L2"))
    assert found.power_w == 90


def test_the_neutral_conductor_adds_nothing() -> None:
    assert summary(a("16", phase="L1"), a("9", phase="N")).current_a == 16


def test_two_families_of_phases_are_not_added_up() -> None:
    assert summary(w("10", phase="L1"), w("10", phase="L1-N"), w("3", phase="L2")).power_w == 13


@pytest.mark.parametrize("swap", [False, True])
def test_the_outlet_wins_over_other_places(swap: bool) -> None:
    outlet = [w("1000", phase=p) for p in ("L1", "L2", "L3")]
    inlet = [w("9000", location="Inlet")]
    assert summary(*(inlet + outlet if swap else outlet + inlet)).power_w == 3000


def test_another_place_serves_where_the_outlet_says_nothing() -> None:
    samples = [w("1000", phase=p, location="Body") for p in ("L1", "L2", "L3")]
    assert summary(*samples, a("5")).power_w == 3000


@pytest.mark.parametrize("swap", [False, True])
def test_the_register_of_the_begin_does_not_hide_that_of_the_end(swap: bool) -> None:
    both = [wh("0", context="Transaction.Begin"), wh("910000", context="Transaction.End")]
    assert summary(*(reversed(both) if swap else both)).energy_wh == 910_000
    assert summary(both[0]).energy_wh == 0


def test_a_repeated_reading_has_the_same_signature_whatever_it_reads() -> None:
    one = MeterReading(T0, (wh("1"), w("2")))
    again = MeterReading(T0, (w("9"), wh("8")))
    other = MeterReading(T0, (wh("1"), w("2", phase="L1")))
    assert meter.signature(one) == meter.signature(again) != meter.signature(other)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], (0, False)),
        ([5], (0, False)),
        ([100, 200, 250], (150, False)),
        ([50_000, 55_000, 100, 3000], (8000, True)),
        ([50_000, 49_000], (0, True)),
        ([50_000, 3000], (3000, True)),
        ([50_000, 0], (0, True)),
        ([1, -10, 5], (4, False)),
        ([1000, 2000, 0, 3000], (2000, False)),
    ],
)
def test_a_register_that_falls_has_been_reset(points: list[int], expected: tuple[int, bool]) -> None:
    assert meter.delivered_wh(points) == expected


@given(st.lists(st.integers(0, 10**9)))
def test_delivered_energy_is_never_negative_nor_more_than_was_shown(points: list[int]) -> None:
    delivered, reset = meter.delivered_wh(points)
    assert 0 <= delivered <= sum(points)
    if not reset and points:
        assert delivered == points[-1] - points[0]


texts = st.one_of(st.text(max_size=20), st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,5})?([eE][-+]?[0-9]{1,9})?"))
samples = st.builds(
    MeterSample,
    texts,
    st.sampled_from([meter.ENERGY_REGISTER, meter.POWER_IMPORT, meter.CURRENT_IMPORT, "SoC", "Voltage"]),
    st.sampled_from([None, "Wh", "kWh", "W", "kW", "A", "Hz", "?"]),
    st.sampled_from(["Sample.Periodic", "Transaction.Begin", "Transaction.End"]),
    st.sampled_from(["Outlet", "Inlet", "EV"]),
    st.sampled_from([None, "L1", "L2", "L3", "N", "L1-N", "?"]),
    st.sampled_from(["Raw", "SignedData", "?"]),
    st.integers(-30, 30),
)


@given(st.lists(samples, max_size=8))
def test_any_samples_give_numbers_a_database_holds(found: list[MeterSample]) -> None:
    numbers = summary(*found)
    for number in (numbers.energy_wh, numbers.power_w):
        assert number is None or (type(number) is int and abs(number) < 2**63)
    assert numbers.current_a is None or numbers.current_a < 1e16
    assert set(numbers.rejected) <= set(found)
    meter.signature(MeterReading(T0, tuple(found)))

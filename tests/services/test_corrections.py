"""The curve that a bill is made of (services.corrections)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.services import corrections

T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def minutes(count: float) -> datetime:
    return T0 + timedelta(minutes=count)


def test_the_curve_runs_from_nothing_to_the_total() -> None:
    registers = [(minutes(10), 1500), (minutes(30), 6000)]
    assert corrections.curve(T0, T0 + HOUR, 1000, 10_000, registers) == (
        (T0, 0),
        (minutes(10), 500),
        (minutes(30), 5000),
        (T0 + HOUR, 10_000),
    )


@pytest.mark.parametrize(
    "odd",
    [
        (minutes(-1), 1500),
        (T0, 1500),
        (T0 + HOUR, 1500),
        (minutes(61), 1500),
        (minutes(5), 0),
        (minutes(5), 99_000),
    ],
    ids=["before", "at the start", "at the end", "after", "below", "above"],
)
def test_readings_that_do_not_fit_are_left_out(odd: tuple[datetime, int]) -> None:
    assert corrections.curve(T0, T0 + HOUR, 1000, 10_000, [odd]) == ((T0, 0), (T0 + HOUR, 10_000))


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(-60, 120).map(minutes), st.integers(0, 2 * 10**6)), max_size=20).map(
        sorted
    ),
)
def test_the_curve_never_falls_in_energy_or_time(
    begin_wh: int, energy_wh: int, registers: list[tuple[datetime, int]]
) -> None:
    curve = corrections.curve(T0, T0 + HOUR, begin_wh, energy_wh, registers)
    assert list(curve) == sorted(curve)
    assert [wh for _, wh in curve] == sorted(wh for _, wh in curve)
    assert (curve[0], curve[-1]) == ((T0, 0), (T0 + HOUR, energy_wh))


@pytest.mark.parametrize(
    ("reported", "sane"),
    [
        (T0 - HOUR, True),
        (T0 + HOUR, True),
        (T0 - timedelta(days=3650), True),
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (datetime(2000, 1, 1, tzinfo=UTC), False),
        (T0 + timedelta(days=2), False),
    ],
)
def test_only_a_clock_that_was_never_set_is_overruled(reported: datetime, sane: bool) -> None:
    assert corrections.sane_time(reported, T0) == (reported if sane else T0)

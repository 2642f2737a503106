"""Rounding of emitted numbers."""

from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.model.rounding import Rounding, RoundingMode, exact
from tests.model.samples import unhurried

_SAME = {
    RoundingMode.HALF_UP: ROUND_HALF_UP,
    RoundingMode.HALF_EVEN: ROUND_HALF_EVEN,
    RoundingMode.DOWN: ROUND_DOWN,
    RoundingMode.UP: ROUND_UP,
    RoundingMode.FLOOR: ROUND_FLOOR,
}


@unhurried
@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=7),
    st.integers(0, 6),
    st.sampled_from(RoundingMode),
)
def test_rounds_as_the_decimal_module_does(value: Decimal, decimals: int, mode: RoundingMode) -> None:
    with localcontext(prec=60):
        expected = value.quantize(Decimal(1).scaleb(-decimals), rounding=_SAME[mode])
    assert Rounding(decimals, mode).decimal(exact(value)) == expected


@unhurried
@given(st.fractions(), st.integers(1, 10**6))
def test_dividing_first_changes_nothing(value: Fraction, per: int) -> None:
    assert Rounding().decimal(value, per) == Rounding().decimal(value / per)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(10), "10"),
        (Fraction(1, 2), "0.5"),
        (Fraction(1, 3), "0.3333"),
        (Fraction(-1, 20_000), "-0.0001"),
    ],
)
def test_writes_no_exponent_and_no_trailing_zeros(value: Fraction, text: str) -> None:
    assert str(Rounding().decimal(value)) == text

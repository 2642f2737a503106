"""Exact numbers in, decimals out: the only place where an amount or a volume loses digits.

OCPI 2.2.1 leaves price rounding to law and contract (§11.3.1, note on rounding) and writes numbers with four
decimals (§16.4), so a policy is handed in and four decimals, half up, is the default.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

Exact = int | Fraction
"""A number without any rounding error; whole numbers stay `int` because that is much cheaper."""


class RoundingMode(StrEnum):
    """What happens to the digits that do not fit; `DOWN` and `UP` are towards and away from zero."""

    HALF_UP = "HALF_UP"
    HALF_EVEN = "HALF_EVEN"
    DOWN = "DOWN"
    UP = "UP"
    FLOOR = "FLOOR"


@dataclass(frozen=True, slots=True)
class Rounding:
    """How emitted numbers are rounded: the number of decimals and the mode."""

    decimals: int = 4
    mode: RoundingMode = RoundingMode.HALF_UP

    def decimal(self, value: Exact, per: int = 1) -> Decimal:
        """Return `value / per` rounded, without trailing zeros."""
        return _decimal(self.units(value, per), self.decimals) if value else _ZERO

    def units(self, value: Exact, per: int = 1) -> int:
        """Return `value / per` as a whole number of units of the last decimal."""
        numerator: int = value.numerator * 10**self.decimals
        denominator = value.denominator * per
        if self.mode is RoundingMode.FLOOR:
            return numerator // denominator
        whole, rest = divmod(abs(numerator), denominator)
        if rest and _goes_up(self.mode, whole, rest, denominator):
            whole += 1
        return -whole if numerator < 0 else whole


def exact(value: Decimal) -> Exact:
    """Return a decimal as an exact number, whole where it is whole."""
    fraction = Fraction(value)
    return fraction.numerator if fraction.denominator == 1 else fraction


def _goes_up(mode: RoundingMode, whole: int, rest: int, denominator: int) -> bool:
    if mode is RoundingMode.DOWN:
        return False
    if mode is RoundingMode.UP:
        return True
    twice = 2 * rest
    if twice == denominator:
        return mode is RoundingMode.HALF_UP or whole % 2 == 1
    return twice > denominator


def _decimal(units: int, decimals: int) -> Decimal:
    while decimals > 0 and units % 10 == 0:
        units //= 10
        decimals -= 1
    return Decimal(f"{units}E-{decimals}") if decimals else Decimal(units)


_ZERO = Decimal(0)
FOUR_DECIMALS = Rounding()
FOUR_DECIMALS_FLOOR = Rounding(4, RoundingMode.FLOOR)

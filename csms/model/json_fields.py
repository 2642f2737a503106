"""Reading JSON objects strictly: every complaint names the JSON path of what is wrong.

The types and their limits are those of OCPI 2.2.1 §16 (CiString, string, URL, number, DateTime). Fields
nobody asks for are ignored; null counts as absent.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from csms.errors import InvalidInput

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

LARGEST_NUMBER = Decimal(10) ** 12
MOST_DECIMALS = 20
_DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?", re.ASCII | re.IGNORECASE
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Fields:
    """One JSON object and where it stands in the document; readers raise InvalidInput naming the path."""

    __slots__ = ("_values", "path")

    def __init__(self, value: object, path: str = "$") -> None:
        self.path = path
        if not isinstance(value, Mapping):
            raise InvalidInput(f"{path}: expected an object, found {_kind(value)}")
        self._values: Mapping[object, object] = value

    def get(self, name: str) -> object:
        """Return the raw value of a field, None when absent."""
        return self._values.get(name)

    def fail(self, name: str, complaint: str) -> NoReturn:
        """Raise InvalidInput for a field of this object."""
        raise InvalidInput(f"{self.path}.{name}: {complaint}")

    def required(self, name: str, value: T | None) -> T:
        """Return `value`, raising InvalidInput where the field is absent."""
        if value is None:
            self.fail(name, "is required")
        return value

    def text(self, name: str, longest: int, pattern: re.Pattern[str] | None = None) -> str | None:
        """Return a printable string of at most `longest` characters, matching `pattern` as a whole."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fail(name, f"expected a string, found {_kind(value)}")
        if not value or len(value) > longest:
            self.fail(name, f"must have 1 to {longest} characters, has {len(value)}")
        if not value.isprintable():
            self.fail(name, "contains characters that cannot be printed")
        if pattern is not None and not pattern.fullmatch(value):
            self.fail(name, f"{value!r} does not match {pattern.pattern}")
        return value

    def number(self, name: str) -> Decimal | None:
        """Return a finite number of reasonable size as an exact decimal."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            self.fail(name, f"expected a number, found {_kind(value)}")
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not number.is_finite() or not -LARGEST_NUMBER < number < LARGEST_NUMBER:
            self.fail(name, f"must lie between -{LARGEST_NUMBER:f} and {LARGEST_NUMBER:f}")
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -MOST_DECIMALS:
            self.fail(name, f"has more than {MOST_DECIMALS} decimals")
        return number

    def amount(self, name: str) -> Decimal | None:
        """Return a number that is not negative."""
        number = self.number(name)
        if number is not None and number < 0:
            self.fail(name, f"must not be negative, is {number}")
        return number

    def count(self, name: str, largest: int = 2**31 - 1) -> int | None:
        """Return a whole number from 0 to `largest`."""
        number = self.number(name)
        if number is None:
            return None
        if number != int(number) or not 0 <= number <= largest:
            self.fail(name, f"must be a whole number from 0 to {largest}, is {number}")
        return int(number)

    def choice(self, name: str, kind: type[E]) -> E | None:
        """Return a member of an enumeration; spelling and case count."""
        value = self.get(name)
        return None if value is None else _member(f"{self.path}.{name}", value, kind)

    def choices(self, name: str, kind: type[E]) -> tuple[E, ...]:
        """Return a list of members of an enumeration, () when absent."""
        return self.many(name, len(kind) * 4, lambda value, path: _member(path, value, kind))

    def date(self, name: str) -> date | None:
        """Return a calendar date (YYYY-MM-DD)."""
        text = self.text(name, 10, _DATE)
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.fail(name, f"{text!r} is not a date")

    def moment(self, name: str) -> datetime | None:
        """Return a DateTime as aware UTC; one without zone is UTC already (OCPI 2.2.1 §16.2)."""
        text = self.text(name, 40, _DATE_TIME)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text.upper())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(name, f"{text!r} is not a date and time")

    def child(self, name: str, read: Callable[["Fields"], T]) -> T | None:
        """Return an object field read by `read`."""
        value = self.get(name)
        return None if value is None else read(Fields(value, f"{self.path}.{name}"))

    def children(self, name: str, most: int, read: Callable[["Fields"], T]) -> tuple[T, ...]:
        """Return a list of objects, each read by `read`, () when absent."""
        return self.many(name, most, lambda value, path: read(Fields(value, path)))

    def many(self, name: str, most: int, read: Callable[[object, str], T]) -> tuple[T, ...]:
        """Return a list of at most `most` values, each read by `read(value, path)`, () when absent."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            self.fail(name, f"expected a list, found {_kind(value)}")
        if len(value) > most:
            self.fail(name, f"has {len(value)} entries, at most {most} are accepted")
        return tuple(read(item, f"{self.path}.{name}[{index}]") for index, item in enumerate(value))


def _member(path: str, value: object, kind: type[E]) -> E:
    if isinstance(value, str):
        try:
            return kind(value)
        except ValueError:
            pass
    shown = repr(value)[:60] if isinstance(value, str) else _kind(value)
    raise InvalidInput(f"{path}: {shown} is not one of {', '.join(kind)}")


def _kind(value: object) -> str:
    """Name the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, int | float | Decimal):
        return "a number"
    return "a list" if isinstance(value, list | tuple) else "an object"

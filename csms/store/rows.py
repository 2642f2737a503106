"""Rows to dataclasses and back: the one place that knows how a field is written in the database.

Times become fixed-width UTC text, enums their value, truth 0/1, decimals text, JSON objects text.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import msgspec

from csms.clock import from_text, to_text
from csms.store.connection import Database, Row

Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)
T = typing.TypeVar("T")


def load(record: type[T], row: Row, **more: Any) -> T:
    """Build a dataclass from a row; columns the dataclass lacks are ignored, `more` overrides."""
    values = {name: read(row[name]) for name, read in _readers(typing.cast(Any, record)) if name in row}
    return record(**values | more)


def dump(record: Any) -> dict[str, Any]:
    """Return a dataclass as statement parameters."""
    return {
        name: value if write is None or value is None else write(value)
        for name, write in _writers(typing.cast(Any, type(record)))
        for value in (getattr(record, name),)
    }


def insert(db: Database, table: str, values: Mapping[str, Any]) -> None:
    """Insert one row; `values` are ready parameters (see `dump`)."""
    db.run(_insert_sql(table, tuple(values)), values)


def to_json(value: Any) -> str:
    """Write a JSON column."""
    return _encoder.encode(value).decode()


def from_json(text: str) -> Any:
    """Read a JSON column."""
    return _decoder.decode(text)


@cache
def _insert_sql(table: str, names: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(':' + name for name in names)})"


@cache
def _readers(record: Any) -> tuple[tuple[str, Reader], ...]:
    hints = typing.get_type_hints(record)
    return tuple((f.name, _reader(hints[f.name])) for f in fields(typing.cast(Any, record)))


def _reader(hint: Any) -> Reader:
    """Return the function that reads a column of the annotated type."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        inner = _reader(next(arg for arg in typing.get_args(hint) if arg is not types.NoneType))
        return lambda value: None if value is None else inner(value)
    if typing.get_origin(hint) is dict:
        return from_json
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    readers: dict[Any, Reader] = {datetime: from_text, bool: bool, Decimal: Decimal}
    return readers.get(hint, _same)


def _same(value: Any) -> Any:
    return value


@cache
def _writers(record: Any) -> tuple[tuple[str, Writer | None], ...]:
    hints = typing.get_type_hints(record)
    return tuple((f.name, _writer(hints[f.name])) for f in fields(typing.cast(Any, record)))


def _writer(hint: Any) -> Writer | None:
    """Return the function that writes a value of the annotated type, None where the database takes it as it is."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        kinds = {_writer(arg) for arg in typing.get_args(hint) if arg is not types.NoneType}
        return kinds.pop() if len(kinds) == 1 else _write
    if hint in (str, int, float):
        return None
    return _write


def _write(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    for known, write in _KINDS:
        if isinstance(value, known):
            return write(value)
    return value


_PLAIN: typing.Final = frozenset({str, int, float, types.NoneType})
_KINDS: typing.Final[tuple[tuple[type, Writer], ...]] = (
    (datetime, to_text),
    (Enum, lambda value: value.value),
    (bool, int),
    (Decimal, str),
    (dict, to_json),
)

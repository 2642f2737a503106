"""The portable dump: every table as JSON lines, readable by people, and the way from SQLite to PostgreSQL and back.

First line: what this is and which migrations the data has been through. Then for each table a line that names its
columns, and a line for each row. Last line: how many rows there were, and where counting columns stand; a dump without
it is cut short. A dump of an older version is loaded into the schema it was made with and then migrated.
"""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from csms.clock import Clock, to_text
from csms.errors import InvalidInput
from csms.store import catalog, migrate
from csms.store.direct import PostgresDirect, SqliteDirect, open_direct, transaction
from csms.store.migrations import MIGRATIONS

Progress = Callable[[int, int], None]
"""Told how much is done of how much: rows, or pages of a file."""

FORMAT = "csms dump"
VERSION = 1
_REPORT_ROWS = 1000
_encode = msgspec.json.Encoder().encode


class Header(msgspec.Struct, frozen=True):
    """The first line of a dump."""

    format: str
    version: int
    made_at: str
    dialect: str
    migrations: list[str]
    rows: int


class TableLine(msgspec.Struct, frozen=True):
    """The line before a table's rows."""

    table: str
    columns: list[str]


class End(msgspec.Struct, frozen=True):
    """The last line of a dump."""

    end: bool
    rows: int
    serials: dict[str, int]


@dataclass(slots=True)
class _Counter:
    """Counts rows and reports now and then."""

    total: int
    progress: Progress | None
    done: int = 0

    def over(self, rows: Iterator[Any]) -> Iterator[Any]:
        for row in rows:
            self.done += 1
            if self.progress and self.done % _REPORT_ROWS == 0:
                self.progress(self.done, self.total)
            yield row


def write(url: str, out: BinaryIO, clock: Clock, progress: Progress | None = None) -> int:
    """Write all rows as of one moment to `out` and return how many; the appliance may go on working."""
    with open_direct(url) as direct, transaction(direct, exclusive=False) as db:
        tables = [table for table in catalog.tables(direct) if table.name != migrate.TABLE]
        total = sum(
            count["n"] for table in tables if (count := db.one(f'SELECT COUNT(*) AS n FROM "{table.name}"'))
        )
        done = sorted(migrate.names(db))
        counter = _Counter(total, progress)
        _line(out, Header(FORMAT, VERSION, to_text(clock.now()), db.dialect, done, total))
        for table in tables:
            _line(out, TableLine(table.name, list(table.columns)))
            columns = ", ".join(f'"{column}"' for column in table.columns)
            for row in counter.over(direct.stream(f'SELECT {columns} FROM "{table.name}"')):
                _line(out, row)
        serials = {table.name: catalog.serial_value(direct, table) for table in tables if table.serial}
        _line(out, End(True, counter.done, serials))
    if progress:
        progress(counter.done, total)
    return counter.done


def load(
    direct: SqliteDirect | PostgresDirect, source: BinaryIO, clock: Clock, progress: Progress | None = None
) -> int:
    """Replace everything in the database by the dump, in one transaction, migrate it, and return how many rows.

    Raises `InvalidInput` for what is no whole dump, and `StoreTooNew` for one of a newer version.
    """
    lines = iter(source)
    header = _header(next(lines, b""))
    with transaction(direct, exclusive=True) as db:
        for table in reversed(catalog.tables(direct)):
            db.run(f'DROP TABLE "{table.name}"')
        migrate.create_table(db)
        for name, statements in MIGRATIONS:
            if name in header.migrations:
                migrate.run(db, name, statements, clock)
        for table in reversed(catalog.tables(direct)):
            if table.name != migrate.TABLE:
                db.run(f'DELETE FROM "{table.name}"')  # what a migration put there is in the dump too
        end = _load_tables(direct, lines, _Counter(header.rows, progress))
        for table in catalog.tables(direct):
            if table.serial and table.name in end.serials:
                catalog.set_serial_value(direct, table, end.serials[table.name])
        for name, statements in MIGRATIONS:
            if name not in header.migrations:
                migrate.run(db, name, statements, clock)
    return end.rows


def opened(path: Path) -> BinaryIO:
    """Open a dump for reading, compressed or not; raises `InvalidInput` when it cannot be."""
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        return cast(BinaryIO, gzip.open(path, "rb") if compressed else path.open("rb"))
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from error


def _line(out: BinaryIO, value: Any) -> None:
    out.write(_encode(value) + b"\n")


def _header(line: bytes) -> Header:
    try:
        header = msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("this is no csms dump: its first line is not a dump's") from error
    if header.format != FORMAT or header.version != VERSION:
        raise InvalidInput(f"this is no dump that this version reads: {header.format} {header.version}")
    unknown = set(header.migrations) - {name for name, _ in MIGRATIONS}
    if unknown:
        raise migrate.too_new(sorted(unknown))
    return header


def _load_tables(direct: SqliteDirect | PostgresDirect, lines: Iterator[bytes], counter: _Counter) -> End:
    """Load table after table; every line belongs to the table named last."""
    known = {table.name: set(table.columns) for table in catalog.tables(direct)}
    reader = _Reader(lines)
    while isinstance(reader.ahead, TableLine):
        named = reader.ahead
        if named.table not in known or not set(named.columns) <= known[named.table]:
            raise InvalidInput(
                f"the dump has a table or column that its migrations do not make: {named.table}"
            )
        direct.load(named.table, named.columns, counter.over(reader.rows()))
    if not isinstance(reader.ahead, End) or reader.ahead.rows != counter.done:
        raise InvalidInput(f"the dump is cut short after {counter.done} rows")
    if counter.progress:
        counter.progress(counter.done, counter.total)
    return reader.ahead


class _Reader:
    """Reads rows up to the next line that is none, which is `ahead`."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.ahead: TableLine | End | None = None
        for _ in self.rows():
            raise InvalidInput("this is no csms dump: a row comes before any table")

    def rows(self) -> Iterator[list[Any]]:
        self.ahead = None
        try:
            for line in self._lines:
                if line.startswith(b"["):
                    yield msgspec.json.decode(line, type=list[Any])
                    continue
                kind: type[TableLine | End] = End if line.startswith(b'{"end"') else TableLine
                self.ahead = msgspec.json.decode(line, type=kind)
                return
        except (msgspec.DecodeError, UnicodeDecodeError, EOFError, OSError) as error:
            raise InvalidInput(f"the dump is damaged: {error}") from error

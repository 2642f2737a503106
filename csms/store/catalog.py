"""What tables a database has, from the database itself, so that backups and dumps need no list of their own."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlite_utils

from csms.errors import StoreUnavailable
from csms.store.direct import PostgresDirect, SqliteDirect

_POSTGRES_COLUMNS = """
    SELECT t.relname AS "table", a.attname AS "column", a.attidentity <> '' AS serial
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r'
      AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY t.relname, a.attnum"""
_POSTGRES_REFERENCES = """
    SELECT c.conrelid::regclass::text AS "table", c.confrelid::regclass::text AS target
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE c.contype = 'f' AND t.relnamespace = current_schema()::regnamespace"""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in order, the tables it refers to, and the column that counts by itself."""

    name: str
    columns: tuple[str, ...]
    references: frozenset[str] = frozenset()
    serial: str | None = None
    remembers: bool = True
    """Whether it also counts on after rows that are gone."""


def tables(direct: SqliteDirect | PostgresDirect) -> list[Table]:
    """Return every table, those that others refer to first."""
    found = _in_sqlite(direct) if isinstance(direct, SqliteDirect) else _in_postgres(direct)
    return _ordered(found)


def serial_value(direct: SqliteDirect | PostgresDirect, table: Table) -> int:
    """Return the last number the table's counting column has given out, also when its row is gone; 0 for none."""
    db = direct.database
    if isinstance(direct, SqliteDirect) and not table.remembers:
        row = db.one(f'SELECT COALESCE(MAX("{table.serial}"), 0) AS value FROM "{table.name}"')
    elif isinstance(direct, SqliteDirect):
        row = db.one("SELECT seq AS value FROM sqlite_sequence WHERE name = :name", {"name": table.name})
    else:
        sequence = _sequence(direct, table)
        row = db.one(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS value FROM {sequence}")
    return int(row["value"]) if row else 0


def set_serial_value(direct: SqliteDirect | PostgresDirect, table: Table, value: int) -> None:
    """Let the counting column go on after `value`: consumers of the outbox remember numbers."""
    db = direct.database
    if isinstance(direct, SqliteDirect):
        if not table.remembers:
            return
        db.run("DELETE FROM sqlite_sequence WHERE name = :name", {"name": table.name})
        db.run(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :value)",
            {"name": table.name, "value": value},
        )
    elif value:
        db.one(f"SELECT setval('{_sequence(direct, table)}', :value)", {"value": value})


def _sequence(direct: PostgresDirect, table: Table) -> str:
    names = {"table": f'"{table.name}"', "column": table.serial}
    row = direct.database.one("SELECT pg_get_serial_sequence(:table, :column) AS name", names)
    assert row is not None
    return str(row["name"])


def _in_sqlite(direct: SqliteDirect) -> list[Table]:
    database = sqlite_utils.Database(direct.connection, recursive_triggers=False, execute_plugins=False)
    return [
        Table(
            name=table.name,
            columns=tuple(column.name for column in table.columns),
            references=frozenset(key.other_table for key in table.foreign_keys),
            serial=_counts_by_itself(table),
            remembers="AUTOINCREMENT" in table.schema,
        )
        for table in database.tables
        if not table.name.startswith("sqlite_")
    ]


def _counts_by_itself(table: sqlite_utils.db.Table) -> str | None:
    """Return the INTEGER PRIMARY KEY, which SQLite fills in."""
    keys = [column for column in table.columns if column.is_pk]
    return keys[0].name if len(keys) == 1 and keys[0].type == "INTEGER" else None


def _in_postgres(direct: PostgresDirect) -> list[Table]:
    db = direct.database
    columns: dict[str, list[str]] = {}
    serials: dict[str, str] = {}
    references: dict[str, set[str]] = {}
    for row in db.all(_POSTGRES_COLUMNS):
        columns.setdefault(row["table"], []).append(row["column"])
        if row["serial"]:
            serials[row["table"]] = row["column"]
    for row in db.all(_POSTGRES_REFERENCES):
        references.setdefault(row["table"], set()).add(row["target"])
    return [
        Table(name, tuple(names), frozenset(references.get(name, ())), serials.get(name))
        for name, names in columns.items()
    ]


def _ordered(found: Iterable[Table]) -> list[Table]:
    """Sort so that a row can be inserted after the rows it refers to."""
    waiting = {table.name: table for table in sorted(found, key=lambda table: table.name)}
    ordered: list[Table] = []
    while waiting:
        ready = [
            table for table in waiting.values() if not (table.references - {table.name}) & waiting.keys()
        ]
        if not ready:
            raise StoreUnavailable(f"tables refer to each other in a circle: {', '.join(waiting)}")
        ordered += ready
        for table in ready:
            del waiting[table.name]
    return ordered

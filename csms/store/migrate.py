"""Brings a database to the schema of this version: one migration at a time, each in a transaction of its own.

Two processes may start at once: each takes the lock, then looks again at what is still to be done. A database
that knows migrations which this version does not was written by a newer one and is left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from csms.clock import Clock, SystemClock, to_text
from csms.errors import CsmsError, StoreTooNew, StoreUnavailable
from csms.store.database import Database, Dialect
from csms.store.direct import Direct, open_direct, transaction
from csms.store.migrations import MIGRATIONS

Migration = tuple[str, tuple[str, ...]]
TABLE = "schema_migrations"

_SERIAL: dict[Dialect, str] = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgres": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
"""Numbers that are never given out twice."""
_ROWID: dict[Dialect, str] = _SERIAL | {"sqlite": "INTEGER PRIMARY KEY"}
"""The same where nobody remembers the numbers of rows that are gone: it saves SQLite a third of an insert."""


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Which migrations a database has, lacks, and has beyond this version."""

    applied: tuple[tuple[str, str], ...]
    """Name and time (UTC text) of each, in order of application."""
    pending: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Whether this version can serve the database as it is."""
        return not self.pending and not self.unknown


def migrate(url: str, migrations: Sequence[Migration] = MIGRATIONS, clock: Clock | None = None) -> list[str]:
    """Apply what is missing and return its names; a missing SQLite file is created.

    Raises `StoreTooNew`, or `StoreUnavailable` naming the migration that failed, which then left no trace.
    """
    with open_direct(url, create=True) as direct:
        return apply(direct, migrations, clock or SystemClock())


def apply(direct: Direct, migrations: Sequence[Migration], clock: Clock) -> list[str]:
    """Apply what is missing over an open connection, each in a transaction, and return its names."""
    done: list[str] = []
    with transaction(direct, exclusive=True) as db:
        create_table(db)
        _refuse_newer(db, migrations)
    for name, statements in migrations:
        with transaction(direct, exclusive=True) as db:
            _refuse_newer(db, migrations)
            if name not in names(db):
                run(db, name, statements, clock)
                done.append(name)
    return done


def status(url: str, migrations: Sequence[Migration] = MIGRATIONS) -> SchemaStatus:
    """Return the state of the schema; raises `StoreUnavailable` when there is no database."""
    with open_direct(url) as direct, transaction(direct, exclusive=False) as db:
        have = applied(db)
    known = [name for name, _ in migrations]
    return SchemaStatus(
        applied=have,
        pending=tuple(name for name in known if name not in dict(have)),
        unknown=tuple(name for name, _ in have if name not in known),
    )


def check(url: str, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Raise `StoreTooNew` or `StoreUnavailable`, naming the mend, unless this version can serve the database."""
    found = status(url, migrations)
    if found.unknown:
        raise too_new(found.unknown)
    if not found.applied:
        raise StoreUnavailable("the database is empty: run csms init")
    if found.pending:
        raise StoreUnavailable(f"the database lacks {', '.join(found.pending)}: run csms db migrate")


def applied(db: Database) -> tuple[tuple[str, str], ...]:
    """Return name and time of every applied migration; none in a database that is not ours or is empty."""
    if not _exists(db):
        return ()
    rows = db.all(f"SELECT name, applied_at FROM {TABLE} ORDER BY applied_at, name")
    return tuple((row["name"], row["applied_at"]) for row in rows)


def in_dialect(statement: str, dialect: Dialect) -> str:
    """Return a statement of a migration as the dialect takes it."""
    return statement.replace("{serial}", _SERIAL[dialect]).replace("{rowid}", _ROWID[dialect])


def run(db: Database, name: str, statements: Sequence[str], clock: Clock) -> None:
    """Run one migration in the open transaction and record it."""
    for statement in statements:
        try:
            db.run(in_dialect(statement, db.dialect))
        except StoreUnavailable:
            raise
        except Exception as error:
            first_line = statement.strip().splitlines()[0]
            raise StoreUnavailable(
                f"migration {name} failed and was undone: {error} in: {first_line}"
            ) from error
    db.run(
        f"INSERT INTO {TABLE} (name, applied_at) VALUES (:name, :at)",
        {"name": name, "at": to_text(clock.now())},
    )


def create_table(db: Database) -> None:
    """Create the table of applied migrations if it is missing."""
    db.run(f"CREATE TABLE IF NOT EXISTS {TABLE} (name TEXT NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL)")


def names(db: Database) -> set[str]:
    """Return the names of the migrations that were applied."""
    return {row["name"] for row in db.all(f"SELECT name FROM {TABLE}")}


def too_new(unknown: Sequence[str]) -> CsmsError:
    """Return the error for data of a newer version, naming the mend."""
    return StoreTooNew(
        f"the database was written by a newer version of csms (it has {', '.join(sorted(unknown))}); "
        "install that version again, or restore the backup made before the upgrade with `csms db restore`"
    )


def _refuse_newer(db: Database, migrations: Sequence[Migration]) -> None:
    unknown = names(db) - {name for name, _ in migrations}
    if unknown:
        raise too_new(sorted(unknown))


def _exists(db: Database) -> bool:
    if db.dialect == "sqlite":
        found = db.one(
            "SELECT 1 AS found FROM sqlite_schema WHERE type = 'table' AND name = :name", {"name": TABLE}
        )
    else:
        found = db.one("SELECT 1 AS found WHERE to_regclass(:name) IS NOT NULL", {"name": TABLE})
    return found is not None

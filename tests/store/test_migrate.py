"""Migrations, with a list of the tests' own, on both dialects."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio

from csms.errors import StoreTooNew, StoreUnavailable
from csms.store.connection import dialect_of, open_store
from csms.store.direct import open_direct, transaction
from csms.store.migrate import Migration, migrate, status
from csms.store.migrations import MIGRATIONS

FIRST: Migration = (
    "0001_first",
    (
        "CREATE TABLE parents (id TEXT PRIMARY KEY, label TEXT NOT NULL DEFAULT 'a:b 50%')",
        "CREATE TABLE children (id {serial}, parent_id TEXT NOT NULL REFERENCES parents(id))",
        "INSERT INTO parents (id) VALUES ('p')",
        "INSERT INTO children (parent_id) VALUES ('p'), ('p')",
    ),
)
SECOND: Migration = ("0002_second", ("ALTER TABLE parents ADD COLUMN colour TEXT",))
BROKEN: Migration = (
    "0003_broken",
    ("CREATE TABLE half (id TEXT)", "ALTER TABLE no_such_table ADD COLUMN x TEXT"),
)


class Ticking:
    """A clock that goes on by a second each time it is asked."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


def tables(url: str) -> set[str]:
    """Return the names of the tables."""
    sql = {
        "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    }
    with open_direct(url) as direct, transaction(direct, exclusive=False) as db:
        return {row["name"] for row in db.all(sql[dialect_of(url)])}


def test_an_empty_database_gets_every_migration_once(empty_url: str) -> None:
    clock = Ticking()
    assert migrate(empty_url, [FIRST, SECOND], clock) == ["0001_first", "0002_second"]
    assert migrate(empty_url, [FIRST, SECOND], clock) == []
    assert tables(empty_url) == {"parents", "children", "schema_migrations"}
    with open_direct(empty_url) as direct, transaction(direct, exclusive=False) as db:
        assert db.all("SELECT * FROM parents") == [{"id": "p", "label": "a:b 50%", "colour": None}]
        assert db.all("SELECT id FROM children ORDER BY id") == [{"id": 1}, {"id": 2}]


def test_only_what_is_missing_is_applied(empty_url: str) -> None:
    assert migrate(empty_url, [FIRST]) == ["0001_first"]
    assert migrate(empty_url, [FIRST, SECOND]) == ["0002_second"]


def test_the_status_lists_applied_pending_and_unknown(empty_url: str) -> None:
    migrate(empty_url, [FIRST, SECOND], Ticking())
    known = status(empty_url, [FIRST, BROKEN])
    assert known.applied == (
        ("0001_first", "2026-01-01T00:00:01.000000Z"),
        ("0002_second", "2026-01-01T00:00:02.000000Z"),
    )
    assert known.pending == ("0003_broken",)
    assert known.unknown == ("0002_second",)
    assert not known.current
    assert status(empty_url, [FIRST, SECOND]).current


def test_the_status_of_an_empty_database_is_that_everything_is_pending(fresh_empty: str) -> None:
    assert status(fresh_empty, [FIRST]).pending == ("0001_first",)
    assert tables(fresh_empty) == set()


@pytest.fixture
def fresh_empty(empty_url: str) -> str:
    """A database that exists and is empty (SQLite's file is made here)."""
    with open_direct(empty_url, create=True):
        return empty_url


def test_a_failing_migration_leaves_no_trace_and_those_before_it_stay(empty_url: str) -> None:
    with pytest.raises(StoreUnavailable, match="migration 0003_broken failed and was undone"):
        migrate(empty_url, [FIRST, BROKEN, SECOND])
    assert "half" not in tables(empty_url)
    assert status(empty_url, [FIRST, BROKEN, SECOND]).pending == ("0003_broken", "0002_second")
    assert migrate(empty_url, [FIRST, SECOND]) == ["0002_second"]


def test_a_database_of_a_newer_version_is_left_alone(empty_url: str) -> None:
    migrate(empty_url, [FIRST, SECOND])
    with pytest.raises(StoreTooNew, match=r"0002_second.*install that version.*csms db restore"):
        migrate(empty_url, [FIRST, BROKEN])
    assert "half" not in tables(empty_url)


def test_a_migration_may_rebuild_a_table_that_others_refer_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/csms.db"  # PostgreSQL alters tables in place
    rebuild = (
        "0002_rebuild",
        (
            "CREATE TABLE parents_new (id TEXT PRIMARY KEY, label TEXT NOT NULL, size BIGINT)",
            "INSERT INTO parents_new (id, label) SELECT id, label FROM parents",
            "DROP TABLE parents",
            "ALTER TABLE parents_new RENAME TO parents",
        ),
    )
    migrate(url, [FIRST, rebuild])
    with open_direct(url) as direct, transaction(direct, exclusive=False) as db:
        assert db.one("SELECT COUNT(*) AS n FROM children JOIN parents ON parents.id = parent_id") == {"n": 2}


def test_a_migration_that_breaks_a_reference_is_undone(empty_url: str) -> None:
    migrate(empty_url, [FIRST])
    with pytest.raises(StoreUnavailable):
        migrate(empty_url, [FIRST, ("0002_orphans", ("DELETE FROM parents",))])
    with open_direct(empty_url) as direct, transaction(direct, exclusive=False) as db:
        assert db.one("SELECT COUNT(*) AS n FROM parents") == {"n": 1}


_START = """
import sys
from csms.store.migrate import migrate
from tests.store.test_migrate import FIRST, SECOND
sys.stdin.readline()
print(",".join(migrate(sys.argv[1], [FIRST, SECOND])))
"""


def test_processes_that_start_at_once_apply_each_migration_once(empty_url: str) -> None:
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", _START, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for starter in starters:
        assert starter.stdin
        starter.stdin.write("\n")
        starter.stdin.flush()
    answers = [starter.communicate(timeout=60)[0].strip() for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0]
    applied = [name for answer in answers for name in answer.split(",") if name]
    assert sorted(applied) == ["0001_first", "0002_second"]


def test_a_new_sqlite_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "csms.db"
    migrate(f"sqlite:///{path}", [FIRST])
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_missing_directory_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="csms init"):
        migrate(f"sqlite:///{tmp_path}/missing/csms.db", [FIRST])


async def test_the_products_own_migrations_apply_and_the_store_opens(empty_url: str) -> None:
    names = await trio.to_thread.run_sync(migrate, empty_url)
    assert names == [name for name, _ in MIGRATIONS]
    async with open_store(empty_url) as store:
        assert await store.read(lambda db: db.one("SELECT COUNT(*) AS n FROM schema_migrations")) == {
            "n": len(names)
        }

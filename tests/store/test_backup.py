"""Backups and dumps: whole, of one moment, restorable, and the way from one dialect to the other."""

import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio

from csms.errors import Conflict, InvalidInput, StoreTooNew, StoreUnavailable
from csms.store import backup as backups
from csms.store import catalog, dump
from csms.store.backup import backup, check, default_name, restore
from csms.store.connection import Dialect, Store, dialect_of, open_store
from csms.store.direct import open_direct, transaction
from csms.store.migrate import migrate, status
from csms.store.migrations import MIGRATIONS

COUNT = 400


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


CLOCK = Noon()
TENANT = {
    "id": "t1", "name": "Ünï ☃ \"quoted\" \\ 100% :x", "tenant_type": "CPO", "status": "ACTIVE", "country_code": "DE",
    "party_id": "ABC", "currency": "EUR", "time_zone": "Europe/Berlin", "created_at": "a", "updated_at": "b",
}  # fmt: skip
INSERT_TENANT = (
    f"INSERT INTO tenants ({', '.join(TENANT)}) VALUES ({', '.join(':' + name for name in TENANT)})"
)
INSERT_EVENT = """INSERT INTO outbox (tenant_id, station_id, kind, subject, at, body)
                  VALUES ('t1', NULL, 'station.booted', :subject, 'now', :body)"""


def fill(url: str) -> None:
    """Write a tenant, a station that refers to it, and many events of which the newest are gone again."""
    with open_direct(url) as direct, transaction(direct, exclusive=True) as db:
        db.run(INSERT_TENANT, TENANT)
        db.run(
            """INSERT INTO stations (id, tenant_id, station_id, registration, security_profile, created_at, updated_at)
               VALUES ('k1', 't1', 'CS 1', 'ACCEPTED', 1, 'a', 'b')"""
        )
        db.many(
            INSERT_EVENT, [{"subject": f"{number:05}", "body": "\n\t\x01é" * 10} for number in range(COUNT)]
        )
        db.run("DELETE FROM outbox WHERE id > :last", {"last": COUNT - 10})


def content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, except when migrations were applied."""
    with open_direct(url) as direct, transaction(direct, exclusive=False):
        return {
            table.name: sorted(direct.stream(f'SELECT * FROM "{table.name}"'), key=repr)
            for table in catalog.tables(direct)
            if table.name != "schema_migrations"
        }


def next_event_id(url: str) -> int:
    """Return the key the next outbox row gets."""
    with open_direct(url) as direct, transaction(direct, exclusive=True) as db:
        row = db.one(INSERT_EVENT + " RETURNING id", {"subject": "next", "body": "{}"})
        assert row
        return int(row["id"])


@pytest.fixture
def filled(store_url: str) -> str:
    """A database with something in every corner that matters."""
    fill(store_url)
    return store_url


@pytest.fixture(params=["db", "jsonl", "jsonl.gz"])
def backup_file(request: pytest.FixtureRequest, dialect: Dialect, tmp_path: Path) -> Path:
    """A name to back up to; PostgreSQL has no database file."""
    if dialect == "postgres" and request.param == "db":
        return tmp_path / "backup.anything"
    return tmp_path / f"backup.{request.param}"


def test_what_was_backed_up_comes_back_and_what_was_there_is_kept(
    filled: str, backup_file: Path, tmp_path: Path
) -> None:
    before = content(filled)
    made = backup(filled, backup_file, CLOCK)
    assert (made.path, made.size_bytes) == (backup_file, backup_file.stat().st_size)
    assert backup_file.stat().st_mode & 0o777 == 0o600
    with open_direct(filled) as direct, transaction(direct, exclusive=True) as db:
        db.run("DELETE FROM stations")
    damaged = content(filled)
    kept = restore(filled, backup_file, tmp_path, CLOCK)
    assert content(filled) == before
    assert status(filled).current
    assert next_event_id(filled) == COUNT + 1
    assert kept
    assert kept.parent == tmp_path
    restore(filled, kept, tmp_path / "", Later())
    assert content(filled) == damaged
    leftovers = [
        path.name for path in tmp_path.iterdir() if "partial" in path.name or path.name.endswith("-wal")
    ]
    assert leftovers == []


class Later(Noon):
    """A clock that stands still an hour later."""

    def now(self) -> datetime:
        return datetime(2026, 1, 31, 13, 0, 0, tzinfo=UTC)


def test_a_database_moves_to_the_other_dialect_and_back(
    filled: str, dialect: Dialect, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    before = content(filled)
    if dialect == "sqlite":
        server = request.getfixturevalue("postgres_server")
        name = "move_to_postgres"
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {server.template} STRATEGY file_copy")
        other = server.database_url(name)
    else:
        other = f"sqlite:///{tmp_path}/other.db"
    backup(filled, tmp_path / "there.jsonl.gz", CLOCK)
    restore(other, tmp_path / "there.jsonl.gz", tmp_path, CLOCK)
    assert content(other) == before
    assert dialect_of(other) != dialect
    backup(other, tmp_path / "back.jsonl", CLOCK)
    restore(filled, tmp_path / "back.jsonl", tmp_path, Later())
    assert content(filled) == before
    assert next_event_id(filled) == next_event_id(other) == COUNT + 1


async def test_a_backup_is_of_one_moment_while_others_write(
    filled: str, backup_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump, "_REPORT_ROWS", 50)
    monkeypatch.setattr(backups, "_PAGES_PER_STEP", 5)
    token = trio.lowlevel.current_trio_token()
    stop = trio.Event()

    async def write_pairs(store: Store) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            rows = [{"subject": f"pair {number}", "body": "x" * 500}] * 2
            await store.write(lambda db, rows=rows: db.many(INSERT_EVENT, rows))  # type: ignore[misc]

    async def more_units(store: Store, wanted: int) -> None:
        while store.health().units < wanted:
            await trio.lowlevel.checkpoint()

    async with open_store(filled) as store, trio.open_nursery() as nursery:
        steps: list[int] = []

        def interleave(done: int, _: int) -> None:
            if len(steps) < 3:
                steps.append(done)
                trio.from_thread.run(more_units, store, store.health().units + 10, trio_token=token)

        for _ in range(5):
            nursery.start_soon(write_pairs, store)
        await more_units(store, 10)
        await trio.to_thread.run_sync(backup, filled, backup_file, CLOCK, interleave)
        stop.set()
    assert len(steps) == 3
    restored = f"sqlite:///{tmp_path}/restored.db"
    restore(restored, backup_file, tmp_path, CLOCK)
    with open_direct(restored) as direct, transaction(direct, exclusive=False) as db:
        found = db.all(
            "SELECT subject, COUNT(*) AS n FROM outbox WHERE subject LIKE 'pair%' GROUP BY subject"
        )
        assert found
        assert [row for row in found if row["n"] % 2] == []


def test_progress_is_told_and_ends_with_everything(filled: str, backup_file: Path) -> None:
    told: list[tuple[int, int]] = []
    backup(filled, backup_file, CLOCK, lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 0
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_an_existing_file_is_not_overwritten(filled: str, backup_file: Path) -> None:
    backup_file.write_text("precious")
    with pytest.raises(Conflict, match="exists already"):
        backup(filled, backup_file, CLOCK)
    assert backup_file.read_text() == "precious"


def test_a_place_that_cannot_be_written_is_one_clear_line(filled: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="No such file or directory"):
        backup(filled, tmp_path / "no" / "such" / "backup.jsonl", CLOCK)


def test_a_dump_is_lines_that_people_and_programs_can_read(filled: str, tmp_path: Path) -> None:
    backup(filled, tmp_path / "dump.jsonl", CLOCK)
    lines = [json.loads(line) for line in (tmp_path / "dump.jsonl").read_text().splitlines()]
    header, *middle, end = lines
    assert header["format"] == "csms dump"
    assert header["made_at"] == "2026-01-31T12:00:00.000000Z"
    assert header["migrations"] == [name for name, _ in MIGRATIONS]
    rows = [line for line in middle if isinstance(line, list)]
    assert header["rows"] == end["rows"] == len(rows) == COUNT - 10 + 2
    assert end["serials"]["outbox"] == COUNT
    order = [line["table"] for line in middle if isinstance(line, dict)]
    assert order.index("tenants") < order.index("stations")


def truncated(data: bytes) -> bytes:
    """Return a dump that lost its second half, at the end of a line."""
    return data[: data.index(b"\n", len(data) // 2) + 1]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncated, "cut short"),
        (lambda data: data[: len(data) // 2], "damaged|cut short"),
        (lambda data: data.replace(b'"subject"', b'"object"'), "table or column"),
        (lambda data: data.replace(b'{"table":"outbox"', b'{"table":"inbox"'), "table or column"),
        (lambda data: data.split(b"\n", 1)[1], "no csms dump"),
        (lambda data: data.replace(b'"version":1', b'"version":99'), "no dump that this version reads"),
        (lambda _: b"", "no csms dump"),
        (lambda _: b"\x00\x01\x02", "no csms dump"),
        (lambda data: gzip.compress(data)[:-100], "damaged"),
    ],
)
def test_a_damaged_dump_changes_nothing(
    filled: str, tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    before = content(filled)
    path = tmp_path / "dump.jsonl"
    backup(filled, path, CLOCK)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InvalidInput, match=message):
        restore(filled, path, tmp_path, CLOCK)
    assert content(filled) == before


def test_a_row_that_refers_to_nothing_changes_nothing(filled: str, tmp_path: Path) -> None:
    before = content(filled)
    path = tmp_path / "dump.jsonl"
    backup(filled, path, CLOCK)
    path.write_bytes(path.read_bytes().replace(b'["k1","t1"', b'["k1","t9"'))
    with pytest.raises(StoreUnavailable):
        restore(filled, path, tmp_path, CLOCK)
    assert content(filled) == before


def test_a_dump_of_a_newer_version_is_refused(filled: str, tmp_path: Path) -> None:
    path = tmp_path / "dump.jsonl"
    backup(filled, path, CLOCK)
    path.write_bytes(path.read_bytes().replace(b'"migrations":[', b'"migrations":["9999_later",', 1))
    with pytest.raises(StoreTooNew, match="9999_later"):
        restore(filled, path, tmp_path, CLOCK)


def test_a_dump_of_an_older_version_is_migrated(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(filled, tmp_path / "old.jsonl", CLOCK)
    later = [
        *MIGRATIONS,
        ("9999_later", ("ALTER TABLE tenants ADD COLUMN motto TEXT", "UPDATE tenants SET motto = name")),
    ]
    monkeypatch.setattr(dump, "MIGRATIONS", later)
    restore(filled, tmp_path / "old.jsonl", tmp_path, CLOCK) if dialect_of(filled) == "postgres" else load(
        filled, tmp_path
    )
    with open_direct(filled) as direct, transaction(direct, exclusive=False) as db:
        assert db.one("SELECT motto FROM tenants") == {"motto": TENANT["name"]}


def load(url: str, directory: Path) -> None:
    """Load the old dump without the check that the result is of this version."""
    with open_direct(url) as direct, dump.opened(directory / "old.jsonl") as lines:
        dump.load(direct, lines, CLOCK)


async def test_a_running_appliance_stands_in_the_way_of_a_restore(filled: str, tmp_path: Path) -> None:
    path = tmp_path / "dump.jsonl"
    backup(filled, path, CLOCK)
    async with open_store(filled) as store:
        with pytest.raises(Conflict, match="in use; stop the appliance"):
            await trio.to_thread.run_sync(restore, filled, path, tmp_path, CLOCK)
        await store.write(lambda db: db.run("DELETE FROM stations"))
    restore(filled, path, tmp_path, CLOCK)
    assert len(content(filled)["stations"]) == 1


def test_an_empty_place_can_be_restored_into(filled: str, empty_url: str, tmp_path: Path) -> None:
    backup(filled, tmp_path / "dump.jsonl.gz", CLOCK)
    assert restore(empty_url, tmp_path / "dump.jsonl.gz", tmp_path, CLOCK) is None
    assert content(empty_url) == content(filled)


def test_default_names_say_what_and_when() -> None:
    assert default_name("sqlite:////x/csms.db", CLOCK) == "csms-20260131T120000Z.db"
    assert default_name("postgresql://x/y", CLOCK) == "csms-20260131T120000Z.jsonl.gz"


class TestDatabaseFiles:
    """What only SQLite has: a backup that is a database file."""

    @pytest.fixture
    def path(self, sqlite_template: Path, tmp_path: Path) -> Path:
        """A filled database."""
        path = tmp_path / "csms.db"
        shutil.copyfile(sqlite_template, path)
        fill(f"sqlite:///{path}")
        return path

    def test_a_sound_file_passes_the_check(self, path: Path) -> None:
        assert check(f"sqlite:///{path}") == []

    def test_a_damaged_page_is_found_and_never_backed_up_as_sound(self, path: Path, tmp_path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[4096 * 5 :] = bytes(len(data) - 4096 * 5)
        path.write_bytes(data)
        assert check(f"sqlite:///{path}")
        with pytest.raises(StoreUnavailable, match="damaged"):
            backup(f"sqlite:///{path}", tmp_path / "copy.db", CLOCK)
        assert not (tmp_path / "copy.db").exists()

    def test_a_damaged_backup_is_refused(self, path: Path, tmp_path: Path) -> None:
        backup(f"sqlite:///{path}", tmp_path / "copy.db", CLOCK)
        before = content(f"sqlite:///{path}")
        data = bytearray((tmp_path / "copy.db").read_bytes())
        data[4096 * 5 :] = bytes(len(data) - 4096 * 5)
        (tmp_path / "copy.db").write_bytes(data)
        with pytest.raises((InvalidInput, StoreUnavailable), match="damaged"):
            restore(f"sqlite:///{path}", tmp_path / "copy.db", tmp_path, CLOCK)
        assert content(f"sqlite:///{path}") == before

    def test_a_damaged_database_does_not_stand_in_the_way_of_a_sound_backup(
        self, path: Path, tmp_path: Path
    ) -> None:
        backup(f"sqlite:///{path}", tmp_path / "copy.db", CLOCK)
        before = content(f"sqlite:///{path}")
        path.write_bytes(b"\xff" * 5000)
        kept = restore(f"sqlite:///{path}", tmp_path / "copy.db", tmp_path, CLOCK)
        assert content(f"sqlite:///{path}") == before
        assert kept
        assert kept.read_bytes() == b"\xff" * 5000

    def test_what_the_log_of_a_killed_process_held_is_kept(self, path: Path, tmp_path: Path) -> None:
        backup(f"sqlite:///{path}", tmp_path / "copy.db", CLOCK)
        script = f"""
import os, sqlite3
connection = sqlite3.connect({str(path)!r}, isolation_level=None)
connection.execute("UPDATE tenants SET name = 'in the log only'")
os._exit(9)
"""
        subprocess.run([sys.executable, "-c", script], check=False)
        assert (tmp_path / "csms.db-wal").stat().st_size > 0
        kept = restore(f"sqlite:///{path}", tmp_path / "copy.db", tmp_path, CLOCK)
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT name FROM tenants").fetchall() == [(TENANT["name"],)]
        connection.close()
        with sqlite3.connect(str(kept)) as connection:
            assert connection.execute("SELECT name FROM tenants").fetchall() == [("in the log only",)]
        connection.close()

    def test_somebody_elses_database_is_refused(self, path: Path, tmp_path: Path) -> None:
        other = sqlite3.connect(tmp_path / "other.db")
        other.execute("CREATE TABLE cats (name)")
        other.close()
        with pytest.raises(InvalidInput, match="no csms database"):
            restore(f"sqlite:///{path}", tmp_path / "other.db", tmp_path, CLOCK)

    def test_a_backup_of_a_newer_version_is_refused(self, path: Path, tmp_path: Path) -> None:
        migrate(f"sqlite:///{tmp_path}/newer.db", [*MIGRATIONS, ("9999_later", ())])
        with pytest.raises(StoreTooNew, match="9999_later"):
            restore(f"sqlite:///{path}", tmp_path / "newer.db", tmp_path, CLOCK)

    def test_a_missing_source_is_one_clear_line(self, path: Path, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="No such file"):
            restore(f"sqlite:///{path}", tmp_path / "missing.db", tmp_path, CLOCK)


def test_a_database_file_does_not_go_into_postgres(
    postgres_server: Any, sqlite_template: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=r"jsonl\.gz"):
        restore(postgres_server.database_url("postgres"), sqlite_template, tmp_path, CLOCK)


def test_every_column_of_the_product_is_portable(sqlite_template: Path) -> None:
    with sqlite3.connect(sqlite_template) as connection:
        found = connection.execute(
            """SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"""
        ).fetchall()
    connection.close()
    assert [row for row in found if row[2] not in ("TEXT", "BIGINT", "INTEGER")] == []

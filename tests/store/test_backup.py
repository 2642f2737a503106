"""Backups and dumps: whole, of one moment, restorable, and the way from one dialect to the other."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from csms.errors import Conflict, InvalidInput, StoreTooNew, StoreUnavailable
from csms.store import backup as backups
from csms.store import dump
from csms.store.backup import backup, default_name, restore, unused
from csms.store.connection import Dialect, Store, dialect_of, open_store
from csms.store.direct import open_direct, transaction
from csms.store.migrate import status
from csms.store.migrations import MIGRATIONS
from tests.store.contents import CLOCK, COUNT, INSERT_EVENT, TENANT, Later, content, fill, next_event_id


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
    put_there_by_migrations = ("pki_revision", "audit_head")
    assert header["rows"] == end["rows"] == len(rows) == COUNT - 10 + 2 + len(put_there_by_migrations)
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


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    path = tmp_path / "csms-before-restore-20260131T120000Z.jsonl.gz"
    assert unused(path) == path
    path.touch()
    assert unused(path).name == "csms-before-restore-20260131T120000Z-2.jsonl.gz"
    unused(path).touch()
    assert unused(path).name == "csms-before-restore-20260131T120000Z-3.jsonl.gz"

"""What only SQLite has: a backup that is a database file, and files that are damaged."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from csms.errors import InvalidInput, StoreTooNew, StoreUnavailable
from csms.store.backup import backup, check, restore
from csms.store.migrate import migrate
from csms.store.migrations import MIGRATIONS
from tests.store.contents import CLOCK, TENANT, content, fill


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A filled database."""
    path = tmp_path / "csms.db"
    shutil.copyfile(sqlite_template, path)
    fill(f"sqlite:///{path}")
    return path


def test_a_sound_file_passes_the_check(path: Path) -> None:
    assert check(f"sqlite:///{path}") == []


def test_a_damaged_page_is_found_and_never_backed_up_as_sound(path: Path, tmp_path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 * 5 :] = bytes(len(data) - 4096 * 5)
    path.write_bytes(data)
    assert check(f"sqlite:///{path}")
    with pytest.raises(StoreUnavailable, match="damaged"):
        backup(f"sqlite:///{path}", tmp_path / "copy.db", CLOCK)
    assert not (tmp_path / "copy.db").exists()


def test_a_damaged_backup_is_refused(path: Path, tmp_path: Path) -> None:
    backup(f"sqlite:///{path}", tmp_path / "copy.db", CLOCK)
    before = content(f"sqlite:///{path}")
    data = bytearray((tmp_path / "copy.db").read_bytes())
    data[4096 * 5 :] = bytes(len(data) - 4096 * 5)
    (tmp_path / "copy.db").write_bytes(data)
    with pytest.raises((InvalidInput, StoreUnavailable), match="damaged"):
        restore(f"sqlite:///{path}", tmp_path / "copy.db", tmp_path, CLOCK)
    assert content(f"sqlite:///{path}") == before


def test_a_damaged_database_does_not_stand_in_the_way_of_a_sound_backup(path: Path, tmp_path: Path) -> None:
    backup(f"sqlite:///{path}", tmp_path / "copy.db", CLOCK)
    before = content(f"sqlite:///{path}")
    path.write_bytes(b"\xff" * 5000)
    kept = restore(f"sqlite:///{path}", tmp_path / "copy.db", tmp_path, CLOCK)
    assert content(f"sqlite:///{path}") == before
    assert kept
    assert kept.read_bytes() == b"\xff" * 5000


def test_what_the_log_of_a_killed_process_held_is_kept(path: Path, tmp_path: Path) -> None:
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


def test_somebody_elses_database_is_refused(path: Path, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE cats (name)")
    other.close()
    with pytest.raises(InvalidInput, match="no csms database"):
        restore(f"sqlite:///{path}", tmp_path / "other.db", tmp_path, CLOCK)


def test_a_backup_of_a_newer_version_is_refused(path: Path, tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/newer.db", [*MIGRATIONS, ("9999_later", ())])
    with pytest.raises(StoreTooNew, match="9999_later"):
        restore(f"sqlite:///{path}", tmp_path / "newer.db", tmp_path, CLOCK)


def test_a_missing_source_is_one_clear_line(path: Path, tmp_path: Path) -> None:
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

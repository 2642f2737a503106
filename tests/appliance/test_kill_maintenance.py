"""kill -9 in the middle of a migration, a backup, a restore, the first day: what is left is old or new, and whole."""

import shutil
import sqlite3
import time
from pathlib import Path
from random import Random

import pytest
import trio

from csms.clock import SystemClock, to_text
from csms.store.backup import check
from csms.store.migrate import migrate, status
from csms.store.migrations import MIGRATIONS
from tests.appliance.audit import audit
from tests.appliance.fleet import Fleet
from tests.appliance.machine import Machine, station_id
from tests.appliance.starter import Starter

ROUNDS = 3
BALLAST_ROWS = 20_000


def duration_s(machine: Machine, *argv: str) -> float:
    """Return how long a verb takes that must succeed."""
    began = time.monotonic()
    code, text = machine.csms(*argv)
    assert code == 0, text
    return time.monotonic() - began


def killed(machine: Machine, after_s: float, *argv: str) -> bool:
    """Run a verb and kill it after a while; return whether it was still running then."""
    process = machine.run(*argv)
    ends = time.monotonic() + after_s
    while process.poll() is None and time.monotonic() < ends:
        time.sleep(0.001)
    going = process.poll() is None
    process.kill()
    return going


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def fill(path: Path) -> None:
    """Make a database so large that work on it takes a moment."""
    with sqlite3.connect(path) as connection:
        row = ("t1", "filler", "s1", to_text(SystemClock().now()), "x" * 400)
        connection.executemany(
            "INSERT INTO outbox (tenant_id, kind, subject, at, body) VALUES (?, ?, ?, ?, ?)",
            [row] * BALLAST_ROWS,
        )
    connection.close()


def count(path: Path, table: str) -> int:
    with sqlite3.connect(path) as connection:
        [found] = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    connection.close()
    return int(found)


def test_a_migration(started: Starter, tmp_path: Path) -> None:
    random = Random("migration")
    old = tmp_path / "old.db"
    migrate(url_of(old), MIGRATIONS[:1])
    machine = Machine(started, tmp_path / "d")
    path = machine.data_dir / "csms.db"
    hits, took_s = 0, 0.0
    for number in range(ROUNDS + 1):
        shutil.rmtree(machine.data_dir, ignore_errors=True)
        machine.data_dir.mkdir(mode=0o700)
        shutil.copyfile(old, path)
        if number == 0:
            took_s = duration_s(machine, "db", "migrate")
            continue
        while killed(machine, random.random() * took_s, "db", "migrate"):
            hits += 1
            known = status(url_of(path))
            names = [name for name, _ in MIGRATIONS]
            assert [name for name, _ in known.applied] == names[: len(known.applied)]
            assert check(url_of(path)) == []
        assert status(url_of(path)).current
    assert hits > 0


def test_the_first_day(started: Starter, tmp_path: Path) -> None:
    random = Random("init")
    machine = Machine(started, tmp_path / "d")
    took_s = duration_s(machine, "init")
    for _ in range(ROUNDS):
        shutil.rmtree(machine.data_dir)
        killed(machine, random.random() * took_s, "init")
        code, text = machine.csms("init")
        assert code in (0, 5), text  # 5: it was killed between the commit and its last word
        assert check(url_of(machine.data_dir / "csms.db")) == []
        assert [tenant["name"] for tenant in machine.json("tenant", "list")] == ["default"]


def test_a_backup_while_stations_charge(machine: Machine, started: Starter, tmp_path: Path) -> None:
    """The appliance goes on; a backup is whole or is not there; the one that ends can be brought back."""
    random = Random("backup")
    path = machine.data_dir / "csms.db"
    fill(path)
    running = machine.serve()
    fleet = Fleet("backup", [station_id(number) for number in range(4)])
    fleet.running = running
    target = tmp_path / "backup.db"

    def backups() -> int:
        took_s = duration_s(machine, "db", "backup", "--to", str(tmp_path / "first.db"))
        hits = 0
        for _ in range(ROUNDS):
            hits += killed(machine, random.random() * took_s, "db", "backup", "--to", str(target))
            if target.exists():
                assert check(url_of(target)) == []
                assert count(target, "outbox") >= BALLAST_ROWS
                target.unlink()
        return hits

    async def scene() -> int:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fleet.run)
            await fleet.until_acknowledged(20)
            hits = await trio.to_thread.run_sync(backups)
            fleet.finishing = True
        return hits

    assert trio.run(scene) > 0
    assert fleet.refusals == []
    assert duration_s(machine, "db", "backup", "--to", str(target)) > 0
    assert running.stop() == 0
    other = Machine(started, tmp_path / "o")
    other.data_dir.mkdir(mode=0o700)
    code, text = other.csms("db", "restore", str(target), "--yes")
    assert code == 0, text
    audit(url_of(other.data_dir / "csms.db"), fleet)
    audit(url_of(path), fleet)


@pytest.mark.parametrize("suffix", ["db", "jsonl.gz"])
def test_a_restore(machine: Machine, tmp_path: Path, suffix: str) -> None:
    random = Random(f"restore {suffix}")
    path, source = machine.data_dir / "csms.db", tmp_path / f"source.{suffix}"
    assert machine.csms("db", "backup", "--to", str(source))[0] == 0
    fill(path)
    filled = tmp_path / "filled.db"
    shutil.copyfile(path, filled)
    large = tmp_path / f"large.{suffix}"
    assert machine.csms("db", "backup", "--to", str(large))[0] == 0
    took_s = duration_s(machine, "db", "restore", str(large), "--yes")
    hits = 0
    for _ in range(ROUNDS):
        hits += killed(machine, random.random() * took_s, "db", "restore", str(large), "--yes")
        assert check(url_of(path)) == []
        assert count(path, "outbox") >= BALLAST_ROWS
        assert count(path, "stations") == count(filled, "stations")
    assert hits > 0
    assert machine.csms("db", "restore", str(source), "--yes")[0] == 0
    assert count(path, "outbox") < BALLAST_ROWS
    running = machine.serve()
    assert running.get("/readyz")[0] == 200

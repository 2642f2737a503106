"""SQLite's own troubles: full disks, locks, other processes, lost files, long readers."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from csms.errors import ConfigError, StoreUnavailable
from csms.store import sqlite_connection
from csms.store.connection import Database, Store, open_store
from tests.store.ledger import add, create_ledger, names


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    """The file of a fresh database with a ledger."""
    path = tmp_path / "csms.db"
    shutil.copyfile(sqlite_template, path)
    return path


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    """An open store with a ledger."""
    async with open_store(f"sqlite:///{path}") as opened:
        await opened.write(create_ledger)
        yield opened


async def test_every_commit_is_durable_and_logged_ahead(store: Store, path: Path) -> None:
    def settings(db: Database) -> list[object]:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "temp_store")
        return [next(iter((db.one(f"PRAGMA {name}") or {}).values())) for name in pragmas]

    assert await store.write(settings) == ["wal", 2, 1, 2]
    assert (path.parent / "csms.db-wal").exists()


async def test_closing_empties_the_log(path: Path) -> None:
    async with open_store(f"sqlite:///{path}") as store:
        await store.write(create_ledger)
        assert store.health().wal_bytes
    assert not (path.parent / "csms.db-wal").exists()


async def test_a_full_disk_fails_the_transaction_and_writing_resumes_when_there_is_room(store: Store) -> None:
    pages = await store.write(lambda db: db.one("PRAGMA page_count"))
    assert pages
    await store.write(lambda db: db.one(f"PRAGMA max_page_count = {pages['page_count'] + 3}"))
    kept: list[str] = []

    async def fill() -> None:
        while True:
            kept.append(await store.write(lambda db: add(db, f"{len(kept):02}" + "x" * 2000)))

    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await fill()
    assert kept
    assert "full" in (store.health().problem or "")
    assert await store.read(names) == kept
    await store.write(lambda db: db.one("PRAGMA max_page_count = 1000000"))
    await store.write(lambda db: add(db, "z"))
    assert store.health().problem is None
    assert await store.read(names) == [*kept, "z"]


_FILL = """
import sys, trio
from csms.errors import StoreUnavailable
from csms.store.connection import open_store
from csms.store.migrate import migrate
from tests.store.ledger import add, create_ledger, names

async def main(directory):
    url = f"sqlite:///{directory}/csms.db"
    migrate(url)
    kept = []
    async with open_store(url) as store:
        await store.write(create_ledger)
        ballast = open(f"{directory}/ballast", "wb")
        ballast.write(bytes(400_000))
        ballast.close()
        try:
            while True:
                kept.append(await store.write(lambda db: add(db, f"{len(kept):04}" + "x" * 2000)))
        except StoreUnavailable as error:
            assert "disk is full" in str(error), error
        assert kept and await store.read(names) == kept
        import os
        os.unlink(ballast.name)
        kept.append(await store.write(lambda db: add(db, "resumed")))
    async with open_store(url) as store:
        assert await store.read(names) == kept
    print("resumed after", len(kept))

trio.run(main, sys.argv[1])
"""


def test_a_really_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    new_namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    mount = f"mount -t tmpfs -o size=4096k tmpfs {tmp_path}"
    if subprocess.run([*new_namespace, "sh", "-c", mount], check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk of their own")
    script = f'{mount} && exec "$0" -c "$1" {tmp_path}'
    done = subprocess.run(
        [*new_namespace, "sh", "-c", script, sys.executable, _FILL],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("resumed after")


async def test_a_lock_held_for_too_long_fails_the_transaction(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_TIMEOUT_S", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    async with open_store(f"sqlite:///{path}") as store:
        await store.write(create_ledger)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another process holds the database"):
            await store.write(lambda db: add(db, "a"))
        assert await store.read(names) == []
        other.execute("ROLLBACK")
        await store.write(lambda db: add(db, "b"))
        assert await store.read(names) == ["b"]
    other.close()


async def test_a_lock_held_briefly_is_waited_for(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    async with open_store(f"sqlite:///{path}") as store:
        await store.write(create_ledger)
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO ledger (name, amount) VALUES ('theirs', 1)")
        threading.Timer(0.05, other.execute, ["COMMIT"]).start()
        await store.write(lambda db: add(db, "ours"))
        assert await store.read(names) == ["ours", "theirs"]
    other.close()


_OTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
for number in range(100):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO ledger (name, amount) VALUES (?, 1)", (f"theirs {number:03}",))
    connection.execute("COMMIT")
"""


async def test_another_process_may_write_at_the_same_time(store: Store, path: Path) -> None:
    async def write(number: int) -> None:
        for turn in range(5):
            await store.write(lambda db, name=f"ours {number:02} {turn}": add(db, name))  # type: ignore[misc]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.run_process, [sys.executable, "-c", _OTHER_PROCESS, str(path)])
        for number in range(20):
            nursery.start_soon(write, number)
    found = await store.read(names)
    assert len([name for name in found if name.startswith("ours")]) == 100
    assert len([name for name in found if name.startswith("theirs")]) == 100


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_removed_file_acknowledges_nothing_more(store: Store, path: Path, replaced: bool) -> None:
    await store.write(lambda db: add(db, "a"))
    path.rename(path.with_suffix(".gone"))  # noqa: ASYNC240
    if replaced:
        shutil.copyfile(path.with_suffix(".gone"), path)
    with pytest.raises(StoreUnavailable, match="removed or replaced; restart"):
        await store.write(lambda db: add(db, "b"))
    assert store.health().problem


async def test_a_long_read_lets_the_log_grow_and_its_end_lets_it_start_over(store: Store) -> None:
    token = trio.lowlevel.current_trio_token()
    reading, finish = trio.Event(), trio.Event()

    def read(db: Database) -> list[str]:
        names(db)
        trio.from_thread.run_sync(reading.set, trio_token=token)
        trio.from_thread.run(finish.wait, trio_token=token)
        return names(db)

    async def write(rounds: int) -> None:
        for turn in range(rounds):
            name = f"{trio.current_time()} {turn}"
            await store.write(lambda db, name=name: [add(db, f"{name} {n}" + "x" * 3000) for n in range(100)])  # type: ignore[misc]

    seen: list[list[str]] = []
    async with trio.open_nursery() as nursery:

        async def long_read() -> None:
            seen.append(await store.read(read))

        nursery.start_soon(long_read)
        await reading.wait()
        await write(30)
        grown = store.health().wal_bytes or 0
        assert grown > 8_000_000
        finish.set()
    assert seen == [[]]
    await write(10)
    assert (store.health().wal_bytes or 0) <= grown + 1_000_000


async def test_a_missing_file_or_directory_is_one_clear_line(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/missing.db", f"sqlite:///{tmp_path}/no/such/dir.db"):
        with pytest.raises(StoreUnavailable, match="csms init"):
            async with open_store(url):
                pass
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "csms.db").write_bytes(
        b"not a database, but long enough to look like a file of some sort" * 100
    )
    with pytest.raises(StoreUnavailable, match="no csms database"):
        async with open_store(f"sqlite:///{tmp_path}/csms.db"):
            pass


_READ_ONLY = """
import os, sys, trio
from csms.errors import StoreUnavailable
from csms.store.connection import open_store

async def main(path):
    if os.geteuid() == 0:
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
    try:
        async with open_store(f"sqlite:///{path}"):
            pass
    except StoreUnavailable as error:
        print(error)

trio.run(main, sys.argv[1])
"""


def test_a_file_that_may_not_be_written_is_one_clear_line(path: Path) -> None:
    path.chmod(0o444)
    for parent in path.parents:
        if parent == Path(tempfile.gettempdir()):
            break
        parent.chmod(0o755)  # so that it is the file that stands in the way
    done = subprocess.run(
        [sys.executable, "-c", _READ_ONLY, path], check=True, capture_output=True, text=True
    )
    assert "check its owner and mode" in done.stdout


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://x", "csms.db", ""])
async def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"store\.url"):
        async with open_store(url):
            pass


async def test_a_path_with_awkward_characters_is_the_path_that_is_meant(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a b?c#d%e.db"
    shutil.copyfile(sqlite_template, path)
    async with open_store(f"sqlite:///{path}".replace("%", "%25")) as store:
        await store.write(create_ledger)
    assert list(tmp_path.iterdir()) == [path]  # noqa: ASYNC240

"""What keeps the appliance from starting: one clear line, an exit code, and nothing damaged."""

import hashlib
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from csms.store.migrate import migrate
from csms.store.migrations import MIGRATIONS
from tests.appliance.conftest import STATIONS
from tests.appliance.machine import Machine, get
from tests.appliance.starter import Starter

NOBODY = 65534


def refusal(machine: Machine, *argv: str, uid: int | None = None) -> tuple[int, str]:
    """Run a verb that must fail, `serve` unless named; return exit code and the one line it said."""
    code, text = machine.csms(*(argv or ("serve",)), uid=uid)
    lines = [line for line in text.splitlines() if not line.startswith("{")]
    assert code != 0, text
    assert len(lines) == 1, text
    assert lines[0].startswith("csms: ")
    return code, lines[0].removeprefix("csms: ")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def bare(started: Starter, tmp_path: Path) -> Machine:
    """A machine on which nothing was done yet: not even its data directory is there."""
    return Machine(started, tmp_path / "d")


class TestDataDirectory:
    def test_missing(self, bare: Machine) -> None:
        assert refusal(bare) == (3, f"{bare.data_dir} is missing: run csms init")
        assert not bare.data_dir.exists()

    def test_a_file_in_its_place(self, bare: Machine) -> None:
        bare.data_dir.write_text("precious")
        for verb in ("serve", "init"):
            code, text = refusal(bare, verb)
            assert code != 0
            assert str(bare.data_dir) in text
        assert bare.data_dir.read_text() == "precious"

    def test_not_set_up(self, bare: Machine) -> None:
        bare.data_dir.mkdir()
        code, text = refusal(bare)
        assert code == 3
        assert "run csms init" in text
        assert bare.csms("init")[0] == 0
        bare.serve().kill()

    def test_of_somebody_else(self, machine: Machine) -> None:
        before = digest(machine.data_dir / "csms.db")
        uid = None
        if os.geteuid() == 0:
            uid = NOBODY  # nothing is closed to root
        else:
            machine.data_dir.chmod(0)
        for verb in ("serve", "status", "init"):
            code, text = refusal(machine, verb, uid=uid)
            assert code == 4, text
            assert "Permission denied" in text or "belongs to another user" in text
            assert str(machine.data_dir) in text
        machine.data_dir.chmod(0o700)
        assert digest(machine.data_dir / "csms.db") == before

    def test_with_a_path_too_long_for_a_socket(self, machine: Machine, tmp_path: Path) -> None:
        deep = tmp_path / ("long" * 30)
        machine.data_dir.rename(deep)
        machine.data_dir = deep
        code, text = refusal(machine)
        assert code == 2
        assert "shorter" in text

    def test_in_use_by_another_appliance(self, machine: Machine) -> None:
        first = machine.serve()
        listeners = (machine.data_dir / "listeners.json").read_text()
        code, text = refusal(machine)
        assert code == 5
        assert "another appliance runs on this data directory" in text
        assert (machine.data_dir / "listeners.json").read_text() == listeners
        assert first.get("/readyz")[0] == 200
        assert machine.json("status")["stations"] == STATIONS


class TestAddress:
    def test_in_use(self, machine: Machine, tmp_path: Path, furnished: Path, started: Starter) -> None:
        first = machine.serve()
        other = Machine(started, tmp_path / "o")
        other.data_dir.mkdir()
        shutil.copyfile(furnished, other.data_dir / "csms.db")
        before = digest(other.data_dir / "csms.db")
        taken = first.listeners["ocpp"][0]
        other.settings["CSMS_LISTEN_OCPP"] = taken
        assert refusal(other) == (5, f"{taken} is in use: stop what uses it or change listen.ocpp")
        other.settings["CSMS_LISTEN_OCPP"] = "127.0.0.1:0"
        other.settings["CSMS_LISTEN_ADMIN"] = first.listeners["admin"][0]
        assert refusal(other)[1].endswith("change listen.admin")
        assert not (other.data_dir / "csms.sock").exists()
        assert digest(other.data_dir / "csms.db") == before
        assert get(first.listeners["admin"][0], "/readyz")[0] == 200

    def test_not_of_this_machine(self, machine: Machine) -> None:
        machine.settings["CSMS_LISTEN_PUSH"] = "192.0.2.1:9"
        code, text = refusal(machine)
        assert code == 5
        assert text == "192.0.2.1:9 cannot be used (Cannot assign requested address): change listen.push"


class TestConfiguration:
    def test_broken(self, machine: Machine) -> None:
        (machine.data_dir / "csms.toml").write_text('[ocpp]\ncall_timeout_s = "soon"\n')
        code, text = refusal(machine)
        assert code == 2
        assert text.startswith(f"{machine.data_dir}/csms.toml:2: ocpp.call_timeout_s")

    def test_no_toml(self, machine: Machine) -> None:
        (machine.data_dir / "csms.toml").write_text("[ocpp\n")
        code, text = refusal(machine)
        assert code == 2
        assert text.startswith(f"{machine.data_dir}/csms.toml:1: ")

    def test_unreadable(self, machine: Machine, tmp_path: Path) -> None:
        file = tmp_path / "csms.toml"
        file.mkdir()
        code, text = refusal(machine, "--config", str(file), "serve")
        assert code == 2
        assert text == f"{file}: cannot be read: Is a directory"

    def test_missing(self, machine: Machine) -> None:
        assert refusal(machine, "--config", "/nowhere/csms.toml", "serve") == (
            2,
            "/nowhere/csms.toml: cannot be read: No such file or directory",
        )

    def test_misspelt_in_the_environment(self, machine: Machine) -> None:
        machine.settings["CSMS_OCPP_CALL_TIMEOUT"] = "3"
        code, text = refusal(machine)
        assert code == 2
        assert "CSMS_OCPP_CALL_TIMEOUT_S" in text


class TestDatabase:
    def test_of_a_newer_version(self, machine: Machine) -> None:
        migrate(f"sqlite:///{machine.data_dir}/csms.db", [*MIGRATIONS, ("9999_later", ())])
        before = digest(machine.data_dir / "csms.db")
        for verb in (("serve",), ("station", "list"), ("db", "migrate"), ("init",)):
            code, text = refusal(machine, *verb)
            assert code == 1
            assert "newer version of csms (it has 9999_later)" in text
            assert "csms db restore" in text
        assert digest(machine.data_dir / "csms.db") == before

    def test_that_is_none(self, machine: Machine) -> None:
        garbage = b"this was a letter to my mother\n" * 1000
        (machine.data_dir / "csms.db").write_bytes(garbage)
        code, text = refusal(machine)
        assert code == 1
        assert "this file is no csms database" in text
        assert (machine.data_dir / "csms.db").read_bytes() == garbage

    def test_that_is_damaged(self, machine: Machine) -> None:
        path = machine.data_dir / "csms.db"
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        code, text = refusal(machine)
        assert code == 1
        assert "restore a backup with `csms db restore`" in text

    def test_on_a_server_that_is_not_there(self, machine: Machine) -> None:
        machine.url = "postgresql://csms:geheim4711@127.0.0.1:9/csms"
        for verb in (("serve",), ("station", "list"), ("db", "status")):
            code, text = refusal(machine, *verb)
            assert code == 1
            assert "geheim4711" not in text
            assert "127.0.0.1" in text


def test_an_upgrade_migrates_what_is_there(started: Starter, tmp_path: Path) -> None:
    """A database of the first version, with its first day behind it, is served by this one."""
    machine = Machine(started, tmp_path / "d")
    machine.data_dir.mkdir(mode=0o700)
    url = f"sqlite:///{machine.data_dir}/csms.db"
    migrate(url, MIGRATIONS[:1])
    with sqlite3.connect(machine.data_dir / "csms.db") as connection:
        at = "2026-01-01T00:00:00.000000Z"
        connection.execute(
            "INSERT INTO tenants VALUES ('t1', 'default', 'CPO', 'ACTIVE', 'DE', 'CSM', 'EUR', 'UTC', ?, ?)",
            (at, at),
        )
        connection.execute(
            "INSERT INTO users VALUES ('u1', NULL, 'a@b', 'SUPER_ADMIN', 'x', 'ACTIVE', ?, ?)", (at, at)
        )
        connection.execute(
            """INSERT INTO stations (id, tenant_id, station_id, registration, security_profile, created_at, updated_at)
               VALUES ('s1', 't1', 'OLD', 'Accepted', 0, ?, ?)""",
            (at, at),
        )
    connection.close()
    code, text = machine.csms("station", "list")
    assert code == 1
    assert "run csms db migrate" in text
    running = machine.serve()
    assert [line["migration"] for line in machine.logged("database_migrated")] == [
        name for name, _ in MIGRATIONS[1:]
    ]
    assert running.get("/readyz")[0] == 200
    assert [station["stationId"] for station in machine.json("station", "list")] == ["OLD"]
    running.kill()
    assert machine.csms("db", "migrate") == (0, "the database is up to date\n")

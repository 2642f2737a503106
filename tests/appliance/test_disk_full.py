"""No room on the disk: stations are told to send again, nothing acknowledged is lost, and it mends itself."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from tests.appliance.audit import audit
from tests.appliance.fleet import Fleet
from tests.appliance.machine import Machine, Running, station_id, until
from tests.appliance.starter import Starter

STATIONS = 8
SMALL_DISK = "6m"


class LimitedFiles:
    """A process that may not let any file grow: what works everywhere, with another error number."""

    reason = "disk I/O error"

    def fill(self, running: Running) -> None:
        files = [path for path in running.machine.data_dir.iterdir() if path.is_file()]
        largest = max(path.stat().st_size for path in files)
        self._limit(running, largest + 20_000)

    def make_room(self, running: Running) -> None:
        self._limit(running, resource.RLIM_INFINITY)

    def _limit(self, running: Running, size_bytes: int) -> None:
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


class SmallDisk:
    """A file system in memory that is really full."""

    reason = "the disk is full; free space, writing resumes by itself"

    def fill(self, running: Running) -> None:
        ballast = running.machine.data_dir / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def make_room(self, running: Running) -> None:
        (running.machine.data_dir / "ballast").unlink()


Disk = LimitedFiles | SmallDisk


@contextmanager
def mounted(path: Path) -> Iterator[None]:
    """Mount a small file system; skips the test where this user may not."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK},mode=0700", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture(params=[LimitedFiles, SmallDisk])
def disk(request: pytest.FixtureRequest) -> Disk:
    made: Disk = request.param()
    return made


@pytest.fixture
def machine(disk: Disk, started: Starter, furnished: Path, tmp_path: Path) -> Iterator[Machine]:
    data_dir = tmp_path / "d"
    data_dir.mkdir(mode=0o700)
    made = Machine(started, data_dir)
    if isinstance(disk, LimitedFiles):
        shutil.copyfile(furnished, data_dir / "csms.db")
        yield made
        made.close()
        return
    with mounted(data_dir):
        shutil.copyfile(furnished, data_dir / "csms.db")
        yield made
        made.close()


def not_ready(running: Running, reason: str) -> bool:
    status, text = running.get("/readyz")
    return status == 503 and reason in text


def test_stations_send_again_until_there_is_room(machine: Machine, disk: Disk) -> None:
    running = machine.serve()
    fleet = Fleet("full", [station_id(number) for number in range(STATIONS)])
    fleet.running = running

    async def scene() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fleet.run)
            await fleet.until_acknowledged(100)
            disk.fill(running)
            await trio.to_thread.run_sync(until, lambda: len(fleet.refusals) > 3 * STATIONS)
            await trio.to_thread.run_sync(until, lambda: not_ready(running, disk.reason))
            assert (await trio.to_thread.run_sync(running.get, "/healthz"))[0] == 200
            shown = await trio.to_thread.run_sync(running.verb, "status")
            assert shown["connected"] == STATIONS
            disk.make_room(running)
            await fleet.until_acknowledged(100)
            fleet.finishing = True

    trio.run(scene)
    until(lambda: running.get("/readyz")[0] == 200)
    assert set(fleet.refusals) == {"InternalError: could not be stored: send it again"}
    line = machine.logged("message_not_kept")[0]
    assert disk.reason in line["error"]
    assert line.keys() >= {"tenant", "station", "message_id", "action"}
    assert running.stop() == 0
    audit(f"sqlite:///{machine.data_dir}/csms.db", fleet)


def test_a_kill_in_the_middle_of_it_loses_nothing(machine: Machine, disk: Disk) -> None:
    running = machine.serve()
    fleet = Fleet("full and killed", [station_id(number) for number in range(STATIONS)])
    fleet.running = running

    async def scene() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fleet.run)
            await fleet.until_acknowledged(100)
            disk.fill(running)
            await trio.to_thread.run_sync(until, lambda: len(fleet.refusals) > STATIONS)
            running.kill()
            disk.make_room(running) if isinstance(disk, SmallDisk) else None
            fleet.running = await trio.to_thread.run_sync(machine.serve)
            await fleet.until_acknowledged(100)
            fleet.finishing = True

    trio.run(scene)
    assert fleet.running.stop() == 0
    audit(f"sqlite:///{machine.data_dir}/csms.db", fleet)


class TestSmallDisk:
    @pytest.fixture
    def disk(self) -> SmallDisk:
        return SmallDisk()

    def test_a_start_without_any_room_says_so_and_damages_nothing(
        self, machine: Machine, disk: SmallDisk
    ) -> None:
        disk.fill(Running(machine, machine.run("version"), {}))
        code, text = machine.csms("serve")
        last = text.splitlines()[-1]
        assert code == 1, text
        assert last.startswith("csms: ")
        assert "No space left on device" in last or "free space" in last
        (machine.data_dir / "ballast").unlink()
        running = machine.serve()
        assert running.get("/readyz")[0] == 200

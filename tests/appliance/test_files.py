"""Files and the processes that take them: kill -9 in an upload, and a disk on which no file may grow."""

import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import trio

from csms.model.station_file import FileState
from tests.appliance.line import Street, street
from tests.appliance.machine import Machine, Running, until

LOG = bytes(range(256)) * 8_000
BOTH = pytest.mark.parametrize("on", ["machine", "postgres_machine"])


@asynccontextmanager
async def _asked(running: Running) -> AsyncIterator[tuple[Street, str]]:
    """Have a booted station asked for a log; yield the street and the address, on this run's port."""
    async with street(running) as stations:
        station = await stations.boot(Host="csms.example")
        station.answers["GetDiagnostics"] = {"fileName": "diag.log"}
        await stations.verb("station.command", station="CP0", verb="log")
        location = (await station.until_asked("GetDiagnostics"))["location"]
        yield stations, location.removeprefix("http://csms.example")


def _begin(running: Running, path: str, part: bytes) -> socket.socket:
    """Begin an upload that is larger than what is sent of it."""
    line = socket.create_connection(running.address())
    head = f"PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(LOG)}\r\n\r\n"
    line.sendall(head.encode() + part)
    return line


async def _put(running: Running, path: str) -> int:
    host, port = running.address()
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.put(f"http://{host}:{port}{path}", content=LOG)).status_code


def _on_disk(machine: Machine) -> list[str]:
    folder = machine.data_dir / "files"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@BOTH
def test_a_kill_in_an_upload_costs_the_upload_alone(on: str, request: pytest.FixtureRequest) -> None:
    machine: Machine = request.getfixturevalue(on)

    async def go() -> None:
        running = machine.serve()
        async with _asked(running) as (_, path):
            line = _begin(running, path, LOG[:1_000_000])
            await trio.to_thread.run_sync(until, lambda: _on_disk(machine))
            running.kill()
            line.close()
        again = machine.serve()
        [file] = again.verb("station.logs")
        assert file["state"] == FileState.EXPECTED
        assert _on_disk(machine) != [file["id"]]
        assert await _put(again, path) == 201
        again.kill()
        last = machine.serve()
        [file] = last.verb("station.logs")
        assert (file["state"], file["sha256"]) == (FileState.RECEIVED, hashlib.sha256(LOG).hexdigest())
        assert (machine.data_dir / "files" / file["id"]).read_bytes() == LOG
        assert await _put(last, path) == 410
        last.stop()

    trio.run(go)


def test_a_stop_does_not_wait_for_a_slow_upload(machine: Machine) -> None:
    machine.settings["CSMS_SERVE_GRACE_S"] = "1"

    async def go() -> None:
        running = machine.serve()
        async with _asked(running) as (_, path):
            line = _begin(running, path, LOG[:1_000_000])
            await trio.to_thread.run_sync(until, lambda: _on_disk(machine))
            assert await trio.to_thread.run_sync(running.stop) == 0
            line.close()
        assert _on_disk(machine) == []

    trio.run(go)


def test_a_file_that_may_not_grow_is_refused_and_charging_goes_on(machine: Machine) -> None:
    """Whoever runs csms may bound its files: what is too large for that is answered 507."""

    async def go() -> None:
        running = machine.serve(file_size=1_500_000)
        async with _asked(running) as (stations, path):
            assert await _put(running, path) == 507
            assert _on_disk(machine) == []
            assert (await stations.verb("station.logs"))[0]["reason"] == "there is no room for it"
            alerts: list[dict[str, Any]] = await stations.verb("alert.list")
            assert [alert["key"] for alert in alerts] == ["files.disk_full"]
            other = await stations.boot("CP1")
            assert (await other.call("Heartbeat"))["currentTime"]
        running.stop()

    trio.run(go)

"""The appliance from its start to its end: what it opens, what it answers, how it stops, what a restart keeps."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from tests.appliance.line import street
from tests.appliance.machine import PASSWORD, Machine, Running, get, until
from tests.appliance.starter import ROOT
from tests.ocpp import station as wire
from tests.ocpp.station import basic
from tests.wire.station import Station

GRACE_S = 2


def at(minutes: int) -> str:
    moment = time.gmtime(time.time() - 3600 + 60 * minutes)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)


async def start(station: Station, meter_wh: int = 1000) -> int:
    payload = {"connectorId": 1, "idTag": "TAG1", "meterStart": meter_wh, "timestamp": at(0)}
    return int((await station.call("StartTransaction", payload))["transactionId"])


async def stop(station: Station, transaction: int, meter_wh: int = 11000) -> None:
    payload = {"transactionId": transaction, "meterStop": meter_wh, "timestamp": at(30)}
    await station.call("StopTransaction", payload)


def test_the_installed_program_serves_and_stops(machine: Machine) -> None:
    """The one test that runs the program as systemd does, interpreter and all."""
    command = [sys.executable, "-m", "csms.cli.main", "serve"]
    with machine.log.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=machine.environ, stdout=log, stderr=log)
    try:
        listeners = machine.data_dir / "listeners.json"
        until(lambda: listeners.exists() or process.poll() is not None, timeout_s=60)
        assert process.poll() is None, machine.log.read_text()
        admin = json.loads(listeners.read_text())["admin"][0]
        assert get(admin, "/healthz") == (200, '{"status":"ok"}\n')
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert not listeners.exists()
    assert not (machine.data_dir / "csms.sock").exists()
    assert [line["event"] for line in machine.logged()] == ["serving", "stopping", "stopped"]


@pytest.fixture
def running(machine: Machine) -> Running:
    return machine.serve()


class TestDoors:
    def test_listeners_are_written_down_and_open(self, running: Running) -> None:
        assert set(running.listeners) == {"ocpp", "ocpi", "graphql", "push", "admin"}
        for name in running.listeners:
            with socket.create_connection(running.address(name), timeout=5):
                pass

    def test_health_readiness_and_a_first_page(self, running: Running) -> None:
        assert running.get("/healthz") == (200, '{"status":"ok"}\n')
        assert running.get("/readyz") == (200, '{"status":"ready"}\n')
        status, page = running.get("/")
        assert status == 200
        assert "0 charging stations are connected" in page
        assert running.get("/nothing")[0] == 404

    def test_metrics_count_stations_and_name_no_tenant(self, running: Running) -> None:
        async def scrape() -> str:
            async with street(running) as stations:
                await stations.boot()
                status, text = await trio.to_thread.run_sync(running.get, "/metrics")
                assert status == 200
            return text

        text = trio.run(scrape)
        assert 'csms_stations_connected{ocpp_version="1.6"} 1.0' in text
        assert "default" not in text
        [tenant] = running.machine.json("tenant", "list")
        assert tenant["id"] not in text

    @pytest.mark.parametrize("listener", ["graphql", "push"])
    def test_surfaces_to_come_say_so(self, running: Running, listener: str) -> None:
        status, text = running.get("/anything/at/all", listener)
        assert (status, json.loads(text)["status"]) == (501, 501)
        assert listener in json.loads(text)["detail"]

    def test_the_socket_belongs_to_its_owner_alone(self, running: Running) -> None:
        mode = (running.machine.data_dir / "csms.sock").stat().st_mode
        assert mode & 0o777 == 0o600

    def test_systemd_hears_of_readiness_and_end(self, machine: Machine, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(tmp_path / "n"))
            systemd.settimeout(10)
            machine.settings["NOTIFY_SOCKET"] = str(tmp_path / "n")
            running = machine.serve()
            assert systemd.recv(1000).startswith(b"READY=1")
            assert running.stop() == 0
            assert systemd.recv(1000) == b"STOPPING=1"


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_drains_and_exits_0(self, running: Running, number: signal.Signals) -> None:
        async def scene() -> Station:
            async with street(running) as stations:
                station = await stations.boot()
                os.kill(running.process.pid, number)
                await station.ended.wait()
            return station

        station = trio.run(scene)
        assert station.close_frame == (1001, "the central system is stopping")
        assert running.process.wait() == 0
        assert not (running.machine.data_dir / "listeners.json").exists()
        assert not (running.machine.data_dir / "csms.sock").exists()

    def test_the_answer_in_the_making_is_sent_before_the_end(self, running: Running) -> None:
        async def scene() -> int:
            async with street(running) as stations:
                station = await stations.boot()
                os.kill(running.process.pid, signal.SIGSTOP)  # so that both are there when it looks
                os.kill(running.process.pid, signal.SIGTERM)
                answered: list[int] = []

                async def charge() -> None:
                    answered.append(await start(station))

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(charge)
                    await trio.testing.wait_all_tasks_blocked()
                    os.kill(running.process.pid, signal.SIGCONT)
                await station.ended.wait()
            return answered[0]

        transaction = trio.run(scene)
        assert running.process.wait() == 0
        [stored] = running.machine.json("transaction", "list")
        assert stored["ocppId"] == str(transaction)

    def test_stations_that_do_not_let_go_do_not_hold_it_up(self, machine: Machine) -> None:
        machine.settings["CSMS_SERVE_GRACE_S"] = str(GRACE_S)
        running = machine.serve()
        half_open = socket.create_connection(running.address("admin"))
        half_open.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")

        async def scene() -> None:
            async with street(running) as stations:
                stream = await stations.stream()
                silent = wire.Station(stream)
                await silent.open("/ocpp/CP0", Authorization=basic(f"CP0:{PASSWORD}".encode()))
                began = time.monotonic()
                assert await trio.to_thread.run_sync(running.stop) == 0
                assert time.monotonic() - began < GRACE_S + 3

        trio.run(scene)
        half_open.close()


class TestRestart:
    def test_everything_is_rebuilt(self, machine: Machine) -> None:
        """A charge begun before a restart goes on after it, without a boot in between."""
        first = machine.serve()

        async def begin() -> int:
            async with street(first) as stations:
                return await start(await stations.boot())

        transaction = trio.run(begin)
        assert first.stop() == 0
        [kept] = machine.json("transaction", "list", "--active")
        assert kept["ocppId"] == str(transaction)
        second = machine.serve()
        assert machine.json("status")["connected"] == 0
        assert machine.json("status")["activeTransactions"] == 1

        async def go_on() -> None:
            async with street(second) as stations:
                station = await stations.connect()
                value = {"timestamp": at(20), "sampledValue": [{"value": "6000"}]}
                payload = {"connectorId": 1, "transactionId": transaction, "meterValue": [value]}
                assert await station.call("MeterValues", payload) == {}
                shown = await stations.verb("watch")
                assert [s["stationId"] for s in shown["stations"] if s["connection"]] == ["CP0"]
                assert shown["transactions"][0]["energySoFarWh"] == 5000
                await stop(station, transaction)

        trio.run(go_on)
        [cdr] = machine.json("cdr", "list")
        assert (cdr["energyWh"], cdr["totalCost"]) == (10000, 3.0)
        assert second.stop() == 0

    def test_a_station_that_reconnects_is_one_station(self, running: Running) -> None:
        async def scene() -> tuple[Station, Any]:
            async with street(running) as stations:
                first = await stations.boot()
                second = await stations.boot()
                await first.ended.wait()
                status = await stations.verb("status")
                assert await second.call("Heartbeat") is not None
            return first, status

        first, status = trio.run(scene)
        assert first.close_frame == (1000, "superseded by a newer connection")
        assert status["connected"] == 1

    def test_what_a_killed_run_left_is_in_nobodys_way(self, machine: Machine) -> None:
        first = machine.serve()
        first.kill()
        assert (machine.data_dir / "csms.sock").exists()
        stale = (machine.data_dir / "listeners.json").read_text()
        code, text = machine.csms("status")
        assert (code, text.count("\n")) == (7, 1), text
        process = machine.run("serve")
        listeners = machine.data_dir / "listeners.json"

        def announced() -> bool:
            """Say whether the new run listens; its start takes the stale file away first."""
            try:
                return listeners.read_text() != stale
            except FileNotFoundError:
                return False

        until(lambda: announced() or process.poll() is not None)
        assert process.poll() is None
        assert machine.json("status")["connected"] == 0


def test_watch_once_shows_who_charges(running: Running) -> None:
    async def scene() -> str:
        async with street(running) as stations:
            station = await stations.boot()
            status = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
            await station.call("StatusNotification", status)
            await start(station)
            code, text = await trio.to_thread.run_sync(running.machine.csms, "watch", "--once")
            assert code == 0
        return text

    text = trio.run(scene)
    assert "1 of 33 stations connected" in text
    assert "TAG1" in text


def test_messages_are_followed_as_they_come(running: Running, tmp_path: Path) -> None:
    output = tmp_path / "followed"
    follower = running.machine.run("message", "list", "--follow", output=output)

    async def scene() -> None:
        async with street(running) as stations:
            station = await stations.boot()
            await trio.to_thread.run_sync(until, lambda: "BootNotification" in output.read_text())
            await station.call("DataTransfer", {"vendorId": "the one to see"})
            await trio.to_thread.run_sync(until, lambda: "the one to see" in output.read_text())

    trio.run(scene)
    follower.send(signal.SIGINT)
    assert follower.wait() == 130
    assert output.read_text().count("the one to see") == 1


def test_the_doctor_has_nothing_to_say(running: Running) -> None:
    code, text = running.machine.csms("doctor")
    assert code == 0, text
    assert [line[0] for line in text.splitlines()] == ["✓"] * 5
    running.kill()
    code, text = running.machine.csms("doctor")
    assert code == 1
    assert "✗ appliance      not running: csms serve" in text

"""A machine with an appliance on it: data directory, database, environment, and the processes run there."""

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from csms.bus import Bus
from csms.clock import SystemClock
from csms.services import setup, stations, tariffs, tokens
from csms.services.access import LOCAL_OPERATOR
from csms.services.entropy import SystemEntropy
from csms.services.unit import Policy, Tx, Unit
from csms.store.connection import open_store
from tests.appliance.starter import Process, Starter

PASSWORD = "station-secret-0815"
TOKEN = "TAG1"
PRICE_PER_KWH = "0.30"
TARIFF = {
    "id": "energy",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 19.0, "step_size": 1}]}],
}
LISTENERS = ("OCPP", "OCPP_TLS", "OCPI", "GRAPHQL", "PUSH", "ADMIN")
START_TIMEOUT_S = 30.0


def station_id(number: int) -> str:
    return f"CP{number}"


def furnish(url: str, station_count: int) -> setup.FirstDay:
    """Set a migrated database up: tenant, administrator, token, tariff, stations CP0…; returns the first day."""

    def work(tx: Tx) -> setup.FirstDay:
        first = setup.init(tx, LOCAL_OPERATOR)
        tokens.add(tx, LOCAL_OPERATOR, uid=TOKEN)
        tariffs.add(tx, LOCAL_OPERATOR, document=TARIFF)
        tariffs.assign(tx, LOCAL_OPERATOR, tariff="energy")
        for number in range(station_count):
            stations.add(tx, LOCAL_OPERATOR, station_id=station_id(number), password=PASSWORD, connectors=2)
        return first

    async def go() -> setup.FirstDay:
        async with open_store(url) as store:
            return await Unit(store, Bus(), SystemClock(), SystemEntropy(), Policy()).run(work)

    return trio.run(go)


@dataclass
class Machine:
    """Where the command line runs; `settings` are further CSMS_SECTION_KEY variables."""

    starter: Starter
    data_dir: Path
    url: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    _runs: int = 0

    @property
    def environ(self) -> dict[str, str]:
        """The environment of its processes: free ports, and nothing of the tests' own settings."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CSMS_")}
        listen = {f"CSMS_LISTEN_{name}": "127.0.0.1:0" for name in LISTENERS}
        store = {"CSMS_STORE_URL": self.url} if self.url else {}
        return {**inherited, **listen, **store, "CSMS_DATA_DIR": str(self.data_dir), **self.settings}

    @property
    def log(self) -> Path:
        """What every `serve` on this machine has written."""
        return self.data_dir.with_name(f"{self.data_dir.name}.log")

    def run(self, *argv: str, output: Path | None = None, **limits: int | None) -> Process:
        """Begin a run of the command line."""
        process = self.starter.run(list(argv), self.environ, output or self.log, **limits)
        self.processes.append(process)
        return process

    def csms(self, *argv: str, **limits: int | None) -> tuple[int, str]:
        """Run the command line to its end; return exit code and output."""
        self._runs += 1
        output = self.data_dir.with_name(f"{self.data_dir.name}.{self._runs}.out")
        code = self.run(*argv, output=output, **limits).wait()
        return code, output.read_text()

    def json(self, *argv: str) -> Any:
        """Run a verb with --json, which must succeed, and return what it printed."""
        code, text = self.csms(*argv, "--json")
        assert code == 0, text
        return json.loads(text)

    def serve(self, file_size: int | None = None) -> "Running":
        """Start the appliance and wait until it listens."""
        listeners = self.data_dir / "listeners.json"
        listeners.unlink(missing_ok=True)  # of a run that was killed
        process = self.run("serve", file_size=file_size)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not listeners.exists():
            assert process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, "the appliance did not get ready"
            time.sleep(0.002)
        return Running(self, process, json.loads(listeners.read_text()))

    def logged(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return the log lines of all runs, or those of one event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if event in (None, line["event"])]

    def close(self) -> None:
        """Kill what still runs."""
        for process in self.processes:
            process.kill()


def until(met: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Look again and again until it is so."""
    deadline = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def get(address: str, path: str) -> tuple[int, str]:
    """Return status and body of a GET."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@dataclass
class Running:
    """An appliance that serves."""

    machine: Machine
    process: Process
    listeners: dict[str, list[str]]

    def address(self, listener: str = "ocpp") -> tuple[str, int]:
        """Return host and port of a listener."""
        host, _, port = self.listeners[listener][0].rpartition(":")
        return host, int(port)

    def get(self, path: str, listener: str = "admin") -> tuple[int, str]:
        """Return status and body of a GET."""
        return get(self.listeners[listener][0], path)

    def verb(self, name: str, **args: Any) -> Any:
        """Do what an operator does, over the local socket."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(30)
            line.connect(str(self.machine.data_dir / "csms.sock"))
            line.sendall(json.dumps({"verb": name, "args": args}).encode() + b"\n")
            with line.makefile("rb") as answers:
                return json.loads(answers.readline())["result"]

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()

    def stop(self) -> int:
        """Let it stop as systemd does; return the exit code."""
        self.process.send(signal.SIGTERM)
        return self.process.wait()

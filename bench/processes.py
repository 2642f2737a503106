"""The processes of a measurement: servers and load, with the operating system's account of what a server used."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its process, the port stations connect to, seconds until ready."""

    pid: int
    port: int
    ready_s: float
    data_dir: Path | None = None

    def cpu_s(self) -> float:
        """Return the processor time of the process so far, user and system, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def resident_bytes(self) -> int:
        """Return the resident memory of the process."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE


class Load:
    """A load process: connected stations that work when told."""

    def __init__(self, port: int, **options: Any) -> None:
        words = [
            word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))
        ]
        command = [sys.executable, "-m", "bench.stations", "--port", str(port), *words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.connected = self._read()

    def go(self) -> dict[str, Any]:
        """Let the stations do their work once and return what came of it."""
        self._write("go")
        return self._read()

    def stop(self) -> None:
        """Let the stations go."""
        self._write("stop")
        self._process.wait(30)

    def _write(self, word: str) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the load has no stdin")
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("the load ended early")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def baseline() -> Iterator[Server]:
    """Run the `ocpp` package's server."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "bench.baseline"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline()) if process.stdout else 0
        yield Server(process.pid, port, time.perf_counter() - begun)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def appliance(stations: int, store_url: str | None = None) -> Iterator[Server]:
    """Run csms on an empty database with registered stations, a token and a tariff."""
    with tempfile.TemporaryDirectory(prefix="csms-bench-") as folder:
        data_dir = Path(folder)
        listen = {
            f"CSMS_LISTEN_{name}": "127.0.0.1:0"
            for name in ("OCPP", "OCPP_TLS", "OCPI", "GRAPHQL", "PUSH", "ADMIN")
        }
        environ = os.environ | listen | {"CSMS_DATA_DIR": folder, "CSMS_SERVE_LOG_LEVEL": "warning"}
        environ["CSMS_OCPP_QUIET"] = "true"  # what is measured is what stations say, not what they are asked
        if store_url is not None:
            environ["CSMS_STORE_URL"] = store_url
        csms = [sys.executable, "-m", "csms.cli.main"]
        subprocess.run([*csms, "init", "--json"], env=environ, check=True, stdout=subprocess.DEVNULL)
        trio.run(_provision, environ, stations)
        begun = time.perf_counter()
        process = subprocess.Popen([*csms, "serve"], env=environ)
        try:
            listeners = data_dir / "listeners.json"
            while not listeners.exists():
                if process.poll() is not None:
                    raise RuntimeError("csms serve ended")
                time.sleep(0.005)
            ready_s = time.perf_counter() - begun
            port = int(json.loads(listeners.read_text())["ocpp"][0].rsplit(":", 1)[1])
            yield Server(process.pid, port, ready_s, data_dir)
        finally:
            process.terminate()
            process.wait(60)


async def _provision(environ: dict[str, str], count: int) -> None:
    """Register stations, the token and a tariff, through the same services as the CLI."""
    from bench.stations import PASSWORD
    from csms.bus import Bus
    from csms.clock import SystemClock
    from csms.config import load
    from csms.services import stations, tariffs, tokens
    from csms.services.access import LOCAL_OPERATOR
    from csms.services.entropy import SystemEntropy
    from csms.services.unit import Policy, Tx, Unit
    from csms.store.connection import open_store

    energy = {"type": "ENERGY", "price": 0.35, "vat": 19, "step_size": 1}
    tariff = {"id": "BENCH", "currency": "EUR", "elements": [{"price_components": [energy]}]}

    def work(tx: Tx) -> None:
        tokens.add(tx, LOCAL_OPERATOR, uid="BENCH")
        tariffs.add(tx, LOCAL_OPERATOR, document=tariff)
        tariffs.assign(tx, LOCAL_OPERATOR, tariff="BENCH")
        for number in range(count):
            stations.add(tx, LOCAL_OPERATOR, station_id=f"BENCH-{number}", password=PASSWORD)

    async with open_store(load(None, None, environ).store.url) as store:
        await Unit(store, Bus(), SystemClock(), SystemEntropy(), Policy()).run(work)

"""Measures the store alone: what a unit of three rows costs, and how long its commit takes.

    python -m bench.store [--dialect sqlite|postgres] [--rounds 3] [--json]

CPU is that of this process, event loop and writer thread together, from the operating system. Medians over the rounds.
`alone` is the same load with one unit a transaction: what group commit saves.
"""

import argparse
import contextlib
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psycopg
import trio

from csms.store import writer
from csms.store.connection import Database, Store, dialect_of, open_store
from csms.store.direct import open_direct, transaction
from tests.postgres_server import DURABLE, postgres

TASKS = 100
UNITS_PER_TASK = 60
PER_SECOND = 50
OPEN_LOOP_S = 8.0
BODY = json.dumps({"sampledValue": [{"value": "12345.6", "unit": "Wh"}] * 8})
TABLES = (
    """CREATE TABLE samples (
        id {serial}, tenant_id TEXT NOT NULL, transaction_id TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL)""",
    "CREATE INDEX samples_by_transaction ON samples (tenant_id, transaction_id, at)",
    "CREATE TABLE events (id {serial}, tenant_id TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL)",
    """CREATE TABLE answers (
        tenant_id TEXT NOT NULL, station_id TEXT NOT NULL, message_id TEXT NOT NULL, answer TEXT NOT NULL,
        at TEXT NOT NULL, PRIMARY KEY (tenant_id, station_id, message_id))""",
)
SERIAL = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgres": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
Load = Callable[[Store, list[float]], Awaitable[None]]


def unit(station: int, number: int) -> Callable[[Database], None]:
    """Return the work of one MeterValues: look for an earlier answer, write sample, event and answer."""
    moment = f"2026-01-01T00:00:00.{number:06}Z"
    seen = {"tenant": "t1", "station": f"CS{station}", "message": f"{station}-{number}"}

    def work(db: Database) -> None:
        db.one(
            "SELECT answer FROM answers WHERE tenant_id = :tenant AND station_id = :station AND message_id = :message",
            seen,
        )
        db.run(
            "INSERT INTO samples (tenant_id, transaction_id, at, body) VALUES (:tenant, :transaction, :at, :body)",
            {"tenant": "t1", "transaction": f"tx{station}", "at": moment, "body": BODY},
        )
        db.run(
            "INSERT INTO events (tenant_id, at, body) VALUES (:tenant, :at, :body)",
            {"tenant": "t1", "at": moment, "body": BODY},
        )
        db.run(
            "INSERT INTO answers VALUES (:tenant, :station, :message, :answer, :at)",
            {**seen, "answer": "{}", "at": moment},
        )

    return work


async def timed(store: Store, station: int, number: int, latencies_s: list[float]) -> None:
    """Write one unit and note how long its caller waited."""
    began = time.perf_counter()
    await store.write(unit(station, number))
    latencies_s.append(time.perf_counter() - began)


async def closed_loop(store: Store, latencies_s: list[float]) -> None:
    """Let 100 tasks write as fast as they are answered."""

    async def station(number: int) -> None:
        for turn in range(UNITS_PER_TASK):
            await timed(store, number, turn, latencies_s)

    async with trio.open_nursery() as nursery:
        for number in range(TASKS):
            nursery.start_soon(station, number)


async def open_loop(store: Store, latencies_s: list[float]) -> None:
    """Let units arrive at random, 50 a second."""
    chance = random.Random(1)
    at = began = trio.current_time()
    number = 0
    async with trio.open_nursery() as nursery:
        while at - began < OPEN_LOOP_S:
            at += chance.expovariate(PER_SECOND)
            number += 1
            await trio.sleep_until(at)
            nursery.start_soon(timed, store, number % TASKS, number, latencies_s)


def cpu_s() -> float:
    """Return the CPU time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measure(url: str, load: Load) -> dict[str, float]:
    """Run a load once on a fresh database."""
    latencies_s: list[float] = []
    async with open_store(url) as store:
        before = store.health()
        cpu_before, began = cpu_s(), time.perf_counter()
        await load(store, latencies_s)
        cpu, wall = cpu_s() - cpu_before, time.perf_counter() - began
        after = store.health()
    latencies_s.sort()
    count = len(latencies_s)
    return {
        "units": count,
        "cpu_us_per_unit": cpu / count * 1e6,
        "units_per_s": count / wall,
        "units_per_commit": count / (after.commits - before.commits),
        "p50_ms": latencies_s[count // 2] * 1e3,
        "p99_ms": latencies_s[int(count * 0.99)] * 1e3,
        "max_ms": latencies_s[-1] * 1e3,
    }


@contextlib.contextmanager
def databases(dialect: str) -> Iterator[Callable[[], str]]:
    """Yield a function that makes an empty database on a disk that is synced, and returns its URL."""
    made = 0
    with contextlib.ExitStack() as stack:
        build = Path(
            "build"
        )  # on the checkout's disk: a temporary directory may be memory, which is never synced
        build.mkdir(exist_ok=True)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=build))).absolute()
        server = stack.enter_context(postgres("bench", DURABLE)) if dialect == "postgres" else ""

        def make() -> str:
            nonlocal made
            made += 1
            url = f"sqlite:///{directory}/{made}.db"
            if dialect == "postgres":
                with psycopg.connect(server.replace("@/?", "@/postgres?"), autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE bench{made}".encode())
                url = server.replace("@/?", f"@/bench{made}?")
            with open_direct(url, create=True) as direct, transaction(direct, exclusive=True) as db:
                for statement in TABLES:
                    db.run(statement.replace("{serial}", SERIAL[dialect_of(url)]))
            return url

        yield make


def run(dialect: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return the median of every number for every load."""
    loads: dict[str, tuple[Load, int]] = {
        "closed loop, 100 tasks": (closed_loop, writer.MAX_BATCH_UNITS),
        "closed loop, alone": (closed_loop, 1),
        "50 a second": (open_loop, writer.MAX_BATCH_UNITS),
    }
    results: dict[str, list[dict[str, float]]] = {name: [] for name in loads}
    with databases(dialect) as make:
        for _ in range(rounds):
            for name, (load, writer.MAX_BATCH_UNITS) in loads.items():
                results[name].append(trio.run(measure, make(), load))
    return {
        name: {key: statistics.median(result[key] for result in found) for key in found[0]}
        for name, found in results.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialect", choices=["sqlite", "postgres"], action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {dialect: run(dialect, options.rounds) for dialect in options.dialect or ["sqlite", "postgres"]}
    if options.json:
        json.dump(results, sys.stdout, indent=2)
        return
    for dialect, loads in results.items():
        for name, numbers in loads.items():
            shown = "  ".join(f"{key} {value:.1f}" for key, value in numbers.items())
            sys.stdout.write(f"{dialect:9}{name:24}{shown}\n")


if __name__ == "__main__":
    main()

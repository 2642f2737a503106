"""kill -9 under load: whatever a station was told is kept, is kept, once."""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
import trio

from tests.appliance.audit import audit
from tests.appliance.conftest import on_postgres, on_sqlite
from tests.appliance.fleet import Fleet
from tests.appliance.machine import Machine, station_id
from tests.appliance.starter import Starter
from tests.conformance.cases import case
from tests.conftest import Server

STATIONS = 24
ROUNDS_OF_A_FLEET = 50


async def torture(machine: Machine, rounds: int, seed: str) -> Fleet:
    """Kill the appliance `rounds` times while a fleet charges, each time after a random number of answers."""
    random = Random(seed)
    fleet = Fleet(seed, [station_id(number) for number in range(STATIONS)])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(fleet.run)
        for _ in range(rounds):
            fleet.running = await trio.to_thread.run_sync(machine.serve)
            await fleet.until_acknowledged(random.randrange(1, 300))
            await trio.sleep(random.random() * 0.01)
            fleet.running.kill()
        fleet.running = await trio.to_thread.run_sync(machine.serve)
        fleet.finishing = True
    fleet.running.kill()
    return fleet


@dataclass
class Totals:
    """What was survived."""

    kills: int = 0
    charges: int = 0
    acknowledged: int = 0
    resent: int = 0
    repeated: int = 0

    def add(self, kills: int, fleet: Fleet) -> None:
        self.kills += kills
        self.charges += len(fleet.ledger)
        self.acknowledged += fleet.acknowledged
        self.resent += fleet.resent
        self.repeated += fleet.repeated

    def __str__(self) -> str:
        return (
            f"{self.kills:,} kills, {self.charges:,} charges, {self.acknowledged:,} messages acknowledged, "
            f"{self.resent:,} sent again without an answer, {self.repeated:,} sent again after one"
        )


def torture_and_audit(machine: Machine, rounds: int, seed: str, totals: Totals) -> None:
    fleet = trio.run(torture, machine, rounds, seed)
    audit(machine.url or f"sqlite:///{machine.data_dir}/csms.db", fleet)
    assert fleet.refusals == []
    assert [line for line in machine.logged() if "exception" in line] == []
    totals.add(rounds, fleet)


@case("X16-24")
def test_nothing_acknowledged_is_lost_on_sqlite(machine: Machine) -> None:
    totals = Totals()
    torture_and_audit(machine, 20, "sqlite", totals)
    assert totals.resent > 0
    assert totals.repeated > 0


def test_nothing_acknowledged_is_lost_on_postgres(postgres_machine: Machine) -> None:
    totals = Totals()
    torture_and_audit(postgres_machine, 6, "postgres", totals)
    assert totals.resent > 0


class TestSoak:
    """`make soak`: SOAK_ROUNDS kills (400) with a seed of the day, or SOAK_SEED; the totals are printed."""

    rounds = int(os.environ.get("SOAK_ROUNDS", "400"))
    seed = os.environ.get("SOAK_SEED") or f"{time.time_ns()}"

    @pytest.mark.soak
    @pytest.mark.timeout(0)
    def test_on_sqlite(
        self, started: Starter, furnished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.soak("sqlite", lambda name: on_sqlite(started, furnished, tmp_path / name), capsys)

    @pytest.mark.soak
    @pytest.mark.timeout(0)
    def test_on_postgres(
        self, started: Starter, postgres_server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.soak("postgres", lambda name: on_postgres(started, postgres_server, tmp_path / name), capsys)

    def soak(
        self,
        store: str,
        fresh: Callable[[str], AbstractContextManager[Machine]],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        totals, began = Totals(), time.monotonic()
        for number in range(-(-self.rounds // ROUNDS_OF_A_FLEET)):
            with fresh(f"d{number}") as machine:
                torture_and_audit(machine, ROUNDS_OF_A_FLEET, f"{self.seed}/{store}/{number}", totals)
            with capsys.disabled():
                print(f"\n{store}, seed {self.seed}, {time.monotonic() - began:,.0f} s: {totals}", end="")

"""kill -9 under load: whatever a station was told is kept, is kept, once."""

import time
from random import Random

import trio

from tests.appliance.audit import audit
from tests.appliance.fleet import Fleet
from tests.appliance.machine import Machine, station_id

STATIONS = 24


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


def torture_and_audit(machine: Machine, rounds: int, seed: str) -> None:
    began = time.monotonic()
    fleet = trio.run(torture, machine, rounds, seed)
    url = machine.url or f"sqlite:///{machine.data_dir}/csms.db"
    audit(url, fleet)
    assert fleet.refusals == []
    assert machine.logged("message_failed") == []
    print(
        f"\n{seed}: {rounds} kills in {time.monotonic() - began:.1f} s, {len(fleet.ledger)} charges, "
        f"{fleet.acknowledged} messages acknowledged, {fleet.resent} sent again, {fleet.repeated} repeated"
    )


def test_nothing_acknowledged_is_lost_on_sqlite(machine: Machine) -> None:
    torture_and_audit(machine, 20, "sqlite")


def test_nothing_acknowledged_is_lost_on_postgres(postgres_machine: Machine) -> None:
    torture_and_audit(postgres_machine, 5, "postgres")

"""`kill -9` at random points: what was acknowledged is there once, and no unit is there in part; on both dialects."""

import random
import sys

import pytest

from csms.store.connection import open_store
from tests.store.killing import ROWS_PER_UNIT, acknowledged_before_kill, create_promises, parts_by_unit


async def kill_repeatedly(url: str, seed: int, rounds: int) -> None:
    """Write, kill and look, again and again on the same database."""
    chance = random.Random(seed)
    async with open_store(url) as store:
        await store.write(create_promises)
    acknowledged: list[str] = []
    for number in range(rounds):
        command = [sys.executable, "-m", "tests.store.killing", url, str(number)]
        acknowledged += acknowledged_before_kill(command, chance.randrange(1, 400))
        async with open_store(url) as store:
            kept = await store.read(parts_by_unit)
        lost = set(acknowledged) - kept.keys()
        assert lost == set()
        assert {unit: parts for unit, parts in kept.items() if parts != list(range(ROWS_PER_UNIT))} == {}
    assert len(acknowledged) == len(set(acknowledged))


async def test_what_was_acknowledged_survives_a_kill(store_url: str) -> None:
    await kill_repeatedly(store_url, seed=1, rounds=3)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10))
async def test_what_was_acknowledged_survives_hundreds_of_kills(store_url: str, seed: int) -> None:
    await kill_repeatedly(store_url, seed=seed + 100, rounds=25)

"""Kills a process with SIGKILL while it acknowledges work, and returns what it had acknowledged.

`acknowledged_before_kill` is for any child that writes one line for each thing it promises to keep. Run as a program,
this module is such a child: it writes to a store from many tasks and acknowledges each unit after its commit.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import trio

from csms.store.connection import Database, Store, open_store

WRITERS = 20
ROWS_PER_UNIT = 3


def acknowledged_before_kill(command: Sequence[str], lines: int) -> list[str]:
    """Start `command`, kill it with SIGKILL after it has written `lines` lines, return all lines it wrote whole."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    received: list[bytes] = []
    try:
        while len(received) < lines:
            line = child.stdout.readline()
            if not line:
                raise AssertionError(
                    f"the child ended by itself with {child.wait()} after {len(received)} lines"
                )
            received.append(line)
    finally:
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
        child.wait()
        child.stdout.close()
    received += rest.splitlines(keepends=True)
    return [line.decode().strip() for line in received if line.endswith(b"\n")]


def create_promises(db: Database) -> None:
    """Create the child's table: nothing in it prevents a unit from being written twice."""
    db.run("CREATE TABLE promises (unit TEXT NOT NULL, part BIGINT NOT NULL)")


def parts_by_unit(db: Database) -> dict[str, list[int]]:
    """Return the parts that are there of each unit."""
    found: dict[str, list[int]] = {}
    for row in db.all("SELECT unit, part FROM promises ORDER BY unit, part"):
        found.setdefault(row["unit"], []).append(row["part"])
    return found


async def _promise(store: Store, name: str) -> None:
    """Write units for ever, acknowledging each."""
    number = 0
    while True:
        unit = f"{name}-{number}"
        number += 1

        def work(db: Database, unit: str = unit) -> None:
            for part in range(ROWS_PER_UNIT):
                db.run(
                    "INSERT INTO promises (unit, part) VALUES (:unit, :part)", {"unit": unit, "part": part}
                )

        await store.write(work)
        os.write(1, f"{unit}\n".encode())  # one call: a line is never torn


async def _main(url: str, prefix: str) -> None:
    async with open_store(url) as store, trio.open_nursery() as nursery:
        for writer in range(WRITERS):
            nursery.start_soon(_promise, store, f"{prefix}-{writer}")


if __name__ == "__main__":
    trio.run(_main, sys.argv[1], sys.argv[2])

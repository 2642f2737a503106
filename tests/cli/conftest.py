"""The appliance of tests/wire with its local socket, and the command line before it."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio
from typer.testing import CliRunner

from csms.admin import local_socket
from csms.cli.main import main
from csms.services import verbs
from csms.services.access import LOCAL_OPERATOR
from csms.store.connection import Dialect
from tests.wire.appliance import Appliance
from tests.wire.conftest import clock, csms, limits, logs, station

__all__ = ["clock", "csms", "limits", "logs", "station"]


@pytest.fixture
def dialect() -> Dialect:
    """The command line knows nothing of the store: one dialect is enough."""
    return "sqlite"


@dataclass(frozen=True)
class Ran:
    """What one run of the command line printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Awaitable[Ran]]


def run_main(argv: list[str], stdin: str = "") -> Ran:
    """Run the command line's own entry, in a thread: starting a process for each takes a second."""
    before = sys.argv
    with CliRunner().isolation(input=stdin) as (out, err, _):
        sys.argv = argv
        try:
            main()
            code: Any = 0
        except SystemExit as end:
            code = end.code
        finally:
            sys.argv = before
        sys.stdout.flush()
        return Ran(code, out.getvalue().decode(), err.getvalue().decode())


@pytest.fixture
def stopped(csms: Appliance, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run `csms` on the appliance's database from a data directory on which no appliance runs."""
    data_dir = tmp_path / "stopped"
    data_dir.mkdir()
    monkeypatch.setenv("CSMS_STORE_URL", store_url)

    async def run(*args: str, stdin: str = "") -> Ran:
        argv = ["csms", "--data-dir", str(data_dir), *args]
        return await trio.to_thread.run_sync(run_main, argv, stdin)

    return run


@pytest.fixture
async def cli(
    csms: Appliance, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Cli]:
    """Run `csms` with arguments against the appliance; `stdin` is what it reads."""
    monkeypatch.setenv("CSMS_STORE_URL", store_url)

    async def perform(verb: str, args: dict[str, Any]) -> Any:
        return await verbs.perform(verb, args, LOCAL_OPERATOR, csms.unit, csms.house)

    async def run(*args: str, stdin: str = "") -> Ran:
        argv = ["csms", "--data-dir", str(tmp_path), *args]
        return await trio.to_thread.run_sync(run_main, argv, stdin)

    listener = local_socket.bind(tmp_path / "csms.sock")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(local_socket.serve, listener, perform)
        yield run
        nursery.cancel_scope.cancel()

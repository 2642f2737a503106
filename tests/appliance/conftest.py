"""An appliance on SQLite, and one on PostgreSQL, set up and ready to be started."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from os import getpid
from pathlib import Path

import pytest

from tests.appliance.machine import Machine, furnish
from tests.appliance.starter import Starter, starter
from tests.conftest import Server

STATIONS = 33
_numbers = count(1)


@pytest.fixture(scope="session")
def started() -> Iterator[Starter]:
    """What starts processes, for all tests of this worker."""
    with starter() as running:
        yield running


@pytest.fixture(scope="session")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with a tenant, stations, a token and a tariff, to copy."""
    path = tmp_path_factory.mktemp("furnished") / "csms.db"
    shutil.copyfile(sqlite_template, path)
    furnish(f"sqlite:///{path}", STATIONS)
    return path


@contextmanager
def on_sqlite(started: Starter, furnished: Path, data_dir: Path) -> Iterator[Machine]:
    """Yield a machine with an appliance on SQLite that is set up but not running."""
    data_dir.mkdir(mode=0o700)
    shutil.copyfile(furnished, data_dir / "csms.db")
    made = Machine(started, data_dir)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def on_postgres(started: Starter, server: Server, data_dir: Path) -> Iterator[Machine]:
    """Yield a machine with an appliance on PostgreSQL that is set up but not running."""
    name = f"appliance_{getpid()}_{next(_numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {server.template} STRATEGY file_copy")
    data_dir.mkdir(mode=0o700)
    made = Machine(started, data_dir, server.database_url(name))
    try:
        furnish(server.database_url(name), STATIONS)
        yield made
    finally:
        made.close()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def machine(started: Starter, furnished: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine with an appliance on SQLite that is set up but not running."""
    with on_sqlite(started, furnished, tmp_path / "d") as made:
        yield made


@pytest.fixture
def postgres_machine(started: Starter, postgres_server: Server, tmp_path: Path) -> Iterator[Machine]:
    """A machine with an appliance on PostgreSQL that is set up but not running."""
    with on_postgres(started, postgres_server, tmp_path / "d") as made:
        yield made

"""Fixtures for every part of the suite: stores on both dialects, each test on a fresh migrated database."""

import hashlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from os import getpid
from pathlib import Path

import psycopg
import pytest

from csms.store.connection import Dialect, Store, open_store
from csms.store.migrate import migrate
from csms.store.migrations import MIGRATIONS
from tests.postgres_server import postgres

_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL for the tests, with a template database that is migrated already."""

    url: str
    template: str

    def database_url(self, name: str) -> str:
        """Return the URL of one of its databases."""
        return self.url.replace("@/?", f"@/{name}?")

    def execute(self, sql: str) -> None:
        """Run one administrative statement."""
        with psycopg.connect(self.database_url("postgres"), autocommit=True) as connection:
            connection.execute(sql.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for all test processes; started when a test first asks for it."""
    template = "migrated_" + hashlib.sha256(repr(MIGRATIONS).encode()).hexdigest()[:16]
    with postgres() as url:
        server = Server(url, template)
        with psycopg.connect(server.database_url("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(1)")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (template,)).fetchone():
                connection.execute(f"CREATE DATABASE {template}_new".encode())
                migrate(server.database_url(f"{template}_new"))
                connection.execute(f"ALTER DATABASE {template}_new RENAME TO {template}".encode())
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "csms.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Each test that depends on this runs once on either dialect."""
    chosen: Dialect = request.param
    return chosen


@pytest.fixture
def fresh_database(
    dialect: Dialect, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[bool], str]]:
    """Return a function that makes a database, migrated or empty, and returns its URL."""
    made: list[str] = []

    def make(migrated: bool) -> str:
        name = f"test_{getpid()}_{next(_numbers)}"
        if dialect == "sqlite":
            path = tmp_path / f"{name}.db"
            if migrated:
                shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            return f"sqlite:///{path}"
        server: Server = request.getfixturevalue("postgres_server")
        template = server.template if migrated else "template0"
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        made.append(name)
        return server.database_url(name)

    yield make
    for name in made:
        request.getfixturevalue("postgres_server").execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store_url(fresh_database: Callable[[bool], str]) -> str:
    """The URL of a fresh migrated database."""
    return fresh_database(True)


@pytest.fixture
def empty_url(fresh_database: Callable[[bool], str]) -> str:
    """The URL of a fresh database without any table."""
    return fresh_database(False)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An open store on a fresh migrated database."""
    async with open_store(store_url) as opened:
        yield opened

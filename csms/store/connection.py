"""The door to the database: `open_store` and the protocols that everything above it is written against."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from csms.errors import ConfigError
from csms.store.database import (
    ConstraintViolated,
    Crash,
    Database,
    Dialect,
    FaultPoint,
    Faults,
    Params,
    Row,
    Store,
    StoreHealth,
    TooLong,
)
from csms.store.postgres import open_postgres
from csms.store.sqlite import open_sqlite

__all__ = [
    "ConstraintViolated",
    "Crash",
    "Database",
    "Dialect",
    "FaultPoint",
    "Faults",
    "Params",
    "Row",
    "Store",
    "StoreHealth",
    "TooLong",
    "dialect_of",
    "open_store",
]


def dialect_of(url: str) -> Dialect:
    """Return the dialect a store URL names; `ConfigError` for anything else."""
    if url.startswith("sqlite:///"):
        return "sqlite"
    if url.startswith(("postgresql://", "postgres://")):
        return "postgres"
    raise ConfigError(
        f"store.url {url!r}: write sqlite:///path/to/csms.db or postgresql://user@host/database"
    )


@asynccontextmanager
async def open_store(url: str, *, faults: Faults | None = None, inline: bool = False) -> AsyncIterator[Store]:
    """Open a migrated database; on leaving, commit what is queued and close every connection.

    Raises `StoreUnavailable` when it cannot be opened. `inline` is for simulations under a virtual clock: everything
    runs on the event loop, so that a run can be repeated exactly.
    """
    if dialect_of(url) == "sqlite":
        async with open_sqlite(url, faults, inline=inline) as sqlite_store:
            yield sqlite_store
    else:
        async with open_postgres(url, faults, inline=inline) as postgres_store:
            yield postgres_store

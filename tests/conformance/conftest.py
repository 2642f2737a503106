"""An appliance on SQLite and on virtual time, with doors on a real socket."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from inspect import iscoroutinefunction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog.testing
import trio
import trio.testing

from csms.store.connection import Dialect, Store
from tests.conformance.secure_site import SecureSite, open_secure_site
from tests.conformance.site import Site, open_site


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A directory in memory where there is one."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as path:
        yield Path(path)


@pytest.fixture
def dialect() -> Dialect:
    """What a station sees is the same on either database; that they are alike is tested with the store."""
    return "sqlite"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder on a clock that stands until they move it."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and iscoroutinefunction(
            getattr(item, "obj", None)
        ):
            item.add_marker(pytest.mark.trio(run=_on_a_standing_clock))


def _on_a_standing_clock(test: Callable[[], Awaitable[Any]], **how: Any) -> Any:
    return trio.run(test, **how | {"clock": trio.testing.MockClock()})


@pytest.fixture
async def site(store: Store) -> AsyncIterator[Site]:
    async with open_site(store) as opened:
        yield opened


@pytest.fixture
async def secure_site(store: Store) -> AsyncIterator[SecureSite]:
    async with open_secure_site(store) as opened:
        yield opened


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What the product logs; an exception it did not foresee fails the test, unless the test clears the list."""
    with structlog.testing.capture_logs() as entries:
        yield entries
    assert [entry for entry in entries if entry.get("exc_info")] == []

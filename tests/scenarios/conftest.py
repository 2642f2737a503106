"""A bare machine for each scenario."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance.conftest import started
from tests.appliance.machine import Machine
from tests.appliance.starter import Starter

__all__ = ["started"]


@pytest.fixture
def bare(started: Starter, tmp_path: Path) -> Iterator[Machine]:
    """A machine on which nothing was done yet: not even its data directory is there."""
    made = Machine(started, tmp_path / "d")
    yield made
    made.close()

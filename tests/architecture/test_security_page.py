"""Every test that SECURITY.md calls as a witness exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITNESSES = sorted(set(re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text())))


def test_there_are_witnesses() -> None:
    assert len(WITNESSES) > 20


@pytest.mark.parametrize(("path", "name"), WITNESSES)
def test_the_witness_exists(path: str, name: str) -> None:
    source = (ROOT / path).read_text()
    assert f"def {name}(" in source if name else "def test_" in source

"""Which certification case a test proves, and which cases no test can prove yet, with the reason."""

from collections.abc import Callable
from typing import Any, Final

import pytest

PENDING: Final[dict[str, str]] = {}
"""Cases without a test, and why."""


def case(*ids: str, pending: str | None = None) -> Callable[[Any], Any]:
    """Mark a test with the cases it proves; `pending` says why it must fail until something is built."""

    def mark(test: Any) -> Any:
        test = pytest.mark.case(*ids, pending=pending)(test)
        return pytest.mark.xfail(reason=pending, strict=True)(test) if pending else test

    return mark


def row(id: str, *values: Any) -> Any:
    """Return a row of a parametrized test that proves one case, whose id the test bears."""
    return pytest.param(*values, id=id, marks=pytest.mark.case(id, pending=None))

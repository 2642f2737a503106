"""One page of anything: bounded in size, distance, search and count, so that no question is too expensive.

A machine that serves stations has no time to count millions of rows for somebody who scrolls.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from csms.clock import to_text
from csms.errors import InvalidInput
from csms.services.unit import Tx
from csms.store import pages as store
from csms.store.connection import Row
from csms.store.pages import Listing, Slice

USUAL: Final = 20
MOST: Final = 200
FARTHEST: Final = 100_000
LONGEST_SEARCH: Final = 100
MOST_COUNTED: Final = store.MOST_COUNTED


@dataclass(frozen=True, slots=True)
class Page:
    """One page; totals stop counting at 100,000."""

    content: list[Any]
    page: int
    size: int
    total_elements: int
    total_pages: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page of what, sorted how: `sort` is "field" or "field,asc" or "field,desc"."""

    page: int = 0
    size: int = USUAL
    search: str | None = None
    sort: str | None = None


def page_of(
    tx: Tx, scope: str | None, listing: Listing, asked: Asked, show: Callable[[Row], Any], **filters: Any
) -> Page:
    """Return a page of a listing; raises InvalidInput for what is out of bounds."""
    if not 1 <= asked.size <= MOST:
        raise InvalidInput(f"size is 1 to {MOST}")
    if asked.page < 0 or asked.page * asked.size > FARTHEST:
        raise InvalidInput(
            f"page is 0 or more, and page × size at most {FARTHEST}: search or filter for less"
        )
    if asked.search is not None and len(asked.search) > LONGEST_SEARCH:
        raise InvalidInput(f"search has at most {LONGEST_SEARCH} characters")
    field, _, way = (asked.sort or "").partition(",")
    if way not in ("", "asc", "desc") or (field and field not in listing.sort):
        raise InvalidInput(f"sort is one of {', '.join(listing.sort)}, with ,asc or ,desc")
    descending = way != "asc" if way or not field else False
    found, total = store.page(
        tx.db,
        listing,
        scope,
        asked.search,
        {name: _column(value) for name, value in filters.items()},
        Slice(field or None, descending, asked.page * asked.size, asked.size),
    )
    return Page([show(row) for row in found], asked.page, asked.size, total, -(-total // asked.size))


def _column(value: Any) -> Any:
    """Return a filter's value as the database writes it."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidInput("a time needs a zone, like 2027-01-31T00:00:00Z")
        return to_text(value)
    if isinstance(value, bool):
        return int(value)
    return value.value if isinstance(value, Enum) else value

"""Pages of any table: one tenant's rows that match, sorted, counted, a slice at a time.

The statements are put together from the constants of `Listing`; what callers say travels as parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from csms.store.connection import Database, Row

MOST_COUNTED: Final = 100_000
"""Counting stops here: a page of a log with millions of rows costs no more than one with so many."""


@dataclass(frozen=True, slots=True)
class Listing:
    """How a table is searched and sorted: public names of columns, and conditions by the name of a filter.

    `key` makes the order total. `only` is a condition that always holds.
    """

    table: str
    search: tuple[str, ...]
    sort: Mapping[str, str]
    newest: str
    key: str = "id"
    filters: Mapping[str, str] = field(default_factory=dict)
    only: str = "1 = 1"


@dataclass(frozen=True, slots=True)
class Slice:
    """Which of the rows that match: how they are sorted (None: newest), and where the slice begins."""

    sort: str | None
    descending: bool
    offset: int
    size: int


def page(
    db: Database,
    listing: Listing,
    tenant_id: str | None,
    search: str | None,
    filters: Mapping[str, Any],
    wanted: Slice,
) -> tuple[list[Row], int]:
    """Return rows of a tenant (or of all, for None) and how many match, at most MOST_COUNTED."""
    conditions, values = [listing.only], dict[str, Any]()
    if tenant_id is not None:
        conditions.append("tenant_id = :tenant")
        values["tenant"] = tenant_id
    if search:
        columns = " OR ".join(f"lower({column}) LIKE :search ESCAPE '!'" for column in listing.search)
        conditions.append(f"({columns})")
        values["search"] = f"%{_literally(search.lower())}%"
    for name, value in filters.items():
        if value is not None:
            conditions.append(listing.filters[name])
            values[name] = value
    matching = f"FROM {listing.table} WHERE {' AND '.join(conditions)}"
    counted = db.one(
        f"SELECT count(*) AS n FROM (SELECT 1 AS one {matching} LIMIT {MOST_COUNTED}) AS matching", values
    )
    column = listing.sort[wanted.sort] if wanted.sort else listing.newest
    way = "DESC" if wanted.descending else "ASC"
    order = f"CASE WHEN {column} IS NULL THEN 1 ELSE 0 END, {column} {way}, {listing.key} {way}"
    found = db.all(
        f"SELECT * {matching} ORDER BY {order} LIMIT :size OFFSET :offset",
        values | {"size": wanted.size, "offset": wanted.offset},
    )
    return found, int(counted["n"]) if counted else 0


def _literally(text: str) -> str:
    """Return text in which LIKE sees nothing special."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")

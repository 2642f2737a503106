"""The audit's chain: a row that is changed, removed or put in between breaks every digest after it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

LINKED: Final = ("tenant_id", "at", "actor", "action", "subject", "origin", "detail")
"""What a digest covers, as the database holds it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found; `broken_at` is the first row that does not fit, None when all do."""

    intact: bool
    links: int
    unchained: int
    """Rows from before there was a chain."""
    digest: str
    """Of the last row: kept elsewhere, it proves later that nothing before it was touched."""
    broken_at: int | None = None
    reason: str | None = None


def link(previous: str, row: Mapping[str, Any]) -> str:
    """Return the digest of a row that follows the one whose digest is `previous` (SHA-256, hex)."""
    text = json.dumps([previous, *(row[name] for name in LINKED)], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Walk:
    """A walk along the rows in order of their numbers, a part at a time."""

    def __init__(self) -> None:
        """Begin before the first row."""
        self.links = self.unchained = 0
        self.digest = ""
        self.position = 0
        self.broken: tuple[int, str] | None = None

    def go_on(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Check the next rows; stops at the first that does not fit."""
        for row in rows:
            if self.broken is not None:
                return
            self.position = row["id"]
            if not row["digest"] and not self.links:
                self.unchained += 1
            elif row["digest"] != link(self.digest, row):
                self.broken = (row["id"], "this row, or one before it, is not as it was written")
            else:
                self.links, self.digest = self.links + 1, row["digest"]

    def end(self, links: int, digest: str, *, met: bool = True) -> Verdict:
        """Compare with what the head of the chain says; `met` is whether a digest that somebody kept was among them."""
        if self.broken is None and (self.links, self.digest) != (links, digest):
            self.broken = (self.position, "rows are missing at the end")
        if self.broken is None and not met:
            self.broken = (
                self.position,
                "no row has the digest that was expected: the chain was written anew",
            )
        at, reason = self.broken or (None, None)
        return Verdict(self.broken is None, self.links, self.unchained, self.digest, at, reason)

"""Exports for spreadsheets and programs."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from csms.errors import InvalidInput


class Format(StrEnum):
    """How records are exported."""

    CSV = "csv"
    JSON = "json"


def instant(option: str, text: str) -> str | None:
    """Return what `--from` and `--to` mean: a date is its beginning in UTC; raises InvalidInput."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or (found.tzinfo is None and len(text) > len("2026-01-31")):
        raise InvalidInput(
            f"{option} {text}: write a date like 2026-01-31, or a time with zone, 2026-01-31T12:00Z"
        )
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def print_csv(entries: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> None:
    """Print records with a header line."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(fields)
    for entry in entries:
        writer.writerow([entry[name] for name in fields])

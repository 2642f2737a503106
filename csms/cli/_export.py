"""Exports for spreadsheets and programs."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any


class Format(StrEnum):
    """How records are exported."""

    CSV = "csv"
    JSON = "json"


def print_csv(entries: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> None:
    """Print records with a header line."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(fields)
    for entry in entries:
        writer.writerow([entry[name] for name in fields])

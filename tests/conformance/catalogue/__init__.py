"""Every certification case of both versions and every case of our own, one row each.

`mandatory` is what every CSMS is certified for, `conditional` what one is that has the optional feature (in 1.6: the
feature profile), `unlisted` what the test documents describe but certification does not ask of a CSMS.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FILES: Final = {"1.6": "ocpp16.csv", "2.0.1": "ocpp201.csv", "ours": "ours.csv"}


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `group` is the version whose certification has it, or `ours`."""

    id: str
    group: str
    level: str
    title: str


@cache
def cases() -> dict[str, Case]:
    """Return all cases by id, in the order of the standard."""
    found = {}
    for group, name in FILES.items():
        with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                found[row["case"]] = Case(row["case"], group, row["level"], row["title"])
    return found

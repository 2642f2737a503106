"""Moments as partners write them (OCPI 2.2.1 §16.5): UTC, with or without Z, with offsets where peers send them."""

import re
from datetime import UTC, datetime
from typing import Final

from csms.errors import InvalidInput

_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,12}))?\s*(Z|[+ -]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)


def read_time(text: object, name: str = "date") -> datetime:
    """Return a moment, in UTC where no zone is given; InvalidInput names the field.

    A plus that came in a query without its escape has become a blank.
    """
    found = _MOMENT.fullmatch(text.strip()) if isinstance(text, str) and len(text) <= 64 else None
    if found is None:
        raise InvalidInput(f"{name}: not a date and time like 2026-01-31T12:00:00Z")
    day, time, fraction, zone = found.groups()
    micro = ((fraction or "") + "000000")[:6]
    seconds = time if time.count(":") == 2 else f"{time}:00"
    offset = "+00:00" if zone is None or zone in "Zz" else zone.replace(" ", "+")
    try:
        return datetime.fromisoformat(f"{day}T{seconds}.{micro}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{name}: there is no such moment") from None

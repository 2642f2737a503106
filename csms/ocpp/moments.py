"""Moments as stations write them: three forms of the standard and the ones seen in the field (ocpp.md, clock)."""

from datetime import UTC, datetime


def read_moment(text: object, now: datetime, notes: list[str]) -> datetime:
    """Return a station's timestamp in UTC; a missing one is `now`, an unreadable one too, with a note.

    Accepts `Z`, an offset, no zone (taken for UTC, with a note), small letters, any number of fraction digits and a
    space for the `T`.
    """
    if text is None:
        return now
    try:
        moment = datetime.fromisoformat(str(text).strip().upper())
    except ValueError:
        notes.append(f"timestamp {str(text)[:40]!r} is unreadable, time of receipt used")
        return now
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        notes.append("timestamp without a zone, taken for UTC")
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        notes.append(f"timestamp {str(text)[:40]!r} is out of range, time of receipt used")
        return now

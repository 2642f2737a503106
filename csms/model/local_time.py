"""Wall-clock time at a location: when a local time of day falls, with daylight saving in both directions.

Tariff restrictions speak local time, sessions UTC (OCPI 2.2.1 §11.4.6). The offset to UTC is constant between
two changes of it, so a span is cut into such regions and the arithmetic inside each is plain.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from csms.errors import InvalidInput

_DAY = timedelta(days=1)


def zone_named(name: str) -> tzinfo:
    """Return an IANA time zone; raises InvalidInput for a name that is not known here."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(f"time zone {name!r} is not known") from error


def clock_changes(begin: datetime, end: datetime, zone: tzinfo, minutes: Iterable[int]) -> Iterator[datetime]:
    """Yield the moments after `begin` and before `end` (UTC) at which the local clock shows one of `minutes`.

    `minutes` are minutes of the day. Moments at which the clock is put forward or back are yielded too: a
    window may open or close there without its own time ever being shown.
    """
    times = sorted({timedelta(minutes=minute % (24 * 60)) for minute in minutes})
    for since, until, offset in _regions(begin, end, zone):
        if since != begin:
            yield since
        midnight = (since + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset
        while midnight < until:
            for time in times:
                moment = midnight + time
                if since < moment < until:
                    yield moment
            midnight += _DAY


def _regions(begin: datetime, end: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Cut a span of UTC into regions of one offset; two changes within a day are taken for one."""
    since, offset = begin, _offset(begin, zone)
    probe = begin
    while probe < end:
        later = min(probe + _DAY, end)
        if _offset(later, zone) != offset:
            change = _change(probe, later, zone, offset)
            if change < end:
                yield since, change, offset
                since, offset = change, _offset(change, zone)
        probe = later
    yield since, end, offset


def _change(before: datetime, after: datetime, zone: tzinfo, offset: timedelta) -> datetime:
    """Return the first whole second after `before` with another offset than `offset`; `after` has one."""
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(datetime.fromtimestamp(middle, UTC), zone) == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()

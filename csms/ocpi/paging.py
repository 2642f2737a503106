"""Pages of a list (OCPI 2.2.1 §4.1.6): what a partner may ask for, and the headers that lead it on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from csms.clock import to_wire
from csms.errors import InvalidInput
from csms.model.ocpi_time import read_time
from csms.ocpi.request import OcpiRequest, Reply

MOST: Final = 100
"""Objects on one page, unless a module says otherwise."""
FURTHEST: Final = 2**53


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part of a list that is asked for: changed in [date_from, date_to), `limit` objects after `offset`."""

    date_from: datetime | None
    date_to: datetime | None
    offset: int
    limit: int
    most: int


def wanted(query: Mapping[str, str], *, most: int = MOST, needs_from: bool = False) -> Wanted:
    """Read the query of a list; InvalidInput names what is wrong. A limit above `most` becomes `most`."""
    begin = read_time(query["date_from"], "date_from") if query.get("date_from") else None
    end = read_time(query["date_to"], "date_to") if query.get("date_to") else None
    if needs_from and begin is None:
        raise InvalidInput("date_from is required")
    limit = _whole(query, "limit", most, least=1)
    return Wanted(begin, end, _whole(query, "offset", 0, least=0), min(limit, most), most)


def page(request: OcpiRequest, wants: Wanted, items: Sequence[Any], total: int) -> Reply:
    """Return one page of `total` objects that match; Link leads to the next one, with all that was asked."""
    headers = {"X-Total-Count": str(total), "X-Limit": str(wants.most)}
    following = wants.offset + len(items)
    if items and following < total:
        asked = {
            "date_from": to_wire(wants.date_from) if wants.date_from else None,
            "date_to": to_wire(wants.date_to) if wants.date_to else None,
            "offset": following,
            "limit": wants.limit,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        headers["Link"] = f'<{request.module_url()}?{query}>; rel="next"'
    return Reply(data=list(items), headers=headers)


def _whole(query: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = query.get(name)
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or not least <= int(text) <= FURTHEST:
        raise InvalidInput(f"{name} is a whole number of at least {least}")
    return int(text)

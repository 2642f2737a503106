"""Reading and writing settings in parts as large as the station takes (2.0.1 B05, B06; 1.6 §5.3, §5.8).

A station names its limits itself: how many items a message may hold, and how many bytes. Nothing is asked for twice in
one message (B05.FR.13, B06.FR.17).
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from csms.model import station_command as ask
from csms.model import well_known_setting
from csms.model.command import CallStatus, Outcome
from csms.model.station_command import Abilities, StationCommand
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.store import abilities

T = TypeVar("T")


async def read(errand: Errand, names: Sequence[str]) -> CallResult:
    """Read settings, all of them for no names; stops at the part that is not answered, and returns the last CALL."""
    unit = errand.house.unit
    if not names:
        number = await unit.run(lambda tx: abilities.count(tx.db, errand.station.id, "request"))
        return await errand.carry_out(ask.GetSettings((), number))
    known = await errand.abilities()
    limits = errand.house.link.bounds(errand.version, known)
    parts = in_parts(
        _once(names, str),
        limits.settings_per_message,
        limits.bytes_per_read,
        _sizes(errand, known, lambda name: ask.GetSettings((name,))),
    )
    for part in parts:
        result = await errand.carry_out(ask.GetSettings(part, 0))
        if result.status is not CallStatus.ANSWERED:
            break
    return result


async def write(errand: Errand, settings: Sequence[ask.SetSetting]) -> CallResult:
    """Write settings; a part that is refused does not keep the others back, and is the one returned."""
    known = await errand.abilities()
    limits = errand.house.link.bounds(errand.version, known)
    parts = in_parts(
        _once(settings, lambda setting: setting.name),
        limits.settings_per_write,
        limits.bytes_per_write,
        _sizes(errand, known, lambda setting: ask.SetSettings((setting,))),
    )
    worst: CallResult | None = None
    for part in parts:
        result = await errand.carry_out(ask.SetSettings(part))
        if worst is None or result.outcome is not Outcome.DONE:
            worst = result
        if result.status in (CallStatus.OFFLINE, CallStatus.TIMEOUT):
            break
    assert worst is not None
    return worst


def meant(errand: Errand, name: str) -> str:
    """Return what a well-known setting is called in the station's version; any other name is its own."""
    return well_known_setting.meant_for(name, errand.version) or name


async def learn_limits(errand: Errand) -> None:
    """Read, one by one, the limits that a station has not told yet; silence is not waited for twice."""
    for name in (await errand.bounds()).untold:
        result = await errand.carry_out(ask.GetSettings((name,)))
        if result.status in (CallStatus.OFFLINE, CallStatus.TIMEOUT):
            return


def in_parts(
    items: Sequence[T], most_items: int | None, most_bytes: int | None, size: Callable[[T], int]
) -> list[tuple[T, ...]]:
    """Cut items into parts of at most so many items and bytes; one that is larger by itself goes alone."""
    parts: list[list[T]] = []
    filled = 0
    for item in items:
        bytes_ = size(item) if most_bytes is not None else 0
        full = most_items is not None and bool(parts) and len(parts[-1]) >= most_items
        if not parts or full or (most_bytes is not None and filled + bytes_ > most_bytes):
            parts.append([])
            filled = 0
        parts[-1].append(item)
        filled += bytes_
    return [tuple(part) for part in parts]


def _sizes(errand: Errand, known: Abilities, alone: Callable[[T], StationCommand]) -> Callable[[T], int]:
    """Return how many bytes an item takes at most: the payload that holds nothing else."""

    def size(item: T) -> int:
        _, payload = errand.house.link.translate(errand.version, alone(item), known)
        return len(msgspec.json.encode(payload))

    return size


def _once(items: Sequence[T], name: Callable[[T], str]) -> list[T]:
    """Return the items without those named before, whatever the case; of two the later counts."""
    return list({name(item).casefold(): item for item in items}.values())

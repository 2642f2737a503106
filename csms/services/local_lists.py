"""Local authorization lists: what a station may decide about by itself, kept in step with our id tokens.

OCPP 1.6 §3.5.2, §5.10, §5.15; 2.0.1 block D. Versions count up per station and are never 0. A station gets the whole
list the first time, when it holds another version than the one whose contents we know, and after it refused a change;
changes otherwise. What it has accepted is kept, so that the next changes are changes against exactly that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import msgspec

from csms.clock import from_text, to_text
from csms.errors import Conflict, Unsupported
from csms.model import id_token
from csms.model.command import CallStatus, Outcome
from csms.model.id_token import Authorization, AuthorizationStatus
from csms.model.station_command import Abilities, GetLocalListVersion, ListEntry, ListUpdate, SendLocalList
from csms.services import local_list_states, stations
from csms.services.access import Caller
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.local_list_states import LocalListState
from csms.services.unit import Tx
from csms.store import abilities, token_places, tokens
from csms.store import local_lists as lists
from csms.store import stations as station_store
from csms.store.connection import Row

LARGEST_VERSION: Final = 2**31 - 1
_REMEMBER_FOR: Final = timedelta(minutes=1)
_TENANTS_REMEMBERED: Final = 4
_ENVELOPE_BYTES: Final = 200
"""What a message is around its entries, at most."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Bring a station's local list in step with the id tokens; `full` sends all of it whatever it holds."""

    full: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to send: `wanted` is what the list will hold then, folded uid to fingerprint."""

    update: ListUpdate
    entries: tuple[ListEntry, ...]
    wanted: Mapping[str, str]
    version: int


@dataclass(frozen=True, slots=True)
class _Now:
    """The entries that a list should hold, folded uid to entry, after so many changes of the tenant's id tokens.

    `left_out` counts the id tokens that are too long for the station's version.
    """

    entries: dict[str, ListEntry]
    left_out: int
    token_changes: int
    bound: frozenset[str] = frozenset()
    """Those (folded) that are valid at certain places only: what holds at the station at hand is for `_placed`."""


@dataclass(slots=True)
class Memory:
    """The entries of tenants looked at a moment ago: many stations are brought in step after one change."""

    kept: dict[tuple[str, int | None], tuple[datetime, _Now]] = field(default_factory=dict)

    def recall(self, key: tuple[str, int | None], token_changes: int, now: datetime) -> _Now | None:
        """Return what a tenant's entries still are, unless tokens have changed or may have expired since."""
        at, found = self.kept.get(key, (None, None))
        if at is None or found is None or found.token_changes != token_changes:
            return None
        return found if now - at < _REMEMBER_FOR else None

    def keep(self, key: tuple[str, int | None], found: _Now, now: datetime) -> None:
        """Remember a tenant's entries, and no more than a few tenants'."""
        if len(self.kept) >= _TENANTS_REMEMBERED:
            self.kept.clear()
        self.kept[key] = now, found


async def sync(
    errand: Errand, order: Sync, memory: Memory | None = None
) -> tuple[CallResult, dict[str, Any]]:
    """Ask for the version, send what differs, and return the last CALL with what was done."""
    asked = await errand.carry_out(GetLocalListVersion())
    if asked.status is not CallStatus.ANSWERED:
        return asked, {}
    if asked.outcome is Outcome.REFUSED:
        raise Unsupported(
            f"{errand.station.station_id} keeps no local authorization list: it has none, or it is switched off"
        )
    most = (await errand.bounds()).id_token_characters
    await _check_room(errand, await errand.house.unit.read(lambda tx: _count(tx, errand, most)))
    remembered = memory or Memory()
    now = await errand.house.unit.read(lambda tx: _current(tx, errand, most, remembered))
    plan = await errand.house.unit.read(lambda tx: _plan(tx, errand, now.entries, order.full))
    if plan is None:
        version = await errand.house.unit.run(lambda tx: _in_step(tx, errand, now))
        return asked, _told(version, None, 0, now)
    result, version, parts = await _send(errand, plan, now)
    if result.outcome is Outcome.REFUSED and (plan.update is ListUpdate.DIFFERENTIAL or parts > 1):
        again = await errand.house.unit.read(lambda tx: _plan(tx, errand, now.entries, True))
        if again is not None:
            plan = again
            result, version, _ = await _send(errand, plan, now)
    return result, _told(version, plan.update, len(plan.entries), now)


def show(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> LocalListState:
    """Return how far a station's local list has come."""
    return local_list_states.state(tx, stations.find(tx, caller, station, tenant))


def _told(version: int, update: ListUpdate | None, sent: int, now: _Now) -> dict[str, Any]:
    return {
        "version": version,
        "update": update,
        "entriesSent": sent,
        "idTokens": len(now.entries),
        "idTokensLeftOut": now.left_out,
    }


def _current(tx: Tx, errand: Errand, most_characters: int | None, memory: Memory) -> _Now:
    """Return the tenant's id tokens as list entries; customers that the station has forgotten are not among them."""
    key = errand.station.tenant_id, most_characters
    changes = lists.token_changes(tx.db, errand.station.tenant_id)
    now = memory.recall(key, changes, tx.now)
    if now is None:
        every = tokens.judged(tx.db, errand.station.tenant_id)
        fitting = [row for row in every if most_characters is None or len(row["uid"]) <= most_characters]
        entries = {row["uid_folded"]: _entry(row, tx) for row in fitting}
        bound = frozenset(row["uid_folded"] for row in fitting if row["bound"])
        now = _Now(entries, len(every) - len(fitting), changes, bound)
        memory.keep(key, now, tx.now)
    now = _placed(tx, errand, now)
    gone = _forgotten(tx, errand)
    if not gone:
        return now
    return replace(now, entries={uid: entry for uid, entry in now.entries.items() if uid not in gone})


def _placed(tx: Tx, errand: Errand, now: _Now) -> _Now:
    """Return the entries with what holds at the station of those that are bound to places."""
    if not now.bound:
        return now
    places = token_places.by_token(tx.db, errand.station.tenant_id, errand.station.id)
    entries = dict(now.entries)
    for uid in now.bound:
        verdict = entries[uid].authorization
        if verdict is not None and verdict.accepted:
            here = id_token.within(verdict, places.get(uid, frozenset()))
            entries[uid] = replace(entries[uid], authorization=here)
    return replace(now, entries=entries)


def _forgotten(tx: Tx, errand: Errand) -> frozenset[str]:
    """Return the id tokens (folded) that the station has forgotten and nobody has changed since."""
    found = []
    for uid, since in lists.exclusions(tx.db, errand.station.id).items():
        token = tokens.get(tx.db, errand.station.tenant_id, uid)
        if token is not None and to_text(token.updated_at) <= since:
            found.append(uid)
    return frozenset(found)


def _count(tx: Tx, errand: Errand, most_characters: int | None) -> int:
    """Return how many entries the list would hold, without reading them."""
    return tokens.count(tx.db, errand.station.tenant_id, most_characters) - len(_forgotten(tx, errand))


def _in_step(tx: Tx, errand: Errand, now: _Now) -> int:
    """Note that a station's list needs nothing, and return its version."""
    local_list_states.succeeded(tx, errand.station, now.token_changes)
    return abilities.list_contents(tx.db, errand.station.id)[0]


def _entry(row: Row, tx: Tx) -> ListEntry:
    """Return the entry of an id token: what `id_token.decide` would say while no transaction runs on it."""
    expires_at = row["expires_at"]
    status = AuthorizationStatus.ACCEPTED
    if row["blocked"]:
        status = AuthorizationStatus.BLOCKED
    elif expires_at is not None and expires_at <= tx.at:
        status = AuthorizationStatus.EXPIRED
    verdict = Authorization(status, from_text(expires_at) if expires_at else None, row["group_id"])
    return ListEntry(row["uid"], verdict, row["type"])


def _plan(tx: Tx, errand: Errand, entries: Mapping[str, ListEntry], full: bool) -> _Plan | None:
    """Return what to send to a station, None where its list is in step."""
    held = station_store.list_version(tx.db, errand.station.id)
    version, known = abilities.list_contents(tx.db, errand.station.id)
    wanted = {uid: _fingerprint(entry) for uid, entry in entries.items()}
    following = max(held, version) + 1
    if full or held != version or version == 0 or following > LARGEST_VERSION - len(entries):
        begin = following if following <= LARGEST_VERSION - len(entries) else 1
        return _Plan(ListUpdate.FULL, tuple(entries.values()), wanted, begin)
    changes = [entry for uid, entry in entries.items() if known.get(uid) != wanted[uid]]
    changes += [_gone(uid, listed) for uid, listed in known.items() if uid not in wanted]
    return _Plan(ListUpdate.DIFFERENTIAL, tuple(changes), wanted, following) if changes else None


async def _check_room(errand: Errand, entries: int) -> None:
    most = (await errand.bounds()).list_entries
    if most is not None and entries > most:
        raise Conflict(
            f"the local list of {errand.station.station_id} holds at most {most} id tokens, there are {entries}"
        )


async def _send(errand: Errand, plan: _Plan, now: _Now) -> tuple[CallResult, int, int]:
    """Send a plan in parts as large as the station takes; keep its contents when the last one is accepted.

    Returns the last answer, the version the station holds then, and how many parts were sent.
    """
    bounds = await errand.bounds()
    sizes: Sequence[int] = [0] * len(plan.entries)
    if bounds.list_bytes_per_message is not None:
        sizes = _sizes(errand, plan.entries, await errand.abilities())
    parts = _parts(plan.entries, sizes, bounds.list_entries_per_message, bounds.list_bytes_per_message)
    for number, part in enumerate(parts):
        version = plan.version + number
        update = plan.update if number == 0 else ListUpdate.DIFFERENTIAL
        result = await errand.carry_out(SendLocalList(version, update, part))
        if result.outcome is not Outcome.DONE:
            return result, version - 1, number + 1
    await errand.house.unit.run(lambda tx: _keep(tx, errand, version, plan.wanted, now))
    return result, version, len(parts)


def _keep(tx: Tx, errand: Errand, version: int, wanted: Mapping[str, str], now: _Now) -> None:
    abilities.write_list_contents(tx.db, errand.station.id, version, wanted)
    local_list_states.succeeded(tx, errand.station, now.token_changes)


def _sizes(errand: Errand, entries: Sequence[ListEntry], known: Abilities) -> list[int]:
    """Return how many bytes each entry takes on the wire of the station's version."""

    def length(*some: ListEntry) -> int:
        order = SendLocalList(1, ListUpdate.FULL, some)
        return len(msgspec.json.encode(errand.house.link.translate(errand.version, order, known)[1]))

    bare = length()
    return [length(entry) - bare for entry in entries]


def _parts(
    entries: Sequence[ListEntry], sizes: Sequence[int], most: int | None, most_bytes: int | None
) -> list[tuple[ListEntry, ...]]:
    """Cut entries into parts; no entries are one empty part, which empties the list."""
    parts: list[list[ListEntry]] = [[]]
    room = 0
    for entry, size in zip(entries, sizes, strict=True):
        full = most is not None and len(parts[-1]) >= most
        if parts[-1] and (full or (most_bytes is not None and size > room)):
            parts.append([])
        if not parts[-1]:
            room = (most_bytes or 0) - _ENVELOPE_BYTES
        parts[-1].append(entry)
        room -= size
    return [tuple(part) for part in parts]


def _fingerprint(entry: ListEntry) -> str:
    """Return what tells two entries of one id token apart, and after it what the station knows the token by."""
    verdict = entry.authorization
    if verdict is None:
        return ""
    expires = to_text(verdict.expires_at) if verdict.expires_at else ""
    said = f"{entry.id_token}|{verdict.status.value}|{expires}|{verdict.group_id or ''}"
    if verdict.evse_ids:
        said += f"|{verdict.evse_ids}"
    digest = blake2b(said.encode(), digest_size=8).hexdigest()
    return f"{digest}|{entry.id_token_type}|{entry.id_token}"


def _gone(uid: str, fingerprint: str) -> ListEntry:
    """Take an id token off the list, under the name and type the station knows it by."""
    if fingerprint.count("|") < 2:  # kept by an earlier version
        return ListEntry(uid, None)
    _, type_, listed = fingerprint.split("|", 2)
    return ListEntry(listed, None, type_)

"""Local authorization lists: what a station may decide about by itself, kept in step with our id tokens.

OCPP 1.6 §3.5.2, §5.10, §5.15; 2.0.1 block D. Versions count up per station and are never 0. A station gets the whole
list the first time, when it holds another version than the one whose contents we know, and after it refused a change;
changes otherwise. What it has accepted is kept, so that the next changes are changes against exactly that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from csms.clock import to_text
from csms.errors import Conflict, Unsupported
from csms.model import id_token
from csms.model.command import CallStatus, Outcome
from csms.model.id_token import IdToken, fold
from csms.model.station_command import GetLocalListVersion, ListEntry, ListUpdate, SendLocalList
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.unit import Tx
from csms.store import abilities, stations, tokens

LARGEST_VERSION: Final = 2**31 - 1


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


async def sync(errand: Errand, order: Sync) -> tuple[CallResult, dict[str, Any]]:
    """Ask for the version, send what differs, and return the last CALL with what was done."""
    asked = await errand.carry_out(GetLocalListVersion())
    if asked.status is not CallStatus.ANSWERED:
        return asked, {}
    if asked.outcome is Outcome.REFUSED:
        raise Unsupported(
            f"{errand.station.station_id} keeps no local authorization list: it has none, or it is switched off"
        )
    most = (await errand.bounds()).id_token_characters
    entries, left_out = await errand.house.unit.read(lambda tx: _current(tx, errand, most))
    plan = await errand.house.unit.read(lambda tx: _plan(tx, errand, entries, order.full))
    if plan is None:
        version, _ = await errand.house.unit.read(
            lambda tx: abilities.list_contents(tx.db, errand.station.id)
        )
        return asked, _told(version, None, 0, len(entries), left_out)
    await _check_room(errand, len(entries))
    result, version = await _send(errand, plan)
    if result.outcome is Outcome.REFUSED and plan.update is ListUpdate.DIFFERENTIAL:
        again = await errand.house.unit.read(lambda tx: _plan(tx, errand, entries, True))
        if again is not None:
            plan = again
            result, version = await _send(errand, plan)
    return result, _told(version, plan.update, len(plan.entries), len(entries), left_out)


def _told(version: int, update: ListUpdate | None, sent: int, tokens: int, left_out: int) -> dict[str, Any]:
    return {
        "version": version,
        "update": update,
        "entriesSent": sent,
        "idTokens": tokens,
        "idTokensLeftOut": left_out,
    }


def _current(tx: Tx, errand: Errand, most_characters: int | None) -> tuple[dict[str, ListEntry], int]:
    """Return the tenant's id tokens as list entries, and how many are too long for the station's version."""
    every = tokens.select(tx.db, errand.station.tenant_id)
    fitting = [t for t in every if most_characters is None or len(t.uid) <= most_characters]
    return {fold(t.uid): _entry(t, tx) for t in fitting}, len(every) - len(fitting)


def _entry(token: IdToken, tx: Tx) -> ListEntry:
    return ListEntry(token.uid, id_token.decide(token, tx.now), token.type)


def _plan(tx: Tx, errand: Errand, entries: Mapping[str, ListEntry], full: bool) -> _Plan | None:
    """Return what to send to a station, None where its list is in step."""
    held = stations.list_version(tx.db, errand.station.id)
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


async def _send(errand: Errand, plan: _Plan) -> tuple[CallResult, int]:
    """Send a plan in parts as large as the station takes; keep its contents when the last one is accepted."""
    size = (await errand.bounds()).list_entries_per_message
    parts = _parts(plan.entries, size)
    for number, part in enumerate(parts):
        version = plan.version + number
        update = plan.update if number == 0 else ListUpdate.DIFFERENTIAL
        result = await errand.carry_out(SendLocalList(version, update, part))
        if result.outcome is not Outcome.DONE:
            return result, version - 1
    await errand.house.unit.run(lambda tx: _keep(tx, errand, version, plan.wanted))
    return result, version


def _keep(tx: Tx, errand: Errand, version: int, wanted: Mapping[str, str]) -> None:
    abilities.write_list_contents(tx.db, errand.station.id, version, wanted)


def _parts(entries: Sequence[ListEntry], size: int | None) -> list[tuple[ListEntry, ...]]:
    """Cut entries into parts; no entries are one empty part, which empties the list."""
    step = size or max(1, len(entries))
    return [tuple(entries[at : at + step]) for at in range(0, max(1, len(entries)), step)]


def _fingerprint(entry: ListEntry) -> str:
    """Return what tells two entries of one id token apart, and after it what the station knows the token by."""
    verdict = entry.authorization
    if verdict is None:
        return ""
    expires = to_text(verdict.expires_at) if verdict.expires_at else ""
    said = f"{entry.id_token}|{verdict.status.value}|{expires}|{verdict.group_id or ''}"
    digest = blake2b(said.encode(), digest_size=8).hexdigest()
    return f"{digest}|{entry.id_token_type}|{entry.id_token}"


def _gone(uid: str, fingerprint: str) -> ListEntry:
    """Take an id token off the list, under the name and type the station knows it by."""
    if fingerprint.count("|") < 2:  # kept by an earlier version
        return ListEntry(uid, None)
    _, type_, listed = fingerprint.split("|", 2)
    return ListEntry(listed, None, type_)

"""What stations send, taken in once: the record of a message commits with its effects and its answer.

A message that comes again (same station, id, action and payload) within a day gets the very answer it got before,
also after a restart. The same record is the message log that operators read.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import msgspec
from msgspec import structs

from csms.clock import to_text
from csms.model.station import StationRef
from csms.services import present, stations, tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import messages as store

REPLAY_WITHIN: Final = timedelta(hours=24)


class Message(msgspec.Struct, frozen=True, gc=False):
    """One request of a station or of ours, as it stood on the wire."""

    station: StationRef
    message_id: str
    action: str
    request: bytes
    note: str | None = None


def take(tx: Tx, message: Message, work: Callable[[], bytes], *, replay: bool) -> bytes:
    """Return the answer this message got before, else do `work` for it and keep message and answer together."""
    digest, station = "", message.station
    if replay:
        digest = blake2b(message.request, digest_size=16).hexdigest()
        since = to_text(tx.now - REPLAY_WITHIN)
        message_id = _plain(message.message_id)
        before = store.answered(tx.db, station.key, message_id, message.action, digest, since)
        if before is not None:
            return before.encode()
    answer = work()
    store.insert(tx.db, _values(message, "in", digest, tx.at, answer))
    return answer


def log_values(message: Message, direction: str, at: datetime, answer: bytes | None) -> dict[str, Any]:
    """Return the record of a message that has no effects to commit with (see `keep`)."""
    return _values(message, direction, "", to_text(at), answer)


def keep(tx: Tx, entries: list[dict[str, Any]]) -> None:
    """Write message records that were collected for a moment."""
    store.insert_many(tx.db, entries)


def list_messages(
    tx: Tx,
    caller: Caller,
    *,
    station: str | None = None,
    tenant: str | None = None,
    action: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return the latest messages above the record number `after`, oldest first."""
    if station is not None:
        scope: str | None = stations.find(tx, caller, station, tenant).tenant_id
    else:
        scope = tenants.scope(tx, caller, tenant)
    found = store.select(tx.db, scope, station, after=after, action=action, limit=limit)
    return [present.row_view(row) for row in found]


def noted(message: Message, notes: list[str]) -> Message:
    """Return the message with what was odd about it."""
    return structs.replace(message, note="; ".join(notes)) if notes else message


def _values(message: Message, direction: str, digest: str, at: str, answer: bytes | None) -> dict[str, Any]:
    return {
        "tenant_id": message.station.tenant_id,
        "station_key": message.station.key,
        "station_id": message.station.station_id,
        "direction": direction,
        "message_id": _plain(message.message_id)[:256],
        "action": _plain(message.action)[:64],
        "digest": digest,
        "at": at,
        "request": _text(message.request),
        "response": None if answer is None else _text(answer),
        "note": None if message.note is None else _plain(message.note),
    }


def _text(wire: bytes) -> str:
    return _plain(wire.decode(errors="replace"))


def _plain(text: str) -> str:
    """Return text a database takes: Postgres has no NUL."""
    return text.replace("\x00", "\ufffd")

"""Telling partners what happens, of our own accord: in order, at least once, each partner for itself (OCPI §4.1.4).

How far a partner was told stands in the database and moves on with each answer, so that a process that died goes on
where it stopped. What a partner refuses is tried a few times and then given up, where an operator sees it; a partner
that does not answer is asked less and less often. An object is sent as it is when it is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog

from csms.clock import to_text
from csms.errors import Conflict, FarEndFailed
from csms.model.party import OcpiRole, Party, PartyStatus, roles_of
from csms.services import parties, partners, push_objects, tenants
from csms.services.access import Caller
from csms.services.house import House
from csms.services.ports import PartnerAnswer
from csms.services.push_objects import Item
from csms.services.rounds import Rounds
from csms.services.unit import Tx
from csms.store import outbox, rows
from csms.store import parties as party_store
from csms.store import party_pushes as store
from csms.store.connection import Row

EVERY_S: Final = 0.2
AT_A_TIME: Final = 200
MOST_REFUSALS: Final = 3
"""How often an object is sent to a partner that refuses it."""
MOST_SILENCES: Final = 300
"""How often a partner is asked in vain, about a day, before each further try gives up one object."""
LONGEST_PAUSE_S: Final = 300.0
MOST_LISTED: Final = 1_000
_BATCH: Final = 200
_LONGEST_REASON: Final = 300

log = structlog.get_logger(__name__)
Key = tuple[str, str]
"""Tenant and connection."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Something that was given up: what it is about, why, and when."""

    kind: str
    subject: str
    reason: str
    at: datetime


@dataclass(slots=True)
class Pusher:
    """Who has something to be told: the partners of a tenant where something happened, and those to try again."""

    house: House
    position: int | None = None
    awake: set[Key] = field(default_factory=set)

    def rounds(self) -> Rounds[Key]:
        """Return the work of telling partners."""
        return Rounds("party_push", self.due, self.work, EVERY_S, AT_A_TIME)

    async def due(self) -> Sequence[Key]:
        """Return the partners to look at: all of them when the process begins."""
        before = self.position

        def look(tx: Tx) -> tuple[int, list[Key]]:
            latest = outbox.latest(tx.db)
            if before is None:
                return latest, store.registered(tx.db)
            found = store.touched(tx.db, before, latest) if latest > before else []
            return latest, found + store.due_again(tx.db, tx.at)

        self.position, found = await self.house.unit.read(look)
        self.awake.update(found)
        return sorted(self.awake)

    async def work(self, key: Key) -> None:
        """Tell one partner all there is; what happens meanwhile wakes it again."""
        self.awake.discard(key)
        try:
            while await _batch(self.house, key):
                pass
        except BaseException:
            self.awake.add(key)
            raise


async def run(house: House) -> None:
    """Tell partners what happens until cancelled."""
    await Pusher(house).rounds().run()


async def _batch(house: House, key: Key) -> bool:
    """Send what is next to a partner; returns whether there may be more."""
    tenant_id, party_id = key
    party, state = await house.unit.read(lambda tx: _state(tx, key))
    if party is None:
        return False
    if state is None:
        await house.unit.run(lambda tx: store.begin(tx.db, tenant_id, party_id, tx.at))
        return True
    if not state["ready"]:
        return False
    for item in state["items"]:
        if not await _deliver(house, party, item):
            return False
    return bool(state["items"])


def _state(tx: Tx, key: Key) -> tuple[Party | None, Row | None]:
    tenant_id, party_id = key
    party = party_store.get(tx.db, tenant_id, party_id)
    if party is None or party.status is not PartyStatus.REGISTERED:
        return None, None
    cursor = store.cursor(tx.db, tenant_id, party_id)
    if cursor is None:
        return party, None
    ready = cursor["next_at"] is None or cursor["next_at"] <= tx.at
    items = push_objects.gather(store.events(tx.db, tenant_id, cursor["position"], _BATCH))
    waiting = [] if items else store.waiting(tx.db, tenant_id, party_id, _BATCH)
    items += [Item(row["kind"], row["subject"], row["at"], rows.from_json(row["body"])) for row in waiting]
    return party, {"ready": ready, "items": items}


async def _deliver(house: House, party: Party, item: Item) -> bool:
    """Send one object and write what came of it; returns whether to go on at once."""
    if item.body.get("change") == push_objects.IMPORTED:
        await house.unit.run(partial(_queue_imported, party=party, item=item))
        return True
    try:
        answer = await _send(house, party, item)
    except FarEndFailed as error:
        return await house.unit.run(partial(_unanswered, party=party, item=item, reason=str(error)))
    except Conflict:
        log.info("push_stopped", party=party.id)
        return False
    if answer is None or answer.done or _is_gone(item, answer):
        await house.unit.run(partial(_done, party=party, item=item, answer=answer))
        return True
    reason = f"HTTP {answer.http}, status {answer.status}: {answer.message or ''}".strip(" :")
    if answer.http == 401:
        return await house.unit.run(partial(_unanswered, party=party, item=item, reason=reason))
    return await house.unit.run(partial(_refused, party=party, item=item, reason=reason))


async def _send(house: House, party: Party, item: Item) -> PartnerAnswer | None:
    """Return the answer to the last request, or to the first that was refused; None where nothing is to be sent."""
    answer = None
    for request in await house.unit.read(partial(push_objects.requests, party=party, item=item)):
        answer = await partners.ask(house, party, request)
        if not answer.done and push_objects.is_part(item) and push_objects.is_unknown(answer):
            return await _send(house, party, push_objects.whole(item))
        if not answer.done:
            return answer
    return answer


def _is_gone(item: Item, answer: PartnerAnswer) -> bool:
    """Whether something that is no more was not known to the partner."""
    return item.kind in ("tariff.changed", "token.changed") and push_objects.is_unknown(answer)


def _queue_imported(tx: Tx, party: Party, item: Item) -> None:
    if OcpiRole.EMSP in roles_of(tenants.by_id(tx, party.tenant_id).tenant_type):
        store.queue_tokens(tx.db, party.tenant_id, party.id, item.at, tx.at)
    _move(tx, party, item)


def _move(tx: Tx, party: Party, item: Item) -> None:
    reached = {} if item.until is None else {"position": item.until}
    store.set_cursor(tx.db, party.tenant_id, party.id, refusals=0, silences=0, next_at=None, **reached)


def _done(tx: Tx, party: Party, item: Item, answer: PartnerAnswer | None) -> None:
    store.delivered(tx.db, party.tenant_id, party.id, item.kind, item.subject)
    if item.kind == "cdr.created" and answer is not None:
        address = answer.headers.get("location")
        store.keep_cdr(tx.db, party.tenant_id, party.id, item.subject, address, tx.at)
    _move(tx, party, item)


def _refused(tx: Tx, party: Party, item: Item, reason: str) -> bool:
    cursor = store.cursor(tx.db, party.tenant_id, party.id)
    refusals = int(cursor["refusals"]) + 1 if cursor else 1
    if refusals >= MOST_REFUSALS:
        _give_up(tx, party, item, reason)
        _move(tx, party, item)
        return True
    pause = to_text(tx.now + timedelta(seconds=_pause_s(refusals)))
    store.set_cursor(tx.db, party.tenant_id, party.id, refusals=refusals, silences=0, next_at=pause)
    return False


def _unanswered(tx: Tx, party: Party, item: Item, reason: str) -> bool:
    cursor = store.cursor(tx.db, party.tenant_id, party.id)
    silences = int(cursor["silences"]) + 1 if cursor else 1
    if silences >= MOST_SILENCES:
        _give_up(tx, party, item, reason)
        _move(tx, party, item)
    pause = to_text(tx.now + timedelta(seconds=_pause_s(silences)))
    store.set_cursor(tx.db, party.tenant_id, party.id, silences=silences, next_at=pause)
    return False


def _pause_s(tries: int) -> float:
    """Return how long to wait after so many tries, in seconds."""
    return min(float(2 ** min(tries - 1, 20)), LONGEST_PAUSE_S)


def _give_up(tx: Tx, party: Party, item: Item, reason: str) -> None:
    log.warning("push_given_up", party=party.id, kind=item.kind, subject=item.subject, reason=reason)
    values = {
        "party": party.id,
        "kind": item.kind,
        "subject": item.subject,
        "tenant_id": party.tenant_id,
        "body": rows.to_json(dict(item.body)),
        "reason": parties.plain(reason)[:_LONGEST_REASON],
        "at": tx.at,
    }
    store.give_up(tx.db, values)


async def catch_up(house: House, party: Party) -> dict[str, Any]:
    """Let a partner be sent all it may see, and what was given up, before long; returns how much is `queued`.

    Of sessions and CDRs it is what there was since the partner was registered, and CDRs it has not taken yet.
    """

    def work(tx: Tx) -> dict[str, Any]:
        store.begin(tx.db, party.tenant_id, party.id, tx.at)
        cursor = store.cursor(tx.db, party.tenant_id, party.id)
        since = cursor["created_at"] if cursor else tx.at
        tokens = OcpiRole.EMSP in roles_of(tenants.by_id(tx, party.tenant_id).tenant_type)
        store.queue_everything(tx.db, party.tenant_id, party.id, since, tx.at, tokens=tokens)
        store.set_cursor(tx.db, party.tenant_id, party.id, refusals=0, silences=0, next_at=tx.at)
        return {"queued": store.count_waiting(tx.db, party.tenant_id, party.id)}

    return await house.unit.run(work)


def undelivered(tx: Tx, caller: Caller, *, party: str, tenant: str | None = None) -> list[Undelivered]:
    """Return what could not be sent to a partner and was given up, the latest first."""
    found = parties.find(tx, caller, party, tenant)
    given_up = store.given_up(tx.db, found.tenant_id, found.id, MOST_LISTED)
    return [rows.load(Undelivered, row) for row in given_up]

"""Bounded storage: what is old goes, a slice at a time; transactions, CDRs and the audit stay for ever."""

from dataclasses import dataclass
from datetime import timedelta

from csms.clock import to_text
from csms.services.access import Caller
from csms.services.idempotency import KEPT
from csms.services.inbox import REPLAY_WITHIN
from csms.services.unit import Tx
from csms.store import idempotency, parties, partner_tokens, reservations, sign_ins
from csms.store import pruning as store

SLICE = 5_000
"""Rows removed in one unit, so that no station waits long behind it."""
ANSWERS_KEPT = timedelta(days=7)
"""How long it is known what partners said about their tokens: a charge may be long, and is stopped with one."""


@dataclass(frozen=True, slots=True)
class Ages:
    """How old records may get."""

    messages: timedelta
    meter_values: timedelta
    outbox: timedelta


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went."""

    messages: int
    meter_values: int
    outbox: int

    def __bool__(self) -> bool:
        """Whether anything went; when nothing did, there is no more."""
        return bool(self.messages or self.meter_values or self.outbox)


def prune(tx: Tx, ages: Ages) -> Pruned:
    """Remove one slice of what is too old; a message that may still be repeated is never too old."""
    return Pruned(
        store.messages(tx.db, to_text(tx.now - max(ages.messages, REPLAY_WITHIN)), SLICE)
        + store.refusals(tx.db, to_text(tx.now - ages.messages), SLICE),
        store.meter_values(tx.db, to_text(tx.now - ages.meter_values), SLICE)
        + store.alerts(tx.db, to_text(tx.now - ages.meter_values), SLICE)
        + store.report_parts(tx.db, to_text(tx.now - ages.meter_values))
        + store.connector_history(tx.db, to_text(tx.now - ages.meter_values), SLICE)
        + store.transaction_events(tx.db, to_text(tx.now - ages.meter_values), SLICE)
        + reservations.prune(tx.db, to_text(tx.now - ages.meter_values), SLICE),
        store.outbox(tx.db, to_text(tx.now - ages.outbox), SLICE),
    )


def prune_access(tx: Tx) -> int:
    """Remove sign-ins, keys, kept answers, partners' tokens and answers whose time is over; returns how many went."""
    kept = idempotency.prune(tx.db, to_text(tx.now - KEPT))
    kept += partner_tokens.prune_answers(tx.db, to_text(tx.now - ANSWERS_KEPT))
    kept += partner_tokens.prune_removed(tx.db)
    return sign_ins.prune(tx.db, tx.at) + kept + parties.end_expired(tx.db, tx.at)


def prune_now(
    tx: Tx, _caller: Caller, *, messages_days: int, meter_values_days: int, outbox_days: int
) -> Pruned:
    """Remove one slice at an operator's word."""
    ages = Ages(timedelta(days=messages_days), timedelta(days=meter_values_days), timedelta(days=outbox_days))
    return prune(tx, ages)

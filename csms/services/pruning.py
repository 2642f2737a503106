"""Bounded storage: what is old goes, a slice at a time; transactions, CDRs and the audit stay for ever."""

from dataclasses import dataclass
from datetime import timedelta

from csms.clock import to_text
from csms.services.unit import Tx
from csms.store import pruning as store

SLICE = 5_000
"""Rows removed in one unit, so that no station waits long behind it."""


@dataclass(frozen=True, slots=True)
class Ages:
    """How old records may get."""

    messages: timedelta
    meter_values: timedelta
    outbox: timedelta


def prune(tx: Tx, ages: Ages) -> int:
    """Remove one slice of what is too old and return how many rows went; 0 means there is no more."""
    return (
        store.messages(tx.db, to_text(tx.now - ages.messages), SLICE)
        + store.meter_values(tx.db, to_text(tx.now - ages.meter_values), SLICE)
        + store.outbox(tx.db, to_text(tx.now - ages.outbox), SLICE)
    )

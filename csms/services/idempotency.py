"""A request that comes again under its Idempotency-Key gets the answer it got, and is done once.

The answer is kept in the transaction that does the work. What works outside of one transaction (a call to a station)
takes the key first: after a crash in between nobody can say what was done, and a repeat is refused rather than run.
Secrets that are shown once are not kept: a repeated answer has null in their place.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from csms.errors import Conflict, CsmsError, InvalidInput
from csms.services.unit import Tx, Unit
from csms.store import idempotency as store
from csms.store import rows

KEPT: Final = timedelta(hours=24)
LONGEST: Final = 255
SECRETS: Final = frozenset({"password", "apiKey"})


@dataclass(slots=True)
class Once:
    """A request under a key of its user; `digest` stands for what it asks. `replayed`: it was done before."""

    user_id: str
    name: str
    digest: str
    replayed: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= LONGEST or not self.name.isascii() or not self.name.isprintable():
            raise InvalidInput(f"an Idempotency-Key has 1 to {LONGEST} printable ASCII characters")


def within(tx: Tx, once: Once | None, work: Callable[[], Any]) -> Any:
    """Do the work of one transaction, or return the answer that is kept."""
    if once is None:
        return work()
    if not _claim(tx, once):
        return _kept(tx, once)
    answer = work()
    _keep(tx, once, answer)
    return answer


async def around(unit: Unit, once: Once | None, work: Callable[[], Awaitable[Any]]) -> Any:
    """Do work that is more than one transaction, or return the answer that is kept."""
    if once is None:
        return await work()
    claimed = await unit.run(lambda tx: _claim(tx, once))
    if not claimed:
        return await unit.read(lambda tx: _kept(tx, once))
    try:
        answer = await work()
    except CsmsError:
        await unit.run(lambda tx: store.release(tx.db, once.user_id, once.name))
        raise
    await unit.run(lambda tx: _keep(tx, once, answer))
    return answer


def _claim(tx: Tx, once: Once) -> bool:
    once.replayed = not store.claim(tx.db, once.user_id, once.name, once.digest, tx.at)
    return not once.replayed


def _kept(tx: Tx, once: Once) -> Any:
    row = store.get(tx.db, once.user_id, once.name)
    if row is None:
        raise Conflict("the request under this Idempotency-Key has just failed: send it again")
    if row["digest"] != once.digest:
        raise Conflict("this Idempotency-Key was used for another request")
    if row["answer"] is None:
        raise Conflict("the request under this Idempotency-Key is under way, or its end is unknown")
    return rows.from_json(row["answer"])


def _keep(tx: Tx, once: Once, answer: Any) -> None:
    kept = answer
    if isinstance(answer, dict):
        kept = {name: None if name in SECRETS else value for name, value in answer.items()}
    store.keep(tx.db, once.user_id, once.name, rows.to_json(kept))

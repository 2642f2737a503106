"""Bringing a partner and us to the same state again, on demand: one step after the other (OCPI 2.2.1 §4.1.4).

Messages that were lost are not sent again by OCPI itself: after an outage each side asks for what changed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from csms.errors import Conflict, CsmsError
from csms.model.party import Party, PartyStatus
from csms.services import parties, party_push, registering, token_sync
from csms.services.access import Caller
from csms.services.house import House


async def _endpoints(house: House, party: Party) -> Mapping[str, Any]:
    found = await registering.refresh(house, party)
    return {"endpoints": len(found.endpoints)}


STEPS: Final[tuple[tuple[str, Callable[[House, Party], Awaitable[Mapping[str, Any]]]], ...]] = (
    ("endpoints", _endpoints),
    ("tokens", token_sync.pull),
    ("push", party_push.catch_up),
)
"""What is brought up to date, in order; each step gets the partner as it is by then."""


@dataclass(slots=True)
class Synced:
    """What came of it: counts by step, and what each failed step said."""

    id: str
    name: str
    done: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


async def sync(house: House, caller: Caller, *, party: str, tenant: str | None = None) -> Synced:
    """Go through every step with a registered partner; one that fails does not stop the others."""
    found = await house.unit.read(lambda tx: parties.find(tx, caller, party, tenant))
    if found.status is not PartyStatus.REGISTERED:
        raise Conflict(f"{found.name} is {found.status}: only a registered partner can be synchronised")
    result = Synced(found.id, found.name)
    for name, step in STEPS:
        current = await house.unit.read(lambda tx: parties.find(tx, caller, found.id, None))
        try:
            result.done[name] = dict(await step(house, current))
        except CsmsError as error:
            result.failed[name] = str(error)
    return result

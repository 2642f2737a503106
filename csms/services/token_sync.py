"""Fetching the tokens of a partner: all it has, page by page (OCPI 2.2.1 §12.2.1.1, the asking side)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from csms.errors import InvalidInput
from csms.model import partner_token as rules
from csms.model.party import Interface, Module, OcpiRole, Party
from csms.services import partner_tokens, partners
from csms.services.house import House
from csms.services.partners import Request
from csms.services.unit import Tx
from csms.store import partner_tokens as store

MOST_COMPLAINTS: Final = 3
"""How many of the tokens that could not be read are told of."""


@dataclass(slots=True)
class _Page:
    """What came of one page of a list."""

    taken: int = 0
    unchanged: int = 0
    complaints: list[str] = field(default_factory=list)


async def pull(house: House, party: Party) -> Mapping[str, Any]:
    """Ask a partner for all its tokens and take them in; one that we have in the same state or a newer stays.

    Returns `taken`, `unchanged` and `refused`, with the first complaints; {} where the partner has no tokens for us.
    """
    provides = party.is_hub or any(role.role is OcpiRole.EMSP for role in party.roles)
    if not provides or party.endpoint(Module.TOKENS, Interface.SENDER) is None:
        return {}
    found: dict[str, Any] = {"taken": 0, "unchanged": 0, "refused": 0, "complaints": []}
    request = Request(method="GET", module=Module.TOKENS, interface=Interface.SENDER)
    async for items in partners.pages(house, party, request):
        page = await house.unit.run(partial(_take, party=party, items=items))
        found["taken"] += page.taken
        found["unchanged"] += page.unchanged
        found["refused"] += len(page.complaints)
        found["complaints"] = [*found["complaints"], *page.complaints][:MOST_COMPLAINTS]
    return found


def _take(tx: Tx, party: Party, items: list[Any]) -> _Page:
    """Take in a page; a token that cannot be read, or is not the partner's, keeps no other one out."""
    page = _Page()
    for item in items:
        try:
            token = rules.read(item)
            partner_tokens.check_owner(tx, party, token.key)
        except InvalidInput as error:
            page.complaints.append(str(error)[:200])
            continue
        known = store.get(tx.db, party.tenant_id, token.key)
        if known is not None and known[1] == party.id and known[0].last_updated >= token.last_updated:
            page.unchanged += 1
        else:
            partner_tokens.write(tx, party, token)
            page.taken += 1
    return page

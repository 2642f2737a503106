"""Asking a registered partner: its address, our token, who asks whom, and pages to the end (OCPI 2.2.1 §4.1).

A partner that does not take our newest token is asked with the one before: it may not have got the newer one.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin

from csms.errors import Conflict, FarEndFailed, NotFound
from csms.model.party import Interface, Module, Party, PartyKey, PartyStatus
from csms.pki import sealing
from csms.services import tenants
from csms.services.house import House
from csms.services.ports import PartnerAnswer, PartnerCall
from csms.services.unit import Tx
from csms.store import parties as store

MOST_PAGES: Final = 10_000
LONGEST_PROBLEM: Final = 300
SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly it is kept when a partner last answered."""
_LINK: Final = re.compile(r"<([^<>]*)>([^<]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked: an object below a module's address, or (`url`) an address the partner named itself."""

    method: str
    module: Module
    interface: Interface
    """The side of the module that the partner serves."""
    segments: tuple[str, ...] = ()
    query: Mapping[str, str] | None = None
    body: Any = None
    url: str | None = None
    from_party: PartyKey | None = None
    """Who asks; None is the tenant itself."""
    to_party: PartyKey | None = None
    """Who is asked; None is the first role of the partner."""
    correlation_id: str | None = None
    timeout_s: float | None = None


async def ask(house: House, party: Party, request: Request) -> PartnerAnswer:
    """Send a request to a registered partner and return its answer, a refusal included.

    Raises FarEndFailed where there is no answer (as PartyLink.ask), Conflict where the partner is not registered,
    NotFound where it does not serve the module.
    """
    url = request.url or address(party, request)
    leaving = request.module is Module.CREDENTIALS and request.method == "DELETE"
    current, tokens, own = await house.unit.read(lambda tx: _known(tx, party, leaving))
    routed = request.module not in (Module.CREDENTIALS, Module.HUB_CLIENT_INFO)
    answer: PartnerAnswer | None = None
    try:
        for token in tokens:
            call = PartnerCall(
                lane=party.id,
                method=request.method,
                url=url,
                token=token,
                form=party.token_form,
                body=request.body,
                from_party=(request.from_party or own) if routed else None,
                to_party=(request.to_party or _their_key(party)) if routed else None,
                correlation_id=request.correlation_id,
                timeout_s=request.timeout_s,
            )
            answer = await house.partners.ask(call)
            if answer.http != 401:
                await _keep(house, current, token, token != tokens[0])
                return answer
    except FarEndFailed as error:
        await note(house, current, f"{request.method} {request.module}: {error}")
        raise
    await note(house, current, "the partner does not accept our token: rotate it, or register anew")
    assert answer is not None
    return answer


async def pages(
    house: House, party: Party, request: Request, *, most: int = MOST_PAGES
) -> AsyncIterator[list[Any]]:
    """Yield the pages of a list to its end, following Link as it stands; raises FarEndFailed where one fails.

    A link that was followed already, and pages without an object, end the list: a partner may say what it wants.
    """
    asked: set[str] = set()
    url: str | None = request.url or address(party, request)
    for _ in range(most):
        if url is None or url in asked:
            return
        asked.add(url)
        answer = await ask(house, party, _at(request, url))
        if not answer.done:
            raise FarEndFailed(
                f"{request.module}: the partner answered {answer.status} {answer.message or ''}"
            )
        items = answer.data if isinstance(answer.data, list) else [answer.data] if answer.data else []
        if not items:
            return
        yield items
        following = next_page(answer.headers.get("link"))
        url = urljoin(url, following) if following else None
    raise FarEndFailed(f"{request.module}: more than {most} pages")


def _at(request: Request, url: str) -> Request:
    return Request(
        method="GET",
        module=request.module,
        interface=request.interface,
        url=url,
        from_party=request.from_party,
        to_party=request.to_party,
        correlation_id=request.correlation_id,
        timeout_s=request.timeout_s,
    )


def next_page(link: str | None) -> str | None:
    """Return where a Link header leads next (RFC 8288), None where it is absent, empty or of another kind."""
    for target, parameters in _LINK.findall(link or ""):
        relation = parameters.replace(" ", "").lower()
        if target.strip() and ('rel="next"' in relation or "rel=next" in relation):
            return str(target).strip()
    return None


def address(party: Party, request: Request) -> str:
    """Return the address of an object of a partner's; NotFound where it does not serve the module."""
    found = party.endpoint(request.module, request.interface)
    if found is None:
        raise NotFound(f"{party.name} does not serve {request.module} as {request.interface}")
    base, mark, kept = found.partition("?")
    url = "/".join([base.rstrip("/"), *(quote(part, safe="") for part in request.segments)])
    query = "&".join(part for part in (kept if mark else "", urlencode(request.query or {})) if part)
    return f"{url}?{query}" if query else url


def sealed(tx: Tx, party_id: str, token: str) -> str:
    """Return a token as it is kept."""
    return sealing.seal(tx.policy.ocpi.secret(), token, f"party {party_id}")


def opened(tx: Tx, party_id: str, text: str) -> str:
    """Return a token that was kept; Conflict where another secret sealed it."""
    try:
        return sealing.unseal(tx.policy.ocpi.secret(), text, f"party {party_id}")
    except sealing.NotSealedHereError as error:
        raise Conflict(f"the token for this partner {error}: register anew") from None


async def note(house: House, party: Party, problem: str) -> None:
    """Keep what went wrong with a partner, for an operator to see."""
    text = problem[:LONGEST_PROBLEM]
    if text != party.problem:
        await house.unit.run(lambda tx: store.update(tx.db, party.id, problem=text))


def _known(tx: Tx, party: Party, leaving: bool) -> tuple[Party, list[str], PartyKey]:
    """Return a partner as it is now, the tokens to try, the newest first, and who we are.

    One that is suspended is only told that we leave.
    """
    current = store.get(tx.db, party.tenant_id, party.id)
    open_to = (PartyStatus.REGISTERED, PartyStatus.SUSPENDED) if leaving else (PartyStatus.REGISTERED,)
    if current is None or current.status not in open_to:
        raise Conflict(f"{party.name} is {current.status if current else 'gone'}: nothing is sent to it")
    tokens = [opened(tx, party.id, each) for each in store.their_tokens(tx.db, party.id) if each]
    if not tokens:
        raise Conflict(f"there is no token for {party.name}: register anew")
    return current, tokens, _own_key(tx, party)


def _own_key(tx: Tx, party: Party) -> PartyKey:
    tenant = tenants.by_id(tx, party.tenant_id)
    return PartyKey(tenant.country_code, tenant.party_id)


def _their_key(party: Party) -> PartyKey | None:
    """Return to whom a request goes where nobody was named: the partner itself."""
    return PartyKey(party.roles[0].country_code, party.roles[0].party_id) if party.roles else None


async def _keep(house: House, party: Party, token: str, is_older: bool) -> None:
    """Note that a partner answered; where it took the older token only, that one is tried first from now on."""
    seen = party.last_seen_at
    is_news = seen is None or house.unit.clock.now() - seen >= SEEN_EVERY
    if not is_older and party.problem is None and not is_news:
        return

    def work(tx: Tx) -> None:
        store.update(tx.db, party.id, problem=None, last_seen_at=tx.at)
        current, before = store.their_tokens(tx.db, party.id)
        if is_older and before and opened(tx, party.id, before) == token:
            store.update(tx.db, party.id, their_token=before, their_token_before=current)

    await house.unit.run(work)

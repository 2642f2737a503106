"""Registering with a partner that invited us, exchanging tokens anew, and leaving (OCPI 2.2.1 §7.1, the sender's side).

The token that a partner gets from us is stored before it is sent: it must be good at once, for the partner asks for our
versions with it before it answers. Where an answer is lost the same token is sent again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import trio

from csms.errors import Conflict, CsmsError, FarEndFailed, InvalidInput
from csms.model import credentials_document as document
from csms.model.ocpi_status import OcpiRefusal
from csms.model.party import Credentials, Endpoint, Interface, Module, Party, PartyStatus, TokenForm
from csms.services import discovery, parties, partners, registration, tenants
from csms.services.access import Caller
from csms.services.discovery import Found
from csms.services.house import House
from csms.services.ports import PartnerAnswer, PartnerCall
from csms.services.unit import Tx
from csms.store import parties as store
from csms.store.parties import PartyToken, TokenKind

TRIES: Final = 3
"""How often credentials are sent where no answer comes back; 1, 2 … seconds lie between."""
LONGEST_URL: Final = 255
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer:
    """What we are about to send: the connection, our token for the partner, and our credentials around it."""

    party: Party
    token: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Removed:
    """A partner that was removed; `told` is whether it took our word for it."""

    id: str
    name: str
    status: PartyStatus
    told: bool


async def register(
    house: House,
    caller: Caller,
    *,
    versions_url: str,
    token: str,
    name: str | None = None,
    tenant: str | None = None,
) -> Party:
    """Register with a partner that gave us its versions address and a token; safe to repeat until it succeeds.

    Raises FarEndFailed where the partner cannot be asked, is not understood, or refuses.
    """
    _check(versions_url, token)
    our_url = f"{parties.own_url(house)}/versions"
    offer = await house.unit.run(lambda tx: _begin(tx, caller, versions_url, token, name, tenant, our_url))
    party = offer.party
    found = await _or_problem(
        house, party, discovery.discover(house, party.id, versions_url, token, party.token_form)
    )
    url = _credentials_url(found)
    call = PartnerCall(lane=party.id, method="POST", url=url, token=token, form=found.form, body=offer.body)
    answer = await _or_problem(house, party, _persist(lambda: house.partners.ask(call)))
    theirs = await _or_problem(house, party, _read(answer))
    await _settle(house, caller, offer, theirs, found)
    return await _refreshed(house, party)


async def rotate(house: House, caller: Caller, *, party: str, tenant: str | None = None) -> Party:
    """Exchange the tokens of both directions; until the new ones were used the old ones are good."""
    our_url = f"{parties.own_url(house)}/versions"
    offer = await house.unit.run(lambda tx: _begin_again(tx, caller, party, tenant, our_url))
    current = offer.party
    request = partners.Request(
        method="PUT", module=Module.CREDENTIALS, interface=Interface.RECEIVER, body=offer.body
    )
    answer = await _persist(lambda: partners.ask(house, current, request))
    if not answer.done:
        await house.unit.run(lambda tx: store.delete_token(tx.db, parties.digest(offer.token)))
    theirs = await _or_problem(house, current, _read(answer))
    found = Found(current.version or "", current.endpoints, current.token_form)
    await _settle(house, caller, offer, theirs, found)
    return await _refreshed(house, current)


async def remove(house: House, caller: Caller, *, party: str, tenant: str | None = None) -> Removed:
    """Leave a partner: tell it where it can be told, and refuse its tokens from now on in any case."""
    found = await house.unit.read(lambda tx: parties.find(tx, caller, party, tenant))
    told = False
    if found.status in (PartyStatus.REGISTERED, PartyStatus.SUSPENDED):
        request = partners.Request(method="DELETE", module=Module.CREDENTIALS, interface=Interface.RECEIVER)
        try:
            told = (await partners.ask(house, found, request)).done
        except CsmsError:
            told = False

    def work(tx: Tx) -> Removed:
        gone = registration.ended(tx, found, PartyStatus.REMOVED)
        tx.audit(caller, found.tenant_id, "party.remove", found.id, {"name": found.name, "told": told})
        return Removed(gone.id, gone.name, gone.status, told)

    return await house.unit.run(work)


async def refresh(house: House, party: Party) -> Party:
    """Ask a registered partner for its endpoints again, and keep them; raises FarEndFailed."""
    sealed, _ = await house.unit.read(lambda tx: store.their_tokens(tx.db, party.id))
    if sealed is None or party.versions_url is None or party.status is not PartyStatus.REGISTERED:
        raise Conflict(f"{party.name} is {party.status}")
    token = await house.unit.read(lambda tx: partners.opened(tx, party.id, sealed))
    found = await _or_problem(
        house, party, discovery.discover(house, party.id, party.versions_url, token, party.token_form)
    )
    return await house.unit.run(lambda tx: _keep(tx, party, found.endpoints, found.form))


def _keep(tx: Tx, party: Party, endpoints: tuple[Endpoint, ...], form: TokenForm) -> Party:
    columns = {"endpoints": store.endpoints_json(endpoints), "token_form": form.value}
    store.update(tx.db, party.id, problem=None, last_seen_at=tx.at, **columns)
    return _current(tx, party)


async def _refreshed(house: House, party: Party) -> Party:
    """Return the party with the endpoints it shows to the new token; what fails here is noted, no more."""
    registered = await house.unit.read(lambda tx: _current(tx, party))
    try:
        return await refresh(house, registered)
    except CsmsError:
        return await house.unit.read(lambda tx: _current(tx, party))


def _current(tx: Tx, party: Party) -> Party:
    found = store.get(tx.db, party.tenant_id, party.id)
    assert found is not None
    return found


def _check(versions_url: str, token: str) -> None:
    if not versions_url.startswith(("http://", "https://")) or len(versions_url) > LONGEST_URL:
        raise InvalidInput("the versions address is an http(s):// address of at most 255 characters")
    if not 0 < len(token) <= document.LONGEST_TOKEN or not all("!" <= letter <= "~" for letter in token):
        raise InvalidInput("a token has 1 to 64 printable ASCII characters without blanks (§7.3.1)")


def _begin(
    tx: Tx, caller: Caller, versions_url: str, token: str, name: str | None, tenant: str | None, our_url: str
) -> Offer:
    """Keep that we are on our way, or go on where we were; returns what to send."""
    owner = tenants.resolve(tx, caller, tenant)
    mine = [p for p in store.select(tx.db, owner.id) if p.versions_url == versions_url]
    if any(party.status in (PartyStatus.REGISTERED, PartyStatus.SUSPENDED) for party in mine):
        raise Conflict(f"{mine[-1].name} at {versions_url} is registered already: rotate or remove it")
    party = next((party for party in mine if party.status is PartyStatus.REGISTERING), None)
    if party is None:
        party = Party(
            tx.entropy.hex(), owner.id, parties.checked_name(name, None), PartyStatus.REGISTERING, None,
            versions_url, None, TokenForm.BASE64, tx.now, tx.now,
        )  # fmt: skip
        store.insert(tx.db, party, partners.sealed(tx, party.id, token))
        tx.audit(caller, owner.id, "party.register", party.id, {"versionsUrl": versions_url})
    roles = parties.own_roles(owner)
    offered = _offered(tx, party)
    return Offer(party, offered, document.credentials(offered, our_url, roles))


def _begin_again(tx: Tx, caller: Caller, party: str, tenant: str | None, our_url: str) -> Offer:
    found = parties.find(tx, caller, party, tenant)
    if found.status is not PartyStatus.REGISTERED:
        raise Conflict(
            f"{found.name} is {found.status}: only tokens of a registered partner can be exchanged"
        )
    offered = _offered(tx, found)
    roles = parties.own_roles(tenants.by_id(tx, found.tenant_id))
    return Offer(found, offered, document.credentials(offered, our_url, roles))


def _offered(tx: Tx, party: Party) -> str:
    """Return the token to offer: the one that was sent already where its answer was lost, else a new one."""
    for kept in store.tokens(tx.db, party.id, TokenKind.OFFERED):
        if kept.sealed is not None:
            return partners.opened(tx, party.id, kept.sealed)
    token = parties.new_token()
    sealed = partners.sealed(tx, party.id, token)
    made = PartyToken(
        parties.digest(token), party.tenant_id, party.id, TokenKind.OFFERED, tx.now, sealed=sealed
    )
    store.insert_token(tx.db, made)
    return token


async def _persist(ask: Callable[[], Awaitable[PartnerAnswer]]) -> PartnerAnswer:
    """Ask until there is an answer, a few times: what was asked may come twice."""
    for tried in range(1, TRIES):
        try:
            return await ask()
        except FarEndFailed:
            await trio.sleep(tried)
    return await ask()


async def _read(answer: PartnerAnswer) -> Credentials:
    """Return the credentials a partner answered with; raises FarEndFailed with what it said instead."""
    if not answer.done or answer.http >= 400:
        said = parties.plain(answer.message or "")
        again = " (it may know us already: ask for a new invitation)" if answer.http == 405 else ""
        raise FarEndFailed(f"the partner answered {answer.status}, HTTP {answer.http}: {said}{again}")
    try:
        return document.read(answer.data)
    except InvalidInput as error:
        raise FarEndFailed(f"the partner's credentials cannot be used: {error}") from None


async def _or_problem(house: House, party: Party, work: Awaitable[T]) -> T:
    """Do a step; where it fails keep why, and raise it as the far end's failure."""
    try:
        return await work
    except (OcpiRefusal, FarEndFailed) as error:
        await partners.note(house, party, str(error))
        raise FarEndFailed(str(error)) from None


def _credentials_url(found: Found) -> str:
    return next(each.url for each in found.endpoints if each.module == Module.CREDENTIALS)


async def _settle(house: House, caller: Caller, offer: Offer, theirs: Credentials, found: Found) -> None:
    """Commit what was agreed: the partner's token, roles and endpoints, and that our token is in force."""

    def work(tx: Tx) -> None:
        registration.check_roles(tx, offer.party, theirs.roles)
        current = _current(tx, offer.party)
        store.update_token(tx.db, parties.digest(offer.token), kind=TokenKind.CREDENTIALS.value, sealed=None)
        registration.registered(tx, current, theirs, found)
        roles = [f"{r.role} {r.country_code}*{r.party_id}" for r in theirs.roles]
        tx.audit(caller, current.tenant_id, "party.agreed", current.id, {"roles": roles})

    try:
        await house.unit.run(work)
    except OcpiRefusal as error:
        await _take_back(house, offer.party, theirs, found)
        await partners.note(house, offer.party, str(error))
        raise Conflict(str(error)) from None


async def _take_back(house: House, party: Party, theirs: Credentials, found: Found) -> None:
    """Tell a partner whose roles cannot be accepted that nothing came of it."""
    call = PartnerCall(
        lane=party.id, method="DELETE", url=_credentials_url(found), token=theirs.token, form=found.form
    )
    try:
        await house.partners.ask(call)
    except FarEndFailed:
        return

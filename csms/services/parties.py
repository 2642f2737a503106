"""Roaming partners as an operator sees them, and who a partner is that comes with a token (OCPI 2.2.1 §4.1.2, §7)."""

import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from csms.clock import to_text
from csms.errors import Conflict, InvalidInput, NotFound, NotRunning, Unauthenticated
from csms.model.event import Event
from csms.model.ocpi_status import OcpiRefusal, OcpiStatus
from csms.model.party import OcpiRole, Party, PartyRole, PartyStatus, TokenForm, roles_of
from csms.model.tenant import Tenant, TenantStatus
from csms.services import tenants
from csms.services.access import Caller
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import parties as store
from csms.store import tenants as tenant_store
from csms.store.parties import PartyToken, TokenKind

INVITATION_DAYS: Final = 30
SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly it is kept when a partner was last heard."""
LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Proof:
    """The token a partner came with: as text, its digest, what it is for, and the form it stood in the header."""

    text: str
    digest: str
    kind: TokenKind
    form: TokenForm
    redeemed_with: str | None = None
    is_news: bool = False
    """Whether its use should be written (`used`)."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation just made; the token is shown this once."""

    id: str
    name: str
    status: PartyStatus
    token: str
    versions_url: str


def new_token() -> str:
    """Return a new credentials token: 256 bits of chance in 43 characters (§7.3.1 allows 64)."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is kept of a token that a partner comes with."""
    return sha256(token.encode()).hexdigest()


async def invite(
    house: House,
    caller: Caller,
    *,
    role: OcpiRole | None = None,
    name: str | None = None,
    tenant: str | None = None,
) -> Invitation:
    """Make a token with which a partner can register with us; it is shown once and lives 30 days."""
    url = f"{own_url(house)}/versions"

    def work(tx: Tx) -> Invitation:
        owner = tenants.resolve(tx, caller, tenant)
        _may_roam(owner)
        party = Party(
            tx.entropy.hex(), owner.id, checked_name(name, role), PartyStatus.INVITED, role, None, None,
            TokenForm.BASE64, tx.now, tx.now,
        )  # fmt: skip
        store.insert(tx.db, party)
        token = new_token()
        until = tx.now + timedelta(days=INVITATION_DAYS)
        kept = PartyToken(digest(token), owner.id, party.id, TokenKind.INVITATION, tx.now, until)
        store.insert_token(tx.db, kept)
        tx.audit(caller, owner.id, "party.invite", party.id, {"name": party.name, "role": role})
        changed(tx, party)
        return Invitation(party.id, party.name, party.status, token, url)

    return await house.unit.run(work)


def _may_roam(tenant: Tenant) -> None:
    if tenant.status is not TenantStatus.ACTIVE:
        raise Conflict(f"tenant {tenant.name} is {tenant.status}")


def checked_name(name: str | None, role: OcpiRole | None) -> str:
    """Return the name of a partner, one of ours where none is given; raises InvalidInput."""
    text = (name or (f"new {role}" if role else "new partner")).strip()
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise InvalidInput(f"a partner's name has 1 to {LONGEST_NAME} printable characters")
    return text


def plain(text: str) -> str:
    """Return what a partner said as one printable line."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:300]).strip()


def list_parties(tx: Tx, caller: Caller, *, removed: bool = False, tenant: str | None = None) -> list[Party]:
    """Return the partners of a tenant by age; those that were removed only where asked for."""
    found = store.select(tx.db, tenants.scope(tx, caller, tenant))
    return [party for party in found if removed or party.status is not PartyStatus.REMOVED]


def show(tx: Tx, caller: Caller, *, party: str, tenant: str | None = None) -> Party:
    """Return one partner by its id, its name, or country code and party id such as DE*ABC."""
    return find(tx, caller, party, tenant)


def find(tx: Tx, caller: Caller, party: str, tenant: str | None) -> Party:
    """Return the partner somebody means; NotFound, or InvalidInput where several are meant."""
    every = list_parties(tx, caller, removed=True, tenant=tenant)
    wanted = party.casefold()
    by_id = [each for each in every if each.id == party]
    alive = [each for each in every if each.status is not PartyStatus.REMOVED]
    found = by_id or [each for each in alive if wanted == each.name.casefold() or wanted in _keys(each)]
    if not found:
        raise NotFound(f"no partner {party}")
    if len(found) > 1:
        raise InvalidInput(f"{len(found)} partners are called {party}: name one by its id")
    return found[0]


def _keys(party: Party) -> set[str]:
    pairs = [role.key for role in party.roles]
    return {mark.join(pair) for pair in pairs for mark in ("", "*", "-", "/")}


def suspend(
    tx: Tx, caller: Caller, *, party: str, suspended: bool = True, tenant: str | None = None
) -> Party:
    """Refuse a partner's requests and send it nothing, or let it take part again."""
    found = find(tx, caller, party, tenant)
    before = PartyStatus.REGISTERED if suspended else PartyStatus.SUSPENDED
    after = PartyStatus.SUSPENDED if suspended else PartyStatus.REGISTERED
    if found.status not in (before, after):
        raise Conflict(f"{found.name} is {found.status}: only a registered partner can be suspended")
    store.update(tx.db, found.id, status=after.value, updated_at=tx.at)
    tx.audit(caller, found.tenant_id, "party.suspend" if suspended else "party.resume", found.id, {})
    found = replace(found, status=after, updated_at=tx.now)
    changed(tx, found)
    return found


def changed(tx: Tx, party: Party) -> None:
    """Tell the house that a connection changed."""
    body: dict[str, Any] = {"status": party.status.value, "name": party.name}
    tx.events.append(Event("party.changed", party.tenant_id, None, party.id, tx.now, body))


def own_roles(tenant: Tenant) -> tuple[PartyRole, ...]:
    """Return the roles in which a tenant presents itself."""
    name, site = tenant.company_name or tenant.name, f"https://{tenant.domain}" if tenant.domain else None
    return tuple(
        PartyRole(role, tenant.country_code, tenant.party_id, name, site)
        for role in roles_of(tenant.tenant_type)
    )


def own_url(house: House) -> str:
    """Return our OCPI address without a slash at its end: as configured, else as the listener is bound."""
    public = house.unit.policy.ocpi.public_url
    if public:
        return f"{public}/ocpi"
    bound = {each["name"]: each["addresses"] for each in house.listeners()}
    for name, scheme in (("ocpi_tls", "https"), ("ocpi", "http")):
        if bound.get(name):
            host, _, port = str(bound[name][0]).rpartition(":")
            if host in ("0.0.0.0", "[::]"):  # noqa: S104 (compared, not bound)
                host = socket.gethostname()
            return f"{scheme}://{host}:{port}/ocpi"
    raise NotRunning("partners cannot reach us: listen.ocpi is empty")


def authenticate(tx: Tx, candidates: Sequence[tuple[str, TokenForm]]) -> tuple[Party, Tenant, Proof]:
    """Return who comes with a token, as it stands in the header or decoded; raises Unauthenticated, or 403.

    The digest of 256 bits of chance is looked up: how long that takes tells nothing of a token.
    """
    for text, form in candidates:
        token = store.token(tx.db, digest(text))
        if token is None or (token.expires_at is not None and token.expires_at <= tx.now):
            continue
        party = store.get(tx.db, token.tenant_id, token.party_id)
        tenant = tenant_store.get(tx.db, token.tenant_id)
        if party is None or tenant is None:
            continue
        if tenant.status is not TenantStatus.ACTIVE or party.status is PartyStatus.SUSPENDED:
            raise OcpiRefusal(OcpiStatus.CLIENT_ERROR, "this connection is suspended", http=403)
        is_news = _is_news(token, party, tx)
        return party, tenant, Proof(text, token.digest, token.kind, form, token.redeemed_with, is_news)
    raise Unauthenticated("no or unknown credentials token")


def _is_news(token: PartyToken, party: Party, tx: Tx) -> bool:
    if token.kind is TokenKind.CREDENTIALS and token.used_at is None:
        return True
    return party.last_seen_at is None or tx.now - party.last_seen_at >= SEEN_EVERY


def used(tx: Tx, party: Party, proof: Proof) -> None:
    """Write that a partner was heard; the first use of a new token ends the older ones: it has arrived."""
    store.seen(tx.db, party.id, tx.at)
    token = store.token(tx.db, proof.digest)
    if token is not None and token.kind is TokenKind.CREDENTIALS and token.used_at is None:
        store.update_token(tx.db, token.digest, used_at=tx.at)
        store.end_tokens(tx.db, party.id, but=token.digest, before=to_text(token.created_at))


def may_work(party: Party, proof: Proof) -> bool:
    """Whether a token opens the functional modules: an invitation opens the way to register alone."""
    return party.status is PartyStatus.REGISTERED and proof.kind is not TokenKind.INVITATION

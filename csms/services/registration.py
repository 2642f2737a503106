"""Registering with partners, in both directions (OCPI 2.2.1 §7.1): the rules while credentials change hands.

Nothing is stored before the other side has been asked and understood, and tokens that were valid stay so until the new
ones were used once: an answer that is lost at any point locks nobody out, and the same request may simply come again.
"""

from datetime import timedelta
from typing import Final

from csms.clock import to_text
from csms.model.ocpi_status import OcpiRefusal, OcpiStatus
from csms.model.party import Credentials, Party, PartyRole, PartyStatus
from csms.services import discovery, parties, partners, tenants
from csms.services.access import Caller, Role
from csms.services.discovery import Found
from csms.services.house import House
from csms.services.parties import Proof
from csms.services.unit import Tx
from csms.store import parties as store
from csms.store.parties import PartyToken, TokenKind

GRACE: Final = timedelta(minutes=15)
"""How long an invitation that was used can be used again with the same token B: the answer may have been lost."""


async def accept(house: House, party: Party, proof: Proof, theirs: Credentials) -> str:
    """Register a partner that comes with its invitation; returns the token it uses from now on (token C).

    Its versions are fetched with its token B while it waits. OcpiRefusal says what is wrong with it.
    """
    await house.unit.read(lambda tx: _may_register(tx, party, proof, theirs))
    found = await discovery.discover(house, party.id, theirs.url, theirs.token, proof.form)
    token = parties.new_token()
    return await house.unit.run(lambda tx: _accepted(tx, party, proof, theirs, found, token))


def _may_register(tx: Tx, party: Party, proof: Proof, theirs: Credentials) -> Party:
    """Return the party as it is now; 405 where it is registered, 401 where its invitation is over."""
    current = store.get(tx.db, party.tenant_id, party.id)
    token = store.token(tx.db, proof.digest)
    if current is None or token is None:
        raise OcpiRefusal(OcpiStatus.CLIENT_ERROR, "the invitation is over", http=401)
    again = token.redeemed_with == parties.digest(theirs.token)
    if proof.kind is not TokenKind.INVITATION or (current.status is not PartyStatus.INVITED and not again):
        raise OcpiRefusal(OcpiStatus.CLIENT_ERROR, "already registered: use PUT", http=405)
    check_roles(tx, party, theirs.roles)
    return current


def _accepted(tx: Tx, party: Party, proof: Proof, theirs: Credentials, found: Found, token: str) -> str:
    current = _may_register(tx, party, proof, theirs)
    kept = PartyToken(parties.digest(token), party.tenant_id, party.id, TokenKind.CREDENTIALS, tx.now)
    store.insert_token(tx.db, kept)
    store.update_token(
        tx.db,
        proof.digest,
        redeemed_with=parties.digest(theirs.token),
        expires_at=to_text(tx.now + GRACE),
    )
    registered(tx, current, theirs, found)
    _audit(tx, party, "party.registered", theirs.roles)
    return token


async def renew(house: House, party: Party, proof: Proof, theirs: Credentials) -> str:
    """Take the new credentials of a registered partner; returns its new token. The old one lives until that is used."""
    await house.unit.read(lambda tx: _may_renew(tx, party, proof, theirs))
    found = await discovery.discover(house, party.id, theirs.url, theirs.token, proof.form)
    token = parties.new_token()

    def work(tx: Tx) -> str:
        current = _may_renew(tx, party, proof, theirs)
        kept = PartyToken(parties.digest(token), party.tenant_id, party.id, TokenKind.CREDENTIALS, tx.now)
        store.insert_token(tx.db, kept)
        registered(tx, current, theirs, found)
        _audit(tx, party, "party.renewed", theirs.roles)
        return token

    return await house.unit.run(work)


def _may_renew(tx: Tx, party: Party, proof: Proof, theirs: Credentials | None) -> Party:
    """Return the party as it is now; 405 where it is not registered."""
    current = store.get(tx.db, party.tenant_id, party.id)
    if current is None or not parties.may_work(current, proof):
        raise OcpiRefusal(OcpiStatus.CLIENT_ERROR, "not registered: use POST", http=405)
    if theirs is not None:
        check_roles(tx, party, theirs.roles)
    return current


async def leave(house: House, party: Party, proof: Proof) -> None:
    """End a registration as the partner wishes: its tokens are void at once, and ours for it are forgotten."""

    def work(tx: Tx) -> None:
        current = _may_renew(tx, party, proof, None)
        ended(tx, current, PartyStatus.UNREGISTERED)
        _audit(tx, party, "party.left", ())

    await house.unit.run(work)


def ended(tx: Tx, party: Party, status: PartyStatus) -> Party:
    """Forget the tokens of both directions, and free what the partner's roles occupied."""
    store.end_tokens(tx.db, party.id)
    store.free_roles(tx.db, party.id)
    values = {"their_token": None, "their_token_before": None, "problem": None}
    store.update(tx.db, party.id, status=status.value, updated_at=tx.at, **values)
    current = store.get(tx.db, party.tenant_id, party.id)
    assert current is not None
    parties.changed(tx, current)
    return current


def registered(tx: Tx, party: Party, theirs: Credentials, found: Found) -> None:
    """Keep what a partner presented, and the token before for the case that it never took the new one."""
    before = store.their_tokens(tx.db, party.id)[0] if party.status is PartyStatus.REGISTERED else None
    store.write_roles(tx.db, party.tenant_id, party.id, theirs.roles)
    store.update(
        tx.db,
        party.id,
        status=PartyStatus.REGISTERED.value,
        versions_url=theirs.url,
        version=found.version,
        token_form=found.form.value,
        endpoints=store.endpoints_json(found.endpoints),
        their_token=partners.sealed(tx, party.id, theirs.token),
        their_token_before=before,
        name=_name(party, theirs.roles),
        problem=None,
        updated_at=tx.at,
        last_seen_at=tx.at,
    )
    current = store.get(tx.db, party.tenant_id, party.id)
    assert current is not None
    parties.changed(tx, current)


def _name(party: Party, roles: tuple[PartyRole, ...]) -> str:
    """Return the name an operator gave, else the one the partner gives itself."""
    first = roles[0]
    if party.name.startswith("new "):
        return (first.business_name or f"{first.country_code}*{first.party_id}")[: parties.LONGEST_NAME]
    return party.name


def check_roles(tx: Tx, party: Party, roles: tuple[PartyRole, ...]) -> None:
    """Refuse roles that are ours, or another partner's (§7.1.4)."""
    own = {(role.role, role.key) for role in parties.own_roles(tenants.by_id(tx, party.tenant_id))}
    for role in roles:
        other = store.owner(tx.db, party.tenant_id, role.key, role.role)
        if (role.role, role.key) in own or (other is not None and other.id != party.id):
            taken = f"{role.role} {role.country_code}*{role.party_id}"
            raise OcpiRefusal(OcpiStatus.INVALID, f"{taken} is registered already, by somebody else")


def _audit(tx: Tx, party: Party, action: str, roles: tuple[PartyRole, ...]) -> None:
    caller = Caller(party.name, Role.PARTNER, party.tenant_id, "ocpi")
    detail = {"roles": [f"{r.role} {r.country_code}*{r.party_id}" for r in roles]} if roles else {}
    tx.audit(caller, party.tenant_id, action, party.id, detail)

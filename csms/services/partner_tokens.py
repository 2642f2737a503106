"""Tokens that partners gave us: taken in from their owners, and judged at our stations (OCPI 2.2.1 §12.2.2, §12.4.5).

An id token of our own always goes first: a uid that both have is ours.
"""

from typing import Any

from csms.errors import CsmsError, InvalidInput, NotFound
from csms.model import partner_token as rules
from csms.model import roaming
from csms.model.event import Event
from csms.model.id_token import Authorization, AuthorizationStatus
from csms.model.partner_token import PartnerToken, TokenKey
from csms.model.party import Interface, Module, Party, PartyKey
from csms.model.station import StationRef
from csms.services.unit import Tx
from csms.store import parties
from csms.store import partner_tokens as store


class AskFirst(CsmsError):
    """A token cannot be judged before its partner was asked: ask (services.token_questions), then judge again."""

    code = "ask_first"

    def __init__(self, station: StationRef, token: PartnerToken, party: Party) -> None:
        super().__init__(f"{party.name} is to be asked about a token first")
        self.station = station
        self.token = token
        self.party = party


def show(tx: Tx, party: Party, key: TokenKey) -> dict[str, Any]:
    """Return a token of a partner's as it was given to us; NotFound where it was not."""
    return _of(tx, party, key).document


def put(tx: Tx, party: Party, key: TokenKey, token: PartnerToken) -> bool:
    """Take a token from its owner, whole; returns whether it is new. InvalidInput where it is not the partner's."""
    if token.key != key:
        raise InvalidInput("the address and the token name different ones: country_code, party_id, uid, type")
    check_owner(tx, party, key)
    is_new = store.get(tx.db, party.tenant_id, key) is None
    write(tx, party, token)
    return is_new


def patch(tx: Tx, party: Party, key: TokenKey, body: object) -> None:
    """Change some fields of a token; NotFound for one we do not have, InvalidInput without last_updated."""
    write(tx, party, rules.patched(_of(tx, party, key), body))


def _of(tx: Tx, party: Party, key: TokenKey) -> PartnerToken:
    check_owner(tx, party, key)
    found = store.get(tx.db, party.tenant_id, key)
    if found is None:
        raise NotFound(f"no token {key.uid[:40]} of type {key.type}")
    return found[0]


def check_owner(tx: Tx, party: Party, key: TokenKey) -> None:
    """Let a partner speak for its own roles, and a hub for all that nobody else registered; else InvalidInput."""
    owner = PartyKey(key.country_code, key.party_id)
    if party.has(owner):
        return
    if not party.is_hub or parties.owner(tx.db, party.tenant_id, owner) is not None:
        raise InvalidInput(f"{'*'.join(owner).upper()} is none of your roles")


def write(tx: Tx, party: Party, token: PartnerToken) -> None:
    """Keep a token as it came, and tell the house that it changed."""
    store.put(tx.db, party.tenant_id, party.id, token, tx.at)
    body = {"valid": token.valid, "whitelist": token.whitelist.value, "type": token.type.value}
    tx.events.append(Event("partner_token.changed", party.tenant_id, None, token.uid, tx.now, body))


def judge(tx: Tx, station: StationRef, uid: str, type: str | None, *, ask: bool = True) -> Authorization:
    """Decide about a uid that is no id token of ours; `type` is that of the id token (2.0.1), None where 1.6 has none.

    Raises AskFirst where the partner is to be asked; with `ask=False` its last answer does, however old it is.
    """
    wanted = roaming.token_type(type) if type else None
    found = store.shown(tx.db, station.tenant_id, uid, wanted)
    if found is None:
        return Authorization(AuthorizationStatus.INVALID)
    token, party_id = found
    verdict = rules.decide(token, None, askable=True)
    if verdict is not None:
        return verdict
    answered = store.answered(tx.db, station.tenant_id, station.key, token.key)
    if ask and answered is not None and not answered.holds(tx.now):
        answered = None
    party = parties.get(tx.db, station.tenant_id, party_id) if ask else None
    askable = party is not None and party.endpoint(Module.TOKENS, Interface.SENDER) is not None
    verdict = rules.decide(token, answered, askable=askable)
    if verdict is None:
        assert party is not None
        raise AskFirst(station, token, party)
    return verdict

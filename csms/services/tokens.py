"""Id tokens: what operators set, and the verdict a station gets (OCPP 1.6 §4.1, §5.1)."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from csms.errors import Conflict, InvalidInput, NotFound
from csms.model import id_token
from csms.model.event import Event
from csms.model.id_token import ISO14443, Authorization, AuthorizationStatus, IdToken, fold
from csms.model.station import StationRef
from csms.services import partner_tokens, tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import local_lists, stations, token_places, transactions
from csms.store import tokens as store

_LANGUAGE: Final = re.compile("[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,4})?")
LONGEST_UID = 36
"""identifierString of OCPP 2.0.1; OCPP 1.6 stations send at most 20 (CiString20Type)."""

MASTER_GROUP = "AuthCtrlr.MasterPassGroupId"
"""The variable of a station that names the group of its MasterPass tokens (2.0.1 C16)."""
NO_AUTHORIZATION = "NoAuthorization"
"""The type of the id token of a station that lets everybody charge (2.0.1 C02)."""


def authorize(
    tx: Tx,
    station: StationRef,
    uid: str | None,
    *,
    starting: bool = False,
    type: str | None = None,
    ask: bool = True,
    evse_id: int = 0,
) -> Authorization:
    """Decide about an id token presented at a station; a start also counts the use and other transactions.

    `evse_id` is where it is to charge, 0 where that is not known yet. One that is not ours may be a partner's: raises
    AskFirst where that one is to be asked (not with `ask=False`).
    """
    if type == NO_AUTHORIZATION:
        return Authorization(AuthorizationStatus.ACCEPTED)
    token = store.get(tx.db, station.tenant_id, uid) if uid else None
    if token is None and uid:
        return partner_tokens.judge(tx, station, uid, type, ask=ask)
    active = 0
    if token is not None and starting and token.max_active is not None:
        active = transactions.active_of_token(tx.db, station.tenant_id, fold(token.uid))
    verdict = id_token.decide(token, tx.now, active, places=_places(tx, station.key, token), evse_id=evse_id)
    if token is not None and starting and verdict.accepted:
        store.used(tx.db, token.id, tx.at)
    return verdict


def is_master_pass(tx: Tx, station: StationRef, group_id: str | None) -> bool:
    """Whether a group is the one whose id tokens stop every charge of a station and start none (2.0.1 C16)."""
    if group_id is None:
        return False
    held = stations.setting(tx.db, station.key, MASTER_GROUP)
    return bool(held) and fold(held or "") == fold(group_id)


def foresee(tx: Tx, tenant_id: str, uid: str, station_key: str, evse_id: int = 0) -> Authorization:
    """Return the verdict that a start with an id token at a station would get now, without counting a use."""
    token = store.get(tx.db, tenant_id, uid)
    active = transactions.active_of_token(tx.db, tenant_id, fold(token.uid)) if token else 0
    return id_token.decide(token, tx.now, active, places=_places(tx, station_key, token), evse_id=evse_id)


def _places(tx: Tx, station_key: str, token: IdToken | None) -> frozenset[int]:
    """Return the EVSEs of a station that a bound id token is valid at; one that is not bound costs no look."""
    if token is None or not token.bound:
        return frozenset()
    return token_places.at_station(tx.db, token.tenant_id, token.uid, station_key)


def add(
    tx: Tx,
    caller: Caller,
    *,
    uid: str,
    tenant: str | None = None,
    type: str = ISO14443,
    group: str | None = None,
    expires_at: datetime | None = None,
    blocked: bool = False,
    max_active: int | None = None,
    language: str | None = None,
) -> IdToken:
    """Register an id token; Conflict when the uid exists in any spelling."""
    owner = tenants.resolve(tx, caller, tenant)
    if store.get(tx.db, owner.id, uid) is not None:
        raise Conflict(f"id token {uid} exists already")
    token = _token(tx, owner.id, uid, type, group, expires_at, blocked, max_active, language)
    store.insert(tx.db, token)
    changed(tx, owner.id, token.uid, "added")
    tx.audit(caller, owner.id, "token.add", token.uid, {"type": type, "group": group, "blocked": blocked})
    return token


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """One line of a list of id tokens."""

    uid: str
    type: str = ISO14443
    group: str | None = None
    expires_at: datetime | None = None
    blocked: bool = False
    max_active: int | None = None
    language: str | None = None


def import_tokens(
    tx: Tx, caller: Caller, *, tokens: list[TokenEntry], tenant: str | None = None
) -> dict[str, int]:
    """Insert or replace many id tokens at once, all or none; returns `added` and `updated`."""
    owner = tenants.resolve(tx, caller, tenant)
    added = updated = 0
    for number, entry in enumerate(tokens, start=1):
        try:
            token = _token(
                tx,
                owner.id,
                entry.uid,
                entry.type,
                entry.group,
                entry.expires_at,
                entry.blocked,
                entry.max_active,
                entry.language,
            )
        except InvalidInput as error:
            raise InvalidInput(f"entry {number}: {error}") from None
        if store.get(tx.db, owner.id, token.uid) is None:
            added += 1
        else:
            updated += 1
        store.upsert(tx.db, token)
    changed(tx, owner.id, str(len(tokens)), "imported")
    tx.audit(caller, owner.id, "token.import", str(len(tokens)), {"added": added, "updated": updated})
    return {"added": added, "updated": updated}


def list_tokens(tx: Tx, caller: Caller, *, tenant: str | None = None) -> list[IdToken]:
    """Return the id tokens the caller may see."""
    return store.select(tx.db, tenants.scope(tx, caller, tenant))


def show(tx: Tx, caller: Caller, *, uid: str, tenant: str | None = None) -> IdToken:
    """Return one id token."""
    token = store.get(tx.db, tenants.resolve(tx, caller, tenant).id, uid)
    if token is None:
        raise NotFound(f"no id token {uid}")
    return token


def set_blocked(tx: Tx, caller: Caller, *, uid: str, blocked: bool, tenant: str | None = None) -> IdToken:
    """Block or unblock an id token; running transactions go on."""
    token = show(tx, caller, uid=uid, tenant=tenant)
    store.set_blocked(tx.db, token.tenant_id, uid, blocked, tx.at)
    changed(tx, token.tenant_id, token.uid, "blocked" if blocked else "unblocked")
    detail = {"before": token.blocked, "after": blocked}
    tx.audit(caller, token.tenant_id, "token.block" if blocked else "token.unblock", token.uid, detail)
    return replace(token, blocked=blocked)


def remove(tx: Tx, caller: Caller, *, uid: str, tenant: str | None = None) -> None:
    """Remove an id token; its transactions and CDRs stay."""
    token = show(tx, caller, uid=uid, tenant=tenant)
    store.delete(tx.db, token.tenant_id, uid)
    token_places.clear(tx.db, token.tenant_id, uid)
    changed(tx, token.tenant_id, token.uid, "removed", type=token.type)
    before = {"type": token.type, "group": token.group_id, "blocked": token.blocked}
    tx.audit(caller, token.tenant_id, "token.remove", token.uid, {"before": before})


def changed(tx: Tx, tenant_id: str, uid: str, change: str, **more: str) -> None:
    """Tell listeners, and count the change: local lists that follow the id tokens see by it that they are behind."""
    local_lists.tokens_changed(tx.db, tenant_id)
    tx.events.append(Event("token.changed", tenant_id, None, uid, tx.now, {"change": change, **more}))


def _token(
    tx: Tx,
    tenant_id: str,
    uid: str,
    type: str = ISO14443,
    group: str | None = None,
    expires_at: datetime | None = None,
    blocked: bool = False,
    max_active: int | None = None,
    language: str | None = None,
) -> IdToken:
    """Build a checked id token."""
    uid = uid.strip()
    if not uid or len(uid) > LONGEST_UID or not uid.isprintable():
        raise InvalidInput(f"id token uid must be 1 to {LONGEST_UID} printable characters, not {uid[:50]!r}")
    if max_active is not None and max_active < 1:
        raise InvalidInput("max_active must be at least 1")
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise InvalidInput(f"a language is a code like de or en-GB, not {language[:20]!r}")
    if expires_at is not None and expires_at.tzinfo is None:
        raise InvalidInput("expires_at needs a time zone, like 2027-01-31T00:00:00Z")
    return IdToken(
        tx.entropy.hex(),
        tenant_id,
        uid,
        type,
        group or None,
        expires_at,
        blocked,
        max_active,
        tx.now,
        tx.now,
        language=language,
    )

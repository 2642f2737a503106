"""Where an id token is valid: everywhere, or at certain stations or EVSEs only (2.0.1 C01, IdTokenInfoType.evseId).

A token without places is valid everywhere. One that was given places is valid at these alone, and stays so when their
stations are removed: it is let go by removing its places, not by losing them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.clock import from_text
from csms.errors import Conflict, InvalidInput, NotFound
from csms.model.id_token import IdToken
from csms.services import stations, tokens
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import stations as station_store
from csms.store import token_places as store
from csms.store import tokens as token_store


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """One place of an id token; `evse_id` 0 is the whole station."""

    uid: str
    station_id: str
    evse_id: int
    created_at: datetime


def add(
    tx: Tx, caller: Caller, *, uid: str, station: str, evse: int = 0, tenant: str | None = None
) -> list[TokenPlace]:
    """Let an id token be valid at a station or one EVSE of it, and from the first place on nowhere else.

    Raises Conflict where it is valid there already, NotFound where the station has no such EVSE.
    """
    token, key, name = _find(tx, caller, uid, station, tenant)
    if evse < 0:
        raise InvalidInput("EVSEs are numbered from 1; 0 is the whole station")
    if evse and evse not in {connector.evse_id for connector in station_store.connectors(tx.db, key)}:
        raise NotFound(f"{name} has no EVSE {evse}")
    if not store.add(tx.db, token.tenant_id, token.uid, key, evse, tx.at):
        raise Conflict(f"id token {token.uid} is valid at {_named(name, evse)} already")
    _set_bound(tx, caller, token, True, "token.place.add", {"station": name, "evse": evse})
    return _places(tx, token)


def remove(
    tx: Tx,
    caller: Caller,
    *,
    uid: str,
    station: str | None = None,
    evse: int = 0,
    tenant: str | None = None,
) -> list[TokenPlace]:
    """Remove a place of an id token, all of them without a station; without any it is valid everywhere."""
    if station is None:
        if evse:
            raise InvalidInput("an EVSE is one of a station: name the station too")
        token = tokens.show(tx, caller, uid=uid, tenant=tenant)
        store.clear(tx.db, token.tenant_id, token.uid)
        _set_bound(tx, caller, token, False, "token.place.clear", {})
        return []
    token, key, name = _find(tx, caller, uid, station, tenant)
    if not store.remove(tx.db, token.tenant_id, token.uid, key, evse):
        raise NotFound(f"{_named(name, evse)} is no place of id token {token.uid}")
    left = _places(tx, token)
    _set_bound(tx, caller, token, bool(left), "token.place.remove", {"station": name, "evse": evse})
    return left


def list_places(tx: Tx, caller: Caller, *, uid: str, tenant: str | None = None) -> list[TokenPlace]:
    """Return the places of an id token."""
    return _places(tx, tokens.show(tx, caller, uid=uid, tenant=tenant))


def _find(tx: Tx, caller: Caller, uid: str, station: str, tenant: str | None) -> tuple[IdToken, str, str]:
    """Return an id token, and the key and id of a station of the same tenant."""
    found = stations.find(tx, caller, station, tenant)
    return tokens.show(tx, caller, uid=uid, tenant=found.tenant_id), found.id, found.station_id


def _named(station: str, evse: int) -> str:
    return f"EVSE {evse} of {station}" if evse else station


def _places(tx: Tx, token: IdToken) -> list[TokenPlace]:
    return [
        TokenPlace(token.uid, row["station_id"], row["evse_id"], from_text(row["created_at"]))
        for row in store.of_token(tx.db, token.tenant_id, token.uid)
    ]


def _set_bound(
    tx: Tx, caller: Caller, token: IdToken, bound: bool, action: str, detail: dict[str, Any]
) -> None:
    token_store.set_bound(tx.db, token.tenant_id, token.uid, bound, tx.at)
    tokens.changed(tx, token.tenant_id, token.uid, "places")
    tx.audit(caller, token.tenant_id, action, token.uid, detail)

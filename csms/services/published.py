"""What a partner may read of us: locations that were published, sessions and CDRs of its own drivers, tariffs.

A partner sees what concerns it and nothing else; what it may not see is, to it, not there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from csms.clock import from_text, to_text, to_wire
from csms.errors import NotFound
from csms.model.location import fold
from csms.model.party import Party, PartyKey
from csms.services.unit import Tx
from csms.store import locations, ocpi_sessions, parties, rows
from csms.store.connection import Database, Row
from csms.store.locations import Window

_ALWAYS = "0000"
_NEVER = "9999"


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list: changed in [since, until) where that is said, `size` objects after `offset`."""

    since: datetime | None
    until: datetime | None
    offset: int
    size: int

    @property
    def window(self) -> Window:
        """Return it in the words of the store."""
        since = _ALWAYS if self.since is None else to_text(self.since)
        return Window(since, _NEVER if self.until is None else to_text(self.until), self.offset, self.size)


@dataclass(frozen=True, slots=True)
class Listed:
    """Objects as JSON texts, ready to be sent, and how many there are in all."""

    items: list[msgspec.Raw]
    total: int


Lister = Callable[[Database, str, list[tuple[str, str]], Window], tuple[list[str], int]]


def list_locations(tx: Tx, party: Party, _asks: PartyKey | None, span: Span) -> Listed:
    """Return the Location objects that were ever published, in the order in which they were."""
    found, total = locations.shown_page(tx.db, party.tenant_id, span.window)
    return Listed(_raw(found), total)


def list_tariffs(tx: Tx, party: Party, _asks: PartyKey | None, span: Span) -> Listed:
    """Return the active tariffs, the oldest first; their last_updated is when an operator last changed them."""
    found, total = locations.tariffs_page(tx.db, party.tenant_id, span.window)
    return Listed([tariff(row) for row in found], total)


def list_sessions(tx: Tx, party: Party, asks: PartyKey | None, span: Span) -> Listed:
    """Return the Session objects of a partner's drivers, the oldest first."""
    return _of_drivers(tx, party, asks, span, ocpi_sessions.page)


def list_cdrs(tx: Tx, party: Party, asks: PartyKey | None, span: Span) -> Listed:
    """Return the CDR objects of a partner's drivers, the oldest first."""
    return _of_drivers(tx, party, asks, span, ocpi_sessions.cdr_page)


def location(
    tx: Tx, party: Party, location_id: str, evse_uid: str | None = None, connector_id: str | None = None
) -> Any:
    """Return a Location object, one of its EVSEs, or a connector of that; NotFound where there is none."""
    document = locations.shown(tx.db, party.tenant_id, fold(location_id))
    if document is None:
        raise NotFound(f"no location {location_id}")
    if evse_uid is None:
        return msgspec.Raw(document)
    evse = _named(rows.from_json(document).get("evses", ()), "uid", evse_uid)
    if evse is None:
        raise NotFound(f"no EVSE {evse_uid} at location {location_id}")
    if connector_id is None:
        return evse
    connector = _named(evse["connectors"], "id", connector_id)
    if connector is None:
        raise NotFound(f"no connector {connector_id} at EVSE {evse_uid}")
    return connector


def cdr(tx: Tx, party: Party, asks: PartyKey | None, cdr_id: str) -> Any:
    """Return a CDR object of a partner's driver; NotFound where there is none."""
    row = ocpi_sessions.cdr(tx.db, party.tenant_id, cdr_id.lower())
    if row is None or (row["token_country"], row["token_party"]) not in _drivers_of(tx, party, asks):
        raise NotFound(f"no CDR {cdr_id}")
    return msgspec.Raw(row["document"])


def session(tx: Tx, party: Party, session_id: str) -> dict[str, Any]:
    """Return the Session object of a partner's driver; NotFound where there is none."""
    row = ocpi_sessions.shown(tx.db, party.tenant_id, session_id)
    if row is None or (row["token_country"], row["token_party"]) not in _drivers_of(tx, party, None):
        raise NotFound(f"no session {session_id}")
    found: dict[str, Any] = rows.from_json(row["document"])
    return found


def _of_drivers(tx: Tx, party: Party, asks: PartyKey | None, span: Span, lister: Lister) -> Listed:
    found, total = lister(tx.db, party.tenant_id, _drivers_of(tx, party, asks), span.window)
    return Listed(_raw(found), total)


def _drivers_of(tx: Tx, party: Party, asks: PartyKey | None) -> list[tuple[str, str]]:
    """Return the parties whose drivers' sessions a partner may see: its roles, or the one that it asks for.

    A hub may ask for a party behind it, but for none that has a connection of its own with us.
    """
    if asks is None:
        return sorted({(role.key.country_code, role.key.party_id) for role in party.roles})
    asked = [(asks.country_code, asks.party_id)]
    if party.has(asks):
        return asked
    elsewhere = parties.owner(tx.db, party.tenant_id, asks)
    return asked if party.is_hub and elsewhere is None else []


def _raw(documents: list[str]) -> list[msgspec.Raw]:
    return [msgspec.Raw(document) for document in documents]


def tariff(row: Row) -> msgspec.Raw:
    """Return the Tariff object of a row as JSON."""
    known: dict[str, Any] = rows.from_json(row["document"])
    return msgspec.Raw(rows.to_json(known | {"last_updated": to_wire(from_text(row["updated_at"]))}))


def _named(objects: Any, key: str, wanted: str) -> dict[str, Any] | None:
    return next((entry for entry in objects if fold(entry[key]) == fold(wanted)), None)

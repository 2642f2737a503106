"""Sessions as partners see them: frozen at the start, shown while they run, completed with the CDR (OCPI 2.2.1 §9).

Where a transaction starts, its location and the party of its token are kept with it, for what happens to the station
later must not change where somebody has charged. The Session object is made after the station got its answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog
import trio

from csms.clock import from_text, to_text, to_wire
from csms.errors import CsmsError
from csms.model import evse as evse_rules
from csms.model import location_document, roaming
from csms.model.event import Event
from csms.model.id_token import AuthorizationStatus
from csms.model.priced_charge import PricedCharge, cdr_fields
from csms.model.roaming import AuthMethod
from csms.model.transaction import Transaction
from csms.services import billing, cdr_tokens
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import cdrs, rows, tenants, transactions
from csms.store import locations as location_store
from csms.store import ocpi_sessions as store
from csms.store.connection import Row

READINGS_EVERY_S: Final = 30.0
"""How often a session is shown anew because of its readings alone."""
_AT_A_TIME: Final = 20
_SHOWN_OF_CDR: Final = ("charging_periods", "total_cost")

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Waiting:
    """Sessions that got readings, and when each was last shown."""

    pending: set[str] = field(default_factory=set)
    shown_at: dict[str, float] = field(default_factory=dict)

    def ripe(self, touched: Sequence[tuple[str, bool]], now: float) -> list[str]:
        """Return the sessions to show now: at once what is more than readings, readings when their time has come."""
        urgent = {subject for subject, more in touched if more}
        self.pending |= {subject for subject, more in touched if not more}
        self.shown_at = {key: at for key, at in self.shown_at.items() if now - at < READINGS_EVERY_S}
        ripe = urgent | {key for key in self.pending if key not in self.shown_at}
        self.pending -= ripe
        self.shown_at |= dict.fromkeys(ripe, now)
        return sorted(ripe)


async def turn(house: House, after: int, until: int, waiting: Waiting) -> None:
    """Show anew the sessions that events in (after, until] of the outbox concern, as far as it is time."""
    touched: list[tuple[str, bool]] = []
    if until > after:
        touched = await house.unit.read(lambda tx: store.touched(tx.db, after, until))
    await follow(house, waiting.ripe(touched, trio.current_time()))


async def follow(house: House, transaction_ids: Sequence[str]) -> None:
    """Show sessions anew; one that cannot be shown keeps no other from it."""
    for start in range(0, len(transaction_ids), _AT_A_TIME):
        some = transaction_ids[start : start + _AT_A_TIME]
        try:
            await house.unit.run(partial(_refresh_all, ids=some))
        except CsmsError:
            raise
        except Exception:  # one session must not hold up the others
            log.exception("sessions_not_shown", sessions=some)
            for transaction_id in some if len(some) > 1 else ():
                await follow(house, [transaction_id])


def unfinished(tx: Tx) -> list[str]:
    """Return the sessions of partners that run, or whose end was not shown yet."""
    return store.running(tx.db)


def _refresh_all(tx: Tx, ids: Sequence[str]) -> None:
    for transaction_id in ids:
        refresh(tx, transaction_id)


def freeze(tx: Tx, transaction: Transaction, token_type: str | None = None) -> None:
    """Keep where a transaction takes place and whose token it is; what was kept before stays.

    Nothing is kept of a transaction at no location with a token of our own.
    """
    kept: Row = store.get(tx.db, transaction.id) or {}
    place = kept.get("location") or _place(tx, transaction)
    country, party, token = kept.get("token_country", ""), kept.get("token_party", ""), kept.get("token")
    if token is None and transaction.id_token:
        found = cdr_tokens.of(tx, transaction.tenant_id, transaction.id_token, token_type)
        token = rows.to_json(found.document())
        if not found.own:
            country, party = found.country_code.casefold(), found.party_id.casefold()
    if place is None and not country:
        return
    values = {
        "transaction_id": transaction.id,
        "tenant_id": transaction.tenant_id,
        "station_key": transaction.station_key,
        "location": place,
        "token": token,
        "token_country": country,
        "token_party": party,
        "at": tx.at,
    }
    store.put(tx.db, values)


def authorized(tx: Tx, transaction_id: str, method: AuthMethod, reference: str | None) -> None:
    """Keep how the driver of a session was let in, and the reference that the driver's provider gave."""
    store.set_authorization(tx.db, transaction_id, method.value, reference)


def _place(tx: Tx, transaction: Transaction) -> str | None:
    """Return the CdrLocation of a transaction as JSON, None where its station stands at no location."""
    location = location_store.of_station(tx.db, transaction.station_key)
    if location is None or location.missing or not transaction.evse_id:
        return None
    tenant = tenants.identity(tx.db, transaction.tenant_id)
    evse_id, connector_id = transaction.evse_id, transaction.connector_id or 1
    kit = location_store.equipment(tx.db, transaction.station_key)
    evse = location_store.evse_of(tx.db, transaction.station_key, evse_id)
    uid = evse["uid"] if evse else evse_rules.uid(transaction.station_id, transaction.station_key, evse_id)
    said = location_document.read_evse_equipment(kit.get((evse_id, 0))).evse_id
    return rows.to_json(
        location_document.cdr_location(
            location,
            uid,
            said
            or evse_rules.emi3_id(
                tenant["country_code"], tenant["party_id"], transaction.station_id, evse_id
            ),
            connector_id,
            location_document.read_connector_equipment(kit.get((evse_id, connector_id))),
        )
    )


def refresh(tx: Tx, transaction_id: str) -> bool:
    """Write what partners are shown of a session where that changed; returns whether it did."""
    kept = store.get(tx.db, transaction_id)
    transaction = transactions.get(tx.db, kept["tenant_id"], transaction_id) if kept else None
    if kept is None or transaction is None or kept["token"] is None or transaction.started_at is None:
        return False
    now = to_wire(tx.now)
    new = rows.from_json(rows.to_json(_session(tx, kept, transaction)))
    old = rows.from_json(kept["document"]) if kept["document"] else None
    if old is not None and old | {"last_updated": None} == new | {"last_updated": None}:
        return False
    new["last_updated"] = now
    store.show(tx.db, transaction_id, rows.to_json(new), to_text(from_text(now)))
    body = {
        "status": new["status"],
        "countryCode": kept["token_country"],
        "partyId": kept["token_party"],
    }
    event = Event(
        "session.changed", transaction.tenant_id, transaction.station_id, transaction_id, tx.now, body
    )
    tx.events.append(event)
    return True


def _session(tx: Tx, kept: Row, transaction: Transaction) -> dict[str, Any]:
    """Return the Session object (§9.3.1) as it is now."""
    tenant = tenants.identity(tx.db, transaction.tenant_id)
    row = transactions.raw(tx.db, transaction.id)
    cdr = cdrs.get(tx.db, transaction.tenant_id, transaction.id) if transaction.ended_at else None
    energy_wh, priced = billing.progress(tx, transaction) if cdr is None else (cdr.energy_wh, None)
    place = rows.from_json(kept["location"]) if kept["location"] else billing.unplaced(row)
    accepted = transaction.authorization is AuthorizationStatus.ACCEPTED
    found: dict[str, Any] = {
        "country_code": tenant["country_code"],
        "party_id": tenant["party_id"],
        "id": transaction.id,
        "start_date_time": to_wire(transaction.started_at or tx.now),
        "end_date_time": to_wire(transaction.ended_at) if transaction.ended_at else None,
        "kwh": roaming.kwh(energy_wh),
        "cdr_token": rows.from_json(kept["token"]),
        "auth_method": kept["auth_method"] or billing.auth_method(row),
        "authorization_reference": kept["authorization_reference"],
        "location_id": place["id"],
        "evse_uid": place["evse_uid"],
        "connector_id": place["connector_id"],
        "currency": row["currency"],
        **(_of_cdr(cdr.document) if cdr else _so_far(priced)),
        "status": roaming.status(transaction.state, row["charging_state"], accepted, energy_wh).value,
    }
    return {name: value for name, value in found.items() if value is not None}


def _of_cdr(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in _SHOWN_OF_CDR if name in document}


def _so_far(priced: PricedCharge | None) -> dict[str, Any]:
    return {} if priced is None else _of_cdr(cdr_fields(priced))

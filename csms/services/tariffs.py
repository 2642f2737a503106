"""Tariffs: what operators add and assign, and the explanation of a total (OCPI 2.2.1 §11)."""

from collections.abc import Callable
from typing import Any

from csms.errors import InvalidInput, NotFound
from csms.model import tariff_document, tariff_review
from csms.model.event import Event
from csms.services import billing, stations, tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import rows
from csms.store import tariffs as store
from csms.store import transactions as transaction_store
from csms.store.connection import Row


def add(tx: Tx, caller: Caller, *, document: dict[str, Any], tenant: str | None = None) -> dict[str, Any]:
    """Add an OCPI tariff, or replace the one of the same id; running transactions keep theirs."""
    owner = tenants.resolve(tx, caller, tenant)
    known = tariff_document.Defaults(owner.country_code, owner.party_id, tx.now)
    tariff = tariff_document.decode(rows.to_json(document), known)
    values = {
        "tenant_id": owner.id,
        "id": tariff.id,
        "currency": tariff.currency,
        "active": 1,
        "document": tariff_document.encode(tariff),
        "at": tx.at,
    }
    before = store.get(tx.db, owner.id, tariff.id)
    store.upsert(tx.db, values)
    _changed(tx, owner.id, tariff.id, "added")
    detail = {"before": rows.from_json(before["document"]) if before else None, "after": document}
    tx.audit(caller, owner.id, "tariff.add", tariff.id, detail)
    return show(tx, caller, tariff=tariff.id, tenant=owner.id) | {"warnings": tariff_review.review(tariff)}


def list_tariffs(tx: Tx, caller: Caller, *, tenant: str | None = None) -> list[dict[str, Any]]:
    """Return the tariffs the caller may see and where each applies."""
    scope = tenants.scope(tx, caller, tenant)
    assigned = store.assignments(tx.db, scope)
    return [_shown(row, assigned) for row in store.select(tx.db, scope)]


def shower(tx: Tx, scope: str | None) -> Callable[[Row], dict[str, Any]]:
    """Return what makes of a row of a tenant's (None: anybody's) tariffs what operators see."""
    assigned = store.assignments(tx.db, scope)
    return lambda row: _shown(row, assigned)


def show(tx: Tx, caller: Caller, *, tariff: str, tenant: str | None = None) -> dict[str, Any]:
    """Return one tariff."""
    row = _find(tx, caller, tariff, tenant)
    return _shown(row, store.assignments(tx.db, row["tenant_id"]))


def assign(
    tx: Tx,
    caller: Caller,
    *,
    tariff: str,
    station: str | None = None,
    evse_id: int | None = None,
    tenant: str | None = None,
) -> dict[str, Any]:
    """Let a tariff apply to a tenant's every station, to one, or to one EVSE; the nearest assignment wins."""
    row = _find(tx, caller, tariff, tenant)
    key, evse = store.EVERY_STATION, store.EVERY_EVSE
    if station is not None:
        found = stations.find(tx, caller, station, row["tenant_id"])
        key, evse = found.id, evse if evse_id is None else evse_id
    elif evse_id is not None:
        raise InvalidInput("an EVSE needs its station: add --station")
    store.assign(tx.db, row["tenant_id"], key, evse, row["id"], tx.at)
    _changed(tx, row["tenant_id"], row["id"], "assigned")
    place = _place(station, evse)
    tx.audit(caller, row["tenant_id"], "tariff.assign", row["id"], {"appliesTo": place})
    return {"id": row["id"], "appliesTo": place}


def set_active(
    tx: Tx, caller: Caller, *, tariff: str, active: bool, tenant: str | None = None
) -> dict[str, Any]:
    """Switch a tariff on or off for new transactions."""
    row = _find(tx, caller, tariff, tenant)
    if store.set_active(tx.db, row["tenant_id"], row["id"], active, tx.at):
        _changed(tx, row["tenant_id"], row["id"], "activated" if active else "deactivated")
    detail = {"before": bool(row["active"]), "after": active}
    tx.audit(
        caller, row["tenant_id"], "tariff.activate" if active else "tariff.deactivate", row["id"], detail
    )
    return {"id": row["id"], "active": active}


def explain(tx: Tx, caller: Caller, *, transaction: str, tenant: str | None = None) -> dict[str, Any]:
    """Return every line that makes the total of a transaction, ended or running."""
    found = transaction_store.get(tx.db, tenants.scope(tx, caller, tenant), transaction)
    if found is None:
        raise NotFound(f"no transaction {transaction}")
    return billing.explain(tx, found)


def _find(tx: Tx, caller: Caller, tariff: str, tenant: str | None) -> Row:
    row = store.get(tx.db, tenants.resolve(tx, caller, tenant).id, tariff)
    if row is None:
        raise NotFound(f"no tariff {tariff}")
    return row


def _changed(tx: Tx, tenant_id: str, tariff_id: str, change: str) -> None:
    tx.events.append(Event("tariff.changed", tenant_id, None, tariff_id, tx.now, {"change": change}))


def _shown(row: Row, assigned: list[Row]) -> dict[str, Any]:
    places = [
        _place(a["station_id"], a["evse_id"])
        for a in assigned
        if (a["tenant_id"], a["tariff_id"]) == (row["tenant_id"], row["id"])
    ]
    return {
        "id": row["id"],
        "tenantId": row["tenant_id"],
        "currency": row["currency"],
        "active": bool(row["active"]),
        "appliesTo": ", ".join(places) or None,
        "updatedAt": row["updated_at"],
        "document": rows.from_json(row["document"]),
    }


def _place(station_id: str | None, evse_id: int) -> str:
    if station_id is None:
        return "every station"
    return station_id if evse_id == store.EVERY_EVSE else f"{station_id} EVSE {evse_id}"

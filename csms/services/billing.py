"""What a transaction costs: the tariff frozen at its start, the CDR written with its end (OCPI 2.2.1 §10, §11).

The CDR is part of the unit that ends the transaction, and nothing of it ever changes afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from csms.clock import from_text, to_text, to_wire
from csms.errors import InvalidInput
from csms.model import evse as evse_rules
from csms.model import tariff as tariff_model
from csms.model import tariff_document
from csms.model.cdr import Cdr
from csms.model.charge_curve import ChargeCurve, MeterPoint, Reservation
from csms.model.priced_charge import Line, PricedCharge, cdr_fields
from csms.model.pricing import price
from csms.model.roaming import AuthMethod
from csms.model.station import StationRef
from csms.model.tariff import Dimension
from csms.model.transaction import Transaction, TransactionState
from csms.services import cdr_tokens, corrections, parking
from csms.services.corrections import Settled
from csms.services.unit import Tx
from csms.store import cdrs, ocpi_sessions, reservations, rows, tariffs, tenants
from csms.store import transactions as store
from csms.store.connection import Row

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a transaction will be billed by, decided when it starts."""

    tariff_id: str | None
    tariff_json: str | None
    time_zone: str
    currency: str


def plan(tx: Tx, station: StationRef, evse_id: int, started_at: datetime) -> Plan:
    """Choose the tariff for a transaction: the nearest assignment that is valid at its start."""
    tenant = tenants.identity(tx.db, station.tenant_id)
    time_zone, currency = tenant["time_zone"], tenant["currency"]
    found = tariffs.applying(tx.db, station.tenant_id, station.key, evse_id)
    offered = [(tariff_document.decode(row["document"]), row["document"]) for row in found]
    chosen = tariff_model.choose([tariff for tariff, _ in offered], started_at)
    for tariff, document in offered:
        if tariff is chosen:
            return Plan(tariff.id, document, time_zone, tariff.currency)
    return Plan(None, None, time_zone, currency)


def close(tx: Tx, station: StationRef, row: Row, settled: Settled) -> Cdr:
    """Price an ended transaction and write its CDR; what cannot be priced is written without a price, and noted."""
    try:
        priced = _price(tx, row, settled.ended_at, settled.curve)
    except InvalidInput as error:
        corrections.note(tx, station, row["id"], "not_priced", {"reason": str(error)})
        priced = None
    frozen: Row = ocpi_sessions.get(tx.db, row["id"]) or {}
    document = _document(tx, row, settled, priced, frozen)
    cdr = Cdr(
        id=document["id"],
        tenant_id=station.tenant_id,
        transaction_id=row["id"],
        station_id=station.station_id,
        evse_id=row["evse_id"],
        connector_id=row["connector_id"],
        id_token=row["id_token"],
        started_at=from_text(row["started_at"]),
        ended_at=settled.ended_at,
        energy_wh=settled.energy_wh,
        currency=row["currency"],
        total_cost=priced.total_cost.excl_vat if priced else _ZERO,
        total_cost_incl_vat=priced.total_cost.incl_vat if priced else None,
        tariff_id=row["tariff_id"],
        created_at=tx.now,
        document=document,
    )
    owner = {name: frozen.get(name, "") for name in ("token_country", "token_party")}
    cdrs.insert(tx.db, cdr, **owner)
    body = {
        "cdrId": cdr.id,
        "energyWh": cdr.energy_wh,
        "totalCost": str(cdr.total_cost),
        "currency": cdr.currency,
    }
    tx.emit("cdr.created", station, cdr.id, body | {"transactionId": row["ocpp_id"]})
    return cdr


def told(cdr: Cdr) -> Decimal | None:
    """Return the total that drivers are told (VAT included where it is known), None where nothing was priced."""
    if "tariffs" not in cdr.document:
        return None
    return cdr.total_cost if cdr.total_cost_incl_vat is None else cdr.total_cost_incl_vat


def so_far(tx: Tx, transaction: Transaction) -> Decimal | None:
    """Return the total that drivers are told of a running transaction, as if it ended now; None where it has none."""
    row = store.raw(tx.db, transaction.id)
    if row["tariff"] is None or transaction.started_at is None:
        return None
    ended_at, curve = _so_far(tx, transaction)
    try:
        priced = _price(tx, row, ended_at, curve)
    except InvalidInput:
        return None
    if priced is None:
        return None
    total = priced.total_cost
    return total.excl_vat if total.incl_vat is None else total.incl_vat


def progress(tx: Tx, transaction: Transaction) -> tuple[int, PricedCharge | None]:
    """Return the energy of a transaction by now in Wh, and its price as if it ended now, None where it has none."""
    row = store.raw(tx.db, transaction.id)
    ended_at, curve = _so_far(tx, transaction)
    try:
        return curve[-1][1], _price(tx, row, ended_at, curve)
    except InvalidInput:
        return curve[-1][1], None


def auth_method(row: Row) -> AuthMethod:
    """Return how the driver of a transaction was let in, as far as the transaction itself tells (§10.4.1)."""
    return AuthMethod.COMMAND if row["remote_command_id"] else AuthMethod.WHITELIST


def unplaced(row: Row) -> dict[str, Any]:
    """Return what is known of where a transaction took place whose station stands at no location."""
    return {
        "id": row["station_id"],
        "evse_uid": evse_rules.uid(row["station_id"], row["station_key"], row["evse_id"] or 0),
        "connector_id": str(row["connector_id"]),
    }


def explain(tx: Tx, transaction: Transaction) -> dict[str, Any]:
    """Return every line that makes the total of a transaction, or of one that still runs as if it ended now."""
    row = store.raw(tx.db, transaction.id)
    shown: dict[str, Any] = {
        "transactionId": transaction.ocpp_id,
        "tariffId": transaction.tariff_id,
        "currency": row["currency"] or "",
        "final": transaction.state is TransactionState.ENDED,
        "energyWh": transaction.energy_wh,
        "lines": [],
        "notes": [],
        "totals": {},
    }
    if row["tariff"] is None or transaction.started_at is None:
        return shown | {"notes": ["no tariff applied when this transaction started"]}
    ended_at, curve = _so_far(tx, transaction)
    priced = _price(tx, row, ended_at, curve)
    if priced is None:
        return shown
    totals = {name: value for name, value in cdr_fields(priced).items() if name.startswith("total_")}
    lines = [_line(line, priced) for line in priced.lines]
    return shown | {"energyWh": curve[-1][1], "lines": lines, "notes": list(priced.notes), "totals": totals}


def _so_far(tx: Tx, transaction: Transaction) -> tuple[datetime, tuple[tuple[datetime, int], ...]]:
    """Return the end and the energy curve of a transaction, ended or running."""
    started_at = transaction.started_at or tx.now
    begin_wh = transaction.meter_start_wh or 0
    registers = [
        (from_text(r["taken_at"]), int(r["energy_wh"]))
        for r in store.meter_curve(tx.db, transaction.id)
        if r["energy_wh"] is not None
    ]
    energy_wh = transaction.energy_wh
    if energy_wh is None:
        energy_wh = max([0, *(wh - begin_wh for _, wh in registers)])
    ended_at = transaction.ended_at or max(tx.now, started_at)
    return ended_at, corrections.curve(started_at, ended_at, begin_wh, energy_wh, registers)


def _price(
    tx: Tx, row: Row, ended_at: datetime, energies: Sequence[tuple[datetime, int]]
) -> PricedCharge | None:
    """Price a curve with the tariff a transaction began with; None without one."""
    if row["tariff"] is None:
        return None
    sampled = {r["taken_at"]: r for r in store.meter_curve(tx.db, row["id"])}
    points = [_point(at, wh, sampled.get(to_text(at))) for at, wh in energies]
    spans = parking.spans(tx, row, ended_at, points)
    curve = ChargeCurve(from_text(row["started_at"]), ended_at, points, spans, _reservation(tx, row))
    return price(tariff_document.decode(row["tariff"]), row["time_zone"], curve)


def _reservation(tx: Tx, row: Row) -> Reservation | None:
    """Return the reservation that a transaction used, from when it was made until the start."""
    if row["reservation_id"] is None:
        return None
    made = reservations.used_by(tx.db, row["station_key"], row["reservation_id"], row["id"])
    if made is None or made["created_at"] >= row["started_at"]:
        return None
    return Reservation(from_text(made["created_at"]), from_text(row["started_at"]))


def _point(at: datetime, energy_wh: int, sample: Row | None) -> MeterPoint:
    if sample is None:
        return MeterPoint(at, energy_wh)
    current_a = None if sample["current_a"] is None else Decimal(sample["current_a"])
    return MeterPoint(at, energy_wh, sample["power_w"], current_a)


def _document(tx: Tx, row: Row, settled: Settled, priced: PricedCharge | None, frozen: Row) -> dict[str, Any]:
    """Return the OCPI CDR object (§10.3.1); location and token are those that were frozen at the start."""
    tenant = tenants.identity(tx.db, row["tenant_id"])
    document: dict[str, Any] = {
        "country_code": tenant["country_code"],
        "party_id": tenant["party_id"],
        "id": tx.entropy.hex(),
        "session_id": row["id"],
        "cdr_token": _token(tx, row, frozen),
        "auth_method": frozen.get("auth_method") or auth_method(row),
        "cdr_location": rows.from_json(frozen["location"]) if frozen.get("location") else unplaced(row),
        "last_updated": to_wire(tx.now),
    }
    if frozen.get("authorization_reference"):
        document["authorization_reference"] = frozen["authorization_reference"]
    if priced is not None:
        return document | cdr_fields(priced) | {"tariffs": [msgspec.Raw(row["tariff"])]}
    energy_kwh = Decimal(settled.energy_wh) / 1000
    started_at = from_text(row["started_at"])
    hours = Decimal(int((settled.ended_at - started_at).total_seconds())) / 3600
    volume = [{"type": "ENERGY", "volume": energy_kwh}, {"type": "TIME", "volume": round(hours, 4)}]
    return document | {
        "start_date_time": to_wire(started_at),
        "end_date_time": to_wire(settled.ended_at),
        "currency": row["currency"],
        "charging_periods": [{"start_date_time": to_wire(started_at), "dimensions": volume}],
        "total_cost": {"excl_vat": _ZERO},
        "total_energy": energy_kwh,
        "total_time": round(hours, 4),
    }


def _token(tx: Tx, row: Row, frozen: Row) -> dict[str, Any]:
    if frozen.get("token"):
        kept: dict[str, Any] = rows.from_json(frozen["token"])
        return kept
    return cdr_tokens.of(tx, row["tenant_id"], row["id_token"]).document()


def _line(line: Line, priced: PricedCharge) -> dict[str, Any]:
    """Return one line of a bill as people read it."""
    component = line.component
    period = priced.periods[line.period] if line.period is not None else None
    what = component.type.value if component else line.kind.value
    where = "" if line.element is None else f", element {line.element + 1}"
    since = f" from {to_wire(period.started_at)}" if period and what != Dimension.FLAT else ""
    return {
        "kind": line.kind.value,
        "description": f"{what}{where}{since}" + (f" ({line.note})" if line.note else ""),
        "quantity": _rounded(line.quantity),
        "unit": line.unit,
        "price": component.price if component else None,
        "vat": component.vat if component else None,
        "stepSize": component.step_size if component else None,
        "exclVat": _rounded(line.excl_vat),
        "inclVat": None if line.incl_vat is None else _rounded(line.incl_vat),
    }


def _rounded(value: Any) -> Decimal:
    """Show an exact number with six decimals at the most."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return round(exact, 6).normalize() + 0

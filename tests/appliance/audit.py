"""Holds a fleet's ledger against the database: everything acknowledged is there, once, and the sums are right."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from csms.clock import from_text
from csms.store.backup import check
from csms.store.direct import open_direct, transaction
from tests.appliance.fleet import Charge, Fleet
from tests.appliance.machine import PRICE_PER_KWH

ENERGY = "energy_wh"


def audit(url: str, fleet: Fleet) -> None:
    """Fail with what is wrong first; the fleet must have finished."""
    assert check(url) == []
    with open_direct(url) as direct, transaction(direct, exclusive=False) as db:
        transactions = db.all("SELECT * FROM transactions")
        readings: dict[str, Counter[tuple[Any, int]]] = defaultdict(Counter)
        for row in db.all("SELECT subject, taken_at, energy_wh FROM meter_values"):
            readings[row["subject"]][from_text(row["taken_at"]), row[ENERGY]] += 1
        cdrs: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in db.all("SELECT * FROM cdrs"):
            cdrs[row["transaction_id"]].append(row)
        events = Counter((row["kind"], row["subject"]) for row in db.all("SELECT kind, subject FROM outbox"))
        corrections = db.all("SELECT * FROM corrections")
        twice = db.all(
            """SELECT station_id, message_id FROM messages WHERE digest <> ''
               GROUP BY station_id, message_id HAVING COUNT(*) > 1"""
        )
    assert corrections == []
    assert twice == []
    by_start = Counter(
        (row["station_id"], row["reported_started_at"], row["meter_start_wh"]) for row in transactions
    )
    assert max(by_start.values(), default=0) <= 1
    assert len(transactions) == len(fleet.ledger)
    assert len(cdrs) == len(fleet.ledger)
    found = {(row["station_id"], row["ocpp_id"]): row for row in transactions}
    for charge in fleet.ledger:
        row = found[charge.station_id, str(charge.transaction_id)]
        _check_transaction(row, charge)
        assert readings[row["id"]] == Counter(charge.readings.items()), charge
        assert events["transaction.started", row["id"]] == 1
        assert events["transaction.ended", row["id"]] == 1
        [cdr] = cdrs[row["id"]]
        _check_cdr(cdr, charge)
        assert events["cdr.created", cdr["id"]] == 1


def _check_transaction(row: dict[str, Any], charge: Charge) -> None:
    assert charge.ended_at is not None
    assert charge.meter_stop_wh is not None
    assert charge.stop_acknowledged
    assert row["state"] == "ENDED", charge
    assert from_text(row["started_at"]) == charge.started_at, charge
    assert from_text(row["ended_at"]) == charge.ended_at, charge
    assert row["evse_id"] == charge.connector
    assert (row["meter_start_wh"], row["meter_stop_wh"]) == (charge.meter_start_wh, charge.meter_stop_wh)
    assert row[ENERGY] == charge.meter_stop_wh - charge.meter_start_wh


def _check_cdr(cdr: dict[str, Any], charge: Charge) -> None:
    energy_wh = (charge.meter_stop_wh or 0) - charge.meter_start_wh
    assert cdr[ENERGY] == energy_wh, charge
    assert Decimal(cdr["total_cost"]) == round(Decimal(energy_wh) / 1000 * Decimal(PRICE_PER_KWH), 4), charge

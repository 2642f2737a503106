"""Numbered events of transactions whose id is the station's own (OCPP 2.0.1 block E): any order, any number of times.

Whatever arrives first makes the transaction; what arrives late completes it. An event that comes again (same number,
same content) gets the answer it got and changes nothing. A hole in the numbers is recorded with the transaction, and
so is its filling. The CDR is written once both the start and the end are known.
"""

from itertools import pairwise
from typing import Any, Final

from msgspec import structs

from csms.clock import from_text, to_text
from csms.model import meter
from csms.model.cdr import Cdr
from csms.model.id_token import Authorization, AuthorizationStatus, fold
from csms.model.station import ConnectorStatus, StationRef
from csms.model.transaction import Noted, ReportKind, TransactionReport, TransactionState
from csms.services import (
    billing,
    commands,
    corrections,
    driver_texts,
    readings,
    reservations,
    stations,
    transactions,
)
from csms.services.unit import Tx
from csms.store import cdrs
from csms.store import stations as station_store
from csms.store import transactions as store
from csms.store.connection import Row

_CHARGED: Final = frozenset({"CHARGING", "SUSPENDED_EV", "SUSPENDED_EVSE", "FINISHING"})
_MISSING_SHOWN: Final = 100


def take(tx: Tx, station: StationRef, report: TransactionReport) -> Noted:
    """Take in one event and return what the station is told."""
    row = store.brief_numbered(tx.db, station.key, report.ocpp_id or "")
    if row is not None and _uses_id_again(row, report):
        _set_aside(tx, station, row)
        row = None
    if row is None:
        return _first(tx, station, report)
    if not _is_news(tx, station, row["id"], report, row["last_seq_no"]):
        return _again(tx, station, row, report)
    if report.kind is ReportKind.STARTED:
        return _start_later(tx, station, row, report)
    if row["state"] == TransactionState.ENDED:
        return _after_end(tx, station, row, report)
    return _go_on(tx, station, row, report)


def _first(tx: Tx, station: StationRef, report: TransactionReport) -> Noted:
    """Begin a transaction with whatever is the first that is heard of it."""
    seen = report
    unseen = report.kind is not ReportKind.STARTED
    if unseen:
        moments = [reading.taken_at for reading in report.readings]
        seen = structs.replace(report, at=min([report.at, *moments]), meter_wh=_first_register(report))
    transaction, verdict = transactions.begin(tx, station, seen, start_unseen=unseen)
    if unseen:
        detail = {"eventType": report.kind, "seqNo": report.seq_no}
        corrections.note(tx, station, transaction.id, "start_unseen", detail)
    _is_news(tx, station, transaction.id, report, None)
    row = store.brief_numbered(tx.db, station.key, transaction.ocpp_id) or {}
    noted = _go_on(tx, station, row, structs.replace(report, id_token=None))
    if verdict is not None:
        verdict = driver_texts.with_tariff(tx, station, verdict, report.evse_id or 0)
    return Noted(verdict, noted.total_cost)


def _first_register(report: TransactionReport) -> int | None:
    """Return the register that counts as the start's where the start itself is not known, in Wh."""
    if report.begin_wh is not None or report.kind is ReportKind.ENDED:
        return report.begin_wh
    registers = (meter.summarize(reading).energy_wh for reading in report.readings)
    return next((wh for wh in registers if wh is not None), None)


def _go_on(tx: Tx, station: StationRef, row: Row, report: TransactionReport) -> Noted:
    """Take in what an event says of a running transaction, and end it where the event does."""
    verdict = _learn(tx, station, row, report)
    summary = readings.put(tx, station, row["id"], report.evse_id or row["evse_id"], report.readings)
    _charging_state(tx, station, row, report)
    if report.kind is ReportKind.ENDED:
        return Noted(verdict, _told(_end(tx, station, report)))
    if report.kind is ReportKind.UPDATED:
        body = {"chargingState": report.charging_state, "triggerReason": report.trigger}
        tx.emit("transaction.updated", station, row["id"], summary | body)
    return Noted(verdict)


def _learn(tx: Tx, station: StationRef, row: Row, report: TransactionReport) -> Authorization | None:
    """Complete a running transaction by what it lacked so far: EVSE, id token, register, reservation, remote start."""
    changes: dict[str, Any] = {}
    verdict = transactions.judge(
        tx, station, report, starting=row["id_token"] is None, evse_id=row["evse_id"]
    )
    if verdict is not None and row["id_token"] is None:
        changes["id_token"] = report.id_token
        changes["id_token_folded"] = fold(report.id_token or "")
        changes["authorization"] = verdict.status.value
    if row["meter_start_wh"] is None and report.begin_wh is not None:
        changes["meter_start_wh"] = report.begin_wh
    if row["suspect_at"] is not None:
        changes["suspect_at"] = None
    if report.evse_id and report.evse_id != row["evse_id"]:
        changes |= _bind(tx, station, row, report)
    if report.reservation_id is not None and row["reservation_id"] is None:
        changes["reservation_id"] = report.reservation_id
        reservations.use(tx, station, row["id"], report.reservation_id)
    if report.request_id is not None and row["remote_command_id"] is None:
        changes["remote_command_id"] = commands.claim_remote_start(tx, station, report)
    if changes:
        store.update(tx.db, row["id"], **changes)
        row.update(changes)
    if "id_token" in changes or "evse_id" in changes:
        transactions.freeze(tx, store.whole(tx.db, row["id"]), report, verdict)
    return verdict


def _bind(tx: Tx, station: StationRef, row: Row, report: TransactionReport) -> dict[str, Any]:
    """Return the EVSE of a transaction that began without one, and its tariff; one that changes is only noted."""
    evse_id, connector_id = report.evse_id or 0, report.connector_id or 1
    if row["evse_id"]:
        detail = {"from": row["evse_id"], "to": evse_id}
        corrections.note(tx, station, row["id"], "evse_changed", detail)
        return {}
    station_store.ensure_connector(tx.db, station.key, evse_id, connector_id)
    station_store.assume_status(tx.db, station.key, evse_id, ConnectorStatus.OCCUPIED, to_text(report.at))
    return {"evse_id": evse_id, "connector_id": connector_id} | _tariff(tx, station, evse_id, row)


def _tariff(tx: Tx, station: StationRef, evse_id: int, row: Row) -> dict[str, Any]:
    """Return the columns of the tariff that holds for a transaction, once its EVSE and its start are known."""
    plan = billing.plan(tx, station, evse_id, from_text(row["started_at"]))
    return {
        "tariff_id": plan.tariff_id,
        "tariff": plan.tariff_json,
        "time_zone": plan.time_zone,
        "currency": plan.currency,
    }


def _charging_state(tx: Tx, station: StationRef, row: Row, report: TransactionReport) -> None:
    """Show a new charging state at the connector; connected after the charge is finishing, before it preparing."""
    state = report.charging_state
    if state is ConnectorStatus.PREPARING and row["charging_state"] in _CHARGED:
        state = ConnectorStatus.FINISHING
    if state is None or state == row["charging_state"]:
        return
    store.update(tx.db, row["id"], charging_state=state.value)
    if row["evse_id"]:
        said = stations.StatusReport(row["evse_id"], report.connector_id or 1, state, report.at)
        stations.status(tx, station, said)


def _end(tx: Tx, station: StationRef, report: TransactionReport) -> Cdr | None:
    """End the transaction; its connector is occupied still, unless the cable was pulled."""
    row = store.by_ocpp_id(tx.db, station.key, report.ocpp_id or "") or {}
    cdr = transactions.end(tx, station, row, report)
    if row["evse_id"] and not store.open_on(tx.db, station.key, row["evse_id"]):
        gone = report.reason == "EVDisconnected"
        left = ConnectorStatus.AVAILABLE if gone else ConnectorStatus.OCCUPIED
        station_store.after_charge(tx.db, station.key, row["evse_id"], left, to_text(report.at))
    return cdr


def _start_later(tx: Tx, station: StationRef, row: Row, report: TransactionReport) -> Noted:
    """Complete a transaction whose start arrives after other events, and write the CDR that waited for it."""
    if not row["start_unseen"]:
        corrections.note(tx, station, row["id"], "second_start_ignored", {"reported": to_text(report.at)})
        return Noted(transactions.judge(tx, station, report, evse_id=row["evse_id"]))
    verdict = _learn(tx, station, row, report)
    started_at = corrections.sane_time(report.at, tx.now)
    known: Row = {"started_at": to_text(started_at), "reported_started_at": to_text(report.at)}
    if report.meter_wh is not None:
        known["meter_start_wh"] = report.meter_wh
    tariff = _tariff(tx, station, row["evse_id"], known)
    store.update(tx.db, row["id"], start_unseen=0, **known, **tariff)
    readings.put(tx, station, row["id"], row["evse_id"], report.readings)
    if row["state"] != TransactionState.ENDED:
        return Noted(verdict)
    return Noted(verdict, _told(bill(tx, station, row["id"])))


def bill(tx: Tx, station: StationRef, transaction_id: str) -> Cdr:
    """Settle anew what has ended without its start, now that it counts as known, and write the CDR."""
    whole = store.raw(tx.db, transaction_id)
    meter_wh = whole["meter_stop_wh"]
    ended_at = from_text(whole["reported_ended_at"])
    settled = corrections.settle(tx, station, whole, ended_at, meter_wh)
    fixed = {
        "ended_at": to_text(settled.ended_at),
        "meter_start_wh": settled.meter_start_wh,
        "meter_stop_wh": settled.meter_stop_wh,
        "energy_wh": settled.energy_wh,
        "start_unseen": 0,
    }
    store.update(tx.db, transaction_id, **fixed)
    return billing.close(tx, station, whole | fixed, settled)


def _after_end(tx: Tx, station: StationRef, row: Row, report: TransactionReport) -> Noted:
    """Keep what arrives after the end; the bill is written and stands."""
    if report.kind is ReportKind.ENDED and row["reported_ended_at"] != to_text(report.at):
        detail = {"reportedAt": to_text(report.at), "meterStopWh": report.meter_wh}
        corrections.note(tx, station, row["id"], "second_stop_ignored", detail)
    if report.readings:
        if report.kind is ReportKind.UPDATED and not row["start_unseen"]:
            detail = {"takenAt": to_text(report.readings[-1].taken_at)}
            corrections.note(tx, station, row["id"], "reading_after_end", detail)
        readings.put(tx, station, row["id"], row["evse_id"], report.readings)
    return Noted(
        transactions.judge(tx, station, report, evse_id=row["evse_id"]), _final_cost(tx, row, report)
    )


def _again(tx: Tx, station: StationRef, row: Row, report: TransactionReport) -> Noted:
    """Return the answer an event got before."""
    verdict = transactions.judge(tx, station, report, evse_id=row["evse_id"])
    if (
        verdict is not None
        and row["authorization"]
        and fold(row["id_token"] or "") == fold(report.id_token or "")
    ):
        status = AuthorizationStatus(row["authorization"])
        verdict = Authorization(status, verdict.expires_at, verdict.group_id, evse_ids=verdict.evse_ids)
    return Noted(verdict, _final_cost(tx, row, report))


def _final_cost(tx: Tx, row: Row, report: TransactionReport) -> Any:
    cdr = cdrs.get(tx.db, None, row["id"]) if report.kind is ReportKind.ENDED else None
    return _told(cdr)


def _told(cdr: Cdr | None) -> Any:
    return None if cdr is None else billing.told(cdr)


def _is_news(
    tx: Tx, station: StationRef, transaction_id: str, report: TransactionReport, last: int | None
) -> bool:
    """Keep that an event came, and look for holes where its number does not follow; False for a repeated one."""
    values = {
        "transaction_id": transaction_id,
        "seq_no": report.seq_no,
        "digest": report.digest,
        "event_type": report.kind.value,
        "reported_at": to_text(report.at),
        "received_at": tx.at,
        "trigger_reason": report.trigger,
        "offline": int(report.offline),
    }
    if not store.add_event(tx.db, values):
        return False
    if last is not None and report.seq_no not in (last, last + 1):
        _check_sequence(tx, station, transaction_id)
    return True


def _check_sequence(tx: Tx, station: StationRef, transaction_id: str) -> None:
    """Record which numbers are missing, or that none is any more.

    Only where they count from 0: some stations number all their events through, whatever the transaction.
    """
    numbers = store.seq_nos(tx.db, transaction_id)
    if not numbers or numbers[0] != 0:
        return
    missing: list[int] = []
    for before, after in pairwise(numbers):
        room = _MISSING_SHOWN - len(missing)
        missing += range(before + 1, min(after, before + 1 + room))
    if missing:
        corrections.note(tx, station, transaction_id, "sequence_gap", {"missing": missing})
    elif any(kept.kind == "sequence_gap" for kept in store.corrections(tx.db, transaction_id)):
        corrections.note(tx, station, transaction_id, "sequence_complete", {"events": len(numbers)})


def _uses_id_again(row: Row, report: TransactionReport) -> bool:
    """Whether a start is another transaction's that bears an old id: it begins after the other has ended."""
    return (
        report.kind is ReportKind.STARTED
        and not row["start_unseen"]
        and row["state"] == TransactionState.ENDED
        and to_text(report.at) > row["reported_ended_at"]
    )


def _set_aside(tx: Tx, station: StationRef, row: Row) -> None:
    """Free the station's id of an ended transaction, so that another one can bear it."""
    corrections.note(tx, station, row["id"], "id_used_again", {"transactionId": row["ocpp_id"]})
    store.update(tx.db, row["id"], ocpp_id=f"{row['ocpp_id']}~{row['id'][:8]}")

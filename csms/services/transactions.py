"""Transactions: start, meter values and stop, as reported by a station of any OCPP version.

Retries are normal: a repeated report gives the same answer and changes nothing (OCPP 1.6 J errata §4.1.1). A report
is never refused for what it says; what cannot be taken as it came is corrected and the correction recorded.
"""

from datetime import datetime
from typing import Any

from csms.clock import from_text, to_text
from csms.errors import CsmsError
from csms.model.cdr import Cdr
from csms.model.id_token import Authorization, AuthorizationStatus, fold
from csms.model.roaming import AuthMethod
from csms.model.station import ConnectorStatus, StationRef
from csms.model.transaction import (
    ReportKind,
    Started,
    Stopped,
    Transaction,
    TransactionReport,
    TransactionState,
)
from csms.services import (
    billing,
    charging_profiles,
    commands,
    corrections,
    readings,
    reservations,
    roaming_sessions,
    tokens,
)
from csms.services.unit import Tx
from csms.store import stations
from csms.store import transactions as store
from csms.store.connection import Row

LARGEST_OCPP_ID = 2**31 - 1
"""transactionId is a signed 32-bit integer on every station known (OCPP 1.6 §6.45)."""
NO_ID = ("-1", "0")
"""What stations send when a start was never confirmed to them (1.6 J errata), or their memory was lost."""


def start(tx: Tx, station: StationRef, report: TransactionReport) -> Started:
    """Begin a transaction, or answer a repeated start with the transaction it began."""
    business_key = _business_key(report)
    known = store.by_business_key(tx.db, station.key, business_key)
    if known is not None and not _is_another(tx, known, report):
        return Started(known["ocpp_id"], _verdict_given(tx, station, known))
    transaction, verdict = begin(tx, station, report, business_key)
    return Started(transaction.ocpp_id, verdict or Authorization(AuthorizationStatus.INVALID))


def begin(
    tx: Tx,
    station: StationRef,
    report: TransactionReport,
    business_key: str | None = None,
    *,
    start_unseen: bool = False,
) -> tuple[Transaction, Authorization | None]:
    """Begin a transaction and judge the id token, if one was shown.

    A refused id token begins one too, for the station may have let it charge (1.6 §4.8). `start_unseen`: what is
    known of it comes from a later report.
    """
    evse_id = report.evse_id or 0
    if evse_id:
        stations.ensure_connector(tx.db, station.key, evse_id, report.connector_id or 1)
    ocpp_id = report.ocpp_id or _new_ocpp_id(tx, station)
    started_at = corrections.sane_time(report.at, tx.now)
    later = _supersede(tx, station, evse_id, ocpp_id, started_at)
    verdict = judge(tx, station, report, starting=True)
    plan = billing.plan(tx, station, evse_id, started_at)
    transaction = Transaction(
        id=tx.entropy.hex(),
        tenant_id=station.tenant_id,
        station_key=station.key,
        station_id=station.station_id,
        ocpp_id=ocpp_id,
        state=TransactionState.AWAITING_STOP if later else TransactionState.ACTIVE,
        evse_id=evse_id,
        connector_id=report.connector_id or 1,
        id_token=report.id_token,
        authorization=verdict.status if verdict else None,
        started_at=started_at,
        reported_started_at=report.at,
        meter_start_wh=report.meter_wh,
        reservation_id=report.reservation_id,
        remote_command_id=commands.claim_remote_start(tx, station, report),
        tariff_id=plan.tariff_id,
    )
    columns = {"tariff": plan.tariff_json, "time_zone": plan.time_zone, "currency": plan.currency}
    keys = {"business_key": business_key, "id_token_folded": fold(report.id_token or "")}
    seen = {"received_at": tx.at, "start_unseen": int(start_unseen)}
    store.insert(tx.db, transaction, **columns, **keys, **seen)
    freeze(tx, transaction, report, verdict)
    corrections.check_start(tx, station, transaction)
    if later is not None:
        corrections.note(tx, station, transaction.id, "superseded", {"by": later})
    _begun(tx, station, transaction)
    return transaction, verdict


def freeze(
    tx: Tx, transaction: Transaction, report: TransactionReport, verdict: Authorization | None
) -> None:
    """Keep where a transaction takes place, whose its token is, and whether that partner was asked about it."""
    roaming_sessions.freeze(tx, transaction, report.id_token_type)
    if verdict is not None and verdict.realtime is not None:
        roaming_sessions.authorized(tx, transaction.id, AuthMethod.AUTH_REQUEST, verdict.realtime or None)


def judge(
    tx: Tx, station: StationRef, report: TransactionReport, *, starting: bool = False, evse_id: int = 0
) -> Authorization | None:
    """Return the verdict on the id token that a report shows, None where it shows none.

    `evse_id` is where the transaction takes place, for a report that leaves it out.
    """
    if report.id_token is None:
        return None
    if starting and report.digest:
        shown = tokens.authorize(tx, station, report.id_token, type=report.id_token_type, ask=False)
        if shown.accepted and tokens.is_master_pass(tx, station, shown.group_id):
            return Authorization(AuthorizationStatus.INVALID, shown.expires_at, shown.group_id)
    ask = report.kind is not ReportKind.ENDED
    return tokens.authorize(
        tx,
        station,
        report.id_token,
        starting=starting,
        type=report.id_token_type,
        ask=ask,
        evse_id=report.evse_id or evse_id,
    )


def _begun(tx: Tx, station: StationRef, transaction: Transaction) -> None:
    """Let everything know that a transaction runs: reservation, connector, listeners; adopt a stop that came first."""
    reserved = reservations.begun(tx, station, transaction)
    if reserved != transaction.reservation_id:
        store.update(tx.db, transaction.id, reservation_id=reserved)
    started_at = to_text(transaction.started_at or tx.now)
    if transaction.evse_id:
        stations.assume_status(tx.db, station.key, transaction.evse_id, ConnectorStatus.OCCUPIED, started_at)
    body = {
        "transactionId": transaction.ocpp_id,
        "evseId": transaction.evse_id,
        "idToken": transaction.id_token,
        "meterStartWh": transaction.meter_start_wh,
        "startedAt": started_at,
        "authorization": transaction.authorization,
    }
    tx.emit("transaction.started", station, transaction.id, body)
    _adopt_early_stop(tx, station, transaction)


def stop(tx: Tx, station: StationRef, report: TransactionReport) -> Stopped:
    """End a transaction and write its CDR; a repeated or unknown stop is answered all the same."""
    verdict = tokens.authorize(tx, station, report.id_token, ask=False) if report.id_token else None
    ocpp_id = report.ocpp_id or NO_ID[0]
    row = store.by_ocpp_id(tx.db, station.key, ocpp_id)
    if row is None and store.stopped_like(
        tx.db,
        station.key,
        None if ocpp_id in NO_ID else ocpp_id,
        fold(report.id_token or ""),
        to_text(report.at),
        report.meter_wh,
    ):
        return Stopped(verdict)
    if row is None and ocpp_id in NO_ID:
        row = _match_without_id(tx, station, report)
    if row is None:
        _orphan(tx, station, report, ocpp_id)
    elif row["state"] == TransactionState.ENDED:
        _stopped_again(tx, station, row, report)
    else:
        readings.put(tx, station, row["id"], row["evse_id"], report.readings)
        end(tx, station, row, report)
    return Stopped(verdict)


def meter_values(tx: Tx, station: StationRef, report: TransactionReport) -> None:
    """Keep meter values; without a usable transaction id they belong to the open transaction of the EVSE."""
    row = None
    if report.ocpp_id is not None and report.ocpp_id not in NO_ID:
        row = store.brief(tx.db, station.key, report.ocpp_id)
    elif report.evse_id and report.readings:
        row = _running_when(tx, station, report.evse_id, report.readings[-1].taken_at)
    if row is None:
        readings.put(tx, station, "", report.evse_id or 0, report.readings)
        return
    late = row["state"] == TransactionState.ENDED and report.readings
    if late and not store.has_reading(tx.db, row["id"], to_text(report.readings[-1].taken_at)):
        detail = {"takenAt": to_text(report.readings[-1].taken_at)}
        corrections.note(tx, station, row["id"], "reading_after_end", detail)
    summary = readings.put(tx, station, row["id"], row["evse_id"], report.readings)
    if row["suspect_at"] is not None:
        store.update(tx.db, row["id"], suspect_at=None)
    tx.emit("transaction.updated", station, row["id"], summary)


def suspect_open(tx: Tx, station: StationRef) -> None:
    """Mark the open transactions of a station that has just booted: their stop may still be in its queue."""
    for row in store.open_on(tx.db, station.key):
        store.update(tx.db, row["id"], suspect_at=tx.at)


def end(tx: Tx, station: StationRef, row: Row, report: TransactionReport) -> Cdr | None:
    """Settle energy and span, end the transaction, write its CDR: all in the unit that answers the stop.

    A transaction whose start nobody has seen gets its CDR when the start arrives; until then there is none.
    """
    settled = corrections.settle(tx, station, row, report.at, report.meter_wh)
    ended_at = to_text(settled.ended_at)
    ended: dict[str, Any] = {
        "state": TransactionState.ENDED.value,
        "ended_at": ended_at,
        "reported_ended_at": to_text(report.at),
        "meter_start_wh": settled.meter_start_wh,
        "meter_stop_wh": settled.meter_stop_wh,
        "energy_wh": settled.energy_wh,
        "stop_reason": report.reason or "Local",
        "suspect_at": None,
    }
    store.update(tx.db, row["id"], **ended)
    if row["evse_id"] and not report.digest and not store.open_on(tx.db, station.key, row["evse_id"]):
        stations.assume_status(tx.db, station.key, row["evse_id"], ConnectorStatus.AVAILABLE, ended_at)
    body = {
        "transactionId": row["ocpp_id"],
        "evseId": row["evse_id"],
        "energyWh": settled.energy_wh,
        "endedAt": ended_at,
        "reason": ended["stop_reason"],
    }
    tx.emit("transaction.ended", station, row["id"], body)
    commands.claim_remote_stop(tx, station, row["ocpp_id"], report.reason)
    charging_profiles.transaction_ended(tx, station, row["ocpp_id"], row["evse_id"])
    return None if row["start_unseen"] else billing.close(tx, station, row | ended, settled)


def _new_ocpp_id(tx: Tx, station: StationRef) -> str:
    """Return a transaction id that is positive, unused at this station and not guessable."""
    for _ in range(10):
        ocpp_id = str(tx.entropy.below(LARGEST_OCPP_ID) + 1)
        if store.brief(tx.db, station.key, ocpp_id) is None:
            return ocpp_id
    raise CsmsError("no free transaction id found")


def _business_key(report: TransactionReport) -> str:
    """Return what identifies a start whatever message id it comes with (ocpp.md, idempotency)."""
    return f"{report.evse_id}|{fold(report.id_token or '')}|{to_text(report.at)}|{report.meter_wh}"


def _is_another(tx: Tx, known: Row, report: TransactionReport) -> bool:
    """Whether a start that looks like a known one is another: a clock that is not set shows every hour twice."""
    if known["state"] != TransactionState.ENDED or corrections.sane_time(report.at, tx.now) == report.at:
        return False
    store.update(tx.db, known["id"], business_key=None)
    return True


def _verdict_given(tx: Tx, station: StationRef, row: Row) -> Authorization:
    """Return the verdict that a start was answered with."""
    verdict = tokens.authorize(tx, station, row["id_token"], ask=False)
    return Authorization(AuthorizationStatus(row["authorization"]), verdict.expires_at, verdict.group_id)


def _supersede(
    tx: Tx, station: StationRef, evse_id: int, by_ocpp_id: str, started_at: datetime
) -> str | None:
    """Keep an open transaction of the same EVSE, awaiting the stop that has not arrived yet.

    Returns the id of a transaction that began later already, for then the new one is the replayed one.
    """
    later = None
    for row in store.open_on(tx.db, station.key, evse_id) if evse_id else ():
        if row["started_at"] > to_text(started_at):
            later = str(row["ocpp_id"])
        elif row["state"] == TransactionState.ACTIVE:
            store.update(tx.db, row["id"], state=TransactionState.AWAITING_STOP.value)
            corrections.note(tx, station, row["id"], "superseded", {"by": by_ocpp_id})
    return later


def _running_when(tx: Tx, station: StationRef, evse_id: int, taken_at: datetime) -> Row | None:
    """Return the open transaction that a reading without an id belongs to: the latest that had begun by then."""
    at = to_text(corrections.sane_time(taken_at, tx.now))
    return next((row for row in store.open_on(tx.db, station.key, evse_id) if row["started_at"] <= at), None)


def _match_without_id(tx: Tx, station: StationRef, report: TransactionReport) -> Row | None:
    """Find the one open transaction that a stop without an id can mean: same token, begun before, register below."""
    at = to_text(corrections.sane_time(report.at, tx.now))
    fits = [
        row
        for row in store.open_on(tx.db, station.key)
        if row["started_at"] <= at
        and (report.meter_wh is None or (row["meter_start_wh"] or 0) <= report.meter_wh)
        and (report.id_token is None or row["id_token_folded"] == fold(report.id_token))
    ]
    if len(fits) != 1:
        return None
    corrections.note(tx, station, fits[0]["id"], "matched_without_id", {"sentId": report.ocpp_id})
    return fits[0]


def _stopped_again(tx: Tx, station: StationRef, row: Row, report: TransactionReport) -> None:
    """Ignore a second stop; record it when it says something else than the first."""
    differs = row["reported_ended_at"] != to_text(report.at) or report.meter_wh not in (
        0,
        row["meter_stop_wh"],
    )
    if differs:
        detail = {"reportedAt": to_text(report.at), "meterStopWh": report.meter_wh}
        corrections.note(tx, station, row["id"], "second_stop_ignored", detail)


def _orphan(tx: Tx, station: StationRef, report: TransactionReport, ocpp_id: str) -> None:
    """Keep a stop that belongs to no transaction we know; it touches no connector and makes no CDR."""
    orphan = Transaction(
        id=tx.entropy.hex(),
        tenant_id=station.tenant_id,
        station_key=station.key,
        station_id=station.station_id,
        ocpp_id=ocpp_id,
        state=TransactionState.ORPHANED,
        evse_id=None,
        connector_id=None,
        id_token=report.id_token,
        authorization=None,
        started_at=None,
        reported_started_at=None,
        ended_at=corrections.sane_time(report.at, tx.now),
        reported_ended_at=report.at,
        meter_stop_wh=report.meter_wh,
        stop_reason=report.reason or "Local",
    )
    store.insert(tx.db, orphan, id_token_folded=fold(report.id_token or ""), received_at=tx.at)
    readings.put(tx, station, orphan.id, 0, report.readings)
    corrections.note(
        tx, station, orphan.id, "stop_without_start", {"sentId": ocpp_id, "meterStopWh": report.meter_wh}
    )


def _adopt_early_stop(tx: Tx, station: StationRef, transaction: Transaction) -> None:
    """End a transaction at once whose stop, sent without an id, arrived before its start."""
    started_at = to_text(transaction.started_at or tx.now)
    for orphan in reversed(store.orphans(tx.db, station.key)):
        fits = (
            orphan["ocpp_id"] in NO_ID
            and orphan["ended_at"] >= started_at
            and (orphan["meter_stop_wh"] or 0) >= (transaction.meter_start_wh or 0)
            and orphan["id_token_folded"] in ("", fold(transaction.id_token or ""))
        )
        if fits:
            store.adopt(tx.db, orphan["id"], transaction.id)
            corrections.note(
                tx, station, transaction.id, "stop_before_start_report", {"sentId": orphan["ocpp_id"]}
            )
            row = store.by_ocpp_id(tx.db, station.key, transaction.ocpp_id) or {}
            end(tx, station, row, _stop_report(orphan))
            return


def _stop_report(orphan: Row) -> TransactionReport:
    """Return the stop that an orphan was made from."""
    return TransactionReport(
        kind=ReportKind.ENDED,
        at=from_text(orphan["reported_ended_at"]),
        ocpp_id=orphan["ocpp_id"],
        id_token=orphan["id_token"],
        meter_wh=orphan["meter_stop_wh"],
        reason=orphan["stop_reason"],
    )

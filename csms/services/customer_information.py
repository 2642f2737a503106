"""What stations know of customers: asked for, shown to the operator once, kept no longer (OCPP 2.0.1 N09, N10).

The parts of a report lie in a table of their own until they are shown, an hour at the longest; neither the message
log nor events hold them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from csms.clock import to_text
from csms.errors import InvalidInput, NotFound
from csms.model.command import CallStatus, Command, Outcome, Purpose
from csms.model.customer_request import CustomerInformation
from csms.model.id_token import ISO14443
from csms.model.station import ChargingStation, StationRef
from csms.services import device_reports, stations
from csms.services.access import Caller
from csms.services.commands import CallResult
from csms.services.device_reports import Part
from csms.services.errand import Errand
from csms.services.unit import Tx
from csms.store import abilities
from csms.store import commands as command_store
from csms.store import display_messages as store
from csms.store import tokens as token_store

ACTION: Final = "CustomerInformation"
KEPT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ask:
    """Tell what is known of a customer, forget it (`clear`), or both; named in exactly one way."""

    report: bool = True
    clear: bool = False
    id_token: str | None = None
    identifier: str | None = None
    certificate: dict[str, Any] | None = None


async def ask(errand: Errand, order: Ask) -> tuple[CallResult, dict[str, Any]]:
    """Ask a station about a customer."""
    named = [name for name in (order.id_token, order.identifier, order.certificate) if name is not None]
    if len(named) != 1:
        raise InvalidInput("name the customer in one way: an id token, an identifier or a certificate")
    if not (order.report or order.clear):
        raise InvalidInput("have the station tell what it knows, forget it, or both")
    command = await errand.house.unit.run(lambda tx: _prepare(tx, errand.station, order))
    result = await errand.carry_out(command)
    return result, {"requestId": command.number} if result.status is CallStatus.ANSWERED else {}


def _prepare(tx: Tx, station: ChargingStation, order: Ask) -> CustomerInformation:
    number = abilities.count(tx.db, station.id, "request")
    token = token_store.get(tx.db, station.tenant_id, order.id_token) if order.id_token else None
    return CustomerInformation(
        number, order.report, order.clear, order.id_token, order.identifier, order.certificate,
        token.type if token else ISO14443,
    )  # fmt: skip


def reported(tx: Tx, station: StationRef, report: tuple[Part, str]) -> None:
    """Keep a part until it is shown; what nobody has asked for is not kept."""
    part, data = report
    if _command(tx, station.key, part.request_id) is not None:
        values = {
            "station_key": station.key,
            "request_id": part.request_id,
            "seq_no": part.seq_no or 0,
            "data": data,
            "received_at": tx.at,
        }
        store.put_customer_part(tx.db, values)
    device_reports.take(tx, station, part)


def told(tx: Tx, caller: Caller, station: ChargingStation, command: Command | None) -> dict[str, Any]:
    """Return what a station has told of a customer, once it has told all; it is forgotten with that."""
    if command is None or command.outcome is not Outcome.DONE or not command.request.get("report"):
        return {}
    number = command.request_id or 0
    parts = store.take_customer_parts(tx.db, station.id, number)
    if not parts:
        return {}
    tx.audit(caller, station.tenant_id, "customer.shown", station.station_id, {"requestId": number})
    return {"data": "".join(parts)}


def collect(
    tx: Tx, caller: Caller, *, station: str, request: int, tenant: str | None = None
) -> dict[str, Any]:
    """Return what a station has told of a customer after the operator had stopped waiting; shown once."""
    found = stations.find(tx, caller, station, tenant)
    shown = told(tx, caller, found, _command(tx, found.id, request))
    if not shown:
        raise NotFound(
            f"nothing to show for request {request}: not told yet, shown before, or older than an hour"
        )
    return {"stationId": found.station_id, "requestId": request} | shown


def _command(tx: Tx, station_key: str, request_id: int) -> Command | None:
    found = command_store.of_request(tx.db, station_key, Purpose.REPORT, request_id)
    return found if found is not None and found.action == ACTION else None


def forget(tx: Tx) -> int:
    """Forget what nobody has looked at for an hour."""
    return store.forget_customers(tx.db, to_text(tx.now - KEPT))

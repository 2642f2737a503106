"""OCPP 1.6: Plug & Charge in DataTransfer (OCA application note: vendor org.openchargealliance.iso15118pnc).

The messages of OCPP 2.0.1 come and go as JSON text in `data`, under their own names in `messageId`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from csms.clock import to_wire
from csms.model.certificate import CertificateKind
from csms.model.command import Reply
from csms.model.station import StationRef
from csms.ocpp import certificates
from csms.ocpp import contracts as con
from csms.ocpp.shapes import agreed
from csms.ocpp.v16.translate import verbatim
from csms.services import station_security, stations
from csms.services.contract_certificates import ContractCertificates
from csms.services.station_security import Wish
from csms.services.unit import Tx

VENDOR: Final = "org.openchargealliance.iso15118pnc"
ENABLED: Final = "ISO15118PnCEnabled"
"""The configuration key of a station that knows the application note."""
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One message inside DataTransfer: the row that it has in OCPP 2.0.1."""

    read: Callable[[Payload, datetime, list[str]], Any]
    verb: Callable[[Tx, StationRef, Any], Any]
    write: Callable[[Any], dict[str, Any]]
    prepare: Callable[[ContractCertificates, StationRef, Any], Awaitable[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A DataTransfer: what is inside where we know it, else the status that says why not."""

    body: dict[str, Any]
    row: Row | None = None
    report: Any = None
    status: str = "UnknownVendorId"


def read(payload: Payload, now: datetime, notes: list[str]) -> Transfer:
    """DataTransfer.req (§4.3): of the vendors' messages we know those of Plug & Charge."""
    body = verbatim(payload, now, notes)
    if str(payload.get("vendorId", "")).casefold() != VENDOR:
        return Transfer(body)
    row = MESSAGES.get(str(payload.get("messageId")))
    if row is None:
        return Transfer(body, status="UnknownMessageId")
    inner = _inner(payload.get("data"))
    if inner is None:
        return Transfer(body, status="Rejected")
    try:
        return Transfer(body, row, row.read(inner, now, notes), "Accepted")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        notes.append(f"data is no {payload.get('messageId')}: {error!r}"[:200])
        return Transfer(body, status="Rejected")


async def prepare(contracts: ContractCertificates, station: StationRef, transfer: Transfer) -> Transfer:
    """Ask the outside where the message inside needs it."""
    if transfer.row is None or transfer.row.prepare is None:
        return transfer
    return replace(transfer, report=await transfer.row.prepare(contracts, station, transfer.report))


def take(tx: Tx, station: StationRef, transfer: Transfer) -> tuple[str, str | None]:
    """Do what the message inside asks, and return the status with the answer to it; others are only kept."""
    if transfer.row is None:
        stations.record(tx, station, "data.transfer", transfer.body)
        return transfer.status, None
    result = transfer.row.verb(tx, station, transfer.report)
    return transfer.status, msgspec.json.encode(transfer.row.write(result)).decode()


def answer(said: tuple[str, str | None]) -> dict[str, Any]:
    """DataTransfer.conf."""
    status, data = said
    return {"status": status} | ({"data": data} if data is not None else {})


def wrapped(message: str, payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a DataTransfer to a station with a message of OCPP 2.0.1 inside."""
    data = msgspec.json.encode(payload).decode()
    return "DataTransfer", {"vendorId": VENDOR, "messageId": message, "data": data}


def transferred(request: dict[str, Any], response: dict[str, Any]) -> Reply:
    """DataTransfer.conf of a station: what it says of a message inside is in its data."""
    reply = agreed(request, response)
    if not reply.agreed or request.get("vendorId") != VENDOR:
        return reply
    asked, said = _inner(request.get("data")) or {}, _inner(response.get("data"))
    if said is None:
        return Reply(response, False)
    inner = _REPLIES.get(str(request.get("messageId")), agreed)(asked, said)
    return Reply(response, inner.agreed, inner.facts)


def _inner(data: Any) -> dict[str, Any] | None:
    """Return the object in a DataTransfer; some stations send it without making it a text."""
    if isinstance(data, str):
        try:
            data = msgspec.json.decode(data)
        except msgspec.DecodeError:
            return None
    return data if isinstance(data, dict) else None


def _read_wish(payload: Payload, now: datetime, notes: list[str]) -> Wish:
    kind = payload.get("certificateType", CertificateKind.V2G)
    wanted = CertificateKind(kind) if kind in set(CertificateKind) else CertificateKind.V2G
    return Wish(str(payload["csr"]), wanted, verbatim(payload, now, notes))


def _wish_answer(accepted: bool) -> dict[str, Any]:
    return {"status": "Accepted" if accepted else "Rejected"}


def _authorize_answer(judged: con.Judged) -> dict[str, Any]:
    verdict = judged.authorization
    info: dict[str, Any] = {"status": verdict.status.value}
    if verdict.expires_at is not None:
        info["cacheExpiryDateTime"] = to_wire(verdict.expires_at)
    status = {"certificateStatus": judged.status.value} if judged.status else {}
    return {"idTokenInfo": info} | status


MESSAGES: Final[dict[str, Row]] = {
    "Authorize": Row(con.read_authorize, con.authorize, _authorize_answer, con.judge),
    "Get15118EVCertificate": Row(con.read_ev_request, con.keep, con.ev_answer, con.ask_provider),
    "GetCertificateStatus": Row(con.read_status_request, con.keep, con.status_answer, con.ask_responder),
    "SignCertificate": Row(_read_wish, station_security.sign_certificate, _wish_answer),
}
_REPLIES: Final[dict[str, Callable[[dict[str, Any], dict[str, Any]], Reply]]] = {
    "DeleteCertificate": certificates.deleted,
    "GetInstalledCertificateIds": certificates.held_201,
    "InstallCertificate": certificates.installed,
}

"""OCPP 2.0.1: what stations report of themselves, of jobs they were given, and what is only kept (blocks A–P)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from csms.clock import to_text
from csms.log import is_secret
from csms.model.command import Outcome, Purpose
from csms.model.id_token import Authorization, AuthorizationStatus
from csms.model.reservation import ReservationStatus
from csms.model.station import StationRef
from csms.ocpp.moments import read_moment
from csms.ocpp.relaxed import storable
from csms.ocpp.shapes import HIDDEN
from csms.ocpp.v201 import names
from csms.ocpp.v201.translate import STATUSES, evse_number, id_token_info, verbatim
from csms.services import commands, reservations, stations, tokens
from csms.services.device_reports import Part, Variable
from csms.services.stations import StatusReport
from csms.services.unit import Tx

Payload = Mapping[str, Any]

_FIRMWARE_ENDS: Final = {
    "Installed": Outcome.DONE,
    "DownloadFailed": Outcome.FAILED,
    "InstallationFailed": Outcome.FAILED,
    "InvalidSignature": Outcome.FAILED,
    "InstallVerificationFailed": Outcome.FAILED,
    "Published": Outcome.DONE,
    "PublishFailed": Outcome.FAILED,
    "InvalidChecksum": Outcome.FAILED,
}
_UPLOAD_ENDS: Final = {
    "Uploaded": Outcome.DONE,
    "UploadFailure": Outcome.FAILED,
    "BadMessage": Outcome.FAILED,
    "NotSupportedOperation": Outcome.FAILED,
    "PermissionDenied": Outcome.FAILED,
    "AcceptedCanceled": Outcome.FAILED,
}
_LARGEST_INTEGER: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Shown:
    """An id token as it is presented, and whether a contract certificate came with it."""

    uid: str
    type: str
    certified: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on what was presented."""

    authorization: Authorization
    certified: bool


@dataclass(frozen=True, slots=True)
class Notified:
    """Events of a station: what they say of connectors, and all of them as they came."""

    statuses: tuple[StatusReport, ...]
    body: dict[str, Any]
    at: datetime


def read_authorize(payload: Payload, now: datetime, notes: list[str]) -> Shown:
    """AuthorizeRequest (C01, C07)."""
    token = payload["idToken"]
    certified = bool(payload.get("certificate") or payload.get("iso15118CertificateHashData"))
    return Shown(str(token.get("idToken", "")), str(token.get("type", "")), certified)


def authorize(tx: Tx, station: StationRef, shown: Shown) -> Judged:
    """Judge an id token; a contract certificate that nobody here can check lets nobody charge (C07.FR.14)."""
    verdict = tokens.authorize(tx, station, shown.uid, type=shown.type)
    if shown.certified and verdict.accepted:
        verdict = Authorization(AuthorizationStatus.INVALID, verdict.expires_at, verdict.group_id)
    return Judged(verdict, shown.certified)


def authorize_answer(judged: Judged) -> dict[str, Any]:
    """AuthorizeResponse."""
    answer: dict[str, Any] = {"idTokenInfo": id_token_info(judged.authorization)}
    return answer | ({"certificateStatus": "NoCertificateAvailable"} if judged.certified else {})


def firmware(tx: Tx, station: StationRef, payload: Payload) -> None:
    """FirmwareStatusNotification, PublishFirmwareStatusNotification: Idle only answers a trigger (L01.FR.25)."""
    said = str(payload["status"])
    stations.record(tx, station, "firmware.status", dict(payload))
    if said != "Idle":
        ends, request_id = _FIRMWARE_ENDS.get(said), _number(payload.get("requestId"))
        commands.follow(tx, station, Purpose.FIRMWARE, said, ends, request_id=request_id)


def upload(tx: Tx, station: StationRef, payload: Payload) -> None:
    """LogStatusNotification (N01)."""
    said = str(payload["status"])
    stations.record(tx, station, "diagnostics.status", dict(payload))
    if said != "Idle":
        ends, request_id = _UPLOAD_ENDS.get(said), _number(payload.get("requestId"))
        commands.follow(tx, station, Purpose.LOG, said, ends, request_id=request_id)


def read_security_event(payload: Payload, now: datetime, notes: list[str]) -> tuple[datetime, dict[str, Any]]:
    """SecurityEventNotificationRequest (A04), with its moment: the type is an open list."""
    return read_moment(payload.get("timestamp"), now, notes), verbatim(payload, now, notes)


def security_event(tx: Tx, station: StationRef, event: tuple[datetime, dict[str, Any]]) -> None:
    """SecurityEventNotification (A04)."""
    stations.record(tx, station, "security.event", event[1], reported_at=to_text(event[0]))


def read_events(payload: Payload, now: datetime, notes: list[str]) -> Notified:
    """NotifyEventRequest (N07, G01): a connector's AvailabilityState is its status, whatever else is said."""
    found = [
        report
        for event in payload.get("eventData") or ()
        if (report := _availability(event, now, notes)) is not None
    ]
    at = read_moment(payload.get("generatedAt"), now, notes)
    return Notified(tuple(found), verbatim(payload, now, notes), at)


def events(tx: Tx, station: StationRef, notified: Notified) -> None:
    """NotifyEvent: everything is kept; what it says of connectors is taken as a StatusNotification."""
    stations.record(tx, station, "device.event", notified.body, reported_at=to_text(notified.at))
    for report in notified.statuses:
        stations.status(tx, station, report)


def read_device_report(payload: Payload, now: datetime, notes: list[str]) -> Part:
    """NotifyReportRequest (B07, B08)."""
    variables = tuple(
        [variable for entry in payload.get("reportData") or () for variable in _variables(storable(entry))]
    )
    return _part("device.report", payload, now, notes, variables)


def report_reader(kind: str) -> Any:
    """Return the reader of parts of a report that is kept as it comes, under a kind of event."""

    def read(payload: Payload, now: datetime, notes: list[str]) -> Part:
        return _part(kind, payload, now, notes)

    return read


def kept(kind: str) -> Any:
    """Return the verb of a report that is kept as it comes, under a kind of event."""

    def keep(tx: Tx, station: StationRef, payload: Payload) -> None:
        stations.record(tx, station, kind, dict(payload))

    return keep


def answering(**answer: Any) -> Any:
    """Return the writer of an answer that is the same for everybody."""

    def write(_result: object) -> dict[str, Any]:
        return answer

    return write


def reservation_ended(tx: Tx, station: StationRef, payload: Payload) -> None:
    """ReservationStatusUpdate (H04): the station has ended a reservation, by its clock or because of a fault."""
    expired = payload["reservationUpdateStatus"] == "Expired"
    number = _number(payload["reservationId"])
    if number is not None:
        status = ReservationStatus.EXPIRED if expired else ReservationStatus.CANCELLED
        reservations.end(
            tx, station, number, status, f"the station says {payload['reservationUpdateStatus']}"
        )


def _availability(event: Payload, now: datetime, notes: list[str]) -> StatusReport | None:
    component, variable = event["component"], event["variable"]
    evse = component.get("evse") or {}
    about = str(component["name"]).casefold(), str(variable["name"]).casefold()
    value = STATUSES.get(str(event.get("actualValue")))
    if about != ("connector", "availabilitystate") or not evse or value is None:
        return None
    return StatusReport(
        evse_id=evse_number(evse["id"], "evse.id"),
        connector_id=evse_number(evse.get("connectorId", 1), "evse.connectorId"),
        status=value,
        at=read_moment(event.get("timestamp"), now, notes),
    )


def _part(
    kind: str, payload: Payload, now: datetime, notes: list[str], variables: tuple[Variable, ...] = ()
) -> Part:
    number = _number(payload["requestId"])
    return Part(
        kind=kind,
        request_id=-1 if number is None else number,
        seq_no=_number(payload.get("seqNo")),
        last=not payload.get("tbc", False),
        generated_at=read_moment(payload.get("generatedAt"), now, notes),
        body={} if variables else verbatim(payload, now, notes),
        variables=variables,
    )


def _variables(entry: Payload) -> list[Variable]:
    """Return the attributes of one ReportDataType; a secret that a station tells is not kept."""
    component, variable = entry["component"], entry["variable"]
    evse, traits = component.get("evse") or {}, entry.get("variableCharacteristics") or {}
    found = []
    for attribute in entry.get("variableAttribute") or ():
        type_ = str(attribute.get("type", "Actual"))
        value = _text(attribute.get("value"))
        secret = value is not None and is_secret(str(variable["name"]))
        found.append(
            Variable(
                name=names.written(component, variable, type_),
                component=str(component["name"]),
                component_instance=str(component.get("instance") or ""),
                evse_id=evse_number(evse.get("id", 0), "evse.id"),
                connector_id=evse_number(evse.get("connectorId", 0), "evse.connectorId"),
                variable=str(variable["name"]),
                variable_instance=str(variable.get("instance") or ""),
                attribute=type_,
                value=HIDDEN if secret else value,
                mutability=str(attribute.get("mutability", "ReadWrite")),
                persistent=bool(attribute.get("persistent")),
                constant=bool(attribute.get("constant")),
                data_type=traits.get("dataType"),
                unit=traits.get("unit"),
                min_limit=_text(traits.get("minLimit")),
                max_limit=_text(traits.get("maxLimit")),
                values_list=traits.get("valuesList"),
                supports_monitoring=traits.get("supportsMonitoring"),
            )
        )
    return found


def _text(value: Any) -> str | None:
    """Return a value as text: some stations send a number, or worse, where the standard wants one."""
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


def _number(value: Any) -> int | None:
    """Return a 32-bit integer, None for what is none."""
    if not isinstance(value, int | float) or abs(value) > _LARGEST_INTEGER or value != int(value):
        return None
    return int(value)

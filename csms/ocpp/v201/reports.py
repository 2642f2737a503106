"""OCPP 2.0.1: what stations report of themselves, of jobs they were given, and what is only kept (blocks A–P)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from csms.clock import to_text
from csms.model.command import Outcome
from csms.model.monitor import DeviceEvent, Monitor
from csms.model.reservation import ReservationStatus
from csms.model.station import StationRef
from csms.model.variable import Variable
from csms.ocpp.moments import read_moment
from csms.ocpp.relaxed import storable
from csms.ocpp.v201 import device_model
from csms.ocpp.v201.translate import STATUSES, evse_number, verbatim
from csms.services import files, firmware_updates, monitors, reservations, stations
from csms.services.device_reports import Part
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
class Notified:
    """Events of a station: what they say of connectors, and all of them as they came."""

    statuses: tuple[StatusReport, ...]
    seen: tuple[DeviceEvent, ...]
    body: dict[str, Any]
    at: datetime


def read_firmware(payload: Payload, now: datetime, notes: list[str]) -> dict[str, Any]:
    """FirmwareStatusNotificationRequest: only Idle, which answers a trigger, has no request (L01.FR.20)."""
    if payload["status"] != "Idle" and payload.get("requestId") is None:
        notes.append("requestId is absent, and only Idle has none (L01.FR.20)")
    return verbatim(payload, now, notes)


def firmware(tx: Tx, station: StationRef, payload: Payload) -> None:
    """FirmwareStatusNotification, PublishFirmwareStatusNotification: Idle only answers a trigger (L01.FR.25)."""
    said = str(payload["status"])
    stations.record(tx, station, "firmware.status", dict(payload))
    if said != "Idle":
        ends, request_id = _FIRMWARE_ENDS.get(said), _number(payload.get("requestId"))
        firmware_updates.follow(tx, station, said, ends, request_id)


def upload(tx: Tx, station: StationRef, payload: Payload) -> None:
    """LogStatusNotification (N01)."""
    said = str(payload["status"])
    stations.record(tx, station, "diagnostics.status", dict(payload))
    if said != "Idle":
        ends, request_id = _UPLOAD_ENDS.get(said), _number(payload.get("requestId"))
        files.follow_upload(tx, station, said, ends, request_id)


def read_events(payload: Payload, now: datetime, notes: list[str]) -> Notified:
    """NotifyEventRequest (N07, G01): a connector's AvailabilityState is its status, whatever else is said."""
    entries = [storable(entry) for entry in payload.get("eventData") or ()]
    statuses = [_availability(entry, now, notes) for entry in entries]
    seen = [device_model.event(entry, now, notes) for entry in entries]
    at = read_moment(payload.get("generatedAt"), now, notes)
    return Notified(
        tuple([report for report in statuses if report is not None]),
        tuple([event for event in seen if event is not None]),
        verbatim(payload, now, notes),
        at,
    )


def events(tx: Tx, station: StationRef, notified: Notified) -> None:
    """NotifyEvent: all is kept, a connector's state is a StatusNotification, what alerts raises an alert."""
    stations.record(tx, station, "device.event", notified.body, reported_at=to_text(notified.at))
    for report in notified.statuses:
        stations.status(tx, station, report)
    for event in notified.seen:
        monitors.seen(tx, station, event)


def read_device_report(payload: Payload, now: datetime, notes: list[str]) -> Part:
    """NotifyReportRequest (B07, B08)."""
    entries = payload.get("reportData") or ()
    found = [variable for entry in entries for variable in device_model.variables(storable(entry))]
    return _part("device.report", payload, now, notes, variables=tuple(found))


def read_monitoring_report(payload: Payload, now: datetime, notes: list[str]) -> Part:
    """NotifyMonitoringReportRequest (N02)."""
    entries = payload.get("monitor") or ()
    found = [monitor for entry in entries for monitor in device_model.monitors(storable(entry))]
    return _part("monitoring.report", payload, now, notes, monitors=tuple(found))


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
    kind: str,
    payload: Payload,
    now: datetime,
    notes: list[str],
    variables: tuple[Variable, ...] = (),
    monitors: tuple[Monitor, ...] = (),
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
        monitors=monitors,
    )


def _number(value: Any) -> int | None:
    """Return a 32-bit integer, None for what is none."""
    if not isinstance(value, int | float) or abs(value) > _LARGEST_INTEGER or value != int(value):
        return None
    return int(value)

"""OCPP 1.6: what stations report of jobs they were given, of security and of vendors' own matters."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from csms.clock import to_text
from csms.model.command import Outcome, Purpose
from csms.model.station import StationRef
from csms.ocpp.moments import read_moment
from csms.ocpp.v16.translate import verbatim
from csms.services import commands, stations
from csms.services.unit import Tx

_FIRMWARE_ENDS: Final = {
    "Installed": Outcome.DONE,
    "DownloadFailed": Outcome.FAILED,
    "InstallationFailed": Outcome.FAILED,
    "InvalidSignature": Outcome.FAILED,
    "InstallVerificationFailed": Outcome.FAILED,
}
_UPLOAD_ENDS: Final = {
    "Uploaded": Outcome.DONE,
    "UploadFailed": Outcome.FAILED,
    "UploadFailure": Outcome.FAILED,
    "BadMessage": Outcome.FAILED,
    "NotSupportedOperation": Outcome.FAILED,
    "PermissionDenied": Outcome.FAILED,
}

Payload = Mapping[str, Any]


def firmware(tx: Tx, station: StationRef, payload: Payload) -> None:
    """FirmwareStatusNotification and SignedFirmwareStatusNotification: Idle only answers a trigger (§4.5)."""
    said = str(payload["status"])
    stations.record(tx, station, "firmware.status", dict(payload))
    if said != "Idle":
        commands.follow(tx, station, Purpose.FIRMWARE, said, _FIRMWARE_ENDS.get(said))


def upload(tx: Tx, station: StationRef, payload: Payload) -> None:
    """DiagnosticsStatusNotification and LogStatusNotification."""
    said = str(payload["status"])
    stations.record(tx, station, "diagnostics.status", dict(payload))
    if said != "Idle":
        commands.follow(tx, station, Purpose.LOG, said, _UPLOAD_ENDS.get(said))


def read_security_event(payload: Payload, now: datetime, notes: list[str]) -> tuple[datetime, dict[str, Any]]:
    """SecurityEventNotification.req (whitepaper §4.11), with its moment: the type is an open list."""
    return read_moment(payload.get("timestamp"), now, notes), verbatim(payload, now, notes)


def security_event(tx: Tx, station: StationRef, event: tuple[datetime, dict[str, Any]]) -> None:
    """SecurityEventNotification (whitepaper §4.11)."""
    stations.record(tx, station, "security.event", event[1], reported_at=to_text(event[0]))


def sign_certificate(tx: Tx, station: StationRef, payload: Payload) -> str:
    """SignCertificate (whitepaper §4.13): without a certificate authority every request is kept and rejected."""
    stations.record(tx, station, "certificate.requested", {"csr": payload["csr"]})
    return "Rejected"


def sign_certificate_answer(status: str) -> dict[str, Any]:
    """SignCertificate.conf."""
    return {"status": status}


def data_transfer(tx: Tx, station: StationRef, payload: Payload) -> str:
    """DataTransfer (§4.3): kept; no vendor is known here yet, which is what the answer says."""
    stations.record(tx, station, "data.transfer", dict(payload))
    return "UnknownVendorId"


def data_transfer_answer(status: str) -> dict[str, Any]:
    """DataTransfer.conf."""
    return {"status": status}

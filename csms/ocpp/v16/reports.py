"""OCPP 1.6: what stations report of jobs they were given, of security and of vendors' own matters."""

from collections.abc import Mapping
from typing import Any, Final

from csms.model.command import Outcome
from csms.model.station import StationRef
from csms.services import files, firmware_updates, stations
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
    "AcceptedCanceled": Outcome.FAILED,
}

Payload = Mapping[str, Any]


def firmware(tx: Tx, station: StationRef, payload: Payload) -> None:
    """FirmwareStatusNotification and SignedFirmwareStatusNotification: Idle only answers a trigger (§4.5)."""
    said = str(payload["status"])
    stations.record(tx, station, "firmware.status", dict(payload))
    if said != "Idle":
        number = payload.get("requestId")
        firmware_updates.follow(tx, station, said, _FIRMWARE_ENDS.get(said), number)


def upload(tx: Tx, station: StationRef, payload: Payload) -> None:
    """DiagnosticsStatusNotification and LogStatusNotification."""
    said = str(payload["status"])
    stations.record(tx, station, "diagnostics.status", dict(payload))
    if said != "Idle":
        files.follow_upload(tx, station, said, _UPLOAD_ENDS.get(said), payload.get("requestId"))

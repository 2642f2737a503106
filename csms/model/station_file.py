"""Files that pass between stations and us: logs they upload, firmware they fetch (OCPP 1.6 §4.4; 2.0.1 L, N01)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

LONGEST_NAME: Final = 100
_KEPT: Final = frozenset("-_.+ ()")


class FileState(StrEnum):
    """Life of a file that a station was asked to upload."""

    EXPECTED = "EXPECTED"
    RECEIVED = "RECEIVED"
    EXPIRED = "EXPIRED"


class Direction(StrEnum):
    """Which way a file goes through an address."""

    UPLOAD = "UPLOAD"
    DOWNLOAD = "DOWNLOAD"


@dataclass(frozen=True, slots=True)
class StationFile:
    """A log that a station uploads; `reason` says why the last try failed. `file_name` is the station's word for it."""

    id: str
    tenant_id: str
    station_key: str
    station_id: str
    kind: str
    state: FileState
    created_at: datetime
    command_id: str | None = None
    request_id: int | None = None
    file_name: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    reason: str | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FirmwareFile:
    """Firmware to give to stations. Digests are hex, the signature Base64, the certificate PEM."""

    id: str
    tenant_id: str
    name: str
    size_bytes: int
    sha256: str
    md5: str
    created_at: datetime
    version: str | None = None
    vendor: str | None = None
    model: str | None = None
    signature: str | None = None
    signing_certificate: str | None = None


@dataclass(frozen=True, slots=True)
class FileAddress:
    """One unguessable address, known by its hash: whose it is, for which file, and until when it is good."""

    address_hash: str
    tenant_id: str
    station_key: str
    direction: Direction
    file_id: str
    created_at: datetime
    expires_at: datetime
    spent_at: datetime | None = None


def safe_name(name: str) -> str | None:
    """Return what people may be shown as a file's name, and may save it under; None where nothing of it is left.

    Only the last part of a path counts, and it never begins with a dot.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(sign if sign.isalnum() or sign in _KEPT else "_" for sign in last)
    return kept.strip(" .")[:LONGEST_NAME] or None

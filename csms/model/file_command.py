"""What can be asked of a charging station about files: firmware to fetch, logs to upload (OCPP 2.0.1 L01, N01)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LogKind(StrEnum):
    """Which log a station uploads (2.0.1 LogEnumType)."""

    DIAGNOSTICS = "diagnostics"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """Have the station fetch firmware from `url` at `retrieve_at` and install it; `number` is the requestId.

    `signature` is Base64, `signing_certificate` PEM; with them the station checks what it has fetched.
    """

    url: str
    retrieve_at: datetime
    retries: int | None = None
    retry_interval_s: int | None = None
    number: int = 0
    install_at: datetime | None = None
    signature: str | None = None
    signing_certificate: str | None = None


@dataclass(frozen=True, slots=True)
class UploadLog:
    """Have the station upload a log to `url`."""

    request_id: int
    url: str
    kind: LogKind = LogKind.DIAGNOSTICS
    oldest_at: datetime | None = None
    latest_at: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None


@dataclass(frozen=True, slots=True)
class PublishFirmware:
    """Have a station fetch firmware and offer it to its site (2.0.1 L03); `checksum` is the MD5 in hex."""

    url: str
    checksum: str
    number: int = 0
    retries: int | None = None
    retry_interval_s: int | None = None


@dataclass(frozen=True, slots=True)
class UnpublishFirmware:
    """Have a station offer firmware no more (2.0.1 L04)."""

    checksum: str

"""Commands to charging stations: what was asked, what the station said, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class CallStatus(StrEnum):
    """How one CALL to a station ended (the words of the management interface)."""

    ANSWERED = "ANSWERED"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"
    OFFLINE = "OFFLINE"


class Outcome(StrEnum):
    """What came of a command; Accepted by the station is not yet the end of most of them."""

    PENDING = "PENDING"
    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"


@dataclass(frozen=True, slots=True)
class Command:
    """One command sent to a station; `followed_by` is the last thing the station reported about it."""

    id: str
    tenant_id: str
    station_key: str
    station_id: str
    action: str
    request: dict[str, Any]
    status: CallStatus | None
    outcome: Outcome
    requested_at: datetime
    requested_by: str
    answered_at: datetime | None = None
    response: dict[str, Any] | None = None
    error: str | None = None
    followed_by: str | None = None
    expires_at: datetime | None = None

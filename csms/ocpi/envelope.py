"""The envelope around every answer (OCPI 2.2.1 §4.1.7), and what our errors become in it.

An authenticated partner that sends valid JSON about something that exists gets HTTP 200, whatever the envelope says.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from csms.clock import to_wire
from csms.errors import (
    CsmsError,
    InvalidInput,
    NotFound,
    StoreUnavailable,
    TooBusy,
    Unauthenticated,
)
from csms.model.ocpi_status import OcpiRefusal, OcpiStatus
from csms.model.party import Module
from csms.ocpi.request import Missing, Reply

CONTENT_TYPE: Final = "application/json"
LONGEST_MESSAGE: Final = 255
_encoder = msgspec.json.Encoder(decimal_format="number")
_UNKNOWN: Final[dict[Module | None, OcpiStatus]] = {
    Module.LOCATIONS: OcpiStatus.UNKNOWN_LOCATION,
    Module.TOKENS: OcpiStatus.UNKNOWN_TOKEN,
}


def encode(reply: Reply, now: datetime) -> bytes:
    """Return the bytes of an answer."""
    envelope: dict[str, Any] = {} if reply.data is Missing.NONE else {"data": reply.data}
    envelope["status_code"] = int(reply.status)
    if reply.message:
        envelope["status_message"] = reply.message[:LONGEST_MESSAGE]
    envelope["timestamp"] = to_wire(now)
    return _encoder.encode(envelope)


def refusal(error: CsmsError, module: Module | None = None) -> Reply:
    """Return the answer for an error of ours: what is the partner's fault says so, what is ours says no more."""
    text = str(error)
    if isinstance(error, OcpiRefusal):
        return Reply(status=error.status, message=text, http=error.http)
    if isinstance(error, Unauthenticated):
        return Reply(status=OcpiStatus.CLIENT_ERROR, message=text, http=401)
    if isinstance(error, TooBusy):
        headers = {"Retry-After": f"{error.retry_after_s:.0f}"}
        return Reply(status=OcpiStatus.CLIENT_ERROR, message=text, http=429, headers=headers)
    if isinstance(error, NotFound):
        return Reply(status=_UNKNOWN.get(module, OcpiStatus.INVALID), message=text, http=404)
    if isinstance(error, InvalidInput):
        return Reply(status=OcpiStatus.INVALID, message=text)
    if isinstance(error, StoreUnavailable):
        return Reply(status=OcpiStatus.SERVER_ERROR, message="the database cannot be used now", http=503)
    return Reply(status=OcpiStatus.CLIENT_ERROR, message=text)

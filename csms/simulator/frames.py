"""CALL, CALLRESULT and CALLERROR as JSON arrays (OCPP-J 1.6 §4.2, OCPP 2.0.1 Part 4 §4.2)."""

from typing import Any

import msgspec

CALL = 2
CALLRESULT = 3
CALLERROR = 4

Payload = dict[str, Any]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Any]).decode


def call(message_id: str, action: str, payload: Payload) -> str:
    """Return the text of a CALL."""
    return _encode((CALL, message_id, action, payload)).decode()


def result(message_id: object, payload: Payload) -> str:
    """Return the text of a CALLRESULT; the id is given back as it came, string or not."""
    return _encode((CALLRESULT, message_id, payload)).decode()


def error(message_id: object, code: str, description: str, details: Payload) -> str:
    """Return the text of a CALLERROR; the description is cut at the standard's 255 characters."""
    return _encode((CALLERROR, message_id, code, description[:255], details)).decode()


def decode(text: str | bytes) -> list[Any] | None:
    """Return a frame's elements, or None when the text is no JSON array that begins with type and id."""
    try:
        elements = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return elements if len(elements) >= 3 else None

"""The OCPP-J frame codec: JSON arrays to typed frames and back (OCPP-J 1.6 §4, OCPP 2.0.1 Part 4 §4).

Nothing here does I/O. `decode` never raises: whatever a station sends becomes one of four frames.
"""

import re
from array import array
from enum import StrEnum
from itertools import accumulate
from typing import Any, Final, Literal

import msgspec

Version = Literal["1.6", "2.0.1"]

MAX_DEPTH: Final = 64
MAX_ID_BYTES: Final = 256
MAX_DESCRIPTION: Final = 255

CALL: Final = 2
CALLRESULT: Final = 3
CALLERROR: Final = 4


class ErrorCode(StrEnum):
    """What a CALLERROR means; `spelling` gives the text each version of the standard wants."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMAT_VIOLATION = "FormatViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    GENERIC_ERROR = "GenericError"


_SPELLING_16: Final = {
    ErrorCode.FORMAT_VIOLATION: "FormationViolation",
    ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
    ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "NotSupported",
    ErrorCode.RPC_FRAMEWORK_ERROR: "ProtocolError",
}
_INBOUND: Final = {code.value.lower(): code for code in ErrorCode} | {
    "formationviolation": ErrorCode.FORMAT_VIOLATION,
    "formatviolation": ErrorCode.FORMAT_VIOLATION,
    "occurenceconstraintviolation": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
}


def spelling(code: ErrorCode, version: Version) -> str:
    """Return the code as the given version spells it; 1.6 keeps its two historical misspellings."""
    return _SPELLING_16.get(code, code.value) if version == "1.6" else code.value


def error_code(text: str) -> ErrorCode:
    """Read any version's spelling; an unknown code is GenericError."""
    return _INBOUND.get(text.lower(), ErrorCode.GENERIC_ERROR)


class Call(msgspec.Struct, frozen=True, gc=False):
    """A request. `raw_id` is the id's exact JSON, to be echoed verbatim."""

    raw_id: bytes
    message_id: str
    action: str
    payload: dict[str, Any]
    payload_bytes: bytes


class CallResult(msgspec.Struct, frozen=True, gc=False):
    """The answer to a request of ours."""

    message_id: str
    payload: dict[str, Any]
    payload_bytes: bytes


class CallError(msgspec.Struct, frozen=True, gc=False):
    """A refusal of a request of ours; `raw_code` is the code as the station spelled it."""

    message_id: str
    code: ErrorCode
    raw_code: str
    description: str
    details: Any


class Malformed(msgspec.Struct, frozen=True, gc=False):
    """A frame that is none of the others.

    `answer` is the CALLERROR the standard wants for it, None where it wants silence.
    `answers_id` is set when it was meant as the answer to the request of ours with that id.
    """

    reason: str
    answer: bytes | None = None
    answers_id: str | None = None


Frame = Call | CallResult | CallError | Malformed

_envelope: Final = msgspec.json.Decoder(list[msgspec.Raw])
_any: Final = msgspec.json.Decoder()
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""Also one that does not end: a search from each of its quotes would take quadratic time."""
_BEGINNING: Final = re.compile(rb'\s*\[\s*([234])\s*,\s*("(?:[^"\\]|\\.)*+"|-?[0-9]++)\s*,', re.DOTALL)
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def encode_call(message_id: str, action: str, payload: Any) -> bytes:
    """Encode a request. Decimals are written as JSON numbers with their exact digits."""
    return b'[2,"%b","%b",%b]' % (message_id.encode(), action.encode(), _encoder.encode(payload))


def encode_result(raw_id: bytes, payload: Any) -> bytes:
    """Encode the answer to the request whose id is the JSON text `raw_id`."""
    return b"[3,%b,%b]" % (raw_id, _encoder.encode(payload))


def encode_error(raw_id: bytes, code: ErrorCode, description: str, version: Version) -> bytes:
    """Encode a refusal, spelled as `version` spells it; the description is cut at 255 characters."""
    text = _encoder.encode(description[:MAX_DESCRIPTION])
    return b'[4,%b,"%b",%b,{}]' % (raw_id, spelling(code, version).encode(), text)


def decode(text: bytes, version: Version) -> Frame:
    """Decode one text message, which must be valid UTF-8."""
    if too_deep(text):
        return _broken(text, f"nested deeper than {MAX_DEPTH} levels", version)
    try:
        parts = _envelope.decode(text)
    except msgspec.ValidationError:
        return _unreadable("not a JSON array", version)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _broken(text, f"not JSON: {error}", version)
    if len(parts) == 4 and bytes(parts[0]) == b"2":
        return _call(parts, version)
    return _other(parts, version)


def _call(parts: list[msgspec.Raw], version: Version) -> Frame:
    raw_id = bytes(parts[1])
    message_id = _read_id(raw_id)
    if message_id is None:
        return _unreadable("the message id is neither a string nor a number", version)
    try:
        action = _any.decode(parts[2])
        payload_bytes = bytes(parts[3])
        payload = _any.decode(payload_bytes)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _bad_call(raw_id, ErrorCode.FORMAT_VIOLATION, f"not JSON: {error}", version)
    if type(action) is not str:
        return _bad_call(raw_id, ErrorCode.RPC_FRAMEWORK_ERROR, "the action is not a string", version)
    if type(payload) is not dict:
        if payload is not None:
            return _bad_call(raw_id, ErrorCode.FORMAT_VIOLATION, "the payload is not an object", version)
        payload = {}
    return Call(raw_id, message_id, action, payload, payload_bytes)


def _other(parts: list[msgspec.Raw], version: Version) -> Frame:
    kind = bytes(parts[0]) if parts else b""
    raw_id = bytes(parts[1]) if len(parts) > 1 else b""
    message_id = _read_id(raw_id)
    if kind == b"3":
        return _result(parts, message_id)
    if kind == b"4":
        return _error(parts, message_id)
    if message_id is None:
        return _unreadable("not a message: no type and id", version)
    if kind == b"2":
        reason = f"a CALL has 4 elements, not {len(parts)}"
        return _bad_call(raw_id, ErrorCode.RPC_FRAMEWORK_ERROR, reason, version)
    reason = f"unknown message type {kind[:20].decode(errors='replace')}"
    if version == "1.6":  # OCPP-J 1.6 §4.1.3: "ignore"
        return Malformed(reason)
    return Malformed(reason, encode_error(raw_id, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, reason, version))


def _result(parts: list[msgspec.Raw], message_id: str | None) -> Frame:
    """Up to 2.0.1 a bad answer is never answered."""
    if message_id is None:
        return Malformed("a CALLRESULT without a readable id")
    if len(parts) != 3:
        return Malformed(f"a CALLRESULT has 3 elements, not {len(parts)}", answers_id=message_id)
    payload_bytes = bytes(parts[2])
    try:
        payload = _any.decode(payload_bytes)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Malformed(f"not JSON: {error}", answers_id=message_id)
    if payload is None:
        payload = {}
    if type(payload) is not dict:
        return Malformed("the payload of a CALLRESULT is not an object", answers_id=message_id)
    return CallResult(message_id, payload, payload_bytes)


def _error(parts: list[msgspec.Raw], message_id: str | None) -> Frame:
    """Lenient about its length: stations leave out the description or the details."""
    if message_id is None:
        return Malformed("a CALLERROR without a readable id")
    try:
        rest = [_any.decode(part) for part in parts[2:5]]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Malformed(f"not JSON: {error}", answers_id=message_id)
    rest += ["", "", {}][len(rest) :]
    raw_code, description = (part if type(part) is str else "" for part in rest[:2])
    return CallError(message_id, error_code(raw_code), raw_code, description, rest[2])


def _read_id(raw_id: bytes) -> str | None:
    """Return the id as text, None unless it is a string or a number of bearable length."""
    if not raw_id or len(raw_id) > MAX_ID_BYTES:
        return None
    if raw_id[0] == 0x22 and 0x5C not in raw_id:
        return raw_id[1:-1].decode()
    try:
        value = _any.decode(raw_id)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if type(value) is str:
        return value
    return raw_id.decode() if type(value) in (int, float) else None


def _bad_call(raw_id: bytes, code: ErrorCode, reason: str, version: Version) -> Malformed:
    return Malformed(reason, encode_error(raw_id, code, reason, version))


def _broken(text: bytes, reason: str, version: Version) -> Malformed:
    """Judge a text that is not JSON by its beginning: a readable id deserves an answer, or is one."""
    beginning = _BEGINNING.match(text)
    if beginning is None:
        return _unreadable(reason, version)
    kind, raw_id = beginning.groups()
    message_id = _read_id(raw_id)
    if kind != b"2":
        return Malformed(reason, answers_id=message_id)
    if message_id is None:
        return _unreadable(reason, version)
    return _bad_call(raw_id, ErrorCode.FORMAT_VIOLATION, reason, version)


def _unreadable(reason: str, version: Version) -> Malformed:
    """2.0.1 Part 4 §4.2.3: an unreadable id is answered with "-1"; 1.6 stays silent."""
    if version == "1.6":
        return Malformed(reason)
    return Malformed(reason, encode_error(b'"-1"', ErrorCode.RPC_FRAMEWORK_ERROR, reason, version))


def too_deep(text: bytes) -> bool:
    """Tell whether the brackets of a JSON text nest deeper than MAX_DEPTH, in linear time.

    Counting openers settles nearly every message in a microsecond or two; only a message with many of them is
    reduced to its brackets, as +1 and -1, and these are summed up.
    """
    if text.count(b"{") + text.count(b"[") <= MAX_DEPTH:
        return False
    steps = array("b", _STRING.sub(b"", text).translate(_STEPS, _NOT_BRACKETS))
    return max(accumulate(steps), default=0) > MAX_DEPTH

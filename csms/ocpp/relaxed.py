"""Schemas made lenient: what real stations get wrong without becoming unintelligible.

A refused StartTransaction is sent again and again and blocks everything behind it, so for the messages of a
station that is not held to the letter only the structure must fit: required fields, types, and the enums that
carry meaning. A sample that says nothing is no reason to refuse the message around it, least of all a stop.
"""

from typing import Any, Final

Schema = dict[str, Any]

_DROPPED: Final = frozenset(
    {"additionalProperties", "additionalItems", "minItems", "maxItems", "multipleOf", "format"}
)
_OPEN_ENUMS: Final = frozenset(
    {
        "context",
        "errorCode",
        "format",
        "location",
        "measurand",
        "phase",
        "reason",
        "stoppedReason",
        "triggerReason",
        "unit",
    }
)
"""Properties whose unknown members are recorded as they came."""
_LONGEST_NAME: Final = 100
_SHORTEST_BOUND: Final = 255
"""No bound on a text is tighter than this, or than four times the standard's."""
_NUMBERS: Final = frozenset({"connectorId", "meterStart", "meterStop", "reservationId", "transactionId"})
"""Integers by the standard; some stations send their register with a fraction, others write 7 as 7.0."""


def relax(schema: Schema) -> Schema:
    """Return a lenient copy of a JSON schema of the standard."""
    relaxed: Schema = {}
    for key, value in schema.items():
        if key == "properties":
            relaxed[key] = {name: _property(name, part) for name, part in value.items()}
        elif key == "definitions":
            relaxed[key] = {name: relax(part) for name, part in value.items()}
        elif key == "items" and isinstance(value, dict):
            relaxed[key] = relax(value)
        elif key == "required":
            relaxed |= _required(value, schema.get("properties", {}))
        elif key == "maxLength":
            relaxed[key] = max(4 * value, _SHORTEST_BOUND)
        elif key not in _DROPPED:
            relaxed[key] = value
    return relaxed


def _required(names: list[str], properties: Schema) -> Schema:
    """Ask nothing of a meter value or a sample: what is missing there makes it worthless, not wrong."""
    spared: tuple[str, ...] = ()
    if "sampledValue" in properties:
        spared = ("timestamp", "sampledValue")
    elif "measurand" in properties:
        spared = ("value",)
    left = [name for name in names if name not in spared]
    return {"required": left} if left else {}


def _property(name: str, schema: Schema) -> Schema:
    if name in _OPEN_ENUMS and ("enum" in schema or "$ref" in schema):
        return {"type": "string", "maxLength": _LONGEST_NAME}
    if name in _NUMBERS and schema.get("type") == "integer":
        return {"type": "number"}
    if name == "value" and schema.get("type") in ("string", "number"):  # which of the two, stations mix up
        return {}
    if name == "data":  # of DataTransfer: JSON text by the standard, sometimes the object itself
        return {}
    return relax(schema)


def storable(value: Any) -> Any:
    """Return JSON without what no database takes: NUL characters, and integers beyond 64 bits (as text)."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {storable(name): storable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [storable(part) for part in value]
    if type(value) is int and value.bit_length() > 63:
        return f"an integer of {value.bit_length()} bits"
    return value


def drop_nulls(payload: Any) -> None:
    """Take properties that are null out of a payload, in place: the standard wants them absent."""
    if isinstance(payload, dict):
        for name in [name for name, value in payload.items() if value is None]:
            del payload[name]
        for value in payload.values():
            drop_nulls(value)
    elif isinstance(payload, list):
        for value in payload:
            drop_nulls(value)

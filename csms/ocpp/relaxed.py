"""Schemas made lenient: what real stations get wrong without becoming unintelligible.

A refused StartTransaction is sent again and again and blocks everything behind it, so for the messages of a
station that is not held to the letter only the structure must fit: required fields, types, and the enums that
carry meaning.
"""

from typing import Any, Final

Schema = dict[str, Any]

_DROPPED: Final = frozenset(
    {"additionalProperties", "additionalItems", "maxLength", "minItems", "maxItems", "multipleOf", "format"}
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
_NUMBERS: Final = frozenset({"meterStart", "meterStop"})
"""Integers by the standard; some stations send their register with a fraction."""
_EITHER: Final = frozenset({"value"})
"""A string in 1.6 and a number in 2.0.1; some stations mix them up."""


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
        elif key not in _DROPPED:
            relaxed[key] = value
    return relaxed


def _property(name: str, schema: Schema) -> Schema:
    if name in _OPEN_ENUMS and ("enum" in schema or "$ref" in schema):
        return {"type": "string"}
    if name in _NUMBERS:
        return {"type": "number"}
    if name in _EITHER and schema.get("type") in ("string", "number"):
        return {"type": ["string", "number"]}
    if name == "data":  # of DataTransfer: JSON text by the standard, sometimes the object itself
        return {}
    return relax(schema)


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

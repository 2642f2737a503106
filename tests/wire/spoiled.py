"""Payloads broken in one place each, made from the standard's own schemas as the `ocpp` package carries them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

from tests.wire.payloads import at

FROM_STATIONS = (
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
)
FROM_STATIONS_201 = (
    "Authorize",
    "BootNotification",
    "ClearedChargingLimit",
    "DataTransfer",
    "FirmwareStatusNotification",
    "Get15118EVCertificate",
    "GetCertificateStatus",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyDisplayMessages",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyReport",
    "PublishFirmwareStatusNotification",
    "ReportChargingProfiles",
    "ReservationStatusUpdate",
    "SecurityEventNotification",
    "SignCertificate",
    "StatusNotification",
    "TransactionEvent",
)
OCCURRENCE, TYPE, PROPERTY, FORMATION = (
    "OccurenceConstraintViolation",
    "TypeConstraintViolation",
    "PropertyConstraintViolation",
    "FormationViolation",
)
_ANY = (OCCURRENCE, TYPE, PROPERTY, FORMATION)
MISSING, WRONG_TYPE, ENUM, LENGTH, EXTRA, NESTING, HUGE_NUMBER, DATE, TEXT = KINDS = (
    "missing field",
    "wrong type",
    "unknown enum",
    "wrong length",
    "extra field",
    "wrong nesting",
    "huge number",
    "invalid date",
    "odd text",
)
_SPELLED_201 = {OCCURRENCE: "OccurrenceConstraintViolation", FORMATION: "FormatViolation"}
HUGE = (2**31, 2**63, -(2**63) - 1, 10**30, -(10**30), 10**4200)
DATES = (
    "",
    "not a date",
    "2026-02-30T00:00:00Z",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "\x00",
)
Schema = dict[str, Any]


@dataclass(frozen=True)
class Spoiled:
    """One payload, what was done to it, and the CALLERROR codes that a strict answer may have; empty: it is valid."""

    what: str
    payload: Any
    codes: tuple[str, ...]
    kind: str = "valid"
    """Which column of docs/reference/ocpp-negative.md counts it."""


@cache
def schema(name: str, version: str = "1.6") -> Schema:
    """Return a schema of the package: an action's request, or its response."""
    spec = find_spec("ocpp")
    assert spec is not None
    assert spec.submodule_search_locations
    file = Path(spec.submodule_search_locations[0], f"v{version.replace('.', '')}", "schemas", f"{name}.json")
    found: Schema = json.loads(file.read_text("utf-8-sig"))
    inlined: Schema = _inlined(found, found.get("definitions", {}))
    return inlined


def _inlined(part: Any, definitions: Schema) -> Any:
    """Put definitions where they are referred to."""
    if isinstance(part, list):
        return [_inlined(inner, definitions) for inner in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(definitions[part["$ref"].rsplit("/", 1)[1]], definitions)
    return {name: _inlined(inner, definitions) for name, inner in part.items()}


def answer_faults(action: str, answer: Any, version: str = "1.6") -> list[str]:
    """Return what the standard finds wrong with an answer."""
    validator = Draft4Validator(schema(f"{action}Response", version))
    return [error.message for error in validator.iter_errors(answer)]


def whole(name: str, version: str = "1.6") -> dict[str, Any]:
    """Return a valid payload with every field, by the name of its schema."""
    made: dict[str, Any] = _whole(schema(name, version), "")
    return made


def spoiled(action: str, version: str = "1.6") -> Iterator[Spoiled]:
    """Break a whole request in one place after the other."""
    name = action if version == "1.6" else f"{action}Request"
    spelled = {} if version == "1.6" else _SPELLED_201
    yield Spoiled("whole", whole(name, version), ())
    for case in _spoil(schema(name, version), whole(name, version), "payload"):
        codes = tuple([spelled.get(code, code) for code in case.codes])
        yield Spoiled(case.what, case.payload, codes, case.kind)
    lowered = {"payload": whole(name, version)}
    yield Spoiled(
        "payload a level too low", lowered, tuple([spelled.get(code, code) for code in _ANY]), NESTING
    )
    for what, payload in (("payload null", None), ("payload empty", {})):
        required = schema(name, version).get("required")
        yield Spoiled(what, payload, (spelled.get(OCCURRENCE, OCCURRENCE),) if required else (), MISSING)


def _whole(part: Schema, name: str) -> Any:
    if "enum" in part:
        return part["enum"][0]
    match part.get("type"):
        case "object":
            return {key: _whole(value, key) for key, value in part.get("properties", {}).items()}
        case "array":
            return [_whole(part["items"], name)]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case _:
            return (
                at(1)
                if part.get("format") == "date-time"
                else {"value": "5", "idTag": "TAG1", "idToken": "TAG1"}.get(name, "text")
            )


def _spoil(part: Schema, value: Any, path: str) -> Iterator[Spoiled]:
    """Yield every way to break `value`, which is valid by the schema `part`."""
    if path != "payload":
        yield from _other_types(part, path)
    if isinstance(value, dict):
        yield from _spoil_object(part, value, path)
    elif isinstance(value, list):
        yield Spoiled(f"{path} empty", [], (OCCURRENCE,) if part.get("minItems") else (), LENGTH)
        long = (OCCURRENCE,) if part.get("maxItems", 50) < 50 else ()
        yield Spoiled(f"{path} long", value * 50, long, LENGTH)
        yield Spoiled(f"{path} twice in brackets", [value], (TYPE, PROPERTY), NESTING)
        for worse in _spoil(part["items"], value[0], f"{path}[0]"):
            yield Spoiled(worse.what, [worse.payload], worse.codes, worse.kind)
    elif isinstance(value, str):
        yield from _texts(part, path)
    elif not isinstance(value, bool):
        for number in HUGE:
            yield Spoiled(f"{path} = {number.bit_length()} bits", number, (PROPERTY, ""), HUGE_NUMBER)
        fits = () if part.get("type") == "number" else (TYPE, PROPERTY)
        yield Spoiled(f"{path} = 1.5", 1.5, fits, WRONG_TYPE)


def _spoil_object(part: Schema, value: dict[str, Any], path: str) -> Iterator[Spoiled]:
    closed = (FORMATION,) if part.get("additionalProperties") is False else ()
    yield Spoiled(f"{path}: one property more", value | {"notOfTheStandard": {"a": [1]}}, closed, EXTRA)
    for name, inner in value.items():
        if isinstance(inner, dict):
            raised = {key: kept for key, kept in value.items() if key != name} | inner
            wrong = name in part.get("required", ()) or not set(inner) <= set(part["properties"])
            yield Spoiled(
                f"{path}.{name} a level too high", raised, _ANY if closed and wrong else (), NESTING
            )
    for name in part.get("required", ()):
        without = {key: kept for key, kept in value.items() if key != name}
        yield Spoiled(f"{path}.{name} missing", without, (OCCURRENCE,), MISSING)
    for name, inner in part.get("properties", {}).items():
        for worse in _spoil(inner, value[name], f"{path}.{name}"):
            yield Spoiled(worse.what, value | {name: worse.payload}, worse.codes, worse.kind)


def _other_types(part: Schema, path: str) -> Iterator[Spoiled]:
    fits = {
        "string": str,
        "integer": int,
        "number": float,
        "boolean": bool,
        "array": list,
        "object": dict,
    }.get(part.get("type", ""))
    for other in ("7", 7, True, None, {"a": 1}, ["a"]):
        if fits is not None and type(other) is not fits and not (fits is float and type(other) is int):
            codes = (TYPE,) if "enum" not in part else (TYPE, PROPERTY)
            kind = NESTING if isinstance(other, dict | list) else WRONG_TYPE
            yield Spoiled(f"{path} = {other!r}", other, codes, kind)


def _texts(part: Schema, path: str) -> Iterator[Spoiled]:
    if "enum" in part:
        yield Spoiled(f"{path} unknown", "Sideways", (PROPERTY,), ENUM)
        return
    most = part.get("maxLength")
    for text in ("", "\x00", "a\x00b\ufffd", "'; DROP TABLE stations; --", "🔌", "\u202e", "x" * 10_000):
        fits = (PROPERTY,) if most and len(text) > most else ()
        yield Spoiled(f"{path} = {text[:12]!r}", text, fits, LENGTH if len(text) > 100 else TEXT)
    if part.get("format") == "date-time":
        for text in DATES:
            yield Spoiled(f"{path} = {text!r}", text, (), DATE)

"""Payloads against the standard's JSON schemas, which the `ocpp` package carries (OCPP 1.6 J, 2.0.1 Part 3).

The schemas are read from the package's files, without importing its code, and compiled when first used: the
78 of 1.6 take 10 ms and 3 MB together, the 128 of 2.0.1 30 ms and 5 MB, and a station uses a handful.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from jsonschema_rs import Draft4Validator, ValidationError

from csms.ocpp.relaxed import drop_nulls, relax
from csms.ocpp.rpc import ErrorCode, Version

Kind = Literal["request", "response"]

_DIRECTORIES: Final[dict[Version, str]] = {"1.6": "v16", "2.0.1": "v201"}
_SUFFIXES: Final[dict[tuple[Version, Kind], str]] = {
    ("1.6", "request"): "",
    ("1.6", "response"): "Response",
    ("2.0.1", "request"): "Request",
    ("2.0.1", "response"): "Response",
}
_CODES: Final = {
    "required": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "minItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "maxItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "type": ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "additionalProperties": ErrorCode.FORMAT_VIOLATION,
    "additionalItems": ErrorCode.FORMAT_VIOLATION,
}
"""By schema keyword; every other one (enum, lengths, ranges) constrains a property's value."""
_TEXT_CHARACTERS: Final = 200


class Violation(msgspec.Struct, frozen=True):
    """The first breach of a schema, and where it is."""

    code: ErrorCode
    text: str


def validate(
    version: Version, action: str, kind: Kind, payload: dict[str, Any], *, tolerant: bool = False
) -> Violation | None:
    """Check a payload against its schema; None when it fits.

    Tolerant checks only what is needed to understand the payload, and takes properties that are null out of
    it. The action must be one of `actions(version)`; another is a violation as well.
    """
    try:
        validator = _validator(version, action, kind)
    except KeyError:
        return Violation(ErrorCode.NOT_IMPLEMENTED, f"unknown action {action[:64]}")
    if _fits(validator, payload):
        return None
    if tolerant:
        drop_nulls(payload)
        validator = _relaxed_validator(version, action, kind)
        if _fits(validator, payload):
            return None
    return _violation(validator, payload)


@cache
def actions(version: Version) -> frozenset[str]:
    """Return the names of all actions of a version, in both directions."""
    suffix = _SUFFIXES[version, "response"] + ".json"
    return frozenset(file.name.removesuffix(suffix) for file in _directory(version).glob("*" + suffix))


def _fits(validator: Draft4Validator, payload: dict[str, Any]) -> bool:
    try:
        return validator.is_valid(payload)
    except (ValueError, OverflowError):  # beyond the validator's own limits
        return False


def _violation(validator: Draft4Validator, payload: dict[str, Any]) -> Violation:
    """Name the first breach only: a hostile payload may have a hundred thousand."""
    try:
        validator.validate(payload)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.instance_path)
        said = error.message
        if len(said) > _TEXT_CHARACTERS:
            said = said[:_TEXT_CHARACTERS] + "…"
        keyword = str(error.schema_path[-1]) if error.schema_path else ""
        code = _CODES.get(keyword, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION)
        return Violation(code, f"{where}: {said}" if where else said)
    except (ValueError, OverflowError) as error:
        return Violation(ErrorCode.FORMAT_VIOLATION, str(error)[:_TEXT_CHARACTERS])
    return Violation(ErrorCode.INTERNAL_ERROR, "the validator contradicts itself")


@cache
def _directory(version: Version) -> Path:
    spec = find_spec("ocpp")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the package 'ocpp', which carries the schemas, is not installed")
    return Path(spec.submodule_search_locations[0], _DIRECTORIES[version], "schemas")


def _schema(version: Version, action: str, kind: Kind) -> dict[str, Any]:
    if action not in actions(version):  # never make a path of what a station sent
        raise KeyError(action)
    text = (_directory(version) / f"{action}{_SUFFIXES[version, kind]}.json").read_bytes()
    schema: dict[str, Any] = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"))
    return schema


@cache
def _validator(version: Version, action: str, kind: Kind) -> Draft4Validator:
    # Draft 4 whatever the file declares, as the package does; date-time is read leniently elsewhere.
    return Draft4Validator(_schema(version, action, kind), validate_formats=False)


@cache
def _relaxed_validator(version: Version, action: str, kind: Kind) -> Draft4Validator:
    return Draft4Validator(relax(_schema(version, action, kind)), validate_formats=False)

"""Checks what the CSMS sends against the standard's JSON schemas, as the `ocpp` package carries them.

A station in the field does not do this; here it is how the simulator catches the mistakes of a CSMS.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import jsonschema_rs

from csms.simulator.frames import Payload

_FOLDER = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}
_REQUEST_SUFFIX = {"1.6": "", "2.0.1": "Request", "2.1": "Request"}


@cache
def _folder(version: str) -> Path:
    spec = find_spec("ocpp")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the ocpp package is not installed")
    return Path(spec.submodule_search_locations[0]) / _FOLDER[version] / "schemas"


@cache
def _validator(version: str, name: str) -> jsonschema_rs.Validator | None:
    file = _folder(version) / f"{name}.json"
    if not name.isidentifier() or not file.is_file():
        return None
    validator: jsonschema_rs.Validator = jsonschema_rs.validator_for(json.loads(file.read_text("utf-8-sig")))
    return validator


def request_fault(version: str, action: str, payload: Payload) -> str | None:
    """Return what is wrong with a CALL's payload, or None; an action without a schema is none of ours."""
    return _fault(version, action + _REQUEST_SUFFIX[version], payload)


def response_fault(version: str, action: str, payload: Payload) -> str | None:
    """Return what is wrong with the payload of an answer to `action`, or None."""
    return _fault(version, action + "Response", payload)


def _fault(version: str, name: str, payload: Payload) -> str | None:
    validator = _validator(version, name)
    if validator is None or validator.is_valid(payload):
        return None
    error = next(iter(validator.iter_errors(payload)))
    where = "/".join(str(step) for step in error.instance_path)
    return f"{name} {where}: {error.message[:160]}" if where else f"{name}: {error.message[:160]}"

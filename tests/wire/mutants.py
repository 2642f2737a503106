"""Payloads with several faults at once, drawn by hypothesis: any JSON anywhere in a whole payload."""

from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from tests.wire.spoiled import schema, whole

DRAWN_FOR_AN_ACTION = 60
MUTANT = "several faults, drawn"

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60)
    | st.sampled_from(["Accepted", "2026-03-02T12:00:00Z", "2026-02-30T00:00:00Z", "-1", "1e400", ""])
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@cache
def mutants(action: str, version: str) -> tuple[dict[str, Any], ...]:
    """Return the same payloads in every run."""
    name = action if version == "1.6" else f"{action}Request"
    found: list[dict[str, Any]] = []

    @settings(
        max_examples=DRAWN_FOR_AN_ACTION,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        payload = whole(name, version)
        for _ in range(data.draw(st.integers(1, 4))):
            _spoil(payload, data)
        found.append(payload)

    collect()
    return tuple(found)


def _spoil(value: Any, data: st.DataObject) -> None:
    """Change something in an object, at any depth: replace, drop or add an entry."""
    names = sorted(value)
    inner = [name for name in names if isinstance(value[name], dict | list) and value[name]]
    if inner and data.draw(st.booleans()):
        below = value[data.draw(st.sampled_from(inner))]
        below = below[0] if isinstance(below, list) else below
        if isinstance(below, dict):
            _spoil(below, data)
            return
    match data.draw(st.sampled_from(["replace", "drop", "add"])):
        case "replace" if names:
            value[data.draw(st.sampled_from(names))] = data.draw(_JSON)
        case "drop" if names:
            del value[data.draw(st.sampled_from(names))]
        case _:
            value[data.draw(st.text(max_size=12))] = data.draw(_JSON)


@cache
def _validator(action: str, version: str) -> Draft4Validator:
    return Draft4Validator(schema(action if version == "1.6" else f"{action}Request", version))


def fits(action: str, version: str, payload: dict[str, Any]) -> bool:
    """Whether the standard allows a payload."""
    return bool(_validator(action, version).is_valid(payload))

"""Frames that no payload can be read from: numbers JSON does not have, payloads that are no objects, cut texts."""

import json
from collections.abc import Iterator
from typing import Any

from tests.wire.spoiled import whole

NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "-1e999")
_NO_OBJECTS = ("[]", "[{}]", '"text"', "7", "true", "[[[]]]")
_MARK = "@@here@@"
NOT_A_NUMBER, NO_OBJECT, CUT = FRAME_KINDS = ("NaN and the like", "payload no object", "text cut short")


def frames(action: str, version: str = "1.6") -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of CALLs with the message id "n"."""
    name = action if version == "1.6" else f"{action}Request"
    payload = whole(name, version)
    for marked in _marked(payload):
        text = json.dumps(marked)
        for number in NUMBERS:
            yield NOT_A_NUMBER, _frame(action, text.replace(f'"{_MARK}"', number))
    for text in _NO_OBJECTS:
        yield NO_OBJECT, _frame(action, text)
    text = _frame(action, json.dumps(payload))
    begun = text.index(action) + len(action) + 3
    for cut in sorted({begun, (begun + len(text)) // 2, len(text) - 2, len(text) - 1}):
        yield CUT, text[:cut]


def _frame(action: str, payload: str) -> str:
    return f'[2,"n","{action}",{payload}]'


def _marked(value: Any) -> Iterator[Any]:
    """Yield a value with one of its leaves, or one leaf more, marked; an array counts by its first entry."""
    if isinstance(value, dict):
        yield value | {"notOfTheStandard": _MARK}
        for name, inner in value.items():
            for marked in _marked(inner):
                yield value | {name: marked}
    elif isinstance(value, list):
        for marked in _marked(value[0]):
            yield [marked]
    else:
        yield _MARK

"""JSON Schemas (2020-12, as OpenAPI 3.1 has them) of dataclasses, structs, enums and annotations, in camelCase.

What a verb takes is read from its function's keyword parameters, what it answers from the annotation, in the shape
that services.present gives it.
"""

import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from csms.services.present import camel
from csms.services.stations import NewStation, StationView
from csms.services.users import NewUser

Schema = dict[str, Any]
_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Decimal: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    type(None): {"type": "null"},
    Any: {},
}
_HIDDEN = "station_key"


class Schemas:
    """The schemas of one document; what has a name is written once and referred to."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}

    def of(self, hint: Any) -> Schema:
        """Return the schema of an annotation."""
        if hint in _PLAIN:
            return dict(_PLAIN[hint])
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin in (types.UnionType, typing.Union):
            return self._either(args)
        if origin in (list, tuple, set, frozenset) or hint in (list, tuple):
            return {"type": "array", "items": self.of(args[0]) if args else {}}
        if origin is typing.Literal:
            return {"enum": list(args)}
        if origin is dict or hint is dict:
            return {"type": "object"}
        return self.refer(hint.__name__, lambda: self._class(hint)) if isinstance(hint, type) else {}

    def refer(self, name: str, make: Callable[[], Schema]) -> Schema:
        """Return a reference to a named schema, which is made when it is not known yet."""
        if name not in self.named:
            self.named[name] = {}
            self.named[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}

    def parameters(self, run: Callable[..., Any]) -> dict[str, tuple[Schema, bool, Any]]:
        """Return each keyword parameter of a verb in camelCase: its schema, whether it is needed, its default."""
        hints = typing.get_type_hints(run)
        found = {}
        for parameter in inspect.signature(run).parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY:
                needed = parameter.default is parameter.empty
                default = None if needed else parameter.default
                found[parameter.name] = (self.of(hints[parameter.name]), needed, default)
        return found

    def _either(self, args: tuple[Any, ...]) -> Schema:
        shapes = [self.of(arg) for arg in args]
        if all(set(shape) == {"type"} for shape in shapes):
            return {"type": [shape["type"] for shape in shapes]}
        return {"anyOf": shapes}

    def _class(self, kind: type) -> Schema:
        if issubclass(kind, Enum):
            return {"type": "string", "enum": [each.value for each in kind]}
        if issubclass(kind, msgspec.Struct):
            return self._struct(kind)
        return self._dataclass(kind) if is_dataclass(kind) else {}

    def _dataclass(self, kind: type) -> Schema:
        """Return the schema of a dataclass as `present.view` shows it."""
        if kind is StationView:
            return self._more("station", kind, {"connectors"})
        if kind is NewStation:
            return self._more("station", kind, set())
        if kind is NewUser:
            return self._more("user", kind, set())
        hints = typing.get_type_hints(kind)
        shown = [each.name for each in fields(typing.cast(Any, kind)) if each.name != _HIDDEN]
        properties = {camel(name): self.of(hints[name]) for name in shown}
        return {"type": "object", "required": list(properties), "properties": properties}

    def _more(self, inner: str, kind: type, needed: set[str]) -> Schema:
        """Return the schema of a dataclass whose inner one is shown in its place, with what stands beside it."""
        hints = typing.get_type_hints(kind)
        whole = dict(self._dataclass(hints[inner]))
        beside = {name: self.of(hint) for name, hint in hints.items() if name != inner}
        whole["properties"] = whole["properties"] | {camel(name): shape for name, shape in beside.items()}
        whole["required"] = [*whole["required"], *sorted(needed)]
        return whole

    def _struct(self, kind: type[msgspec.Struct]) -> Schema:
        properties = {each.encode_name: self.of(each.type) for each in msgspec.structs.fields(kind)}
        return {"type": "object", "properties": properties, "additionalProperties": False}

"""Results as surfaces show them: camelCase keys as in GraphQL, times as ISO 8601 in UTC, decimals exact."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Final

import msgspec

from csms.clock import to_wire
from csms.model.tenant import Tenant
from csms.services.stations import NewStation, StationView
from csms.services.users import NewUser

_HIDDEN: Final = frozenset({"stationKey"})
_encoder = msgspec.json.Encoder(decimal_format="number")


def view(value: Any) -> Any:
    """Return a result as JSON-ready builtins (decimals stay Decimal; `encode` writes them as numbers)."""
    if isinstance(value, StationView):
        more = {} if value.local_list is None else {"localList": view(value.local_list)}
        return view(value.station) | {"connectors": view(value.connectors)} | more
    if isinstance(value, NewStation):
        return view(value.station) | ({"password": value.password} if value.password else {})
    if isinstance(value, NewUser):
        return view(value.user) | ({"password": value.password} if value.password else {})
    if is_dataclass(value) and not isinstance(value, type):
        return _shown(value)
    if isinstance(value, list | tuple):
        return [view(entry) for entry in value]
    if isinstance(value, datetime):
        return to_wire(value)
    if isinstance(value, Enum):
        return value.value
    return value


def _shown(value: Any) -> dict[str, Any]:
    pairs = ((camel(f.name), view(getattr(value, f.name))) for f in fields(value))
    shown = {name: shown for name, shown in pairs if name not in _HIDDEN}
    return shown | {"settings": _settings(value)} if isinstance(value, Tenant) else shown


def _settings(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant's settings in the words of the management API."""
    own = {"timezone": tenant.time_zone, "defaultCurrency": tenant.currency, "defaultLanguage": None}
    return own | {"features": None, "customProperties": None} | tenant.settings


def row_view(row: dict[str, Any], json_columns: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a database row with camelCase keys; JSON columns are decoded."""
    return {
        camel(name): _decoded(value) if name in json_columns else value
        for name, value in row.items()
        if camel(name) not in _HIDDEN
    }


def encode(value: Any) -> bytes:
    """Write a shown result as JSON."""
    return _encoder.encode(value)


@cache
def camel(name: str) -> str:
    """Return a snake_case name in camelCase."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@cache
def snake(name: str) -> str:
    """Return a camelCase name in snake_case."""
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value

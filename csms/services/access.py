"""Who may do what: one literal table that every surface obeys."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from csms.errors import NotAllowed


class Role(StrEnum):
    """Roles of users and partners."""

    SUPER_ADMIN = "SUPER_ADMIN"
    TENANT_ADMIN = "TENANT_ADMIN"
    OPERATOR = "OPERATOR"
    VIEWER = "VIEWER"
    DRIVER = "DRIVER"
    PARTNER = "PARTNER"


_READERS: Final = frozenset({Role.SUPER_ADMIN, Role.TENANT_ADMIN, Role.OPERATOR, Role.VIEWER})
_OPERATORS: Final = frozenset({Role.SUPER_ADMIN, Role.TENANT_ADMIN, Role.OPERATOR})
_ADMINS: Final = frozenset({Role.SUPER_ADMIN, Role.TENANT_ADMIN})
_SUPER: Final = frozenset({Role.SUPER_ADMIN})

PERMISSIONS: Final[dict[str, frozenset[Role]]] = {
    "tenant.read": _READERS,
    "tenant.write": _SUPER,
    "tenant.admin": _SUPER,
    "station.read": _READERS,
    "station.write": _ADMINS,
    "station.command": _OPERATORS,
    "file.read": _OPERATORS,
    "file.write": _OPERATORS,
    "firmware.read": _READERS,
    "firmware.write": _ADMINS,
    "token.read": _READERS,
    "token.write": _OPERATORS,
    "tariff.read": _READERS,
    "tariff.write": _OPERATORS,
    "location.read": _READERS,
    "location.write": _ADMINS,
    "transaction.read": _READERS,
    "transaction.write": _ADMINS,
    "cdr.read": _READERS,
    "certificate.read": _READERS,
    "certificate.write": _ADMINS,
    "reservation.read": _READERS,
    "party.read": _READERS,
    "party.write": _ADMINS,
    "message.read": _OPERATORS,
    "alert.read": _READERS,
    "alert.write": _OPERATORS,
    "audit.read": _ADMINS,
    "audit.verify": _SUPER,
    "user.read": _ADMINS,
    "user.write": _ADMINS,
    "system.read": _READERS,
    "system.write": _SUPER,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a name for the audit, a role, the tenant the caller is bound to (None: all), and from where.

    `permissions` narrows what the role may (None: nothing is taken away); `user_id` is None for the local operator.
    """

    name: str
    role: Role
    tenant_id: str | None
    origin: str
    permissions: frozenset[str] | None = None
    user_id: str | None = None


LOCAL_OPERATOR: Final = Caller("local operator", Role.SUPER_ADMIN, None, "local socket")
"""Whoever may open the appliance's socket (mode 0600) or its database may do everything."""


def require(caller: Caller, permission: str) -> None:
    """Raise NotAllowed unless the caller's role has the permission."""
    if caller.role not in PERMISSIONS[permission]:
        raise NotAllowed(f"{caller.role} may not {permission.replace('.', ' ')}")
    if caller.permissions is not None and permission not in caller.permissions:
        raise NotAllowed(f"the scope of this key or token does not include {permission}")

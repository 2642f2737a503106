"""Roaming partners: who they are, what they serve, and which of their addresses we have (OCPI 2.2.1 §6, §7, §2.1.2).

A `Party` is one connection: a platform of a partner with one or more roles. Country codes and party ids compare
without regard to case (CiString, §16.1) and keep the case they came in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from csms.model.tenant import TenantType

VERSION: Final = "2.2.1"


class OcpiRole(StrEnum):
    """What a party does (§16.2.3)."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"


class Module(StrEnum):
    """The modules of OCPI, by their ids (§6.2.4)."""

    CDRS = "cdrs"
    CHARGING_PROFILES = "chargingprofiles"
    COMMANDS = "commands"
    CREDENTIALS = "credentials"
    HUB_CLIENT_INFO = "hubclientinfo"
    LOCATIONS = "locations"
    SESSIONS = "sessions"
    TARIFFS = "tariffs"
    TOKENS = "tokens"


class Interface(StrEnum):
    """The two sides of a module (§6.2.3): SENDER owns the data, RECEIVER gets it."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class PartyStatus(StrEnum):
    """Life of a connection."""

    INVITED = "INVITED"
    """We gave out a token and wait for the partner."""
    REGISTERING = "REGISTERING"
    """We are on our way to register with the partner, or the partner's answer was lost."""
    REGISTERED = "REGISTERED"
    SUSPENDED = "SUSPENDED"
    """We refuse its requests and send it nothing, until an operator resumes it."""
    UNREGISTERED = "UNREGISTERED"
    """One of the two sides has ended the registration."""
    REMOVED = "REMOVED"


class TokenForm(StrEnum):
    """How a credentials token stands in the Authorization header: §4.1.2 wants Base64, older peers send it plain."""

    BASE64 = "BASE64"
    PLAIN = "PLAIN"


class PartyKey(NamedTuple):
    """Country code and party id, folded for comparison."""

    country_code: str
    party_id: str

    @classmethod
    def of(cls, country_code: str, party_id: str) -> "PartyKey":
        """Return the key of a party as somebody wrote it."""
        return cls(country_code.casefold(), party_id.casefold())


@dataclass(frozen=True, slots=True)
class PartyRole:
    """One role of a platform (CredentialsRole, §7.4.2)."""

    role: OcpiRole
    country_code: str
    party_id: str
    business_name: str = ""
    website: str | None = None

    @property
    def key(self) -> PartyKey:
        """Return country code and party id for comparison."""
        return PartyKey.of(self.country_code, self.party_id)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of a partner's (§6.2.2); `interface` is None where an old peer did not say."""

    module: str
    interface: Interface | None
    url: str


@dataclass(frozen=True, slots=True)
class Party:
    """One partner platform of a tenant's; secrets are kept apart from it (store.parties)."""

    id: str
    tenant_id: str
    name: str
    status: PartyStatus
    expected_role: OcpiRole | None
    """The role an invited partner was announced with."""
    versions_url: str | None
    version: str | None
    token_form: TokenForm
    created_at: datetime
    updated_at: datetime
    last_seen_at: datetime | None = None
    """When it last asked us something, or answered."""
    problem: str | None = None
    """What went wrong last, None since something went right."""
    roles: tuple[PartyRole, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def is_hub(self) -> bool:
        """Whether the platform may speak for others."""
        return any(role.role is OcpiRole.HUB for role in self.roles)

    def has(self, key: PartyKey) -> bool:
        """Whether a country code and party id are of one of its roles."""
        return any(role.key == key for role in self.roles)

    def endpoint(self, module: str, interface: Interface) -> str | None:
        """Return the address of a side of a module, None where the partner does not serve it; credentials have none."""
        sides: tuple[Interface | None, ...] = (interface, None)
        if module == Module.CREDENTIALS:
            sides = (Interface.RECEIVER, Interface.SENDER, None)
        served = {e.interface: e.url for e in reversed(self.endpoints) if e.module == module}
        return next((served[side] for side in sides if side in served), None)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the two sides exchange (§7.3.1)."""

    token: str
    url: str
    roles: tuple[PartyRole, ...]


_OF_TENANTS: Final[dict[TenantType, tuple[OcpiRole, ...]]] = {
    TenantType.CPO: (OcpiRole.CPO,),
    TenantType.MSP: (OcpiRole.EMSP,),
    TenantType.HUB: (OcpiRole.HUB,),
    TenantType.SAAS_PROVIDER: (OcpiRole.CPO, OcpiRole.EMSP),
    TenantType.HYBRID: (OcpiRole.CPO, OcpiRole.EMSP),
}
_OWNERS: Final[dict[Module, OcpiRole]] = {
    Module.LOCATIONS: OcpiRole.CPO,
    Module.SESSIONS: OcpiRole.CPO,
    Module.CDRS: OcpiRole.CPO,
    Module.TARIFFS: OcpiRole.CPO,
    Module.TOKENS: OcpiRole.EMSP,
    Module.COMMANDS: OcpiRole.EMSP,
    Module.CHARGING_PROFILES: OcpiRole.EMSP,
    Module.HUB_CLIENT_INFO: OcpiRole.HUB,
}
"""Whose the SENDER interface of a module is; the RECEIVER interface is the other side's."""


def roles_of(tenant_type: TenantType) -> tuple[OcpiRole, ...]:
    """Return the roles in which a tenant speaks OCPI."""
    return _OF_TENANTS[tenant_type]


def serves(roles: Iterable[OcpiRole], module: Module, interface: Interface) -> bool:
    """Whether a platform of these roles serves a side of a module (§3.2, typical implementations)."""
    own = set(roles)
    if module is Module.CREDENTIALS:
        return True
    if module is Module.HUB_CLIENT_INFO:
        return (OcpiRole.HUB in own) == (interface is Interface.SENDER)
    if OcpiRole.HUB in own:
        return True
    other = {OcpiRole.CPO: OcpiRole.EMSP, OcpiRole.EMSP: OcpiRole.CPO}
    owner = _OWNERS[module]
    return (owner if interface is Interface.SENDER else other[owner]) in own

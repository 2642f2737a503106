"""What a handler of a route gets, and what it gives back: the one signature of every OCPI module."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final
from urllib.parse import quote

from csms.model.ocpi_status import OcpiStatus
from csms.model.party import Interface, Module, Party, PartyKey
from csms.model.tenant import Tenant
from csms.services.house import House
from csms.services.parties import Proof

OCPI: Final = "/ocpi"
"""Where everything of this listener begins."""


class Missing(Enum):
    """The data of an answer that has none."""

    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class OcpiRequest:
    """One request of a partner's that has proved who it is."""

    house: House
    party: Party
    """The connection that asks; everything it may see is of `party.tenant_id`."""
    tenant: Tenant
    proof: Proof
    """The token it came with."""
    module: Module
    interface: Interface
    method: str
    path: Mapping[str, str]
    """What stands in the braces of the route, as it was written."""
    query: Mapping[str, str]
    body: Any
    """The JSON that was sent, with exact decimals; None where there was none."""
    raw: bytes
    request_id: str
    correlation_id: str
    base_url: str
    """Our address as this partner reaches us, such as https://csms.example/ocpi, without a slash at its end."""
    own_path: str
    """The path that was asked, below the host."""
    from_party: PartyKey | None = None
    """OCPI-from-*: who asks, which is one of the roles of `party` unless that is a hub."""
    to_party: PartyKey | None = None
    """OCPI-to-*: who is asked."""

    def module_url(self, interface: Interface | None = None) -> str:
        """Return the advertised address of this module on our side."""
        return module_url(self.base_url, self.module, interface or self.interface)

    def url_of(self, *segments: str) -> str:
        """Return the absolute address of an object below this module."""
        return "/".join([self.module_url(), *(quote(part, safe="") for part in segments)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a partner is answered; `data` is JSON-ready, with decimals."""

    data: Any = Missing.NONE
    status: OcpiStatus = OcpiStatus.SUCCESS
    message: str | None = None
    http: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[OcpiRequest], Awaitable[Reply]]


def module_url(base_url: str, module: Module, interface: Interface) -> str:
    """Return the address of a module: SENDER and RECEIVER have different ones, for their paths overlap."""
    if module is Module.CREDENTIALS:
        return f"{base_url}/2.2.1/{module}"
    return f"{base_url}/2.2.1/{interface.lower()}/{module}"

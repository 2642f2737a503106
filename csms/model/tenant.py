"""Tenants: the operators and roaming companies that share one appliance and never see each other."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TenantType(StrEnum):
    """What a tenant does in e-mobility roaming."""

    CPO = "CPO"
    MSP = "MSP"
    HUB = "HUB"
    SAAS_PROVIDER = "SAAS_PROVIDER"
    HYBRID = "HYBRID"


class TenantStatus(StrEnum):
    """Life of a tenant; stations of a tenant that is not ACTIVE are refused."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"
    PENDING_ACTIVATION = "PENDING_ACTIVATION"


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant; `time_zone` is an IANA name and decides local times in tariffs, `currency` is ISO 4217."""

    id: str
    name: str
    tenant_type: TenantType
    status: TenantStatus
    country_code: str
    party_id: str
    currency: str
    time_zone: str
    created_at: datetime
    updated_at: datetime
    local_list_sync: bool = False
    """Whether local lists of stations follow the id tokens by themselves."""

"""Tenants: the operators and roaming companies that share one appliance and never see each other."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


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
    """One tenant; `time_zone` is an IANA name and decides local times in tariffs, `currency` is ISO 4217.

    `settings` holds what only the tenant's own programs read: language, features, properties.
    """

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
    domain: str | None = None
    company_name: str | None = None
    status_reason: str | None = None
    local_list_sync: bool = False
    """Whether local lists of stations follow the id tokens by themselves."""
    settings: dict[str, Any] = field(default_factory=dict)


class TenantSettings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Settings of a tenant as the management API takes them; what is None keeps its default."""

    timezone: str | None = None
    default_currency: str | None = None
    default_language: str | None = None
    features: dict[str, Any] | None = None
    custom_properties: dict[str, Any] | None = None

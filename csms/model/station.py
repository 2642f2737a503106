"""Charging stations, their EVSEs and connectors, as both OCPP versions and every surface see them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Registration(StrEnum):
    """What BootNotification is answered with (OCPP 1.6 §4.2, 2.0.1 B01–B03)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class ConnectorStatus(StrEnum):
    """State of a connector, in the words of the GraphQL interface; OCPP 1.6 states map up to these."""

    AVAILABLE = "AVAILABLE"
    PREPARING = "PREPARING"
    OCCUPIED = "OCCUPIED"
    CHARGING = "CHARGING"
    SUSPENDED_EV = "SUSPENDED_EV"
    SUSPENDED_EVSE = "SUSPENDED_EVSE"
    FINISHING = "FINISHING"
    RESERVED = "RESERVED"
    UNAVAILABLE = "UNAVAILABLE"
    FAULTED = "FAULTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class StationRef:
    """The identity of a station inside the appliance: `key` is unique over all tenants."""

    tenant_id: str
    station_id: str
    key: str


@dataclass(frozen=True, slots=True)
class ChargingStation:
    """One charging station as registered by an operator and as it described itself when booting."""

    id: str
    tenant_id: str
    station_id: str
    registration: Registration
    security_profile: int
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    location_id: str | None = None
    vendor: str | None = None
    model: str | None = None
    serial_number: str | None = None
    firmware_version: str | None = None
    ocpp_version: str | None = None
    quirks: dict[str, Any] = field(default_factory=dict)
    booted_at: datetime | None = None
    last_seen_at: datetime | None = None
    onboarded_at: datetime | None = None
    """When it came by itself to wait for an operator (config ocpp.onboarding); None for one that was registered."""

    @property
    def ref(self) -> StationRef:
        """The identity used by connections and services."""
        return StationRef(self.tenant_id, self.station_id, self.id)


@dataclass(frozen=True, slots=True)
class Connector:
    """One connector; OCPP 1.6 connector N is EVSE N, connector 1. EVSE 0 is the station itself."""

    station_key: str
    evse_id: int
    connector_id: int
    status: ConnectorStatus
    status_at: datetime | None = None
    error_code: str | None = None
    info: str | None = None
    vendor_error_code: str | None = None
    tariff_id: str | None = None
    available_intent: bool = True

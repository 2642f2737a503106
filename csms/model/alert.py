"""Alerts: what somebody should look at, from its first appearance until it is over."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class AlertSeverity(StrEnum):
    """How urgent an alert is, in the words of the GraphQL interface; `rank` orders them."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """Return 0 for the least urgent, 3 for the most."""
        return _ORDER.index(self)


_ORDER: Final = (AlertSeverity.LOW, AlertSeverity.MEDIUM, AlertSeverity.HIGH, AlertSeverity.CRITICAL)


class AlertCategory(StrEnum):
    """What an alert is about, in the words of the GraphQL interface."""

    STATION_OFFLINE = "STATION_OFFLINE"
    SESSION_ERROR = "SESSION_ERROR"
    BILLING_ERROR = "BILLING_ERROR"
    OCPI_ERROR = "OCPI_ERROR"
    SYSTEM_ERROR = "SYSTEM_ERROR"
    SECURITY_ALERT = "SECURITY_ALERT"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; there is one open alert of a `key` at a time, and `count` says how often it was raised.

    `tenant_id` is empty for what concerns the appliance as a whole.
    """

    id: str
    tenant_id: str
    severity: AlertSeverity
    category: AlertCategory
    key: str
    message: str
    raised_at: datetime
    last_at: datetime
    station_id: str | None = None
    transaction_id: str | None = None
    count: int = 1
    metadata: dict[str, Any] = field(default_factory=dict)
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    cleared_at: datetime | None = None

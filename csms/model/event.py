"""Facts that come up the bus after a commit; the outbox keeps each of them in the same transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

KINDS: Final = (
    "station.booted",
    "station.connected",
    "station.disconnected",
    "station.changed",
    "connector.status",
    "transaction.started",
    "transaction.updated",
    "transaction.ended",
    "transaction.corrected",
    "cdr.created",
    "token.changed",
    "tariff.changed",
    "command.changed",
    "security.event",
    "firmware.status",
    "diagnostics.status",
    "certificate.requested",
    "certificate.revoked",
    "certificate.wanted",
    "certificate.changed",
    "station.secured",
    "station.upgrade",
    "device.event",
    "device.report",
    "charging.limit",
    "charging.needs",
    "charging.schedule",
    "charging.profiles",
    "monitoring.report",
    "display.messages",
    "customer.information",
    "data.transfer",
    "reservation.changed",
    "tenant.changed",
    "location.changed",
    "session.changed",
    "party.changed",
    "partner_token.changed",
    "alert.raised",
    "alert.cleared",
)


class Event(msgspec.Struct, frozen=True):
    """One fact: `kind` is one of `KINDS`, `subject` the id of what it is about, `body` JSON-ready."""

    kind: str
    tenant_id: str
    station_id: str | None
    subject: str
    at: datetime
    body: Mapping[str, Any]

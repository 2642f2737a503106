"""Reservations: an EVSE kept for an id token or its group for a time (OCPP 1.6 §5.13, 2.0.1 block H)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from csms.model.station import ConnectorStatus

OUT_OF_ORDER: Final = frozenset({ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE})
"""States of a connector that end its reservation (1.6 §5.13, 2.0.1 H01)."""


class ReservationStatus(StrEnum):
    """Life of a reservation."""

    ACTIVE = "ACTIVE"
    USED = "USED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Reservation:
    """One reservation; `id` is the station's number of it, EVSE 0 is any of the station's.

    `connector_type` narrows an EVSE down to connectors of a type (2.0.1 ConnectorEnumType). `ended_because` says why
    one that is over ended.
    """

    id: int
    tenant_id: str
    station_key: str
    station_id: str
    evse_id: int
    id_token: str
    group_id: str | None
    expires_at: datetime
    status: ReservationStatus
    created_at: datetime
    updated_at: datetime
    transaction_id: str | None = None
    connector_type: str | None = None
    ended_because: str | None = None

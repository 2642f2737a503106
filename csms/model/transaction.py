"""Transactions as the business knows them, and what a station reports about one, whatever its OCPP version."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from csms.model.id_token import Authorization, AuthorizationStatus
from csms.model.meter import MeterReading
from csms.model.station import ConnectorStatus


class TransactionState(StrEnum):
    """Life of a transaction.

    AWAITING_STOP: another one started on the connector before this one's stop arrived.
    ORPHANED: a stop arrived for a transaction that nobody here has seen start.
    """

    ACTIVE = "ACTIVE"
    AWAITING_STOP = "AWAITING_STOP"
    ENDED = "ENDED"
    ORPHANED = "ORPHANED"


class ReportKind(StrEnum):
    """The three kinds of transaction report (OCPP 2.0.1 TransactionEventEnumType)."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


class TransactionReport(msgspec.Struct, frozen=True, gc=False):
    """What a station says about a transaction.

    `meter_wh` is the energy register at the event. In OCPP 1.6 `ocpp_id` is None at the start, because the
    transaction id is ours to give. From `seq_no` on stands what only stations say that number their events (2.0.1):
    `digest` tells two events with one number apart, `begin_wh` is the register at the transaction's begin as any
    event may give it, `request_id` the remote start that it follows.
    """

    kind: ReportKind
    at: datetime
    ocpp_id: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    id_token: str | None = None
    meter_wh: int | None = None
    reason: str | None = None
    reservation_id: int | None = None
    readings: tuple[MeterReading, ...] = ()
    seq_no: int = 0
    digest: str = ""
    id_token_type: str | None = None
    begin_wh: int | None = None
    charging_state: ConnectorStatus | None = None
    trigger: str | None = None
    offline: bool = False
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing about a transaction that we did not take as it came: what was said, what is used, and why."""

    kind: str
    detail: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction. Energies are Wh; `reported_*` is what the station's clock said, the rest is what counts."""

    id: str
    tenant_id: str
    station_key: str
    station_id: str
    ocpp_id: str
    state: TransactionState
    evse_id: int | None
    connector_id: int | None
    id_token: str | None
    authorization: AuthorizationStatus | None
    started_at: datetime | None
    reported_started_at: datetime | None
    ended_at: datetime | None = None
    reported_ended_at: datetime | None = None
    meter_start_wh: int | None = None
    meter_stop_wh: int | None = None
    energy_wh: int | None = None
    stop_reason: str | None = None
    reservation_id: int | None = None
    remote_command_id: str | None = None
    tariff_id: str | None = None
    suspect_at: datetime | None = None
    corrections: tuple[Correction, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Started:
    """Answer to a start: the transaction id to use from now on and the verdict on the id token."""

    ocpp_id: str
    authorization: Authorization


@dataclass(frozen=True, slots=True)
class Stopped:
    """Answer to a stop: the verdict on the id token that stopped it, when one was given."""

    authorization: Authorization | None


@dataclass(frozen=True, slots=True)
class Noted:
    """Answer to a numbered event: the verdict on the id token it showed, and the final cost once that is known."""

    authorization: Authorization | None = None
    total_cost: Decimal | None = None

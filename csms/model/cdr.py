"""Charge detail records: the frozen, priced account of one ended transaction (OCPI 2.2.1 §10.3)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Cdr:
    """One CDR. `document` is the OCPI 2.2.1 CDR object as it was written; nothing of it ever changes.

    Amounts are in `currency`; `total_cost_incl_vat` is None where no VAT applies.
    """

    id: str
    tenant_id: str
    transaction_id: str
    station_id: str
    evse_id: int | None
    connector_id: int | None
    id_token: str | None
    started_at: datetime
    ended_at: datetime
    energy_wh: int
    currency: str
    total_cost: Decimal
    total_cost_incl_vat: Decimal | None
    tariff_id: str | None
    created_at: datetime
    document: dict[str, Any]

"""A transaction as the station knows it, whether or not the CSMS has confirmed it (OCPP 1.6 §4.8, §4.10)."""

from dataclasses import dataclass, field
from datetime import datetime

from csms.simulator.frames import Payload


@dataclass(slots=True, eq=False)
class Transaction:
    """From StartTransaction to StopTransaction on one connector."""

    connector_id: int
    id_tag: str
    meter_start_wh: int
    started_at: datetime
    reservation_id: int | None = None
    transaction_id: int | None = None  # None until the CSMS has answered StartTransaction
    id_tag_info: Payload = field(default_factory=dict)
    meter_stop_wh: int | None = None
    stopped_at: datetime | None = None
    reason: str = "Local"
    data: list[Payload] = field(default_factory=list)  # what StopTransaction carries as transactionData

    @property
    def id_tag_status(self) -> str | None:
        """Return the authorization status of StartTransaction's answer, or None while there is none."""
        return self.id_tag_info.get("status")

    @property
    def ended(self) -> bool:
        """Say whether the station has stopped it, delivered or not."""
        return self.stopped_at is not None

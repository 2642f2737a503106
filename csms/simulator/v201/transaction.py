"""A transaction as the station knows it; its id is the station's (OCPP 2.0.1 E01 to E15)."""

from dataclasses import dataclass, field
from datetime import datetime

from csms.simulator.frames import Payload


@dataclass(slots=True, eq=False)
class Transaction:
    """From Started to Ended on one EVSE."""

    transaction_id: str
    evse_id: int
    meter_start_wh: int
    started_at: datetime
    id_token: Payload | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    charging_state: str | None = None
    next_seq_no: int = 0
    evse_told: bool = False  # the EVSE stands in the first event that knows it
    remote_start_told: bool = False
    id_token_info: Payload = field(default_factory=dict)
    total_cost: float | None = None  # as the CSMS last said it
    meter_stop_wh: int | None = None
    stopped_at: datetime | None = None
    reason: str = "Local"
    data: list[Payload] = field(default_factory=list)  # meter values that the event Ended carries

    @property
    def id_token_status(self) -> str | None:
        """Return the authorization status that the CSMS answered, or None while it has not."""
        return self.id_token_info.get("status")

    @property
    def ended(self) -> bool:
        """Say whether the station has ended it, delivered or not."""
        return self.stopped_at is not None

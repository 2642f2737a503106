"""Connectors, and the reservations on them (OCPP 1.6 §4.9 status, §3.12 reservation)."""

from dataclasses import dataclass
from datetime import datetime

from csms.simulator.charge import Meter
from csms.simulator.running import Running
from csms.simulator.v16.transaction import Transaction


@dataclass(slots=True)
class Reservation:
    """A promise of a connector, or with connector 0 of any."""

    reservation_id: int
    connector_id: int
    id_tag: str
    parent_id_tag: str | None
    expires_at: datetime

    def admits(self, id_tag: str, parent_id_tag: str | None) -> bool:
        """Say whether this id tag, or one of the same parent, may use the reservation."""
        if id_tag.lower() == self.id_tag.lower():
            return True
        return self.parent_id_tag is not None and parent_id_tag == self.parent_id_tag


@dataclass(slots=True, eq=False)
class Connector:
    """One connector; connector 0 is the station itself and has only a status."""

    connector_id: int
    meter: Meter
    status: str = "Available"
    error_code: str = "NoError"
    operative: bool = True
    operative_afterwards: bool | None = None  # scheduled by ChangeAvailability until the transaction ends
    transaction: Transaction | None = None
    charge: Running | None = None

    @property
    def busy(self) -> bool:
        """Say whether a vehicle has it."""
        return self.transaction is not None or self.charge is not None

    @property
    def idle_status(self) -> str:
        """Return the status without a vehicle and without a reservation."""
        return "Available" if self.operative else "Unavailable"

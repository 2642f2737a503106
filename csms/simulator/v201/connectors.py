"""EVSEs with one connector each, and the reservations on them (OCPP 2.0.1 G, H)."""

from dataclasses import dataclass
from datetime import datetime

from csms.simulator.charge import Meter
from csms.simulator.frames import Payload
from csms.simulator.running import Running
from csms.simulator.v201.id_tokens import key_of, same_group
from csms.simulator.v201.transaction import Transaction


@dataclass(slots=True)
class Reservation:
    """A promise of an EVSE, or with EVSE 0 of any."""

    reservation_id: int
    evse_id: int
    id_token: Payload
    group_id_token: Payload | None
    expires_at: datetime

    def admits(self, id_token: Payload, group_id_token: Payload | None) -> bool:
        """Say whether this token, or one of the same group, may use the reservation."""
        return key_of(id_token) == key_of(self.id_token) or same_group(self.group_id_token, group_id_token)


@dataclass(slots=True, eq=False)
class Evse:
    """One EVSE; its connector is number 1."""

    evse_id: int
    meter: Meter
    status: str = "Available"
    operative: bool = True  # the EVSE itself
    connector_operative: bool = True
    station_operative: bool = True
    waiting: tuple[str, bool] | None = None  # level and value that ChangeAvailability scheduled
    transaction: Transaction | None = None
    charge: Running | None = None

    @property
    def busy(self) -> bool:
        """Say whether a vehicle or its driver has it."""
        return self.transaction is not None or self.charge is not None

    @property
    def usable(self) -> bool:
        """Say whether connector, EVSE and station are all operative."""
        return self.operative and self.connector_operative and self.station_operative

    @property
    def idle_status(self) -> str:
        """Return the status without a vehicle and without a reservation."""
        return "Available" if self.usable else "Unavailable"

    def change(self, level: str, operative: bool) -> None:
        """Take the connector, the EVSE or the station in or out of service."""
        match level:
            case "connector":
                self.connector_operative = operative
            case "evse":
                self.operative = operative
            case _:
                self.station_operative = operative

"""A 1.6 station before any charge: registration, heartbeat, status, id tags (OCPP 1.6 §4.1, 4.2, 4.6, 4.9)."""

from datetime import datetime
from functools import partial

import trio

from csms.simulator.certificates import Certificates
from csms.simulator.charge import Meter
from csms.simulator.clock import to_wire
from csms.simulator.errors import CallError, CallTimeout, ConnectionLost
from csms.simulator.frames import Payload
from csms.simulator.jobs import Jobs
from csms.simulator.queueing import Queueing
from csms.simulator.settings import StationSettings
from csms.simulator.socket import Address
from csms.simulator.v16.configuration import Configuration
from csms.simulator.v16.connectors import Connector, Reservation
from csms.simulator.v16.local_list import LocalList
from csms.simulator.v16.profiles import Profiles


class Registered16(Queueing):
    """A 1.6 station without transactions."""

    version = "1.6"
    subprotocol = "ocpp1.6"
    names_its_transactions = False

    def __init__(
        self, nursery: trio.Nursery, address: Address, identity: str, settings: StationSettings
    ) -> None:
        super().__init__(nursery, address, identity, settings)
        self.configuration = Configuration(settings.connectors)
        self.connectors = {
            number: Connector(number, Meter(self.rng.randrange(1_000, 9_000_000)))
            for number in range(settings.connectors + 1)
        }
        self.local_list = LocalList()
        self.profiles = Profiles()
        self.certificates = Certificates(identity)
        self.reservations: dict[int, Reservation] = {}
        self.jobs = Jobs(self)

    @property
    def websocket_ping_s(self) -> float:
        """Return the configured WebSocketPingInterval in seconds."""
        return float(self.configuration.number("WebSocketPingInterval"))

    def connector(self, connector_id: int) -> Connector:
        """Return a connector, one that the station lacks too: then it is added."""
        if connector_id not in self.connectors:
            self.connectors[connector_id] = Connector(connector_id, Meter(0))
        return self.connectors[connector_id]

    # Registration

    def boot_payload(self) -> Payload:
        """Return what the station says of itself in BootNotification."""
        return {
            "chargePointVendor": self.settings.vendor,
            "chargePointModel": self.settings.model,
            "chargePointSerialNumber": self.identity[:25],
            "firmwareVersion": self.firmware_version,
            "meterType": "Simulated 3-phase",
        }

    async def tell_statuses(self) -> None:
        """Tell every connector's status."""
        for number, connector in self.connectors.items():
            await self.show(number, connector.status)

    @property
    def heartbeat_interval_s(self) -> int:
        """Return the configured HeartbeatInterval."""
        return self.configuration.number("HeartbeatInterval")

    def set_heartbeat_interval(self, interval_s: int) -> None:
        """Keep it as the configuration key HeartbeatInterval."""
        self.configuration.set("HeartbeatInterval", str(interval_s))

    # Status and authorization

    async def notify_status(
        self,
        connector_id: int,
        status: str,
        *,
        error_code: str = "NoError",
        at: datetime | None = None,
        **more: str,
    ) -> Payload:
        """Set a connector's status and send StatusNotification; `more`: info, vendorId, vendorErrorCode."""
        connector = self.connector(connector_id)
        connector.status, connector.error_code = status, error_code
        timestamp = to_wire(at or self.clock.now())
        payload = {
            "connectorId": connector_id,
            "errorCode": error_code,
            "status": status,
            "timestamp": timestamp,
        }
        return await self.call("StatusNotification", {**payload, **more})

    async def show(self, connector_id: int, status: str, at: datetime | None = None) -> None:
        """Set a connector's status and tell the CSMS if it can be told now."""
        self.connector(connector_id).status = status
        if self.may_send:
            await self._quietly(partial(self.notify_status, connector_id, status, at=at))

    async def authorize(self, id_tag: str) -> Payload:
        """Send Authorize and return the idTagInfo."""
        answer = await self.call("Authorize", {"idTag": id_tag})
        info: Payload = answer.get("idTagInfo", {})
        self.local_list.remember(id_tag, info)
        return info

    async def admits(self, id_tag: str) -> Payload:
        """Return the idTagInfo that holds for an id tag now: the CSMS's, or offline the station's own."""
        cached = self.configuration.flag("AuthorizationCacheEnabled")
        known = self.local_list.known(id_tag, with_cache=cached)
        if known and known.get("status") == "Accepted" and self.configuration.flag("LocalPreAuthorize"):
            return known
        try:
            return await self.authorize(id_tag)
        except (ConnectionLost, CallTimeout):
            if known is not None and self.configuration.flag("LocalAuthorizeOffline"):
                return known
            unknown_may = self.configuration.flag("AllowOfflineTxForUnknownId")
            return {"status": "Accepted" if unknown_may else "Invalid"}
        except CallError:
            return {"status": "Invalid"}

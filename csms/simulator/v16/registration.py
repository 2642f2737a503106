"""A 1.6 station before any charge: registration, heartbeat, status, id tags (OCPP 1.6 §4.1, 4.2, 4.6, 4.9)."""

from datetime import datetime
from functools import partial

import trio

from csms.simulator.charge import Meter
from csms.simulator.clock import to_wire
from csms.simulator.errors import CallError, CallTimeout, ConnectionLost, NotAccepted
from csms.simulator.frames import Payload
from csms.simulator.settings import StationSettings
from csms.simulator.socket import Address
from csms.simulator.station import Station
from csms.simulator.v16.certificates import Certificates
from csms.simulator.v16.configuration import Configuration
from csms.simulator.v16.connectors import Connector, Reservation
from csms.simulator.v16.local_list import LocalList
from csms.simulator.v16.profiles import Profiles

BOOT_RETRY_S = 60.0  # when the CSMS leaves the waiting time to the station
HEARTBEAT_DEFAULT_S = 300.0
UNACCEPTED = ("Pending", "Rejected")


class Registered16(Station):
    """A 1.6 station without transactions."""

    version = "1.6"
    subprotocol = "ocpp1.6"

    def __init__(
        self, nursery: trio.Nursery, address: Address, identity: str, settings: StationSettings
    ) -> None:
        super().__init__(nursery, address, identity, settings)
        self.configuration = Configuration(settings.connectors)
        self.connectors = {
            number: Connector(number, Meter(self.rng.randrange(1_000, 9_000_000)))
            for number in range(settings.connectors + 1)
        }
        self.registration: str | None = None
        self.firmware_version = "1.0.0"
        self.local_list = LocalList()
        self.profiles = Profiles()
        self.certificates = Certificates(identity)
        self.reservations: dict[int, Reservation] = {}
        self.jobs: dict[str, trio.CancelScope] = {}  # uploads and downloads under way, by kind
        self.job_status: dict[str, Payload] = {}  # the last notification about each
        self.must_boot = True
        self._registered = trio.Event()
        self._beating = False
        self._beat_scope: trio.CancelScope | None = None

    @property
    def websocket_ping_s(self) -> float:
        """Return the configured WebSocketPingInterval in seconds."""
        return float(self.configuration.number("WebSocketPingInterval"))

    def connector(self, connector_id: int) -> Connector:
        """Return a connector, one that the station lacks too: then it is added."""
        if connector_id not in self.connectors:
            self.connectors[connector_id] = Connector(connector_id, Meter(0))
        return self.connectors[connector_id]

    @property
    def may_send(self) -> bool:
        """Say whether messages of its own accord may go out: connected, and not Pending or Rejected."""
        return self.session is not None and not self.returning and self.registration not in UNACCEPTED

    # Registration

    async def boot(self, *, tries: int | None = None) -> Payload:
        """Send BootNotification until it is Accepted, obeying the interval; return the answer.

        With `tries`, raise NotAccepted after so many.
        """
        left = tries
        while True:
            try:
                answer = await self.boot_once()
                if self.registration == "Accepted":
                    return answer
                failure = NotAccepted(f"the registration is {self.registration}")
                wait_s = float(answer.get("interval") or BOOT_RETRY_S)
            except (CallError, CallTimeout) as error:
                failure, wait_s = NotAccepted(f"BootNotification: {error}"), BOOT_RETRY_S
            left = None if left is None else left - 1
            if left == 0:
                raise failure
            with trio.move_on_after(wait_s):
                await self._registered.wait()
            if self.registration == "Accepted":
                return {"status": "Accepted"}

    async def boot_once(self) -> Payload:
        """Send one BootNotification and act on its answer."""
        answer = await self.call("BootNotification", self.boot_payload())
        self.registration = answer.get("status")
        if self.registration == "Accepted":
            self.must_boot = False
            interval_s = answer.get("interval") or HEARTBEAT_DEFAULT_S
            self.configuration.set("HeartbeatInterval", str(int(interval_s)))
            self._registered.set()
            self._registered = trio.Event()
            self._announce_change()
            if not self._beating:
                self._beating = True
                self._nursery.start_soon(self._beat)
        return answer

    def boot_payload(self) -> Payload:
        """Return what the station says of itself in BootNotification."""
        return {
            "chargePointVendor": self.settings.vendor,
            "chargePointModel": self.settings.model,
            "chargePointSerialNumber": self.identity[:25],
            "firmwareVersion": self.firmware_version,
            "meterType": "Simulated 3-phase",
        }

    async def came_back(self) -> None:
        """Boot if need be, and tell every connector's status."""
        if self.must_boot or self.settings.boot_on_reconnect:
            await self.boot(tries=self.settings.boot_tries)
        self.returning = False
        for number, connector in self.connectors.items():
            tell = partial(self.notify_status, number, connector.status, error_code=connector.error_code)
            await self._quietly(tell)

    async def heartbeat(self) -> Payload:
        """Send a Heartbeat."""
        return await self.call("Heartbeat")

    def beat_again(self) -> None:
        """Take a changed HeartbeatInterval into account."""
        if self._beat_scope is not None:
            self._beat_scope.cancel()

    async def _beat(self) -> None:
        lag_s = (
            0.1 + 0.8 * int(self._id_stem[:4], 16) / 0xFFFF
        )  # so that nothing ever falls into the same instant
        while True:
            interval_s = self.configuration.number("HeartbeatInterval") or HEARTBEAT_DEFAULT_S
            session = self.session
            if session is None:
                await self._changed.wait()
                continue
            due_s = session.last_sent_s + interval_s + lag_s
            if trio.current_time() >= due_s and self.registration == "Accepted":
                await self._quietly(self.heartbeat)
                continue
            with trio.CancelScope() as self._beat_scope:
                await trio.sleep_until(max(due_s, trio.current_time() + 1.0))

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

"""A 2.0.1 station before any charge: registration, status, events, id tokens (OCPP 2.0.1 B, C, G, N07)."""

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
from csms.simulator.v201.connectors import Evse, Reservation
from csms.simulator.v201.device_model import DeviceModel, key_of
from csms.simulator.v201.id_tokens import IdToken, as_payload, needs_no_answer
from csms.simulator.v201.local_list import LocalList
from csms.simulator.v201.monitoring import Monitors
from csms.simulator.v201.profiles import Profiles


class Registered201(Queueing):
    """A 2.0.1 station without transactions; every EVSE has one connector, number 1."""

    version = "2.0.1"
    subprotocol = "ocpp2.0.1"
    names_its_transactions = True

    def __init__(
        self, nursery: trio.Nursery, address: Address, identity: str, settings: StationSettings
    ) -> None:
        super().__init__(nursery, address, identity, settings)
        self.model = DeviceModel(settings.connectors)
        self.evses = {
            number: Evse(number, Meter(self.rng.randrange(1_000, 9_000_000)))
            for number in range(1, settings.connectors + 1)
        }
        self.boot_reason = "PowerUp"
        self.local_list = LocalList()
        self.profiles = Profiles()
        self.certificates = Certificates(identity)
        self.monitors = Monitors()
        self.reservations: dict[int, Reservation] = {}
        self.displayed: dict[int, Payload] = {}  # display messages by id
        self.network_profiles: dict[int, Payload] = {}  # by configuration slot
        self.published: dict[str, str] = {}  # locations of published firmware by checksum
        self.costs: dict[str, float] = {}  # the latest running cost by transaction id
        self.jobs = Jobs(self)
        self._told: dict[int, str] = {}  # the status of each EVSE as the CSMS knows it
        self._away_since_s: float | None = None
        self._event_count = 0
        self._describe()

    def _describe(self) -> None:
        settings, put = self.settings, self.model.set
        put("ChargingStation", "Model", settings.model)
        put("ChargingStation", "VendorName", settings.vendor)
        put("ChargingStation", "SerialNumber", self.identity[:25])
        put("SecurityCtrlr", "Identity", self.identity)
        put("SecurityCtrlr", "SecurityProfile", "2" if self.over_tls else "1")
        put("TxCtrlr", "TxStartPoint", settings.tx_start_point)
        put("TxCtrlr", "TxStopPoint", settings.tx_stop_point)

    @property
    def websocket_ping_s(self) -> float:
        """Return the configured WebSocketPingInterval in seconds."""
        return float(self.model.number("OCPPCommCtrlr", "WebSocketPingInterval"))

    @property
    def heartbeat_interval_s(self) -> int:
        """Return the configured HeartbeatInterval."""
        return self.model.number("OCPPCommCtrlr", "HeartbeatInterval")

    def set_heartbeat_interval(self, interval_s: int) -> None:
        """Keep it as the variable HeartbeatInterval."""
        self.model.set("OCPPCommCtrlr", "HeartbeatInterval", str(interval_s))

    def evse(self, evse_id: int) -> Evse:
        """Return an EVSE, one that the station lacks too: then it is added."""
        if evse_id not in self.evses:
            self.evses[evse_id] = Evse(evse_id, Meter(0))
            self.model.add_evse(evse_id)
        return self.evses[evse_id]

    def tell_time(self) -> None:
        """Give ClockCtrlr.DateTime the station's time, before the device model is read."""
        self.model.set("ClockCtrlr", "DateTime", to_wire(self.clock.now()))

    # Registration

    def boot_payload(self) -> Payload:
        """Return what the station says of itself in BootNotification, and why it booted."""
        station = {
            "vendorName": self.settings.vendor,
            "model": self.settings.model,
            "serialNumber": self.identity[:25],
            "firmwareVersion": self.firmware_version,
        }
        return {"chargingStation": station, "reason": self.boot_reason}

    async def boot_once(self) -> Payload:
        """Send one BootNotification and act on its answer; once accepted, the next boot is a power-up."""
        answer = await super().boot_once()
        if self.registration == "Accepted":
            self.boot_reason = "PowerUp"
        return answer

    @property
    def boots_on_reconnect(self) -> bool:
        """Say that a lost connection alone is no boot (B01)."""
        return False

    async def tell_statuses(self) -> None:
        """Tell the status of every EVSE's connector."""
        for number, evse in self.evses.items():
            await self.show(number, evse.status)

    async def tell_missed(self) -> None:
        """Tell all statuses after OfflineThreshold seconds, else those that changed meanwhile (B04)."""
        away_s = 0.0 if self._away_since_s is None else trio.current_time() - self._away_since_s
        self._away_since_s = None
        long = away_s >= self.model.number("OCPPCommCtrlr", "OfflineThreshold")
        for number, evse in self.evses.items():
            if long or self._told.get(number) != evse.status:
                await self.show(number, evse.status)

    def _announce_change(self) -> None:
        if self.session is None and self._away_since_s is None:
            self._away_since_s = trio.current_time()
        super()._announce_change()

    # Status and events

    async def notify_status(self, evse_id: int, status: str, *, at: datetime | None = None) -> Payload:
        """Set the status of an EVSE's connector and send StatusNotification."""
        evse = self.evse(evse_id)
        evse.status = status
        payload = {
            "timestamp": to_wire(at or self.clock.now()),
            "connectorStatus": status,
            "evseId": evse_id,
            "connectorId": 1,
        }
        answer = await self.call("StatusNotification", payload)
        self._told[evse_id] = status
        return answer

    async def show(self, evse_id: int, status: str, at: datetime | None = None) -> None:
        """Set the status of an EVSE's connector and tell the CSMS, and the monitors, if they can be told now."""
        self.evse(evse_id).status = status
        if self.may_send:
            await self._quietly(partial(self.notify_status, evse_id, status, at=at))
        place = {"id": evse_id}
        await self.observe({"name": "EVSE", "evse": place}, "AvailabilityState", status, at)
        await self.observe(
            {"name": "Connector", "evse": {**place, "connectorId": 1}}, "AvailabilityState", status, at
        )

    async def observe(self, component: Payload, name: str, value: str, at: datetime | None = None) -> None:
        """Give a variable the value that the station measures, and send NotifyEvent where a monitor wants it."""
        found = self.model.find(component, {"name": name})
        if isinstance(found, str) or found.value == value:
            return
        was, found.value = found.value, value
        roused = self.monitors.roused(key_of(found.component, found.variable), was, value)
        if not roused or not self.may_send:
            return
        moment = to_wire(at or self.clock.now())
        events = []
        for monitor, cleared in roused:
            self._event_count += 1
            alerting = (
                {"trigger": "Delta"}
                if monitor.kind == "Delta"
                else {"trigger": "Alerting", "cleared": cleared}
            )
            event = {
                "eventId": self._event_count,
                "timestamp": moment,
                "actualValue": value,
                "component": found.component,
                "variable": found.variable,
                "variableMonitoringId": monitor.monitor_id,
                "eventNotificationType": "CustomMonitor",
            }
            events.append(event | alerting)
        payload = {"generatedAt": moment, "seqNo": 0, "eventData": events}
        await self._quietly(partial(self.call, "NotifyEvent", payload))

    # Id tokens

    async def authorize(self, id_token: IdToken) -> Payload:
        """Send Authorize and return the idTokenInfo."""
        token = as_payload(id_token)
        answer = await self.call("Authorize", {"idToken": token})
        info: Payload = answer.get("idTokenInfo", {})
        self.local_list.remember(token, info)
        return info

    def known(self, id_token: IdToken) -> Payload | None:
        """Return what local list and cache say about a token, as far as they are enabled."""
        listed = self.model.flag("LocalAuthListCtrlr", "Enabled")
        cached = self.model.flag("AuthCacheCtrlr", "Enabled")
        return self.local_list.known(as_payload(id_token), with_list=listed, with_cache=cached)

    async def admits(self, id_token: IdToken) -> Payload:
        """Return the idTokenInfo that holds for a token now: the CSMS's, or offline the station's own."""
        if needs_no_answer(as_payload(id_token)):
            return {"status": "Accepted"}
        known, flag = self.known(id_token), self.model.flag
        if known and known.get("status") == "Accepted" and flag("AuthCtrlr", "LocalPreAuthorize"):
            return known
        try:
            return await self.authorize(id_token)
        except (ConnectionLost, CallTimeout):
            if known is not None and flag("AuthCtrlr", "LocalAuthorizeOffline"):
                return known
            unknown_may = flag("AuthCtrlr", "OfflineTxForUnknownIdEnabled")
            return {"status": "Accepted" if unknown_may else "Unknown"}
        except CallError:
            return {"status": "Invalid"}

    # Reports

    async def send_parts(self, action: str, key: str, items: list[Payload], request_id: int) -> None:
        """Send a report in parts with seqNo and tbc."""
        most = self.settings.report_items
        parts = [items[first : first + most] for first in range(0, len(items), most)]
        for number, part in enumerate(parts):
            payload: Payload = {
                "requestId": request_id,
                "generatedAt": to_wire(self.clock.now()),
                "seqNo": number,
                "tbc": number < len(parts) - 1,
                key: part,
            }
            await self.call(action, payload)

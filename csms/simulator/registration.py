"""A station's registration and its heartbeats (OCPP 1.6 §4.2, §4.6; OCPP 2.0.1 B01 to B03, G02)."""

from abc import abstractmethod

import trio

from csms.simulator.errors import CallError, CallTimeout, NotAccepted
from csms.simulator.frames import Payload
from csms.simulator.settings import StationSettings
from csms.simulator.socket import Address
from csms.simulator.station import Station

BOOT_RETRY_S = 60.0  # when the CSMS leaves the waiting time to the station
HEARTBEAT_DEFAULT_S = 300.0
UNACCEPTED = ("Pending", "Rejected")


class Registered(Station):
    """A station that boots and sends heartbeats; what it says of itself is its version's."""

    def __init__(
        self, nursery: trio.Nursery, address: Address, identity: str, settings: StationSettings
    ) -> None:
        super().__init__(nursery, address, identity, settings)
        self.registration: str | None = None
        self.firmware_version = "1.0.0"
        self.must_boot = True
        self._registered = trio.Event()
        self._beating = False
        self._beat_scope: trio.CancelScope | None = None

    @abstractmethod
    def boot_payload(self) -> Payload:
        """Return what the station says of itself in BootNotification."""

    @abstractmethod
    async def tell_statuses(self) -> None:
        """Tell the status of everything that has one."""

    @property
    @abstractmethod
    def heartbeat_interval_s(self) -> int:
        """Return how long the station may be silent before it sends a Heartbeat; 0 leaves it to the station."""

    @abstractmethod
    def set_heartbeat_interval(self, interval_s: int) -> None:
        """Take the interval that the CSMS gave in its answer to BootNotification."""

    @property
    def may_send(self) -> bool:
        """Say whether messages of its own accord may go out: connected, and not Pending or Rejected."""
        return self.session is not None and not self.returning and self.registration not in UNACCEPTED

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
            self.set_heartbeat_interval(int(answer.get("interval") or HEARTBEAT_DEFAULT_S))
            self._registered.set()
            self._registered = trio.Event()
            self._announce_change()
            if not self._beating:
                self._beating = True
                self._nursery.start_soon(self._beat)
        return answer

    async def came_back(self) -> None:
        """Boot if need be, and tell what the CSMS may have missed."""
        if self.must_boot or self.boots_on_reconnect:
            await self.boot(tries=self.settings.boot_tries)
        self.returning = False
        await self.tell_missed()

    @property
    def boots_on_reconnect(self) -> bool:
        """Say whether the station sends BootNotification also when only the connection was lost."""
        return self.settings.boot_on_reconnect

    async def tell_missed(self) -> None:
        """Tell the statuses that the CSMS may have missed: all of them."""
        await self.tell_statuses()

    async def heartbeat(self) -> Payload:
        """Send a Heartbeat."""
        return await self.call("Heartbeat")

    def beat_again(self) -> None:
        """Take a changed heartbeat interval into account."""
        if self._beat_scope is not None:
            self._beat_scope.cancel()

    async def _beat(self) -> None:
        lag_s = (
            0.1 + 0.8 * int(self._id_stem[:4], 16) / 0xFFFF
        )  # so that nothing ever falls into the same instant
        while True:
            session = self.session
            if session is None:
                await self._changed.wait()
                continue
            due_s = session.last_sent_s + (self.heartbeat_interval_s or HEARTBEAT_DEFAULT_S) + lag_s
            if trio.current_time() >= due_s and self.registration == "Accepted":
                await self._quietly(self.heartbeat)
                continue
            with trio.CancelScope() as self._beat_scope:
                await trio.sleep_until(max(due_s, trio.current_time() + 1.0))

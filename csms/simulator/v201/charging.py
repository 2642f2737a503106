"""One charge, from cable or id token to the free EVSE (OCPP 2.0.1 E: start and stop points, chargingState).

A transaction begins when the first of TxStartPoint is reached and ends when the first of TxStopPoint is left:
whatever happens before or after is told by StatusNotification and Authorize alone.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import trio

from csms.simulator.charge import Draw, Reading, Vehicle
from csms.simulator.errors import CallError, CallTimeout
from csms.simulator.v201.connectors import Evse
from csms.simulator.v201.device import STOP_TRIGGERS, Device201
from csms.simulator.v201.id_tokens import IdToken
from csms.simulator.v201.transaction import Transaction

LEFT_BY_STOPPING: Final = {"Authorized", "PowerPathClosed", "EnergyTransfer"}
"""Stop points that are left as soon as nothing flows any more, with the cable still in."""

STAYS_PLUGGED: Final = ("Local", "Remote", "DeAuthorized", "StoppedByEV")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the driver does: which vehicle, how long, how the charge ends. Seconds of the station's time."""

    vehicle: Vehicle
    id_token: IdToken | None  # None: the cable goes in, and the charge waits for `present`
    duration_s: float
    handling_s: float = 5.0  # between two movements of a driver's hand
    reason: str = "Local"
    asks: bool = True  # whether Authorize goes before the start
    cable_first: bool = False
    remote_start_id: int | None = None
    on_start: Callable[[], Awaitable[None]] | None = None  # what happens as soon as the transaction runs


class Charge:
    """A vehicle at an EVSE, while it is there."""

    def __init__(self, station: Device201, evse: Evse, wish: Wish) -> None:
        self._station = station
        self._evse = evse
        self._wish = wish
        self._draw = Draw(wish.vehicle, evse.meter, station.settings.hardware_limit_w)
        self._id_token = wish.id_token
        self._remote_start_id = wish.remote_start_id
        self._asks = wish.asks
        self._untold: IdToken | None = None  # authorized, and in no event yet
        self._state: str | None = None
        self._plugged = False
        self._last_at: datetime | None = None  # when the energy stopped
        self._stop_reason: str | None = None
        self._presented = trio.Event()
        self._waiting: trio.CancelScope | None = None
        self._ended = trio.Event()
        self.refusal: str | None = None  # the token's status when the CSMS did not accept it
        self.transaction: Transaction | None = None

    @property
    def waits_for_token(self) -> bool:
        """Say whether the cable is in and nobody has shown a token yet."""
        return self._id_token is None

    def present(self, id_token: IdToken, *, remote_start_id: int | None = None, asks: bool = True) -> None:
        """Show a token at the station, or let the CSMS show one, for the vehicle that waits."""
        self._id_token, self._remote_start_id, self._asks = id_token, remote_start_id, asks
        self._presented.set()

    def request_stop(self, reason: str) -> None:
        """End the charge with that stoppedReason."""
        self._stop_reason = self._stop_reason or reason
        self._presented.set()
        self.reconsider()

    def reconsider(self) -> None:
        """Look again at what the charging profiles allow."""
        if self._waiting is not None:
            self._waiting.cancel()

    def reading(self) -> Reading:
        """Return what the station measures now."""
        return self._draw.reading()

    async def until_ended(self) -> None:
        """Return when the EVSE is free again."""
        await self._ended.wait()

    async def run(self) -> Transaction | None:
        """Do all of it; return the transaction, or None when none began."""
        station, evse = self._station, self._evse
        evse.charge = self
        first = self._wish.cable_first or self._id_token is None
        try:
            if first:
                await self._plug_in()
            if await self._authorized(trigger_power=first):
                if not first:
                    await self._plug_in(trigger_power=True)
                await self._flow()
            elif not first:
                return None  # refused before the cable was in: nothing to undo
            await self._finish()
            await station.release(evse, self._wish.handling_s)
            return self.transaction
        finally:
            evse.charge = None
            self._ended.set()

    # The way to a transaction

    async def _plug_in(self, *, trigger_power: bool = False) -> None:
        """Put the cable in; with the token shown already, it also closes the power path."""
        if self._stop_reason is None:
            self._plugged = True
            await self._station.show(self._evse.evse_id, "Occupied")
            await self._pause()
            await self._reach("EVConnected", "CablePluggedIn", "EVConnected")
            if trigger_power:
                await self._reach("PowerPathClosed", "CablePluggedIn", "EVConnected", tells=False)

    async def _authorized(self, *, trigger_power: bool) -> bool:
        """Let the token be shown; with the cable in already, it also closes the power path."""
        if self._id_token is None:
            await self._presented.wait()
        if self._id_token is None or self._stop_reason is not None:
            return False
        if self._asks:
            status = str((await self._station.admits(self._id_token)).get("status"))
            if status != "Accepted":
                self.refusal, self._stop_reason = status, "EVDisconnected"
                return False
        self._untold = self._id_token
        trigger = "Authorized" if self._remote_start_id is None else "RemoteStart"
        await self._reach("Authorized", trigger, "EVConnected" if trigger_power else "Idle")
        if trigger_power:
            await self._reach("PowerPathClosed", trigger, "EVConnected", tells=False)
        return True

    async def _reach(self, point: str, trigger: str, state: str, *, tells: bool = True) -> None:
        """Begin the transaction when this is a start point; when it runs already, tell what happened."""
        if self._stop_reason is not None:
            return
        if self.transaction is None:
            if point in self._points("TxStartPoint"):
                await self._begin(trigger, state, self._station.clock.now())
        elif tells:
            await self._tell(trigger, state, self._station.clock.now())

    def _points(self, name: str) -> set[str]:
        return set(self._station.model.text("TxCtrlr", name).split(","))

    async def _begin(self, trigger: str, state: str, at: datetime) -> None:
        station, evse, token = self._station, self._evse, self._untold
        reserved = station.reservation_for(evse.evse_id, token) if token is not None else None
        unplugged = state == "Idle" and len(station.evses) > 1  # nobody knows yet where the cable will go
        with suppress(CallError, CallTimeout):  # never confirmed; the vehicle charges all the same
            await station.start(
                evse.evse_id,
                token,
                at=at,
                reservation_id=reserved,
                remote_start_id=self._remote_start_id,
                trigger_reason=trigger,
                charging_state=state,
                with_evse=not unplugged,
            )
        self.transaction = evse.transaction
        self._token_told()
        if self._wish.on_start is not None:
            await self._wish.on_start()

    async def _tell(self, trigger: str, state: str, at: datetime) -> None:
        assert self.transaction is not None
        token, self.transaction.remote_start_id = self._untold, self._remote_start_id
        with suppress(CallError, CallTimeout):  # discarded after the last attempt, and counted
            await self._station.event(
                self.transaction, "Updated", trigger, charging_state=state, at=at, id_token=token
            )
        self._token_told()

    def _token_told(self) -> None:
        """Act on what the CSMS said of the token in the answer to an event."""
        if self._untold is None or self.transaction is None:
            return
        self._untold = None
        status = self.transaction.id_token_status
        if status not in (None, "Accepted"):
            self.refusal = status
            if self._station.model.flag("TxCtrlr", "StopTxOnInvalidId"):
                self.request_stop("DeAuthorized")

    # While energy flows

    async def _flow(self) -> None:
        station = self._station
        interval_s = station.model.number("SampledDataCtrlr", "TxUpdatedInterval")
        began_at = last_at = station.clock.now()
        end_at = began_at + timedelta(seconds=self._wish.duration_s)
        step = timedelta(seconds=interval_s) if interval_s else end_at - began_at
        sample_at = began_at + step
        while self._stop_reason is None:
            await self._adjust(began_at, last_at)
            reached_at = max(last_at, await self._wait(min(sample_at, end_at)))
            self._draw.advance((reached_at - last_at).total_seconds())
            last_at = reached_at
            if reached_at >= end_at:
                self.request_stop(self._wish.reason)
            elif reached_at >= sample_at:
                await self._sample(reached_at)
                sample_at += step
        self._draw.offer(0.0)
        self._last_at = last_at

    async def _adjust(self, began_at: datetime, at: datetime) -> None:
        """Set the power by what profiles and battery allow, and tell the charging state that goes with it."""
        station, number = self._station, self._evse.evse_id
        sharers = sum(1 for evse in station.evses.values() if evse.charge is not None)
        power_w = self._draw.offer(station.profiles.limit_w(number, at, began_at, sharers))
        await station.observe({"name": "EVSE", "evse": {"id": number}}, "Power", f"{power_w:.1f}", at)
        flowing = "Charging" if power_w > 0 else "SuspendedEVSE"
        state = "SuspendedEV" if self._draw.full else flowing
        if state == self._state or self._stop_reason is not None:
            return
        self._state = state
        if self.transaction is not None:
            await self._tell("ChargingStateChanged", state, at)
        elif state == "Charging" and "EnergyTransfer" in self._points("TxStartPoint"):
            await self._begin("ChargingStateChanged", state, at)
        if state == "SuspendedEV" and "EnergyTransfer" in self._points("TxStopPoint"):
            self.request_stop("StoppedByEV")

    async def _wait(self, due_at: datetime) -> datetime:
        """Wait for a moment, or for `reconsider`; return when it is."""
        clock = self._station.clock
        if self._stop_reason is None:
            with trio.CancelScope() as self._waiting:
                await clock.sleep_until(due_at)
            interrupted = self._waiting.cancelled_caught
            self._waiting = None
            if not interrupted:
                return due_at
        return min(due_at, clock.now())

    async def _sample(self, at: datetime) -> None:
        if self.transaction is not None:
            with suppress(CallError, CallTimeout):  # discarded after the last attempt, and counted
                await self._station.meter_values(self.transaction, at=at)

    # The end

    async def _finish(self) -> None:
        """End the transaction at the stop point: when the energy stops, or when the cable goes out."""
        station, reason = self._station, self._stop_reason or "Local"
        place = {"name": "EVSE", "evse": {"id": self._evse.evse_id}}
        await station.observe(place, "Power", "0.0")
        if self.transaction is None:
            return
        at, state = self._last_at or station.clock.now(), "EVConnected" if self._plugged else "Idle"
        shown = self._id_token if reason == "Local" else None
        trigger = STOP_TRIGGERS.get(reason, "AbnormalCondition")
        with suppress(CallError, CallTimeout):  # discarded after the last attempt, and counted
            if reason in STAYS_PLUGGED and not LEFT_BY_STOPPING & self._points("TxStopPoint"):
                await station.event(
                    self.transaction, "Updated", trigger, charging_state=state, at=at, id_token=shown
                )
                await self._pause()
                unplugged = STOP_TRIGGERS["EVDisconnected"]
                await station.stop(
                    self.transaction, reason=reason, trigger_reason=unplugged, charging_state="Idle"
                )
            else:
                await station.stop(
                    self.transaction, reason=reason, charging_state=state, id_token=shown, at=at
                )

    async def _pause(self) -> None:
        clock = self._station.clock
        await clock.sleep_until(clock.now() + timedelta(seconds=self._wish.handling_s))

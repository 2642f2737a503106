"""One charge, from the driver's id tag to the free connector (OCPP 1.6 §4.8, §4.9 status transitions)."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import trio

from csms.simulator.charge import Draw, Reading, Vehicle
from csms.simulator.errors import CallError, CallTimeout
from csms.simulator.v16.connectors import Connector
from csms.simulator.v16.device import Device16
from csms.simulator.v16.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Wish:
    """What the driver does: which vehicle, how long, how the charge ends. Seconds of the station's time."""

    vehicle: Vehicle
    id_tag: str
    duration_s: float
    handling_s: float = 5.0  # between two movements of a driver's hand
    reason: str = "Local"
    asks: bool = True  # whether Authorize goes before the start
    on_start: Callable[[], Awaitable[None]] | None = None  # what happens as soon as the transaction runs


class Charge:
    """A vehicle at a connector, while it is there."""

    def __init__(self, station: Device16, connector: Connector, wish: Wish) -> None:
        self._station = station
        self._connector = connector
        self._wish = wish
        self._draw = Draw(wish.vehicle, connector.meter, station.settings.hardware_limit_w)
        self._stop_reason: str | None = None
        self._waiting: trio.CancelScope | None = None
        self._ended = trio.Event()
        self.refusal: str | None = None  # the id tag's status when the CSMS did not accept it
        self.transaction: Transaction | None = None

    def request_stop(self, reason: str) -> None:
        """End the charge with that reason of StopTransaction."""
        self._stop_reason = self._stop_reason or reason
        self.reconsider()

    def reconsider(self) -> None:
        """Look again at what the charging profiles allow."""
        if self._waiting is not None:
            self._waiting.cancel()

    def reading(self) -> Reading:
        """Return what the station measures now."""
        return self._draw.reading()

    async def until_ended(self) -> None:
        """Return when the connector is free again."""
        await self._ended.wait()

    async def run(self) -> Transaction | None:
        """Do all of it; return the transaction, or None when none began."""
        station, connector = self._station, self._connector
        connector.charge = self
        try:
            if self._wish.asks and not await self._authorized():
                return None
            await station.show(connector.connector_id, "Preparing")
            await self._pause()
            if self._stop_reason is not None:  # reset or unlocked before anything began
                await station.show(connector.connector_id, connector.idle_status)
                return None
            transaction = self.transaction = await self._start()
            if self._wish.on_start is not None:
                await self._wish.on_start()
            await self._flow(transaction)
            await self._finish(transaction)
            return transaction
        finally:
            connector.charge = None
            self._ended.set()

    async def _authorized(self) -> bool:
        info = await self._station.admits(self._wish.id_tag)
        status = str(info.get("status"))
        if status != "Accepted":
            self.refusal = status
        return status == "Accepted"

    async def _start(self) -> Transaction:
        station, connector, id_tag = self._station, self._connector, self._wish.id_tag
        reserved = station.reservation_for(connector.connector_id, id_tag)
        try:
            transaction = await station.start(connector.connector_id, id_tag, reservation_id=reserved)
        except (CallError, CallTimeout):
            assert connector.transaction is not None
            transaction = connector.transaction  # never confirmed; the vehicle charges all the same
        transaction.data.append(
            station.sample(connector, transaction.started_at, "Transaction.Begin", "StopTxnSampledData")
        )
        status = transaction.id_tag_status
        if status not in (None, "Accepted"):
            self.refusal = status
            if station.configuration.flag("StopTransactionOnInvalidId"):
                self.request_stop("DeAuthorized")
        return transaction

    async def _flow(self, transaction: Transaction) -> None:
        interval_s = self._station.configuration.number("MeterValueSampleInterval")
        end_at = transaction.started_at + timedelta(seconds=self._wish.duration_s)
        step = timedelta(seconds=interval_s) if interval_s else end_at - transaction.started_at
        last_at, sample_at = transaction.started_at, transaction.started_at + step
        while self._stop_reason is None:
            await self._adjust(transaction, last_at)
            reached_at = max(last_at, await self._wait(min(sample_at, end_at)))
            self._draw.advance((reached_at - last_at).total_seconds())
            last_at = reached_at
            if reached_at >= end_at:
                self.request_stop(self._wish.reason)
            elif reached_at >= sample_at:
                await self._sample(transaction, reached_at)
                sample_at += step
        transaction.stopped_at = last_at

    async def _adjust(self, transaction: Transaction, at: datetime) -> None:
        """Set the power by what profiles and battery allow, and show the status that goes with it."""
        station, number = self._station, self._connector.connector_id
        sharers = sum(1 for connector in station.connectors.values() if connector.charge is not None)
        limit_w = station.profiles.limit_w(number, at, transaction.started_at, sharers)
        power_w = self._draw.offer(limit_w)
        flowing = "Charging" if power_w > 0 else "SuspendedEVSE"
        status = "SuspendedEV" if self._draw.full else flowing
        if self._connector.status != status and self._stop_reason is None:
            await station.show(number, status, at)

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

    async def _sample(self, transaction: Transaction, at: datetime) -> None:
        station = self._station
        most = station.configuration.number("StopTransactionMaxMeterValues")
        if len(transaction.data) < most - 1:
            transaction.data.append(
                station.sample(self._connector, at, "Sample.Periodic", "StopTxnSampledData")
            )
        with suppress(CallError, CallTimeout):  # discarded after the last attempt, and counted
            await station.meter_values(transaction, at=at)

    async def _finish(self, transaction: Transaction) -> None:
        station, connector = self._station, self._connector
        stopped_at, reason = transaction.stopped_at, self._stop_reason or "Local"
        assert stopped_at is not None
        transaction.data.append(
            station.sample(connector, stopped_at, "Transaction.End", "StopTxnSampledData")
        )
        own_tag = self._wish.id_tag if reason == "Local" else None
        with suppress(CallError, CallTimeout):  # discarded after the last attempt, and counted
            await station.stop(transaction, reason=reason, id_tag=own_tag, at=stopped_at)
        await station.release(connector, self._wish.handling_s)

    async def _pause(self) -> None:
        clock = self._station.clock
        await clock.sleep_until(clock.now() + timedelta(seconds=self._wish.handling_s))

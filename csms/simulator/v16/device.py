"""A 1.6 station's transactions and the messages about them (OCPP 1.6 §4.7 MeterValues, §4.8, §4.10)."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn

import trio

from csms.simulator import frames
from csms.simulator.charge import Reading, idle_reading
from csms.simulator.clock import to_wire
from csms.simulator.delivery import Delivery, Entry
from csms.simulator.errors import CallError, CallTimeout, ConnectionLost
from csms.simulator.frames import Payload
from csms.simulator.settings import StationSettings
from csms.simulator.socket import Address
from csms.simulator.tally import FinishedCharge
from csms.simulator.v16.connectors import Connector
from csms.simulator.v16.metering import meter_value
from csms.simulator.v16.registration import Registered16
from csms.simulator.v16.transaction import Transaction


class Device16(Registered16):
    """Everything of a 1.6 station but its answers; `Station16` adds those."""

    def __init__(
        self, nursery: trio.Nursery, address: Address, identity: str, settings: StationSettings
    ) -> None:
        super().__init__(nursery, address, identity, settings)
        self.repeats: Callable[[Entry], Iterable[str]] | None = (
            None  # message ids under which to send it again
        )
        self.cut_after: str | None = None  # the action after whose CALL the connection is cut, once
        self.delivery = Delivery(self._deliver, lambda: self.may_send, self._retry_policy, self._discarded)

    async def came_back(self) -> None:
        """Boot if need be, tell every connector's status, deliver what waited."""
        await super().came_back()
        await self.delivery.flush()
        self._announce_change()

    async def until_delivered(self) -> None:
        """Return when every transaction message is answered or discarded; raises what made the station give up."""
        while len(self.delivery):
            changed = self._changed
            await self.delivery.flush()
            if len(self.delivery):
                if self.given_up is not None:
                    raise self.given_up
                await changed.wait()

    async def start(
        self,
        connector_id: int,
        id_tag: str,
        meter_start_wh: int | None = None,
        *,
        at: datetime | None = None,
        reservation_id: int | None = None,
    ) -> Transaction:
        """Begin a transaction and deliver StartTransaction; offline it waits and `transaction_id` stays None.

        Raises CallError or CallTimeout when the last attempt failed; the transaction goes on all the same.
        """
        connector = self.connector(connector_id)
        if meter_start_wh is not None:
            connector.meter.register_wh = float(meter_start_wh)
        began = at or self.clock.now()
        transaction = Transaction(connector_id, id_tag, connector.meter.shown_wh, began, reservation_id)
        connector.transaction = transaction
        payload: Payload = {
            "connectorId": connector_id,
            "idTag": id_tag,
            "meterStart": transaction.meter_start_wh,
            "timestamp": to_wire(began),
        }
        if reservation_id is not None:
            payload["reservationId"] = reservation_id
            self.reservations.pop(reservation_id, None)
        confirm = partial(self._confirmed, transaction)
        await self.delivery.submit(Entry("StartTransaction", payload, self.next_message_id(), after=confirm))
        return transaction

    async def meter_values(
        self,
        transaction: Transaction | None,
        register_wh: float | None = None,
        *,
        connector_id: int | None = None,
        at: datetime | None = None,
        context: str = "Sample.Periodic",
        raw: list[Payload] | None = None,
    ) -> None:
        """Deliver MeterValues, of a transaction or of a connector outside one; `raw` is `meterValue` itself."""
        number = (
            connector_id if connector_id is not None else (transaction.connector_id if transaction else 0)
        )
        connector = self.connector(number)
        if register_wh is not None:
            connector.meter.register_wh = float(register_wh)
        values = raw or [self.sample(connector, at or self.clock.now(), context)]
        payload: Payload = {"connectorId": number, "meterValue": values}
        if transaction is None:
            await self.call("MeterValues", payload)
            return
        entry = Entry(
            "MeterValues", payload, self.next_message_id(), before=partial(_name_if_known, transaction)
        )
        await self.delivery.submit(entry)

    def sample(
        self, connector: Connector, at: datetime, context: str, key: str = "MeterValuesSampledData"
    ) -> Payload:
        """Return one `meterValue` element of a connector, with the measurands of a configuration key."""
        measurands = self.configuration.text(key) or "Energy.Active.Import.Register"
        return meter_value(self.reading(connector), at, measurands, context, self.settings.samples)

    def reading(self, connector: Connector) -> Reading:
        """Return what a connector measures now."""
        return connector.charge.reading() if connector.charge else idle_reading(connector.meter)

    async def stop(
        self,
        transaction: Transaction,
        meter_stop_wh: int | None = None,
        *,
        reason: str = "Local",
        id_tag: str | None = None,
        at: datetime | None = None,
    ) -> Payload | None:
        """End a transaction and deliver StopTransaction with its transactionData; None while offline.

        A start that was never confirmed gives the transaction id -1 (OCPP 1.6 errata sheet).
        """
        connector = self.connector(transaction.connector_id)
        if meter_stop_wh is not None:
            connector.meter.register_wh = float(meter_stop_wh)
        transaction.meter_stop_wh = connector.meter.shown_wh
        transaction.stopped_at = at or self.clock.now()
        transaction.reason = reason
        if connector.transaction is transaction:
            connector.transaction = None
            self.profiles.forget_transaction(connector.connector_id)
        payload: Payload = {
            "meterStop": transaction.meter_stop_wh,
            "timestamp": to_wire(transaction.stopped_at),
            "reason": reason,
        }
        if id_tag is not None:
            payload["idTag"] = id_tag
        if transaction.data:
            payload["transactionData"] = transaction.data
        settle, name = partial(self._stopped, transaction), partial(_name_always, transaction)
        entry = Entry("StopTransaction", payload, self.next_message_id(), before=name, after=settle)
        return await self.delivery.submit(entry)

    def reservation_for(self, connector_id: int, id_tag: str) -> int | None:
        """Return the id of the reservation that this id tag may use on a connector."""
        known = self.local_list.known(id_tag, with_cache=True) or {}
        for reservation in self.reservations.values():
            fits = reservation.connector_id in (0, connector_id)
            if fits and reservation.admits(id_tag, known.get("parentIdTag")):
                return reservation.reservation_id
        return None

    async def release(self, connector: Connector, handling_s: float) -> None:
        """Show that the vehicle leaves, wait for it, free the connector or do what was scheduled for it."""
        await self.show(connector.connector_id, "Finishing")
        await self.clock.sleep_until(self.clock.now() + timedelta(seconds=handling_s))
        if connector.operative_afterwards is not None:
            connector.operative, connector.operative_afterwards = connector.operative_afterwards, None
        await self.show(connector.connector_id, connector.idle_status)

    async def end_charging(self, connector: Connector, reason: str) -> None:
        """End what goes on at a connector, whoever began it, and return when the connector is free."""
        if connector.charge is not None:
            charge = connector.charge
            charge.request_stop(reason)
            await charge.until_ended()
        elif connector.transaction is not None:
            await self.stop(connector.transaction, reason=reason)
            await self.release(connector, 0.0)

    def _confirmed(self, transaction: Transaction, answer: Payload) -> None:
        transaction.id_tag_info = answer.get("idTagInfo", {})
        self.local_list.remember(transaction.id_tag, transaction.id_tag_info)
        given = answer.get("transactionId")
        if not isinstance(given, int) or given <= 0:
            self.tally.violation(self.identity, f"StartTransaction answered with transactionId {given!r}")
        transaction.transaction_id = given

    def _stopped(self, transaction: Transaction, _: Payload) -> None:
        assert transaction.meter_stop_wh is not None
        assert transaction.stopped_at is not None
        self.tally.charges.append(
            FinishedCharge(
                self.identity,
                transaction.connector_id,
                transaction.transaction_id,
                transaction.id_tag,
                transaction.meter_start_wh,
                transaction.meter_stop_wh,
                transaction.started_at,
                transaction.stopped_at,
                transaction.reason,
            )
        )

    # Delivery of transaction messages

    async def _deliver(self, entry: Entry) -> Payload:
        if entry.before is not None:
            entry.before(entry.payload)
        if self.cut_after == entry.action:
            await self._send_and_vanish(entry)
        answer = await self.call(entry.action, entry.payload, message_id=entry.message_id)
        if self.repeats is not None:
            for message_id in self.repeats(entry):
                await self._repeat(entry, message_id, answer)
        return answer

    async def _send_and_vanish(self, entry: Entry) -> NoReturn:
        self.cut_after = None
        session = await self.until_online()
        await session.send(frames.call(entry.message_id, entry.action, entry.payload))
        self.tally.sent += 1
        await self.go_offline(abruptly=True)
        raise ConnectionLost("the connection was cut before the answer came")

    async def _repeat(self, entry: Entry, message_id: str, answer: Payload) -> None:
        self.tally.repeats += 1
        try:
            again = await self.call(entry.action, entry.payload, message_id=message_id)
        except (CallError, CallTimeout, ConnectionLost):
            return  # counted; the message itself has been answered
        was, now = answer.get("transactionId"), again.get("transactionId")
        if was != now:
            self.tally.violation(self.identity, f"repeated {entry.action}: transactionId {was}, then {now}")

    def _retry_policy(self) -> tuple[int, float]:
        number = self.configuration.number
        return number("TransactionMessageAttempts"), float(number("TransactionMessageRetryInterval"))

    def _discarded(self, _: Entry) -> None:
        self.tally.discarded += 1


def _name_if_known(transaction: Transaction, payload: Payload) -> None:
    if transaction.transaction_id is not None:
        payload["transactionId"] = transaction.transaction_id


def _name_always(transaction: Transaction, payload: Payload) -> None:
    known = transaction.transaction_id
    payload["transactionId"] = -1 if known is None else known

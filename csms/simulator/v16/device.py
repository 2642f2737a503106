"""A 1.6 station's transactions and the messages about them (OCPP 1.6 §4.7 MeterValues, §4.8, §4.10)."""

from datetime import datetime, timedelta
from functools import partial

from csms.simulator.charge import Reading, idle_reading
from csms.simulator.clock import to_wire
from csms.simulator.delivery import Entry
from csms.simulator.frames import Payload
from csms.simulator.tally import FinishedCharge
from csms.simulator.v16.connectors import Connector
from csms.simulator.v16.metering import meter_value
from csms.simulator.v16.registration import Registered16
from csms.simulator.v16.transaction import Transaction


class Device16(Registered16):
    """Everything of a 1.6 station but its answers; `Station16` adds those."""

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

    def retry_policy(self) -> tuple[int, float]:
        """Return TransactionMessageAttempts and TransactionMessageRetryInterval in seconds."""
        number = self.configuration.number
        return number("TransactionMessageAttempts"), float(number("TransactionMessageRetryInterval"))

    def change_of_mind(self, _: Entry, was: Payload, now: Payload, /) -> str | None:
        """Return how a repeated start got another transaction id, or None."""
        first, second = was.get("transactionId"), now.get("transactionId")
        return None if first == second else f"transactionId {first}, then {second}"


def _name_if_known(transaction: Transaction, payload: Payload) -> None:
    if transaction.transaction_id is not None:
        payload["transactionId"] = transaction.transaction_id


def _name_always(transaction: Transaction, payload: Payload) -> None:
    known = transaction.transaction_id
    payload["transactionId"] = -1 if known is None else known

"""A 2.0.1 station's transactions and the messages about them (OCPP 2.0.1 E, J)."""

from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from csms.simulator.charge import Reading, idle_reading
from csms.simulator.clock import to_wire
from csms.simulator.delivery import Entry
from csms.simulator.frames import Payload
from csms.simulator.tally import FinishedCharge
from csms.simulator.v201.connectors import Evse
from csms.simulator.v201.id_tokens import IdToken, as_payload, needs_no_answer
from csms.simulator.v201.metering import meter_value
from csms.simulator.v201.registration import Registered201
from csms.simulator.v201.transaction import Transaction

STOP_TRIGGERS: Final = {
    "DeAuthorized": "Deauthorized",
    "EVDisconnected": "EVCommunicationLost",
    "ImmediateReset": "ResetCommand",
    "Local": "StopAuthorized",
    "Reboot": "ResetCommand",
    "Remote": "RemoteStop",
    "StoppedByEV": "ChargingStateChanged",
}
"""Which triggerReason goes with which stoppedReason; any other is an AbnormalCondition."""


class Device201(Registered201):
    """Everything of a 2.0.1 station but its answers; `Station201` adds those."""

    _transaction_count = 0

    # Transactions

    def new_transaction(
        self,
        evse_id: int,
        id_token: IdToken | None = None,
        *,
        at: datetime | None = None,
        reservation_id: int | None = None,
        remote_start_id: int | None = None,
        transaction_id: str | None = None,
    ) -> Transaction:
        """Begin a transaction without telling; `event` tells. Its id never comes again, with no seed."""
        evse, began = self.evse(evse_id), at or self.clock.now()
        self._transaction_count += 1
        stem = f"{self._id_stem}/{self._transaction_count}/{to_wire(began)}"
        made = str(UUID(bytes=blake2b(stem.encode(), digest_size=16).digest(), version=4))
        evse.transaction = Transaction(
            transaction_id or made,
            evse_id,
            evse.meter.shown_wh,
            began,
            as_payload(id_token) if id_token is not None else None,
            remote_start_id,
            reservation_id,
        )
        if reservation_id is not None:
            self.reservations.pop(reservation_id, None)
        return evse.transaction

    async def start(
        self,
        evse_id: int,
        id_token: IdToken | None = None,
        meter_start_wh: int | None = None,
        *,
        at: datetime | None = None,
        trigger_reason: str | None = None,
        charging_state: str | None = "Charging",
        with_evse: bool = True,
        **origin: Any,
    ) -> Transaction:
        """Begin a transaction and deliver TransactionEvent Started; offline it waits.

        `origin` goes to `new_transaction`: reservation_id, remote_start_id, transaction_id. Raises CallError or
        CallTimeout when the last attempt failed; the transaction goes on all the same.
        """
        if meter_start_wh is not None:
            self.evse(evse_id).meter.register_wh = float(meter_start_wh)
        transaction = self.new_transaction(evse_id, id_token, at=at, **origin)
        usual = "CablePluggedIn" if id_token is None else "Authorized"
        if transaction.remote_start_id is not None:
            usual = "RemoteStart"
        began = transaction.started_at
        begin = self.sample(self.evse(evse_id), began, "Transaction.Begin", "TxStartedMeasurands")
        transaction.data.append(begin)
        await self.event(
            transaction,
            "Started",
            trigger_reason or usual,
            charging_state=charging_state,
            at=began,
            id_token=id_token,
            meter_value=[begin],
            with_evse=with_evse,
        )
        return transaction

    async def meter_values(
        self,
        transaction: Transaction | None,
        register_wh: float | None = None,
        *,
        evse_id: int | None = None,
        at: datetime | None = None,
        context: str = "Sample.Periodic",
        raw: list[Payload] | None = None,
    ) -> None:
        """Deliver readings: as TransactionEvent Updated, or outside a transaction as MeterValues of an EVSE."""
        number = evse_id if evse_id is not None else (transaction.evse_id if transaction else 1)
        evse = self.evse(number)
        if register_wh is not None:
            evse.meter.register_wh = float(register_wh)
        moment = at or self.clock.now()
        values = raw or [self.sample(evse, moment, context)]
        if transaction is None:
            await self.call("MeterValues", {"evseId": number, "meterValue": values})
            return
        trigger = {"Trigger": "Trigger", "Sample.Clock": "MeterValueClock"}.get(context, "MeterValuePeriodic")
        await self.event(transaction, "Updated", trigger, at=moment, meter_value=values)

    async def stop(
        self,
        transaction: Transaction,
        meter_stop_wh: int | None = None,
        *,
        reason: str = "Local",
        trigger_reason: str | None = None,
        charging_state: str | None = "EVConnected",
        id_token: IdToken | None = None,
        at: datetime | None = None,
    ) -> Payload | None:
        """End a transaction and deliver TransactionEvent Ended with its readings; None while offline."""
        evse = self.evse(transaction.evse_id)
        if meter_stop_wh is not None:
            evse.meter.register_wh = float(meter_stop_wh)
        transaction.meter_stop_wh = evse.meter.shown_wh
        transaction.stopped_at = stopped_at = at or self.clock.now()
        transaction.reason = reason
        end = self.sample(evse, stopped_at, "Transaction.End", "TxEndedMeasurands")
        transaction.data.append(end)
        if evse.transaction is transaction:
            evse.transaction = None
            self.profiles.forget_transaction(evse.evse_id)
        return await self.event(
            transaction,
            "Ended",
            trigger_reason or STOP_TRIGGERS.get(reason, "AbnormalCondition"),
            charging_state="Idle" if reason == "EVDisconnected" else charging_state,
            at=stopped_at,
            id_token=id_token,
            meter_value=transaction.data,
        )

    async def event(
        self,
        transaction: Transaction,
        event_type: str,
        trigger_reason: str,
        *,
        charging_state: str | None = None,
        at: datetime | None = None,
        id_token: IdToken | None = None,
        meter_value: list[Payload] | None = None,
        with_evse: bool = True,
        **more: object,
    ) -> Payload | None:
        """Deliver a TransactionEvent with the next seqNo; None while offline. Raises CallError, CallTimeout."""
        transaction.charging_state = charging_state or transaction.charging_state
        payload: Payload = {
            "eventType": event_type,
            "timestamp": to_wire(at or self.clock.now()),
            "triggerReason": trigger_reason,
            "seqNo": transaction.next_seq_no,
            "transactionInfo": self._info(transaction, event_type),
        }
        transaction.next_seq_no += 1
        if self.session is None:
            payload["offline"] = True
        if with_evse and not transaction.evse_told:
            transaction.evse_told = True
            payload["evse"] = {"id": transaction.evse_id, "connectorId": 1}
        if id_token is not None:
            transaction.id_token = payload["idToken"] = as_payload(id_token)
        if transaction.reservation_id is not None and event_type == "Started":
            payload["reservationId"] = transaction.reservation_id
        if meter_value:
            payload["meterValue"] = meter_value
        payload |= more
        answered = partial(self._answered, transaction, payload)
        return await self.delivery.submit(
            Entry("TransactionEvent", payload, self.next_message_id(), after=answered)
        )

    def _info(self, transaction: Transaction, event_type: str) -> Payload:
        info: Payload = {"transactionId": transaction.transaction_id}
        if transaction.charging_state is not None:
            info["chargingState"] = transaction.charging_state
        if transaction.remote_start_id is not None and not transaction.remote_start_told:
            transaction.remote_start_told = True
            info["remoteStartId"] = transaction.remote_start_id
        if event_type == "Ended":
            info["stoppedReason"] = transaction.reason
        return info

    def _answered(self, transaction: Transaction, payload: Payload, answer: Payload) -> None:
        """Take what the CSMS says of token and cost; a token must be answered (E01.FR.12)."""
        info, id_token = answer.get("idTokenInfo"), payload.get("idToken")
        if id_token is not None and info is not None:
            transaction.id_token_info = info
            self.local_list.remember(id_token, info)
        elif id_token is not None and not needs_no_answer(id_token):
            self.tally.violation(self.identity, "TransactionEvent with idToken answered without idTokenInfo")
        if "totalCost" in answer:
            transaction.total_cost = answer["totalCost"]
        if payload["eventType"] == "Ended":
            self._finished(transaction)

    def _finished(self, transaction: Transaction) -> None:
        assert transaction.meter_stop_wh is not None
        assert transaction.stopped_at is not None
        self.tally.charges.append(
            FinishedCharge(
                self.identity,
                transaction.evse_id,
                transaction.transaction_id,
                (transaction.id_token or {}).get("idToken", ""),
                transaction.meter_start_wh,
                transaction.meter_stop_wh,
                transaction.started_at,
                transaction.stopped_at,
                transaction.reason,
            )
        )

    def transaction(self, transaction_id: str) -> Transaction | None:
        """Return the running transaction with that id."""
        for evse in self.evses.values():
            if evse.transaction is not None and evse.transaction.transaction_id == transaction_id:
                return evse.transaction
        return None

    # Readings

    def sample(self, evse: Evse, at: datetime, context: str, name: str = "TxUpdatedMeasurands") -> Payload:
        """Return one `meterValue` element of an EVSE, with the measurands of a variable of SampledDataCtrlr."""
        measurands = self.model.text("SampledDataCtrlr", name)
        return meter_value(self.reading(evse), at, measurands, context, self.settings.samples)

    def reading(self, evse: Evse) -> Reading:
        """Return what an EVSE measures now."""
        return evse.charge.reading() if evse.charge else idle_reading(evse.meter)

    # The end of a charge

    def reservation_for(self, evse_id: int, id_token: IdToken) -> int | None:
        """Return the id of the reservation that this token may use on an EVSE."""
        token = as_payload(id_token)
        group = (self.known(token) or {}).get("groupIdToken")
        for reservation in self.reservations.values():
            if reservation.evse_id in (0, evse_id) and reservation.admits(token, group):
                return reservation.reservation_id
        return None

    async def release(self, evse: Evse, handling_s: float) -> None:
        """Wait until the vehicle has left, then free the EVSE or do what was scheduled for it."""
        await self.clock.sleep_until(self.clock.now() + timedelta(seconds=handling_s))
        if evse.waiting is not None:
            level, operative = evse.waiting
            evse.waiting = None
            evse.change(level, operative)
        await self.show(evse.evse_id, evse.idle_status)

    async def end_charging(self, evse: Evse, reason: str) -> None:
        """End what goes on at an EVSE, whoever began it, and return when the EVSE is free."""
        if evse.charge is not None:
            charge = evse.charge
            charge.request_stop(reason)
            await charge.until_ended()
        elif evse.transaction is not None:
            await self.stop(evse.transaction, reason=reason)
            await self.release(evse, 0.0)

    # Delivery of transaction messages

    def retry_policy(self) -> tuple[int, float]:
        """Return MessageAttempts and MessageAttemptInterval in seconds, of TransactionEvent."""
        number = partial(self.model.number, "OCPPCommCtrlr", instance="TransactionEvent")
        return number("MessageAttempts"), float(number("MessageAttemptInterval"))

    def change_of_mind(self, entry: Entry, was: Payload, now: Payload, /) -> str | None:
        """Return how a repeated event got another verdict on its token, or its end another cost; or None."""
        verdicts = [answer.get("idTokenInfo", {}).get("status") for answer in (was, now)]
        costs = [answer.get("totalCost") for answer in (was, now)]
        if verdicts[0] != verdicts[1]:
            return f"idTokenInfo.status {verdicts[0]}, then {verdicts[1]}"
        if entry.payload["eventType"] == "Ended" and costs[0] != costs[1]:
            return f"totalCost {costs[0]}, then {costs[1]}"
        return None

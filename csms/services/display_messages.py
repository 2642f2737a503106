"""Messages on displays: what we have had set, and what stations report to show (OCPP 2.0.1 block O)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from csms.clock import to_text
from csms.errors import InvalidInput
from csms.model.command import CallStatus, Command, Outcome, Purpose
from csms.model.display_message import (
    LONGEST_CONTENT,
    LONGEST_LANGUAGE,
    ClearDisplayMessage,
    DisplayMessage,
    GetDisplayMessages,
    MessageFormat,
    MessagePriority,
    MessageState,
    SetDisplayMessage,
)
from csms.model.station import ChargingStation, StationRef
from csms.model.transaction import TransactionState
from csms.services import device_reports, stations
from csms.services.access import Caller
from csms.services.commands import CallResult
from csms.services.device_reports import Part
from csms.services.errand import Errand
from csms.services.present import view
from csms.services.station_orders import aware
from csms.services.unit import Tx
from csms.store import abilities, transactions
from csms.store import commands as command_store
from csms.store import display_messages as store


@dataclass(frozen=True, slots=True)
class Show:
    """Show a text; with the id of a message in its place, until `ends_at`, during a state or a transaction."""

    content: str
    id: int | None = None
    priority: MessagePriority = MessagePriority.NORMAL_CYCLE
    format: MessageFormat = MessageFormat.UTF8
    language: str | None = None
    state: MessageState | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    transaction: str | None = None


@dataclass(frozen=True, slots=True)
class ListMessages:
    """Have the station tell its messages, all or some."""

    ids: tuple[int, ...] = ()
    priority: MessagePriority | None = None
    state: MessageState | None = None


async def show(errand: Errand, order: Show) -> tuple[CallResult, dict[str, Any]]:
    """Have a message shown, and keep it once the station agrees."""
    unit = errand.house.unit
    message = await unit.run(lambda tx: _message(tx, errand, order))
    result = await errand.carry_out(SetDisplayMessage(message))
    if result.outcome is Outcome.DONE:
        await unit.run(lambda tx: store.put(tx.db, replace(message, set_at=tx.now)))
    return result, {"messageId": message.id}


async def list_messages(errand: Errand, order: ListMessages) -> tuple[CallResult, dict[str, Any]]:
    """Ask for the messages; "Unknown" says that there are none."""
    unit, key = errand.house.unit, errand.station.id
    number = await unit.run(lambda tx: abilities.count(tx.db, key, "request"))
    asked_at = unit.clock.now()
    result = await errand.carry_out(GetDisplayMessages(number, order.ids, order.priority, order.state))
    every = not (order.ids or order.priority or order.state)
    if every and result.status is CallStatus.ANSWERED and result.outcome is Outcome.REFUSED:
        await unit.run(lambda tx: store.forget_unreported(tx.db, key, to_text(asked_at)))
    return result, {"requestId": number}


async def clear(errand: Errand, order: ClearDisplayMessage) -> tuple[CallResult, dict[str, Any]]:
    """Have a message taken away; one that the station does not know is forgotten too."""
    result = await errand.carry_out(order)
    if result.status is CallStatus.ANSWERED:
        await errand.house.unit.run(lambda tx: store.delete(tx.db, errand.station.id, order.id))
    return result, {}


def reported(tx: Tx, station: StationRef, report: tuple[Part, list[DisplayMessage]]) -> None:
    """Keep the messages of a NotifyDisplayMessages; a whole report of everything names all there are."""
    part, messages = report
    for message in messages:
        store.put(tx.db, replace(message, station_key=station.key, reported_at=tx.now))
    device_reports.take(tx, station, part)
    asked = command_store.of_request(tx.db, station.key, Purpose.REPORT, part.request_id)
    if part.last and asked is not None and asked.request.keys() == {"requestId"}:
        store.forget_unreported(tx.db, station.key, to_text(asked.requested_at))


def told(tx: Tx, _caller: Caller, station: ChargingStation, _command: Command | None) -> dict[str, Any]:
    """Return the messages that a station is known to have by now."""
    return {"messages": view(_showing(tx, station.id))}


def known(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> list[DisplayMessage]:
    """Return the messages that a station is known to have."""
    return _showing(tx, stations.find(tx, caller, station, tenant).id)


def _showing(tx: Tx, station_key: str) -> list[DisplayMessage]:
    """Return the known messages but those whose time, or whose transaction, is over: stations drop these themselves."""
    found = []
    for message in store.select(tx.db, station_key):
        during = message.transaction_id
        charge = transactions.by_ocpp_id(tx.db, station_key, during) if during else None
        over = charge is not None and charge["state"] == TransactionState.ENDED
        if not over and (message.ends_at is None or message.ends_at > tx.now):
            found.append(message)
    return found


def _message(tx: Tx, errand: Errand, order: Show) -> DisplayMessage:
    if not order.content or len(order.content) > LONGEST_CONTENT:
        raise InvalidInput(f"a message has 1 to {LONGEST_CONTENT} characters")
    if order.language is not None and not 2 <= len(order.language) <= LONGEST_LANGUAGE:
        raise InvalidInput(f"a language is a code like de or en-GB, not {order.language[:20]!r}")
    if order.id is not None and order.id < 0:
        raise InvalidInput("messages are numbered from 0")
    starts_at, ends_at = aware(order.starts_at), aware(order.ends_at)
    if ends_at is not None and ends_at <= max(starts_at or tx.now, tx.now):
        raise InvalidInput("a message ends in the future, and after it starts")
    number = order.id
    if number is None:
        taken = {message.id for message in store.select(tx.db, errand.station.id)}
        number = abilities.count(tx.db, errand.station.id, "message")
        while number in taken:
            number = abilities.count(tx.db, errand.station.id, "message")
    return DisplayMessage(
        errand.station.id, number, order.content, order.priority, order.format, order.language, order.state,
        starts_at, ends_at, order.transaction,
    )  # fmt: skip

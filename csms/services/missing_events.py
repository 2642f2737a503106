"""Asking a station about the events of a transaction that are missing (OCPP 2.0.1 E14): has it more to deliver?

The question alone makes some stations empty their queue; the answer stands among the station's commands.
"""

from functools import partial
from typing import Final

import structlog
import trio

from csms.errors import CsmsError
from csms.model.event import Event
from csms.model.station import ChargingStation
from csms.model.transaction import Transaction
from csms.services import commands
from csms.services.access import Caller, Role
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import abilities, stations, transactions

ACTION: Final = "GetTransactionStatus"
_CALLER: Final = Caller("csms", Role.SUPER_ADMIN, None, "missing events")
_AT_A_TIME: Final = 100

log = structlog.get_logger(__name__)


async def run(house: House) -> None:
    """Ask whenever a hole is found, until cancelled; a station that does not know the question is left alone."""
    limiter = trio.CapacityLimiter(_AT_A_TIME)
    async with house.unit.bus.subscribe(limit=100_000) as events, trio.open_nursery() as nursery:
        async for event in events:
            if event.kind == "transaction.corrected" and event.body["kind"] == "sequence_gap":
                nursery.start_soon(_ask, house, event, limiter)


async def _ask(house: House, event: Event, limiter: trio.CapacityLimiter) -> None:
    async with limiter:
        try:
            found = await house.unit.read(partial(_whom, transaction_id=event.subject))
            if found is not None and house.link.link(found[0].id) is not None:
                payload = {"transactionId": found[1].ocpp_id}
                await commands.send(house, _CALLER, found[0], ACTION, payload, verb="missing events")
        except CsmsError as error:
            log.warning("missing_events_not_asked_for", transaction=event.subject, error=str(error))


def _whom(tx: Tx, transaction_id: str) -> tuple[ChargingStation, Transaction] | None:
    """Return the station to ask and the transaction; None where it does not know the question."""
    transaction = transactions.get(tx.db, None, transaction_id)
    station = stations.by_key(tx.db, transaction.station_key) if transaction else None
    if transaction is None or station is None or ACTION in abilities.unknown_actions(tx.db, station.id):
        return None
    return station, transaction

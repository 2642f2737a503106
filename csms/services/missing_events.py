"""Asking a station about the events of a transaction that are missing (OCPP 2.0.1 E14): has it more to deliver?

The question alone makes some stations empty their queue; the answer stands among the station's commands. What is
missing stands in the database: a station that comes back is asked again, once on each connection for a transaction.
"""

from datetime import timedelta
from functools import partial
from typing import Final

import structlog
import trio

from csms.clock import to_text
from csms.errors import CsmsError, StoreStopped
from csms.model.event import Event
from csms.model.station import ChargingStation, Registration
from csms.model.transaction import Transaction
from csms.services import commands
from csms.services.access import Caller, Role
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import abilities, stations, transactions

ACTION: Final = "GetTransactionStatus"
AFTER_BOOT_S: Final = 2.0
"""How long after its boot a station is asked: it has to read the answer first."""
AFTER_CONNECT_S: Final = 30.0
"""How long after it has come back: it may boot first, and deliver what it has kept."""
_ASKED_FOR: Final = timedelta(days=30)
"""For so long after it was first heard of a transaction is asked about."""
_MOST: Final = 10
_MISSING: Final = ("sequence_gap", "start_unseen")
_CALLER: Final = Caller("csms", Role.SUPER_ADMIN, None, "missing events")
_AT_A_TIME: Final = 100

log = structlog.get_logger(__name__)


async def run(house: House) -> None:
    """Ask whenever events are found missing, until cancelled; who does not know the question is left alone."""
    await _Asker(house).run()


class _Asker:
    """What has been asked on the connections that stand."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._asked: dict[str, set[str]] = {}
        """Ids of transactions, by the station's key."""
        self._limiter = trio.CapacityLimiter(_AT_A_TIME)

    async def run(self) -> None:
        bus = self._house.unit.bus
        async with bus.subscribe(limit=100_000) as events, trio.open_nursery() as nursery:
            for link in self._house.link.links():  # who came before we listened
                nursery.start_soon(self._come_back, link.station.key, AFTER_CONNECT_S)
            async for event in events:
                self._take(event, nursery)

    def _take(self, event: Event, nursery: trio.Nursery) -> None:
        """Begin what follows from an event."""
        if event.kind == "transaction.corrected":
            if event.body["kind"] in _MISSING:
                nursery.start_soon(self._ask, partial(_whom, transaction_id=event.subject))
        elif event.kind == "station.connected":
            self._asked.pop(event.subject, None)
            if _knows_events(event.body["version"]):
                nursery.start_soon(self._come_back, event.subject, AFTER_CONNECT_S)
        elif event.kind == "station.booted":
            if self._knows(event.subject):
                nursery.start_soon(self._come_back, event.subject, AFTER_BOOT_S)
        elif event.kind == "station.disconnected":
            self._asked.pop(event.subject, None)

    async def _come_back(self, station_key: str, after_s: float) -> None:
        """Ask a station about all that is missing of its transactions, some time after it has come back."""
        await trio.sleep(after_s)
        if self._knows(station_key):
            await self._ask(partial(_incomplete, station_key=station_key))

    async def _ask(self, look: "partial[list[tuple[ChargingStation, Transaction]]]") -> None:
        async with self._limiter:
            try:
                for station, transaction in await self._house.unit.read(look):
                    if self._knows(station.id) and self._is_first(station.id, transaction.id):
                        payload = {"transactionId": transaction.ocpp_id}
                        await commands.send(
                            self._house, _CALLER, station, ACTION, payload, verb="missing events"
                        )
            except StoreStopped:
                raise  # as in housekeeping: the service manager starts a new process
            except CsmsError as error:
                log.warning("missing_events_not_asked_for", error=str(error))

    def _knows(self, station_key: str) -> bool:
        """Whether a station is connected here and speaks a version that numbers its events."""
        link = self._house.link.link(station_key)
        return link is not None and _knows_events(link.version)

    def _is_first(self, station_key: str, transaction_id: str) -> bool:
        """Whether a transaction has not been asked about on this connection; from now on it has."""
        asked = self._asked.setdefault(station_key, set())
        first = transaction_id not in asked
        asked.add(transaction_id)
        return first


def _knows_events(version: str) -> bool:
    return version != "1.6"


def _whom(tx: Tx, transaction_id: str) -> list[tuple[ChargingStation, Transaction]]:
    """Return the station to ask and the transaction; none where it does not know the question."""
    transaction = transactions.get(tx.db, None, transaction_id)
    station = stations.by_key(tx.db, transaction.station_key) if transaction else None
    if transaction is None or station is None or ACTION in abilities.unknown_actions(tx.db, station.id):
        return []
    return [(station, transaction)]


def _incomplete(tx: Tx, station_key: str) -> list[tuple[ChargingStation, Transaction]]:
    """Return the station with each of its latest transactions that lacks events still."""
    station = stations.by_key(tx.db, station_key)
    if station is None or station.registration is not Registration.ACCEPTED:
        return []
    if ACTION in abilities.unknown_actions(tx.db, station_key):
        return []
    since = to_text(tx.now - _ASKED_FOR)
    return [(station, each) for each in transactions.incomplete(tx.db, station_key, since, _MOST)]

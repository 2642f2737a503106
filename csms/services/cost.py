"""Running costs for stations that show them: told by the clock while a charge runs, never in its messages (2.0.1 I02).

The final cost is the answer to the end of a transaction and equals its CDR (services.billing.told). A running cost is
of the moment: what could not be told is not told later.
"""

from decimal import Decimal
from typing import Final

import structlog
import trio

from csms.errors import CsmsError, StoreStopped, Unsupported
from csms.model.driver_text import UpdateCost
from csms.services import billing, driver_texts
from csms.services.errand import known_of
from csms.services.house import House
from csms.services.ports import Link
from csms.services.unit import Tx
from csms.store import abilities, transactions

_AT_A_TIME: Final = 20
_MOST: Final = 10_000

log = structlog.get_logger(__name__)
Told = dict[str, Decimal]


async def run(house: House) -> None:
    """Tell running costs every `ocpp.cost_interval_s` until cancelled; 0 tells none."""
    interval_s = house.unit.policy.cost_interval_s
    told: Told = {}
    while interval_s:
        await trio.sleep(interval_s)
        try:
            told = await tell(house, told)
        except StoreStopped:
            raise
        except CsmsError as error:
            log.warning("costs_not_told", error=str(error))


async def tell(house: House, told: Told) -> Told:
    """Tell every connected station with a display what its running transactions cost by now, where that has changed.

    `told` is what the transactions had cost when it was last told; returns that of now.
    """
    links = {link.station.key: link for link in house.link.links()}
    running = await house.unit.read(lambda tx: _running(tx, frozenset(links)))
    costs: Told = {}
    limiter = trio.CapacityLimiter(_AT_A_TIME)

    async def one(transaction_id: str, station_key: str, ocpp_id: str) -> None:
        async with limiter:
            before = told.get(transaction_id)
            cost = await _tell_one(house, links[station_key], transaction_id, ocpp_id, before)
            if cost is not None:
                costs[transaction_id] = cost

    async with trio.open_nursery() as nursery:
        for transaction_id, station_key, ocpp_id in running:
            nursery.start_soon(one, transaction_id, station_key, ocpp_id)
    return costs


async def _tell_one(
    house: House, link: Link, transaction_id: str, ocpp_id: str, before: Decimal | None
) -> Decimal | None:
    """Tell one running cost; return what the station has been told by now."""
    key = link.station.key
    try:
        cost = await house.unit.read(lambda tx: _cost(tx, transaction_id))
        if cost is None or cost == before:
            return before
        known = await house.unit.read(lambda tx: known_of(tx, key))
        action, payload = house.link.translate(link.version, UpdateCost(ocpp_id, cost), known)
    except CsmsError:  # not in its version, or known not to know it
        return before
    try:
        await house.link.call(key, action, payload, None)
    except Unsupported:
        await house.unit.run(lambda tx: abilities.set_unknown(tx.db, key, action, tx.at))
    except CsmsError as error:
        log.info("cost_not_told", station=link.station.station_id, error=str(error))
        return before
    return cost


def _running(tx: Tx, connected: frozenset[str]) -> list[tuple[str, str, str]]:
    """Return the priced transactions that run at connected stations with a display: id, station, the station's id."""
    shows: dict[str, bool] = {}
    found = []
    for transaction in transactions.select(tx.db, None, active=True, limit=_MOST):
        key = transaction.station_key
        if key not in connected or transaction.tariff_id is None:
            continue
        if key not in shows:
            shows[key] = driver_texts.shows(tx, key, "Cost")
        if shows[key]:
            found.append((transaction.id, key, transaction.ocpp_id))
    return found


def _cost(tx: Tx, transaction_id: str) -> Decimal | None:
    """Return what a transaction costs by now, None where it has ended or nothing is known."""
    transaction = transactions.get(tx.db, None, transaction_id)
    return None if transaction is None or transaction.ended_at else billing.so_far(tx, transaction)

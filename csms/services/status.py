"""The running appliance at a glance."""

from typing import Any

from csms import __version__
from csms.clock import to_wire
from csms.services import queries, stations
from csms.services.access import Caller
from csms.services.house import House
from csms.services.present import view
from csms.store import transactions as store


async def status(house: House, caller: Caller) -> dict[str, Any]:
    """Return version, age, listeners, connected stations and running transactions."""
    links = _visible(house, caller)
    known, running = await house.unit.read(
        lambda tx: (
            len(stations.list_stations(tx, caller)),
            len(store.select(tx.db, caller.tenant_id, active=True, limit=10_000)),
        )
    )
    return {
        "version": __version__,
        "startedAt": to_wire(house.started_at),
        "store": house.unit.store.dialect,
        "stations": known,
        "connected": len(links),
        "activeTransactions": running,
        "eventsDropped": house.unit.bus.dropped,
        "messagesDropped": house.message_log.dropped,
        "listeners": list(house.listeners()),
    }


async def watch(house: House, caller: Caller) -> dict[str, Any]:
    """Return every station with its connection, connectors and running transactions."""
    linked = {link.station.key: link for link in _visible(house, caller)}
    shown, running = await house.unit.read(
        lambda tx: (
            stations.list_stations(tx, caller),
            queries.running(tx, caller),
        )
    )
    entries = []
    for entry in shown:
        link = linked.get(entry.station.id)
        connection = {"connectedSince": to_wire(link.connected_at), "peer": link.peer} if link else None
        entries.append(view(entry) | {"connection": connection})
    return {"stations": entries, "transactions": running}


def _visible(house: House, caller: Caller) -> list[Any]:
    return [link for link in house.link.links() if caller.tenant_id in (None, link.station.tenant_id)]

"""What operators want in and out of service, held against what stations report (OCPP 1.6 §5.2; 2.0.1 G03, G04).

A Scheduled change is done when the connector says so. A station that has forgotten after a boot what it was told is
told again, once a boot. Both are read from the database by the clock, so that no crash forgets them, and no status
report pays for them.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from csms.clock import to_text
from csms.errors import CsmsError
from csms.model.command import Outcome, Purpose
from csms.model.station import ChargingStation, Connector, ConnectorStatus
from csms.model.station_command import ChangeAvailability
from csms.services import commands
from csms.services.access import Caller, Role
from csms.services.errand import Errand
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import commands as command_store
from csms.store import stations as store

TELLS_WITHIN: Final = timedelta(seconds=30)
"""How long a station may take after a boot to report its connectors."""
_LATELY: Final = timedelta(days=1)
_CALLER: Final = Caller("csms", Role.SUPER_ADMIN, None, "availability")
log = structlog.get_logger(__name__)


def follow_up(tx: Tx) -> int:
    """End the scheduled changes that have happened; returns how many."""
    ended = 0
    for command in command_store.pending_everywhere(tx.db, Purpose.AVAILABILITY, before=tx.at):
        if command.status is None:
            continue  # the station has not answered yet
        place = command.request.get("evse") or {}
        evse_id = command.evse_id or 0
        meant = _meant(store.connectors(tx.db, command.station_key), evse_id, place.get("connectorId") or 0)
        available = "Operative" in command.request.values()
        since = to_text(command.requested_at)
        if meant and all(_is_so(each, available, since) for each in meant):
            said = "in service" if available else "out of service"
            commands.settle(tx, command, said, Outcome.DONE)
            ended += 1
    return ended


async def remind(house: House) -> None:
    """Tell stations again what is to be out of service where they have forgotten it."""
    for station, changes in await house.unit.read(_forgotten):
        if house.link.link(station.id) is None:
            continue
        errand = Errand(house, _CALLER, station, "availability")
        for change in changes:
            try:
                await errand.carry_out(change)
            except CsmsError as error:
                log.warning("availability_not_restored", station=station.station_id, error=str(error))
                break


def _forgotten(tx: Tx) -> list[tuple[ChargingStation, list[ChangeAvailability]]]:
    """Return the stations that have booted, told their connectors, and have some in service that should not be."""
    found = []
    for station in store.out_of_service(tx.db, to_text(tx.now - _LATELY)):
        booted_at = station.booted_at
        if booted_at is None or tx.now < booted_at + TELLS_WITHIN:
            continue
        if command_store.asked_since(tx.db, station.id, Purpose.AVAILABILITY, to_text(booted_at)):
            continue
        connectors = store.connectors(tx.db, station.id)
        wrong = [
            each
            for each in connectors
            if each.evse_id
            and not each.available_intent
            and each.status_at is not None
            and each.status_at >= booted_at - TELLS_WITHIN
            and each.status is not ConnectorStatus.UNAVAILABLE
        ]
        if wrong:
            found.append((station, _changes(connectors, wrong)))
    return found


def _changes(connectors: Sequence[Connector], wrong: Sequence[Connector]) -> list[ChangeAvailability]:
    """Return what to send: one change for the station where all of it is meant, else one for each EVSE."""
    if not any(each.available_intent for each in connectors):
        return [ChangeAvailability(False)]
    changes = []
    for evse_id in sorted({each.evse_id for each in wrong}):
        there = [each for each in connectors if each.evse_id == evse_id]
        if not any(each.available_intent for each in there):
            changes.append(ChangeAvailability(False, evse_id))
        else:
            changes += [ChangeAvailability(False, evse_id, w.connector_id) for w in wrong if w in there]
    return changes


def _meant(connectors: Sequence[Connector], evse_id: int, connector_id: int) -> list[Connector]:
    """Return the connectors that a change is about; EVSE 0 is only asked where there is no other."""
    meant = [
        each
        for each in connectors
        if each.evse_id and evse_id in (0, each.evse_id) and connector_id in (0, each.connector_id)
    ]
    return meant or [each for each in connectors if each.evse_id == evse_id == 0]


def _is_so(connector: Connector, available: bool, since: str) -> bool:
    """Whether a connector has said since a moment that it is as wanted."""
    if connector.status_at is None or to_text(connector.status_at) < since:
        return False
    if available:
        return connector.status is not ConnectorStatus.UNAVAILABLE
    return connector.status is ConnectorStatus.UNAVAILABLE

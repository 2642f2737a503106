"""What the appliance does by the clock: flush what was collected, end what is over, drop what is old."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
import trio

from csms import systemd
from csms.clock import to_text
from csms.config import Retention
from csms.errors import CsmsError, StoreStopped
from csms.model.event import Event
from csms.model.tenant import TenantStatus
from csms.ocpp.presence import Roll
from csms.services import (
    after_boot,
    availability,
    certificate_delivery,
    commands,
    cost,
    customer_information,
    expiry,
    files,
    local_list_sync,
    missing_events,
    offline_alerts,
    party_push,
    pruning,
    publication,
    reservations,
    root_delivery,
    stations,
    upgrade_steps,
    vehicle_profiles,
)
from csms.services.file_room import FileRoom
from csms.services.house import House
from csms.services.unit import Unit

MESSAGES_EVERY_S = 1.0
PRESENCE_EVERY_S = 5.0
EXPIRY_EVERY_S = 5.0
PRUNE_EVERY_S = 3600.0
CERTIFICATES_EVERY_S = 3600.0
FILES_EVERY_S = 600.0
REMIND_EVERY_S = 10.0
MOST_SLICES = 1000

FOLLOWERS: Final[tuple[Callable[[House], Awaitable[None]], ...]] = (
    missing_events.run,
    cost.run,
    local_list_sync.run,
    vehicle_profiles.run,
    certificate_delivery.run,
    upgrade_steps.run,
    root_delivery.run,
    publication.run,
    party_push.run,
)
"""What follows the events of the house, or works off what stands in the database, until it is stopped."""

log = structlog.get_logger(__name__)


async def run(house: House, roll: Roll, retention: Retention) -> None:
    """Do all of it until cancelled; a failure is logged and tried again at the next turn."""
    unit = house.unit

    async def expire() -> None:
        await unit.run(lambda tx: availability.follow_up(tx) + commands.expire(tx) + reservations.expire(tx))

    async def prune() -> None:
        ages = pruning.Ages(
            timedelta(days=retention.messages_days),
            timedelta(days=retention.meter_values_days),
            timedelta(days=retention.outbox_days),
        )
        await unit.run(pruning.prune_access)
        for _ in range(MOST_SLICES):
            if not await unit.run(lambda tx: pruning.prune(tx, ages)):
                return
            await trio.sleep(1)

    kept = timedelta(days=retention.station_files_days)

    async def certificates() -> None:
        await expiry.run_once(unit)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(_every, CERTIFICATES_EVERY_S, certificates)
        nursery.start_soon(_every, MESSAGES_EVERY_S, house.message_log.flush)
        nursery.start_soon(_every, PRESENCE_EVERY_S, partial(_write_presence, unit, roll))
        nursery.start_soon(_every, EXPIRY_EVERY_S, expire)
        nursery.start_soon(_every, PRUNE_EVERY_S, prune)
        nursery.start_soon(_every, FILES_EVERY_S, partial(_tidy_files, house, kept))
        nursery.start_soon(_every, REMIND_EVERY_S, partial(availability.remind, house))
        nursery.start_soon(_follow_operators, house, roll)
        nursery.start_soon(after_boot.Worker(house).run)
        nursery.start_soon(_every, offline_alerts.EVERY_S, partial(offline_alerts.sweep, house))
        for follow in FOLLOWERS:
            nursery.start_soon(follow, house)
        watchdog_s = systemd.watchdog_interval_s()
        if watchdog_s is not None:
            nursery.start_soon(_every, watchdog_s, _alive)


async def _write_presence(unit: Unit, roll: Roll) -> None:
    """Write when stations were last heard."""
    heard = roll.heard()
    moments = [{"key": p.station.key, "at": to_text(p.heard_at)} for p in heard if p.heard_at]
    if moments:
        await unit.run(lambda tx: stations.seen(tx, moments))
    for presence, moment in zip(heard, [p.heard_at for p in heard], strict=True):
        presence.written_at = moment


async def _every(interval_s: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except StoreStopped:
            raise  # nothing can be kept any more: the service manager starts a new process
        except CsmsError as error:
            log.error("housekeeping_failed", work=getattr(work, "__name__", "?"), error=str(error))
        await trio.sleep(interval_s)


async def _tidy_files(house: House, kept: timedelta) -> None:
    """Give up files that do not come, forget old ones, and remove from the disk what no record speaks of."""
    await house.unit.run(
        lambda tx: files.end_addresses(tx) + files.prune(tx, kept) + customer_information.forget(tx)
    )
    known = await house.unit.read(files.known_ids)
    await trio.to_thread.run_sync(FileRoom(house.data_dir).sweep, known)


async def _alive() -> None:
    systemd.alive()


async def _follow_operators(house: House, roll: Roll) -> None:
    """Apply at once what an operator changes about a connected station or its tenant."""
    while True:
        try:
            async with house.unit.bus.subscribe(limit=100_000) as events:
                async for event in events:
                    if event.kind in ("station.changed", "tenant.changed"):
                        await _apply(event, house, roll)
        except StoreStopped:
            raise
        except CsmsError as error:  # what was missed counts when the station connects again
            log.error("housekeeping_failed", work="follow_operators", error=str(error))


async def _apply(event: Event, house: House, roll: Roll) -> None:
    if event.kind == "tenant.changed":
        for link in house.link.links():
            if link.station.tenant_id == event.tenant_id and event.body["status"] != TenantStatus.ACTIVE:
                await house.link.disconnect(link.station.key, "the tenant is suspended")
        return
    if event.body["change"] == "removed":
        roll.forget(event.subject)
        await house.link.disconnect(event.subject, "the station was removed")
    elif roll.get(event.subject) is not None:
        found = await house.unit.read(partial(stations.by_key, key=event.subject))
        if found is not None:
            roll.admit(found.ref, found.registration, found.quirks)

"""Doing what stations' boots call for, of our own accord: a device model is read, desired settings are sent.

A job waits in the database until it is done, so that it survives the process; a few stations at a time, one thing at
a time for each, a few attempts a day. A station that is not connected is tried later.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
import trio

from csms.clock import to_text
from csms.errors import CsmsError, StoreStopped, Unsupported
from csms.model.command import CallStatus, Coverage, Outcome, Purpose
from csms.model.device_command import GetReport
from csms.model.station import ChargingStation, Registration
from csms.model.station_job import Job
from csms.services import desired_settings, setting_calls, station_jobs
from csms.services.access import Caller, Role
from csms.services.errand import Errand
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import abilities, commands, stations
from csms.store import station_jobs as store

EVERY_S: Final = 2.0
AGAIN_AFTER: Final = timedelta(minutes=11)
"""A report has ten minutes (services.commands expires it then)."""
_REST_FOR: Final = timedelta(hours=24)
_OFFLINE_FOR: Final = timedelta(minutes=5)
_COMING: Final = timedelta(seconds=30)
"""A station may be connected to another node, which does what is due at once."""
_AT_A_TIME: Final = 100
_DUE_AT_ONCE: Final = 200
CALLER: Final = Caller("csms", Role.SUPER_ADMIN, None, "after boot")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    station: ChargingStation
    job: Job
    quiet: bool
    overdue: bool


@dataclass(slots=True)
class Worker:
    """Works jobs off; `busy` are the stations that something is being done with."""

    house: House
    busy: set[str] = field(default_factory=set)
    limiter: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(_AT_A_TIME))

    async def run(self) -> None:
        """Look for jobs that are due, again and again, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                try:
                    await self.begin(nursery)
                except StoreStopped:
                    raise  # as in housekeeping: the service manager starts a new process
                except CsmsError as error:
                    log.error("housekeeping_failed", work="after_boot", error=str(error))
                await trio.sleep(EVERY_S)

    async def turn(self) -> None:
        """Do what is due now, and return when it is done."""
        async with trio.open_nursery() as nursery:
            await self.begin(nursery)

    async def begin(self, nursery: trio.Nursery) -> None:
        """Begin what is due now, one job for each station."""
        due = await self.house.unit.read(_due)
        away = [each for each in due if self.house.link.link(each.station.id) is None]
        overdue = [each for each in away if each.overdue]
        if overdue:
            await self.house.unit.run(lambda tx: _postpone(tx, overdue))
        for each in due:
            if each not in away and each.station.id not in self.busy:
                self.busy.add(each.station.id)
                nursery.start_soon(self._do, each)

    async def _do(self, due: _Due) -> None:
        try:
            async with self.limiter:
                await _attempt(self.house, due)
        except CsmsError as error:
            log.warning("after_boot_failed", station=due.station.station_id, job=due.job, error=str(error))
        finally:
            self.busy.discard(due.station.id)


async def _attempt(house: House, due: _Due) -> None:
    """Try one job once; it stays for another time unless it ends here."""
    station = due.station
    if due.quiet or station.registration is not Registration.ACCEPTED:
        await house.unit.run(lambda tx: store.end(tx.db, station.id, due.job))
        return
    if not await house.unit.run(lambda tx: _claim(tx, due)):
        return
    errand = Errand(house, CALLER, station, f"after boot: {due.job.lower()}")
    if due.job is Job.INVENTORY:
        await _take_inventory(errand)
    elif await desired_settings.bring_in_step(errand):
        await house.unit.run(lambda tx: store.end(tx.db, station.id, Job.SETTINGS))


async def _take_inventory(errand: Errand) -> None:
    """Ask for everything: a report, which ends the job when it is whole, or all settings of one that has no reports."""
    unit, station = errand.house.unit, errand.station
    if await unit.read(lambda tx: _is_being_told(tx, station)):
        return
    number = await unit.run(lambda tx: abilities.count(tx.db, station.id, "request"))
    try:
        try:
            result = await errand.carry_out(GetReport(number))
        except Unsupported:
            result = await setting_calls.read(errand, ())
    except Unsupported:
        await unit.run(lambda tx: station_jobs.inventory_taken(tx, station, tx.at))
        return
    if result.status is CallStatus.ANSWERED and result.outcome is not Outcome.PENDING:
        await unit.run(lambda tx: station_jobs.inventory_taken(tx, station, tx.at))


def _is_being_told(tx: Tx, station: ChargingStation) -> bool:
    """Whether a report of everything is under way, whoever asked for it: its end ends the job."""
    pending = commands.pending(tx.db, station.id, Purpose.REPORT)
    return any(command.covers is Coverage.DEVICE_MODEL for command in pending)


def _due(tx: Tx) -> list[_Due]:
    found = []
    for row in store.due(tx.db, tx.at, _DUE_AT_ONCE):
        station = stations.by_key(tx.db, row["station_key"])
        if station is not None:
            quiet = station_jobs.is_quiet(tx, station)
            found.append(_Due(station, Job(row["kind"]), quiet, row["due_at"] < to_text(tx.now - _COMING)))
    return found


def _claim(tx: Tx, due: _Due) -> bool:
    again_at, rested_at = to_text(tx.now + AGAIN_AFTER), to_text(tx.now + _REST_FOR)
    return store.attempt(tx.db, due.station.id, due.job, now=tx.at, again_at=again_at, rested_at=rested_at)


def _postpone(tx: Tx, offline: list[_Due]) -> None:
    for each in offline:
        store.postpone(tx.db, each.station.id, each.job, to_text(tx.now + _OFFLINE_FOR))

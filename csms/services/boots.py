"""A station that has booted: what it says of itself, and what its boot means for what was going on before."""

from csms.model.command import Outcome, Purpose
from csms.model.station import StationRef
from csms.services import (
    boot_security,
    commands,
    device_model,
    device_reports,
    firmware_updates,
    station_jobs,
    stations,
    transactions,
)
from csms.services.stations import Booted, BootReport
from csms.services.unit import Tx


def take(tx: Tx, station: StationRef, report: BootReport) -> Booted:
    """Take in a boot; without a stop it leaves the open transactions suspect, for the stop may be queued (1.6 §4.2)."""
    refusal = boot_security.refuse_boot(tx, station, report)
    if refusal is not None:
        return refusal
    firmware_updates.booted(tx, station, report)
    answer = boot_security.hold_back(tx, station, stations.booted(tx, station, report))
    transactions.suspect_open(tx, station)
    if report.restarted:
        device_model.booted(tx, station)
        device_reports.abort(tx, station)
    station_jobs.booted(tx, station, restarted=report.restarted)
    commands.follow(tx, station, Purpose.RESET, "booted", Outcome.DONE)
    return answer

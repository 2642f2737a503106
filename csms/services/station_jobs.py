"""What is to be done with a station of our own accord: begun by its boot, kept until it is done (2.0.1 B07.FR.14).

Nothing is asked of a station that is not accepted, nor of a quiet one: the configuration's `ocpp.quiet`, or the quirk
`quiet` of the station, which decides where it is set.
"""

from datetime import timedelta
from typing import Final

from csms.clock import to_text
from csms.model import quirk
from csms.model.command import Coverage
from csms.model.desired_setting import DesiredSetting, Scope
from csms.model.station import ChargingStation, Registration, StationRef
from csms.model.station_job import Job
from csms.services.unit import Tx
from csms.store import desired_settings, device_model, stations
from csms.store import station_jobs as store

_AFTER_THE_ANSWER: Final = timedelta(seconds=1)
"""A station first gets the answer to its boot (B01.FR.02), and a moment to take it in."""


def is_quiet(tx: Tx, station: ChargingStation) -> bool:
    """Whether nothing is asked of a station unless an operator does."""
    return quirk.is_on(station.quirks, "quiet", tx.policy.quiet)


def booted(tx: Tx, station: StationRef, *, restarted: bool = True) -> None:
    """Begin what a boot calls for; a firmware that was not here before is asked for everything anew.

    A station that boots again and again because of what it is asked is let rest (store.station_jobs).
    """
    found = stations.by_key(tx.db, station.key)
    if found is None or found.registration is not Registration.ACCEPTED or is_quiet(tx, found):
        return
    due_at = to_text(tx.now + _AFTER_THE_ANSWER)
    known, firmware = device_model.inventory(tx.db, station.key), firmware_of(found)
    if known is not None and known != firmware:
        desired_settings.forget(tx.db, station.key)
    if known != firmware and quirk.is_on(found.quirks, "inventory", tx.policy.inventory):
        store.put_after_boot(tx.db, station.key, Job.INVENTORY, firmware, due_at, restarted=restarted)
    if desired_settings.are_there_any(tx.db, station.tenant_id):
        store.put_after_boot(tx.db, station.key, Job.SETTINGS, firmware, due_at, restarted=restarted)


def wanted(tx: Tx, desired: DesiredSetting) -> None:
    """Have what is newly desired compared as soon as may be, at every station it concerns."""
    model = desired.subject if desired.scope is Scope.MODEL else None
    station_id = desired.subject if desired.scope is Scope.STATION else None
    store.put_for_many(tx.db, Job.SETTINGS, tx.at, desired.tenant_id, model=model, station_id=station_id)


def reported(tx: Tx, station: StationRef, covers: Coverage, asked_at: str) -> None:
    """Note that a station has told everything."""
    found = stations.by_key(tx.db, station.key)
    if covers is Coverage.DEVICE_MODEL and found is not None:
        inventory_taken(tx, found, asked_at)


def inventory_taken(tx: Tx, station: ChargingStation, asked_at: str) -> None:
    """Note that this firmware of a station need not be asked again."""
    device_model.put_inventory(tx.db, station.id, firmware_of(station), asked_at)
    store.end(tx.db, station.id, Job.INVENTORY)


def firmware_of(station: ChargingStation) -> str:
    """Return what decides whether a station has to be asked anew: its version of OCPP and its firmware."""
    return f"{station.ocpp_version} {station.firmware_version or ''}"

"""What stations tell of a firmware update: word by word, and by the boot at its end (OCPP 1.6 §4.5; 2.0.1 L01)."""

from datetime import timedelta
from typing import Final

from csms.model.command import Outcome, Purpose
from csms.model.station import StationRef
from csms.services import commands
from csms.services.stations import BootReport
from csms.services.unit import Tx
from csms.store import stations as store

_SETTLE: Final = timedelta(minutes=10)
"""How long a station that runs the new firmware may take to say Installed, or that it did not work."""


def follow(
    tx: Tx, station: StationRef, said: str, outcome: Outcome | None, request_id: int | None = None
) -> None:
    """Take in a firmware status other than Idle."""
    commands.follow(tx, station, Purpose.FIRMWARE, said, outcome, request_id=request_id)


def booted(tx: Tx, station: StationRef, report: BootReport) -> None:
    """Note the boot of a station whose firmware is being changed; new firmware as good as ends the update.

    To be called before the boot itself is taken in.
    """
    command = commands.open_one(tx, station, Purpose.FIRMWARE)
    if command is None:
        return
    before = store.by_key(tx.db, station.key)
    new = report.firmware_version
    if new and before is not None and new != before.firmware_version:
        commands.note(tx, command, f"{commands.BOOTED_WITH} {new}", within=_SETTLE)
    elif report.details.get("reason") == "FirmwareUpdate":
        commands.settle(tx, command, "booted for the update", None)

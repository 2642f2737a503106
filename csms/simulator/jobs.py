"""Uploads and downloads that a station does in the background, one of each kind.

With `settings.transfers` files really go over HTTP. Otherwise the station tells the story of a transfer, and of a
failure when the location is not an address it could use.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import trio

from csms.simulator import transfer
from csms.simulator.clock import to_wire
from csms.simulator.frames import Payload
from csms.simulator.station import Station

TRANSFER_S: Final = 5.0
SCHEMES: Final = ("http", "https", "ftp", "ftps", "sftp")


class Jobs:
    """What a station is transferring, and what it last said about each kind."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._running: dict[str, trio.CancelScope] = {}
        self.last_told: dict[str, Payload] = {}

    def running(self, kind: str) -> bool:
        """Say whether a job of that kind is under way."""
        return kind in self._running

    def begin(self, kind: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Do the work after the answer, alone of its kind; return whether an earlier one was ended for it."""
        earlier = self._running.pop(kind, None)
        if earlier is not None:
            earlier.cancel()

        async def job() -> None:
            with trio.CancelScope() as scope:
                self._running[kind] = scope
                try:
                    await work()
                finally:
                    if self._running.get(kind) is scope:
                        del self._running[kind]

        self._station.afterwards(job)
        return earlier is not None

    async def upload(self, location: str, name: str) -> bool:
        """Leave a log at a location; return whether that worked."""
        if not (self._station.settings.transfers and transfer.is_http(location)):
            return is_usable(location)
        lines = [
            f"{to_wire(self._station.clock.now())} {self._station.identity} a log of a simulated station"
        ]
        return await transfer.upload(location, name, "\n".join([*lines, ""]).encode())

    async def download(self, location: str) -> bytes | None:
        """Fetch a file; return its SHA-256, empty where only the story is told, and None where it failed."""
        if not (self._station.settings.transfers and transfer.is_http(location)):
            return b"" if is_usable(location) else None
        return await transfer.download(location)

    async def tell(self, notify: str, story: list[str], more: Payload) -> None:
        """Send one notification for each status, with the time of a transfer after each."""
        station = self._station
        for status in story:
            payload = self.last_told[notify] = {"status": status, **more}
            await station.call(notify, payload)
            await station.clock.sleep_until(station.clock.now() + timedelta(seconds=TRANSFER_S))

    def last(self, notify: str) -> Payload:
        """Return what was last told with that notification; Idle when nothing ever was."""
        return self.last_told.get(notify, {"status": "Idle"})


def is_usable(location: str) -> bool:
    """Say whether the location is an address that a station could use."""
    parts = urlsplit(location)
    return parts.scheme in SCHEMES and bool(parts.hostname)


def file_stem(identity: str) -> str:
    """Return the beginning of the station's file names."""
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in identity)


def next_version(version: str) -> str:
    """Return the firmware version that an update installs."""
    major, minor, patch = version.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"

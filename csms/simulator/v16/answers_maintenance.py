"""How a 1.6 station answers diagnostics, logs and firmware (OCPP 1.6 §5.9, §5.19; 1.6 security whitepaper).

Nothing is really transferred: the station tells the story of a transfer, and of a failure when the location
is not an address it could use.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import trio

from csms.simulator.clock import from_wire
from csms.simulator.frames import Payload
from csms.simulator.v16.answers_core import security_event
from csms.simulator.v16.certificates import is_certificate
from csms.simulator.v16.device import Device16

TRANSFER_S: Final = 5.0
SCHEMES: Final = ("http", "https", "ftp", "ftps", "sftp")


def get_diagnostics(station: Device16, payload: Payload) -> Payload:
    """§5.9: answered with the name of the file, then Uploading and Uploaded or UploadFailed."""
    notify = "DiagnosticsStatusNotification"
    story = ["Uploading", "Uploaded" if _usable(payload["location"]) else "UploadFailed"]
    _begin(station, notify, partial(_tell, station, notify, story, {}))
    return {"fileName": f"{_file_stem(station)}-diagnostics.log"}


def get_log(station: Device16, payload: Payload) -> Payload:
    """Answer as for diagnostics; a second request ends the first, AcceptedCanceled."""
    notify = "LogStatusNotification"
    usable = _usable(payload["log"]["remoteLocation"])
    story = ["Uploading", "Uploaded" if usable else "UploadFailure"]
    more = {"requestId": payload["requestId"]}
    canceled = _begin(station, notify, partial(_tell, station, notify, story, more))
    status = "AcceptedCanceled" if canceled else "Accepted"
    return {"status": status, "filename": f"{_file_stem(station)}-{payload['logType']}.log"}


def update_firmware(station: Device16, payload: Payload) -> Payload:
    """§5.19: from retrieveDate on Downloading, Downloaded, Installing, a restart, Installed."""
    notify = "FirmwareStatusNotification"
    due = from_wire(payload["retrieveDate"])
    usable = _usable(payload["location"])

    async def work() -> None:
        await station.clock.sleep_until(due)
        await _tell(station, notify, ["Downloading", "Downloaded" if usable else "DownloadFailed"], {})
        if usable:
            await _tell(station, notify, ["Installing"], {})
            await _install(station)
            await _tell(station, notify, ["Installed"], {})

    _begin(station, notify, work)
    return {}


def signed_update_firmware(station: Device16, payload: Payload) -> Payload:
    """Do the same after the signature's check; an unreadable signing certificate is refused."""
    notify, firmware = "SignedFirmwareStatusNotification", payload["firmware"]
    if not is_certificate(firmware["signingCertificate"]):
        station.afterwards(security_event, station, "InvalidFirmwareSigningCertificate")
        return {"status": "InvalidCertificate"}
    more = {"requestId": payload["requestId"]}
    due = from_wire(firmware["retrieveDateTime"])
    install_at = from_wire(firmware.get("installDateTime", firmware["retrieveDateTime"]))
    usable = _usable(firmware["location"])

    async def work() -> None:
        await station.clock.sleep_until(due)
        await _tell(station, notify, ["Downloading", "Downloaded" if usable else "DownloadFailed"], more)
        if usable:
            await _tell(station, notify, ["SignatureVerified"], more)
            await station.clock.sleep_until(install_at)
            await _tell(station, notify, ["Installing", "InstallRebooting"], more)
            await _install(station)
            await _tell(station, notify, ["Installed"], more)

    canceled = _begin(station, notify, work)
    return {"status": "AcceptedCanceled" if canceled else "Accepted"}


async def _install(station: Device16) -> None:
    """Let running charges end, restart, and be of a newer version."""
    for connector in list(station.connectors.values()):
        await station.end_charging(connector, "Reboot")
    major, minor, patch = station.firmware_version.split(".")
    station.firmware_version = f"{major}.{minor}.{int(patch) + 1}"
    station.must_boot = True
    await station.restart(abruptly=False)


def _begin(station: Device16, kind: str, work: Callable[[], Awaitable[None]]) -> bool:
    """Do the work after the answer, alone of its kind; return whether an earlier one was ended for it."""
    earlier = station.jobs.pop(kind, None)
    if earlier is not None:
        earlier.cancel()

    async def job() -> None:
        with trio.CancelScope() as scope:
            station.jobs[kind] = scope
            try:
                await work()
            finally:
                if station.jobs.get(kind) is scope:
                    del station.jobs[kind]

    station.afterwards(job)
    return earlier is not None


async def _tell(station: Device16, notify: str, story: list[str], more: Payload) -> None:
    for status in story:
        payload = station.job_status[notify] = {"status": status, **more}
        await station.call(notify, payload)
        await station.clock.sleep_until(station.clock.now() + timedelta(seconds=TRANSFER_S))


def _usable(location: str) -> bool:
    parts = urlsplit(location)
    return parts.scheme in SCHEMES and bool(parts.hostname)


def _file_stem(station: Device16) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in station.identity)

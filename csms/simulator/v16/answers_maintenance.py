"""How a 1.6 station answers diagnostics, logs and firmware (OCPP 1.6 §5.9, §5.19; 1.6 security whitepaper)."""

from functools import partial

from csms.simulator.certificates import is_certificate
from csms.simulator.clock import from_wire
from csms.simulator.frames import Payload
from csms.simulator.jobs import file_stem, is_usable, next_version
from csms.simulator.v16.answers_core import security_event
from csms.simulator.v16.device import Device16


def get_diagnostics(station: Device16, payload: Payload) -> Payload:
    """§5.9: answered with the name of the file, then Uploading and Uploaded or UploadFailed."""
    notify = "DiagnosticsStatusNotification"
    story = ["Uploading", "Uploaded" if is_usable(payload["location"]) else "UploadFailed"]
    station.jobs.begin(notify, partial(station.jobs.tell, notify, story, {}))
    return {"fileName": f"{file_stem(station.identity)}-diagnostics.log"}


def get_log(station: Device16, payload: Payload) -> Payload:
    """Answer as for diagnostics; a second request ends the first, AcceptedCanceled."""
    notify = "LogStatusNotification"
    usable = is_usable(payload["log"]["remoteLocation"])
    story = ["Uploading", "Uploaded" if usable else "UploadFailure"]
    more = {"requestId": payload["requestId"]}
    canceled = station.jobs.begin(notify, partial(station.jobs.tell, notify, story, more))
    status = "AcceptedCanceled" if canceled else "Accepted"
    return {"status": status, "filename": f"{file_stem(station.identity)}-{payload['logType']}.log"}


def update_firmware(station: Device16, payload: Payload) -> Payload:
    """§5.19: from retrieveDate on Downloading, Downloaded, Installing, a restart, Installed."""
    notify = "FirmwareStatusNotification"
    due = from_wire(payload["retrieveDate"])
    usable = is_usable(payload["location"])

    async def work() -> None:
        await station.clock.sleep_until(due)
        await station.jobs.tell(notify, ["Downloading", "Downloaded" if usable else "DownloadFailed"], {})
        if usable:
            await station.jobs.tell(notify, ["Installing"], {})
            await _install(station)
            await station.jobs.tell(notify, ["Installed"], {})

    station.jobs.begin(notify, work)
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
    usable = is_usable(firmware["location"])

    async def work() -> None:
        await station.clock.sleep_until(due)
        await station.jobs.tell(notify, ["Downloading", "Downloaded" if usable else "DownloadFailed"], more)
        if usable:
            await station.jobs.tell(notify, ["SignatureVerified"], more)
            await station.clock.sleep_until(install_at)
            await station.jobs.tell(notify, ["Installing", "InstallRebooting"], more)
            await _install(station)
            await station.jobs.tell(notify, ["Installed"], more)

    canceled = station.jobs.begin(notify, work)
    return {"status": "AcceptedCanceled" if canceled else "Accepted"}


async def _install(station: Device16) -> None:
    """Let running charges end, restart, and be of a newer version."""
    for connector in list(station.connectors.values()):
        await station.end_charging(connector, "Reboot")
    station.firmware_version = next_version(station.firmware_version)
    station.must_boot = True
    await station.restart(abruptly=False)

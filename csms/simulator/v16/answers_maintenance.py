"""How a 1.6 station answers diagnostics, logs and firmware (OCPP 1.6 §5.9, §5.19; 1.6 security whitepaper)."""

from csms.simulator.certificates import is_certificate
from csms.simulator.clock import from_wire
from csms.simulator.frames import Payload
from csms.simulator.jobs import file_stem, next_version
from csms.simulator.transfer import fits
from csms.simulator.v16.answers_core import security_event
from csms.simulator.v16.device import Device16


def get_diagnostics(station: Device16, payload: Payload) -> Payload:
    """§5.9: answered with the name of the file, then Uploading and Uploaded or UploadFailed."""
    notify, name = "DiagnosticsStatusNotification", f"{file_stem(station.identity)}-diagnostics.log"

    async def work() -> None:
        await station.jobs.tell(notify, ["Uploading"], {})
        done = await station.jobs.upload(payload["location"], name)
        await station.jobs.tell(notify, ["Uploaded" if done else "UploadFailed"], {})

    station.jobs.begin(notify, work)
    return {"fileName": name}


def get_log(station: Device16, payload: Payload) -> Payload:
    """Answer as for diagnostics; a second request ends the first, AcceptedCanceled."""
    notify = "LogStatusNotification"
    name = f"{file_stem(station.identity)}-{payload['logType']}.log"
    more = {"requestId": payload["requestId"]}

    async def work() -> None:
        await station.jobs.tell(notify, ["Uploading"], more)
        done = await station.jobs.upload(payload["log"]["remoteLocation"], name)
        await station.jobs.tell(notify, ["Uploaded" if done else "UploadFailure"], more)

    canceled = station.jobs.begin(notify, work)
    return {"status": "AcceptedCanceled" if canceled else "Accepted", "filename": name}


def update_firmware(station: Device16, payload: Payload) -> Payload:
    """§5.19: from retrieveDate on Downloading, Downloaded, Installing, a restart, Installed."""
    notify = "FirmwareStatusNotification"
    due = from_wire(payload["retrieveDate"])

    async def work() -> None:
        await station.clock.sleep_until(due)
        await station.jobs.tell(notify, ["Downloading"], {})
        usable = await station.jobs.download(payload["location"]) is not None
        await station.jobs.tell(notify, ["Downloaded" if usable else "DownloadFailed"], {})
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

    async def work() -> None:
        await station.clock.sleep_until(due)
        await station.jobs.tell(notify, ["Downloading"], more)
        digest = await station.jobs.download(firmware["location"])
        await station.jobs.tell(notify, ["DownloadFailed" if digest is None else "Downloaded"], more)
        if digest and not fits(digest, firmware["signature"], firmware["signingCertificate"]):
            await station.jobs.tell(notify, ["InvalidSignature"], more)
        elif digest is not None:
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

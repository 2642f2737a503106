"""How a 2.0.1 station answers logs, firmware and customer information (OCPP 2.0.1 L, N01, N09, N10)."""

from functools import partial
from typing import Final

from csms.simulator.certificates import is_certificate
from csms.simulator.clock import from_wire, to_wire
from csms.simulator.frames import Payload
from csms.simulator.jobs import file_stem, is_usable, next_version
from csms.simulator.transfer import fits
from csms.simulator.v201.answers_core import restart
from csms.simulator.v201.answers_security import security_event
from csms.simulator.v201.device import Device201

PUBLISH: Final = "PublishFirmwareStatusNotification"
PART_LENGTH: Final = 512


def get_log(station: Device201, payload: Payload) -> Payload:
    """Answer N01; a second request ends the first, whose last word is AcceptedCanceled too."""
    notify, jobs = "LogStatusNotification", station.jobs
    name = f"{file_stem(station.identity)}-{payload['logType']}.log"
    more = {"requestId": payload["requestId"]}
    ended = {**jobs.last(notify), "status": "AcceptedCanceled"} if jobs.running(notify) else None

    async def work() -> None:
        if ended is not None:
            await station.call(notify, ended)
        await jobs.tell(notify, ["Uploading"], more)
        done = await jobs.upload(payload["log"]["remoteLocation"], name)
        await jobs.tell(notify, ["Uploaded" if done else "UploadFailure"], more)

    status = "AcceptedCanceled" if jobs.begin(notify, work) else "Accepted"
    return {"status": status, "filename": name}


def update_firmware(station: Device201, payload: Payload) -> Payload:
    """Answer L01 and L02: the signature is checked where there is one; then a restart with the new version."""
    notify, firmware = "FirmwareStatusNotification", payload["firmware"]
    signed = "signingCertificate" in firmware
    if signed and not is_certificate(firmware["signingCertificate"]):
        station.afterwards(security_event, station, "InvalidFirmwareSigningCertificate")
        return {"status": "InvalidCertificate"}
    more = {"requestId": payload["requestId"]}
    due = from_wire(firmware["retrieveDateTime"])
    install_at = from_wire(firmware.get("installDateTime", firmware["retrieveDateTime"]))

    async def work() -> None:
        tell, clock = partial(station.jobs.tell, notify), station.clock
        if due > clock.now():
            await tell(["DownloadScheduled"], more)
            await clock.sleep_until(due)
        await tell(["Downloading"], more)
        digest = await station.jobs.download(firmware["location"])
        await tell(["DownloadFailed" if digest is None else "Downloaded"], more)
        if digest is None:
            return
        if signed and digest and not fits(digest, firmware["signature"], firmware["signingCertificate"]):
            await tell(["InvalidSignature"], more)
            return
        if signed:
            await tell(["SignatureVerified"], more)
        if install_at > clock.now():
            await tell(["InstallScheduled"], more)
            await clock.sleep_until(install_at)
        await tell(["Installing", "InstallRebooting"], more)
        await _install(station)
        await tell(["Installed"], more)

    canceled = station.jobs.begin(notify, work)
    return {"status": "AcceptedCanceled" if canceled else "Accepted"}


async def _install(station: Device201) -> None:
    """Let running charges end, restart, and be of a newer version."""
    for evse in list(station.evses.values()):
        await station.end_charging(evse, "Reboot")
    station.firmware_version = next_version(station.firmware_version)
    await restart(station, "FirmwareUpdate")


def publish_firmware(station: Device201, payload: Payload) -> Payload:
    """Answer L03: the station offers the firmware to others in its network."""
    more, location = {"requestId": payload["requestId"]}, payload["location"]
    checksum = payload["checksum"]
    here = f"http://192.0.2.1/{file_stem(station.identity)}/{checksum}"

    async def work() -> None:
        if not is_usable(location):
            await station.jobs.tell(PUBLISH, ["Downloading", "DownloadFailed"], more)
            return
        await station.jobs.tell(PUBLISH, ["Downloading", "Downloaded", "ChecksumVerified"], more)
        station.published[checksum] = here
        await station.jobs.tell(PUBLISH, ["Published"], {**more, "location": [here]})

    station.jobs.begin(PUBLISH, work)
    return {"status": "Accepted"}


def unpublish_firmware(station: Device201, payload: Payload) -> Payload:
    """Answer L04."""
    if station.published.pop(payload["checksum"], None) is not None:
        return {"status": "Unpublished"}
    return {"status": "DownloadOngoing" if station.jobs.running(PUBLISH) else "NoFirmware"}


def customer_information(station: Device201, payload: Payload) -> Payload:
    """Answer N09 and N10: tell what the station knows of a customer, forget it, or both."""
    named = [name for name in ("idToken", "customerCertificate", "customerIdentifier") if name in payload]
    if len(named) != 1 or not (payload["report"] or payload["clear"]):
        return {"status": "Invalid"}
    token = payload.get("idToken")
    known = station.known(token) if token is not None else None
    text = f"id token {token['idToken']}: {known['status']}" if token is not None and known else ""
    if payload["clear"] and token is not None:
        station.local_list.forget(token)
    if payload["report"]:
        station.afterwards(_tell_customer, station, payload["requestId"], text)
    return {"status": "Accepted"}


async def _tell_customer(station: Device201, request_id: int, text: str) -> None:
    parts = [text[first : first + PART_LENGTH] for first in range(0, len(text), PART_LENGTH)] or [""]
    for number, part in enumerate(parts):
        payload = {
            "requestId": request_id,
            "generatedAt": to_wire(station.clock.now()),
            "seqNo": number,
            "tbc": number < len(parts) - 1,
            "data": part,
        }
        await station.call("NotifyCustomerInformation", payload)

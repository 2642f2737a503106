"""Block L: firmware, signed or published to a local network (OCPP 2.0.1 Part 2 §L, Part 6 TC_L)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import TAG1, Station201
from tests.wire.payloads import at
from tests.wire.station import Payload

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def _firmware(minutes: float = 0, **fields: Any) -> Payload:
    usual = {
        "location": "https://firmware.example/2.1.bin",
        "retrieveDateTime": at(minutes),
        "signingCertificate": CERTIFICATE,
        "signature": "c2lnbmF0dXJl",
    }
    return usual | fields


async def _update(site: Site, station: Station201, number: int = 1, **fields: Any) -> Payload:
    """Order a signed update and see that it arrives as it is."""
    asked = {"requestId": number, "retries": 2, "firmware": _firmware(**fields)}
    sent = await site.call(station, "UpdateFirmware", asked)
    assert station.asked_for("UpdateFirmware")[-1] == asked
    return sent


async def _says(station: Station201, *statuses: str, number: int = 1) -> None:
    for status in statuses:
        said = {"status": status, "requestId": number}
        assert await station.call("FirmwareStatusNotification", said) == {}


async def _outcome(site: Site, sent: Payload) -> str:
    return str((await site.result(sent))["outcome"])


async def _installed(site: Site, station: Station201, sent: Payload) -> None:
    """Boot with the new firmware and say so."""
    await _says(station, "Installing", "InstallRebooting")
    assert await _outcome(site, sent) == "PENDING"
    station = await site.reconnected(station, booted=False)
    await station.boot("FirmwareUpdate", firmwareVersion="2.1")
    await _says(station, "Installed")
    assert await _outcome(site, sent) == "DONE"
    shown = await site.verb("station.show", station=station.id)
    assert shown["firmwareVersion"] == "2.1"


@case("TC_L_01_CSMS")
async def test_tc_l_01_installed(site: Site) -> None:
    station = await site.station201()
    sent = await _update(site, station)
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    await _says(station, "Downloading", "Downloaded", "SignatureVerified")
    await _installed(site, station, sent)


@pytest.mark.parametrize(
    ("fields", "statuses"),
    [
        row("TC_L_02_CSMS", {"installDateTime": at(60)}, ["Downloading", "Downloaded", "SignatureVerified",
            "InstallScheduled"]),
        row("TC_L_03_CSMS", {"minutes": 60}, ["DownloadScheduled"]),
    ],
)  # fmt: skip
async def test_an_update_for_later(site: Site, fields: Payload, statuses: list[str]) -> None:
    station = await site.station201()
    sent = await _update(site, station, **fields)
    await _says(station, *statuses)
    assert await _outcome(site, sent) == "PENDING"
    await site.forward(minutes=61)
    if "DownloadScheduled" in statuses:
        await _says(station, "Downloading", "Downloaded", "SignatureVerified")
    await _installed(site, station, sent)


@pytest.mark.parametrize(
    "status", [row("TC_L_04_CSMS", "RevokedCertificate"), row("TC_L_05_CSMS", "InvalidCertificate")]
)
async def test_a_signing_certificate_is_refused(site: Site, status: str) -> None:
    station = await site.station201(answers={"UpdateFirmware": {"status": status}})
    sent = await _update(site, station)
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": status})
    event = {"type": "InvalidFirmwareSigningCertificate", "timestamp": station.at()}
    assert await station.call("SecurityEventNotification", event) == {}


FAILURES: list[Any] = [
    row("TC_L_06_CSMS", ["Downloading", "Downloaded", "InvalidSignature"], "InvalidFirmwareSignature"),
    row("TC_L_07_CSMS", ["Downloading", "DownloadFailed"], None),
    row("TC_L_08_CSMS", ["Downloading", "Downloaded", "SignatureVerified", "Installing",
        "InstallVerificationFailed"], None),
]  # fmt: skip


@pytest.mark.parametrize(("statuses", "security_event"), FAILURES)
async def test_an_update_fails(site: Site, statuses: list[str], security_event: str | None) -> None:
    station = await site.station201()
    sent = await _update(site, station)
    await _says(station, *statuses)
    ended = await site.result(sent)
    assert (ended["outcome"], ended["followedBy"]) == ("FAILED", statuses[-1])
    if security_event:
        event = {"type": security_event, "timestamp": station.at()}
        assert await station.call("SecurityEventNotification", event) == {}
    assert [said["status"] for said in await site.events(station, "firmware.status")] == statuses


@case("TC_L_09_CSMS")
async def test_tc_l_09_the_installation_fails(site: Site) -> None:
    station = await site.station201()
    sent = await _update(site, station)
    await _says(station, "Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting")
    station = await site.reconnected(station, booted=False)
    await station.boot("FirmwareUpdate")
    await _says(station, "InstallationFailed")
    ended = await site.result(sent)
    assert (ended["outcome"], ended["followedBy"]) == ("FAILED", "InstallationFailed")


@case("TC_L_10_CSMS")
async def test_tc_l_10_a_second_update_cancels_the_first(site: Site) -> None:
    station = await site.station201()
    first = await _update(site, station, 1)
    await _says(station, "Downloading")
    station.answers["UpdateFirmware"] = {"status": "AcceptedCanceled"}
    second = await _update(site, station, 2)
    assert (second["response"], second["outcome"]) == ({"status": "AcceptedCanceled"}, "PENDING")
    assert await _outcome(site, first) in ("FAILED", "CANCELLED", "CANCELED")
    await _says(station, "Downloading", "Downloaded", "SignatureVerified", "Installing", number=2)
    assert await _outcome(site, second) == "PENDING"
    await _says(station, "Installed", number=2)
    assert await _outcome(site, second) == "DONE"
    assert await _outcome(site, first) in ("FAILED", "CANCELLED", "CANCELED")


@case("TC_L_11_CSMS")
async def test_tc_l_11_a_first_update_that_cannot_be_cancelled(site: Site) -> None:
    station = await site.station201()
    first = await _update(site, station, 1)
    await _says(station, "Downloading", "Downloaded", "SignatureVerified", "Installing")
    station.answers["UpdateFirmware"] = {"status": "Rejected"}
    second = await _update(site, station, 2)
    assert (second["response"], second["outcome"]) == ({"status": "Rejected"}, "REFUSED")
    await _installed(site, station, first)
    assert await _outcome(site, second) == "REFUSED"


@case("TC_L_13_CSMS")
async def test_tc_l_13_a_running_charge_ends_first(site: Site) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    sent = await _update(site, station)
    await _says(station, "Downloading", "Downloaded", "SignatureVerified", "InstallScheduled")
    await station.status("Unavailable", 2)
    await station.event("StopAuthorized", idToken=TAG1, chargingState="EVConnected")
    await station.ev_connected_post_session()
    await station.ev_disconnected(end=True)
    [shown] = await site.transactions(station)
    assert shown["state"] == "ENDED"
    await _installed(site, station, sent)


async def _publish(site: Site, station: Station201) -> Payload:
    asked = {"requestId": 3, "location": "https://firmware.example/2.1.bin",
             "checksum": "d41d8cd98f00b204e9800998ecf8427e"}  # fmt: skip
    sent = await site.call(station, "PublishFirmware", asked)
    assert station.asked_for("PublishFirmware") == [asked]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    return sent


PUBLISHED: list[Any] = [
    row("TC_L_17_CSMS", ["Downloading", "Downloaded", "ChecksumVerified", "Published"], "DONE"),
    row("TC_L_24_CSMS", ["Downloading", "DownloadFailed"], "FAILED"),
    row("TC_L_19_CSMS", ["Downloading", "Downloaded", "InvalidChecksum"], "FAILED"),
    row("TC_L_20_CSMS", ["Downloading", "Downloaded", "ChecksumVerified", "PublishFailed"], "FAILED"),
]


@pytest.mark.parametrize(("statuses", "outcome"), PUBLISHED)
async def test_firmware_is_published(site: Site, statuses: list[str], outcome: str) -> None:
    station = await site.station201()
    sent = await _publish(site, station)
    for status in statuses:
        assert await _outcome(site, sent) == "PENDING"
        where = {"location": ["http://10.0.0.2/2.1.bin"]} if status == "Published" else {}
        said = {"status": status, "requestId": 3} | where
        assert await station.call("PublishFirmwareStatusNotification", said) == {}
    ended = await site.result(sent)
    assert (ended["outcome"], ended["followedBy"]) == (outcome, statuses[-1])


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        row("TC_L_21_CSMS", "Unpublished", "DONE"),
        row("TC_L_22_CSMS", "NoFirmware", "REFUSED"),
        row("TC_L_23_CSMS", "DownloadOngoing", "REFUSED"),
    ],
)
async def test_firmware_is_unpublished(site: Site, status: str, outcome: str) -> None:
    station = await site.station201(answers={"UnpublishFirmware": {"status": status}})
    asked = {"checksum": "d41d8cd98f00b204e9800998ecf8427e"}
    sent = await site.call(station, "UnpublishFirmware", asked)
    assert station.asked_for("UnpublishFirmware") == [asked]
    assert (sent["outcome"], sent["response"]) == (outcome, {"status": status})

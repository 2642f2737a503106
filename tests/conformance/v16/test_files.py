"""OCPP 1.6: firmware, diagnostics and logs (cases 044, 045, 079)."""

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.wire.payloads import at

FIRMWARE = {"location": "https://files.example/cp.bin", "retrieveDate": at(0)}
DIAGNOSTICS = {"location": "https://files.example/up", "retries": 2, "retryInterval": 30}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        row("TC_044_1", ("Downloading", "Downloaded", "Installing", "Installed"), "DONE"),
        row("TC_044_2", ("Downloading", "DownloadFailed"), "FAILED"),
        row("TC_044_3", ("Downloading", "Downloaded", "Installing", "InstallationFailed"), "FAILED"),
    ],
)
async def test_tc_044_firmware(site: Site, said: tuple[str, ...], outcome: str) -> None:
    station = await site.station16()
    sent = await site.call(station, "UpdateFirmware", FIRMWARE)
    assert station.asked_for("UpdateFirmware") == [FIRMWARE]
    for status in said:
        assert (await site.result(sent))["outcome"] == "PENDING"
        assert await station.call("FirmwareStatusNotification", {"status": status}) == {}
        if status == "Downloaded":
            await station.status("Unavailable", 0)
        elif status == "Installing":
            station = await site.reconnected(station, booted=False)
            assert (await station.boot(firmwareVersion="1.3"))["status"] == "Accepted"
    ended = await site.result(sent)
    assert (ended["outcome"], ended["followedBy"]) == (outcome, said[-1])
    if outcome == "DONE":
        assert (await site.verb("station.show", station=station.id))["firmwareVersion"] == "1.3"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        row("TC_045_1", ("Uploading", "Uploaded"), "DONE"),
        row("TC_045_2", ("Uploading", "UploadFailed"), "FAILED"),
    ],
)
async def test_tc_045_diagnostics(site: Site, said: tuple[str, ...], outcome: str) -> None:
    station = await site.station16()
    sent = await site.call(station, "GetDiagnostics", DIAGNOSTICS)
    assert station.asked_for("GetDiagnostics") == [DIAGNOSTICS]
    assert (sent["response"], sent["outcome"]) == ({"fileName": "diagnostics.log"}, "PENDING")
    for status in said:
        assert await station.call("DiagnosticsStatusNotification", {"status": status}) == {}
    ended = await site.result(sent)
    assert (ended["outcome"], ended["followedBy"]) == (outcome, said[-1])


@case("TC_079")
async def test_tc_079_security_log(site: Site) -> None:
    station = await site.station16(answers={"GetLog": {"status": "Accepted", "filename": "security.log"}})
    asked = {"logType": "SecurityLog", "requestId": 12, "log": {"remoteLocation": "https://files.example/up"}}
    sent = await site.call(station, "GetLog", asked)
    assert station.asked_for("GetLog") == [asked]
    assert (sent["response"]["status"], sent["outcome"]) == ("Accepted", "PENDING")
    for status in ("Uploading", "Uploaded"):
        assert await station.call("LogStatusNotification", {"status": status, "requestId": 12}) == {}
    assert (await site.result(sent))["outcome"] == "DONE"

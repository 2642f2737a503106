"""Logs, firmware, certificates and customer information of a 2.0.1 station."""

from datetime import timedelta

import pytest
import trio
from cryptography import x509

from csms.simulator.clock import to_wire
from tests.simulator.booted import CP, booted201
from tests.simulator.fake_csms import NOON
from tests.simulator.fake_csms201 import FakeCsms201
from tests.simulator.test_answers_maintenance import authority, issue, pem

ROOT = {"certificateType": "CSMSRootCertificate"}
FIRMWARE = {"location": "https://host/fw.bin", "retrieveDateTime": to_wire(NOON)}


def told(csms: FakeCsms201, action: str) -> list[str]:
    return [payload["status"] for payload in csms.payloads(action)]


@pytest.mark.parametrize(
    ("location", "last"), [("https://host/log", "Uploaded"), ("gopher://host/log", "UploadFailure")]
)
async def test_logs(csms201: FakeCsms201, autojump_clock, location: str, last: str):
    request = {"requestId": 6, "logType": "DiagnosticsLog", "log": {"remoteLocation": location}}
    async with booted201(csms201):
        answer = await csms201.call(CP, "GetLog", request)
        assert answer == {"status": "Accepted", "filename": "CP1-DiagnosticsLog.log"}
        await csms201.until("LogStatusNotification", 2)
        assert told(csms201, "LogStatusNotification") == ["Uploading", last]
        assert {p["requestId"] for p in csms201.payloads("LogStatusNotification")} == {6}


async def test_a_second_log_request_ends_the_first(csms201: FakeCsms201, autojump_clock):
    request = {"logType": "SecurityLog", "log": {"remoteLocation": "https://host/log"}}
    async with booted201(csms201):
        await csms201.call(CP, "GetLog", {"requestId": 1, **request})
        await csms201.until("LogStatusNotification")
        answer = await csms201.call(CP, "GetLog", {"requestId": 2, **request})
        assert answer["status"] == "AcceptedCanceled"
        await trio.sleep(30)
        stories = [(p["requestId"], p["status"]) for p in csms201.payloads("LogStatusNotification")]
        assert stories == [
            (1, "Uploading"),
            (1, "AcceptedCanceled"),
            (2, "Uploading"),
            (2, "Uploaded"),
        ]


async def test_firmware_at_its_time_with_a_restart(csms201: FakeCsms201, autojump_clock):
    _, root = authority()
    firmware = {
        **FIRMWARE,
        "retrieveDateTime": to_wire(NOON + timedelta(minutes=1)),
        "installDateTime": to_wire(NOON + timedelta(minutes=5)),
        "signingCertificate": pem(root),
        "signature": "c2ln",
    }
    async with booted201(csms201) as station:
        await station.start(1, "TAG")
        answer = await csms201.call(CP, "UpdateFirmware", {"requestId": 3, "firmware": firmware})
        assert answer == {"status": "Accepted"}
        await csms201.until("FirmwareStatusNotification", 8)
        assert told(csms201, "FirmwareStatusNotification") == [
            "DownloadScheduled",
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "InstallScheduled",
            "Installing",
            "InstallRebooting",
            "Installed",
        ]
        boot = csms201.payloads("BootNotification")[1]
        assert (boot["reason"], boot["chargingStation"]["firmwareVersion"]) == ("FirmwareUpdate", "1.0.1")
        assert csms201.events("Ended")[0]["transactionInfo"]["stoppedReason"] == "Reboot"


async def test_firmware_that_cannot_be_taken(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201):
        bad = {**FIRMWARE, "signingCertificate": "x", "signature": "x"}
        answer = await csms201.call(CP, "UpdateFirmware", {"requestId": 4, "firmware": bad})
        assert answer == {"status": "InvalidCertificate"}
        event = await csms201.until("SecurityEventNotification")
        assert event["type"] == "InvalidFirmwareSigningCertificate"
        lost = {**FIRMWARE, "location": "nowhere"}
        await csms201.call(CP, "UpdateFirmware", {"requestId": 5, "firmware": lost})
        await trio.sleep(60)
        assert told(csms201, "FirmwareStatusNotification") == ["Downloading", "DownloadFailed"]


async def test_firmware_is_published_and_withdrawn(csms201: FakeCsms201, autojump_clock):
    checksum = {"checksum": "d41d8cd98f00b204e9800998ecf8427e"}
    async with booted201(csms201):
        assert await csms201.call(CP, "UnpublishFirmware", checksum) == {"status": "NoFirmware"}
        request = {"location": "https://host/fw.bin", "requestId": 2, **checksum}
        assert await csms201.call(CP, "PublishFirmware", request) == {"status": "Accepted"}
        await csms201.until("PublishFirmwareStatusNotification")
        assert await csms201.call(CP, "UnpublishFirmware", checksum) == {"status": "DownloadOngoing"}
        published = await csms201.until("PublishFirmwareStatusNotification", 4)
        assert published["status"] == "Published"
        assert published["location"][0].endswith(checksum["checksum"])
        assert await csms201.call(CP, "UnpublishFirmware", checksum) == {"status": "Unpublished"}


async def test_certificates_are_installed_listed_and_deleted(csms201: FakeCsms201, autojump_clock):
    _, root = authority()
    ask = "GetInstalledCertificateIds"
    async with booted201(csms201):
        assert await csms201.call(CP, ask, {}) == {"status": "NotFound"}
        install = {**ROOT, "certificate": pem(root)}
        assert await csms201.call(CP, "InstallCertificate", install) == {"status": "Accepted"}
        broken = {**ROOT, "certificate": "no certificate"}
        assert await csms201.call(CP, "InstallCertificate", broken) == {"status": "Rejected"}
        other = {"certificateType": ["V2GRootCertificate"]}
        assert await csms201.call(CP, ask, other) == {"status": "NotFound"}
        [listed] = (await csms201.call(CP, ask, {}))["certificateHashDataChain"]
        assert listed["certificateType"] == "CSMSRootCertificate"
        gone = {"certificateHashData": listed["certificateHashData"]}
        assert await csms201.call(CP, "DeleteCertificate", gone) == {"status": "Accepted"}
        assert await csms201.call(CP, "DeleteCertificate", gone) == {"status": "NotFound"}


async def test_a_signed_certificate_is_taken_and_a_foreign_one_reported(csms201: FakeCsms201, autojump_clock):
    key, root = authority()
    async with booted201(csms201) as station:
        await csms201.call(CP, "TriggerMessage", {"requestedMessage": "SignV2GCertificate"})
        asked = await csms201.until("SignCertificate")
        assert asked["certificateType"] == "V2GCertificate"
        request = x509.load_pem_x509_csr(asked["csr"].encode())
        leaf = issue(key, root.subject, request.public_key(), request.subject)
        chain = {"certificateChain": pem(leaf) + pem(root)}
        assert await csms201.call(CP, "CertificateSigned", chain) == {"status": "Accepted"}
        assert len(station.certificates.chain) == 2
        answer = await csms201.call(CP, "CertificateSigned", {"certificateChain": pem(root)})
        assert answer == {"status": "Rejected"}
        event = await csms201.until("SecurityEventNotification")
        assert event["type"] == "InvalidChargingStationCertificate"


async def test_what_is_known_of_a_customer(csms201: FakeCsms201, autojump_clock):
    token = {"idToken": {"idToken": "TAG", "type": "ISO14443"}}

    async def ask(report: bool, clear: bool, **who: object) -> str:
        request = {"requestId": 9, "report": report, "clear": clear, **who}
        return str((await csms201.call(CP, "CustomerInformation", request))["status"])

    async with booted201(csms201) as station:
        assert await ask(True, False) == "Invalid"
        assert await ask(False, False, **token) == "Invalid"
        await station.authorize("TAG")
        assert await ask(True, True, **token) == "Accepted"
        assert (await csms201.until("NotifyCustomerInformation"))["data"] == "id token TAG: Accepted"
        assert station.known("TAG") is None
        assert await ask(True, False, customerIdentifier="nobody") == "Accepted"
        assert (await csms201.until("NotifyCustomerInformation", 2))["data"] == ""

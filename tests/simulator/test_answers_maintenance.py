"""Diagnostics, logs, firmware and certificates: answered validly, with state behind it."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from csms.simulator.clock import to_wire
from tests.simulator.booted import CP, booted
from tests.simulator.fake_csms import NOON, FakeCsms


@pytest.mark.parametrize(
    ("location", "end"), [("ftp://host/logs", "Uploaded"), ("carrier-pigeon:loft", "UploadFailed")]
)
async def test_diagnostics(csms: FakeCsms, autojump_clock, location: str, end: str):
    async with booted(csms):
        answer = await csms.call(CP, "GetDiagnostics", {"location": location})
        assert answer["fileName"].endswith(".log")
        await csms.until("DiagnosticsStatusNotification", 2)
        assert [p["status"] for p in csms.payloads("DiagnosticsStatusNotification")] == ["Uploading", end]
        await csms.call(CP, "TriggerMessage", {"requestedMessage": "DiagnosticsStatusNotification"})
        assert (await csms.until("DiagnosticsStatusNotification", 3))["status"] == end


async def test_a_second_log_request_ends_the_first(csms: FakeCsms, autojump_clock):
    async with booted(csms):

        def ask(number: int) -> dict:
            return {"logType": "SecurityLog", "requestId": number, "log": {"remoteLocation": "https://h/x"}}

        assert (await csms.call(CP, "GetLog", ask(1)))["status"] == "Accepted"
        await csms.until("LogStatusNotification")
        assert (await csms.call(CP, "GetLog", ask(2)))["status"] == "AcceptedCanceled"
        await trio.sleep(60)
        told = [(p["requestId"], p["status"]) for p in csms.payloads("LogStatusNotification")]
        assert told == [(1, "Uploading"), (2, "Uploading"), (2, "Uploaded")]


async def test_firmware_update_with_restart(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        due = to_wire(NOON + timedelta(hours=1))
        payload = {"location": "https://host/fw.bin", "retrieveDate": due}
        assert await csms.call(CP, "UpdateFirmware", payload) == {}
        await trio.sleep(3500)
        assert csms.payloads("FirmwareStatusNotification") == []
        await csms.until("FirmwareStatusNotification", 4)
        told = [p["status"] for p in csms.payloads("FirmwareStatusNotification")]
        assert told == ["Downloading", "Downloaded", "Installing", "Installed"]
        assert csms.payloads("BootNotification")[-1]["firmwareVersion"] == "1.0.1"


async def test_firmware_that_cannot_be_fetched(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        payload = {"location": "gopher://host/fw", "retrieveDate": to_wire(NOON)}
        await csms.call(CP, "UpdateFirmware", payload)
        await trio.sleep(60)
        told = [p["status"] for p in csms.payloads("FirmwareStatusNotification")]
        assert told == ["Downloading", "DownloadFailed"]


def authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")])
    return key, issue(key, name, key.public_key(), name)


def issue(key, issuer: x509.Name, public_key, subject: x509.Name) -> x509.Certificate:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(public_key)
    dated = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
    return dated.not_valid_after(begin + timedelta(days=3650)).sign(key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


async def test_certificates_are_installed_listed_and_deleted(csms: FakeCsms, autojump_clock):
    _, root = authority()
    use = {"certificateType": "CentralSystemRootCertificate"}
    async with booted(csms):
        ask = "GetInstalledCertificateIds"
        assert await csms.call(CP, ask, use) == {"status": "NotFound"}
        install = {**use, "certificate": pem(root)}
        assert await csms.call(CP, "InstallCertificate", install) == {"status": "Accepted"}
        broken = {**use, "certificate": "no certificate"}
        assert await csms.call(CP, "InstallCertificate", broken) == {"status": "Rejected"}
        listed = (await csms.call(CP, ask, use))["certificateHashData"]
        expected = x509.SubjectKeyIdentifier.from_public_key(root.public_key())
        assert len(listed) == 1
        assert listed[0]["hashAlgorithm"] == "SHA256"
        assert int(listed[0]["serialNumber"], 16) == root.serial_number
        raw_key = root.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        assert hashlib.sha1(raw_key).digest() == expected.digest
        assert listed[0]["issuerKeyHash"] == hashlib.sha256(raw_key).hexdigest()
        gone = {"certificateHashData": listed[0]}
        assert await csms.call(CP, "DeleteCertificate", gone) == {"status": "Accepted"}
        assert await csms.call(CP, "DeleteCertificate", gone) == {"status": "NotFound"}


async def test_a_certificate_for_its_own_request_is_taken(csms: FakeCsms, autojump_clock):
    key, root = authority()
    async with booted(csms) as station:
        trigger = {"requestedMessage": "SignChargePointCertificate"}
        await csms.call(CP, "ExtendedTriggerMessage", trigger)
        request = x509.load_pem_x509_csr((await csms.until("SignCertificate"))["csr"].encode())
        assert request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == CP
        leaf = issue(key, root.subject, request.public_key(), request.subject)
        chain = {"certificateChain": pem(leaf) + pem(root)}
        assert await csms.call(CP, "CertificateSigned", chain) == {"status": "Accepted"}
        assert len(station.certificates.chain) == 2


async def test_a_foreign_certificate_is_rejected_and_reported(csms: FakeCsms, autojump_clock):
    _, root = authority()
    async with booted(csms):
        answer = await csms.call(CP, "CertificateSigned", {"certificateChain": pem(root)})
        assert answer == {"status": "Rejected"}
        assert (await csms.until("SecurityEventNotification"))["type"] == "InvalidChargePointCertificate"


async def test_signed_firmware(csms: FakeCsms, autojump_clock):
    _, root = authority()
    firmware = {
        "location": "https://host/fw.bin",
        "retrieveDateTime": to_wire(NOON),
        "signingCertificate": pem(root),
        "signature": "c2ln",
    }
    async with booted(csms):
        answer = await csms.call(CP, "SignedUpdateFirmware", {"requestId": 3, "firmware": firmware})
        assert answer == {"status": "Accepted"}
        await csms.until("SignedFirmwareStatusNotification", 6)
        told = [(p["requestId"], p["status"]) for p in csms.payloads("SignedFirmwareStatusNotification")]
        assert [status for _, status in told] == [
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "Installing",
            "InstallRebooting",
            "Installed",
        ]
        bad = {"requestId": 4, "firmware": {**firmware, "signingCertificate": "x"}}
        assert await csms.call(CP, "SignedUpdateFirmware", bad) == {"status": "InvalidCertificate"}
        event = await csms.until("SecurityEventNotification")
        assert event["type"] == "InvalidFirmwareSigningCertificate"

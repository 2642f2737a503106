"""OCPP 1.6 with the security whitepaper: TLS, certificates, signed firmware (cases 074–076, 080–087)."""

import ssl
from typing import Any

import pytest
import trio

from csms.pki import path
from tests.conformance.cases import case, row
from tests.conformance.secure_site import SUITES, Identity, SecureSite
from tests.conformance.site import Site
from tests.conformance.v16.station import Station16
from tests.ocpp.station import basic
from tests.pki import papers
from tests.wire.payloads import at

PASSWORD = "correct-horse-battery"
SIGNED = {"Authorization": basic(f"CP16:{PASSWORD}".encode())}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "0a" * 32,
    "issuerKeyHash": "0b" * 32,
    "serialNumber": "1234abcd",
}


@case("TC_074")
async def test_tc_074_a_certificate_is_renewed(secure_site: SecureSite) -> None:
    identity = await secure_site.certified("CP16")
    station = await secure_site.connected_tls(Station16, "CP16", identity)
    await station.booted()
    wanted = {"requestedMessage": "SignChargePointCertificate"}
    sent = await secure_site.call(station, "ExtendedTriggerMessage", wanted)
    assert station.asked_for("ExtendedTriggerMessage")[-1] == wanted
    assert sent["outcome"] == "DONE"
    new = Identity()
    asked = {"csr": new.request("CP16")}
    assert await station.call("SignCertificate", asked) == {"status": "Accepted"}
    signed = await station.until_asked_for("CertificateSigned")
    leaf = path.read_chain(signed["certificateChain"].encode())[0]
    assert leaf.public_key() == new.key.public_key()
    new.chain = signed["certificateChain"]
    await secure_site.settled()
    assert await secure_site.certificate_requests() == ["INSTALLED"]
    await station.drop()
    again = await secure_site.connected_tls(Station16, "CP16", new)
    assert (await again.boot())["status"] == "Accepted"


@pytest.mark.parametrize(
    "use", [row("TC_075_1", "ManufacturerRootCertificate"), row("TC_075_2", "CentralSystemRootCertificate")]
)
async def test_tc_075_a_root_is_installed(site: Site, use: str) -> None:
    station = await site.station16()
    root = papers.certify("A root", ca=True).pem
    asked = {"certificateType": use, "certificate": root}
    sent = await site.call(station, "InstallCertificate", asked)
    assert station.asked_for("InstallCertificate") == [asked]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "DONE")
    station.answers["GetInstalledCertificateIds"] = {"status": "Accepted", "certificateHashData": [HASHES]}
    held = await site.call(station, "GetInstalledCertificateIds", {"certificateType": use})
    assert (held["response"]["certificateHashData"], held["outcome"]) == ([HASHES], "DONE")
    station.answers["InstallCertificate"] = {"status": "Rejected"}
    assert (await site.call(station, "InstallCertificate", asked))["outcome"] == "REFUSED"


@case("TC_076")
async def test_tc_076_a_certificate_is_deleted(site: Site) -> None:
    station = await site.station16()
    station.answers["GetInstalledCertificateIds"] = {"status": "Accepted", "certificateHashData": [HASHES]}
    wanted = {"certificateType": "CentralSystemRootCertificate"}
    held = await site.call(station, "GetInstalledCertificateIds", wanted)
    [reported] = held["response"]["certificateHashData"]
    sent = await site.call(station, "DeleteCertificate", {"certificateHashData": reported})
    assert station.asked_for("DeleteCertificate") == [{"certificateHashData": HASHES}]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "DONE")
    station.answers["DeleteCertificate"] = {"status": "NotFound"}
    again = await site.call(station, "DeleteCertificate", {"certificateHashData": reported})
    assert again["outcome"] in ("REFUSED", "FAILED")


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        row(
            "TC_080",
            ("Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "Installed"),
            "DONE",
        ),
        row("TC_081", ("Downloading", "Downloaded", "InvalidSignature"), "FAILED"),
    ],
)
async def test_tc_080_081_signed_firmware(site: Site, said: tuple[str, ...], outcome: str) -> None:
    station = await site.station16()
    maker = papers.certify("Maker", ca=True)
    asked: dict[str, Any] = {
        "requestId": 21,
        "firmware": {
            "location": "https://files.example/cp.bin",
            "retrieveDateTime": at(0),
            "signingCertificate": papers.certify("Signer", maker).pem,
            "signature": "c2lnbmF0dXJl",
        },
    }
    sent = await site.call(station, "SignedUpdateFirmware", asked)
    assert station.asked_for("SignedUpdateFirmware") == [asked]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    for status in said:
        assert (await site.result(sent))["outcome"] == "PENDING"
        if status == "Installed":
            station = await site.reconnected(station, booted=False)
            await station.boot(firmwareVersion="1.2")
        notice = {"status": status, "requestId": 21}
        assert await station.call("SignedFirmwareStatusNotification", notice) == {}
    if outcome == "FAILED":
        event = {"type": "InvalidFirmwareSignature", "timestamp": station.at()}
        assert await station.call("SecurityEventNotification", event) == {}
        assert await site.events(station, "security.event") == [event]
    assert (await site.result(sent))["outcome"] == outcome


@case("TC_083")
async def test_tc_083_the_way_to_a_higher_profile(secure_site: SecureSite) -> None:
    station = await secure_site.station16(profile=1, password=PASSWORD, **SIGNED)
    station.keys["SecurityProfile"] = "1"
    asked = {"key": "SecurityProfile", "value": "2"}
    sent = await secure_site.call(station, "ChangeConfiguration", asked)
    assert station.asked_for("ChangeConfiguration")[-1] == asked
    assert sent["outcome"] == "DONE"
    await station.drop()
    again = await secure_site.connected_tls(Station16, "CP16", **SIGNED)
    await again.booted()
    assert (await secure_site.verb("station.show", station="CP16"))["securityProfile"] == 2
    await again.drop()
    lower = await secure_site.line(Station16, "CP16")
    reply = await lower.handshake("/ocpp/CP16", protocols="ocpp1.6", **SIGNED)
    assert reply.status == 403, "a lower profile is refused for ever"


@pytest.mark.parametrize("suite", SUITES)
@case("TC_086")
async def test_tc_086_the_servers_certificate_and_suites(secure_site: SecureSite, suite: str) -> None:
    await secure_site.verb("station.add", station_id="CP16", security_profile=2, password=PASSWORD)
    station = await secure_site.dial_tls(Station16, "CP16", suite=suite)
    await station.connect("/ocpp/CP16", protocols="ocpp1.6", **SIGNED)
    assert (await station.boot())["status"] == "Accepted"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
@case("TC_086")
async def test_tc_086_an_old_tls_is_refused(secure_site: SecureSite) -> None:
    with pytest.raises(trio.BrokenResourceError):
        await secure_site.dial_tls(Station16, "CP16", newest=ssl.TLSVersion.TLSv1_1)


@case("TC_087")
async def test_tc_087_the_clients_certificate(secure_site: SecureSite) -> None:
    good = await secure_site.certified("CP16")
    station = await secure_site.connected_tls(Station16, "CP16", good)
    assert (await station.boot())["status"] == "Accepted"
    await station.drop()
    maker = papers.certify("Somebody", ca=True)
    forged = Identity(good.key, papers.certify("CP16", maker, key=good.key).pem + maker.pem)
    stranger = await secure_site.dial_tls(Station16, "CP16", forged)
    with pytest.raises((trio.BrokenResourceError, EOFError)):  # TLS 1.3 says no after the handshake
        await stranger.handshake("/ocpp/CP16", protocols="ocpp1.6")
    other = await secure_site.certified("CP17")
    wrong = await secure_site.dial_tls(Station16, "CP16", other)
    assert (await wrong.handshake("/ocpp/CP16", protocols="ocpp1.6")).status == 403
    bare = await secure_site.dial_tls(Station16, "CP16")
    assert (await bare.handshake("/ocpp/CP16", protocols="ocpp1.6")).status == 403

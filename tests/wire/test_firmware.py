"""Firmware updates in both versions: what proves the file, and what ends the update (2.0.1 block L, whitepaper L01)."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from csms.errors import Conflict, InvalidInput, NotFound
from csms.services import commands
from csms.store.connection import Store
from tests.wire.maker import CONTENT, EC_KEY, RSA_KEY, add, certify, pem, signed
from tests.wire.orders import VERSIONS, boot, order, outcome
from tests.wire.site import Site, site
from tests.wire.station import CallError


@pytest.fixture
async def web(store: Store, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(store, tmp_path) as running:
        yield running


@pytest.mark.parametrize("scheme", ["ecdsa", "pss", "pkcs1"])
async def test_signed_firmware_goes_out_with_what_proves_it(web: Site, scheme: str) -> None:
    signature, certificate = signed(EC_KEY if scheme == "ecdsa" else RSA_KEY, scheme)
    await add(web, signature, certificate)
    station = await web.station("2.0.1")
    done = await order(web, "firmware", name="fw.bin")
    sent = (await station.until_asked("UpdateFirmware"))["firmware"]
    assert (sent["signature"], sent["signingCertificate"]) == (signature, certificate)
    assert sent["location"].startswith(f"{web.url}/files/")
    number = done["detail"]["requestId"]
    for said in ("Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting"):
        await station.call("FirmwareStatusNotification", {"status": said, "requestId": number})
    assert await outcome(web, done) == ("PENDING", "InstallRebooting")
    await boot(station, "2.0.1", reason="FirmwareUpdate", firmwareVersion="2.1")
    assert await outcome(web, done) == ("PENDING", "booted with firmware 2.1")
    await station.call("FirmwareStatusNotification", {"status": "Installed", "requestId": number})
    assert await outcome(web, done) == ("DONE", "Installed")


@VERSIONS
async def test_a_boot_with_new_firmware_is_enough(web: Site, version: str) -> None:
    station = await web.station(version)
    station.answers["UpdateFirmware"] = {} if version == "1.6" else {"status": "Accepted"}
    done = await order(web, "firmware", url="https://files.example/fw.bin")
    await boot(station, version, firmwareVersion="9.9")
    web.csms.clock.forward(minutes=11)
    await web.csms.unit.run(commands.expire)
    assert await outcome(web, done) == ("DONE", "booted with firmware 9.9")


async def test_a_boot_with_the_old_firmware_is_not(web: Site) -> None:
    station = await web.station("2.0.1")
    done = await order(web, "firmware", url="https://files.example/fw.bin")
    await boot(station, "2.0.1", reason="FirmwareUpdate")
    assert await outcome(web, done) == ("PENDING", "booted for the update")
    await station.call("FirmwareStatusNotification", {"status": "InstallationFailed", "requestId": 1})
    assert await outcome(web, done) == ("FAILED", "InstallationFailed")


async def test_a_second_update_ends_the_first(web: Site) -> None:
    station = await web.station("2.0.1")
    first = await order(web, "firmware", url="https://files.example/1.bin")
    station.answers["UpdateFirmware"] = {"status": "AcceptedCanceled"}
    second = await order(web, "firmware", url="https://files.example/2.bin")
    assert await outcome(web, first) == ("FAILED", "canceled by a later one")
    assert await outcome(web, second) == ("PENDING", None)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [("file", "does not fit the file"), ("certificate", "is valid from"), ("signature", "not Base64")],
)
async def test_firmware_whose_proof_is_bad_is_not_added(web: Site, spoil: str, reason: str) -> None:
    signature, certificate = signed(EC_KEY, "ecdsa", days=-30 if spoil == "certificate" else 30)
    if spoil == "signature":
        signature = "not base 64!"
    if spoil == "file":
        signature, _ = signed(ec.generate_private_key(ec.SECP256R1()), "ecdsa")
    with pytest.raises(InvalidInput, match=reason):
        await add(web, signature, certificate)


async def test_firmware_is_checked_again_before_it_is_sent(web: Site) -> None:
    await add(web, *signed(EC_KEY, "ecdsa"))
    station = await web.station("2.0.1")
    web.csms.clock.forward(days=60)
    with pytest.raises(InvalidInput, match="is valid from"):
        await order(web, "firmware", name="fw.bin")
    web.csms.clock.forward(days=-60)
    place = web.csms.room.place("f1")
    place.write_bytes(CONTENT + b"!")
    with pytest.raises(Conflict, match="is not what was added"):
        await order(web, "firmware", name="fw.bin")
    place.unlink()
    with pytest.raises(Conflict, match="cannot be read"):
        await order(web, "firmware", name="fw.bin")
    with pytest.raises(NotFound):
        await order(web, "firmware", name="other.bin")
    with pytest.raises(InvalidInput, match="URL"):
        await order(web, "firmware")
    assert station.asked == []


async def test_firmware_of_a_maker_nobody_trusts_is_not_sent(web: Site) -> None:
    root, stranger = (certify(name, RSA_KEY, authority=True) for name in ("Maker Root", "Stranger"))
    signature, certificate = signed(EC_KEY, "ecdsa", by=(root, RSA_KEY))
    await web.csms.verb("trust.add", store_name="manufacturer", pem=pem(stranger))
    with pytest.raises(InvalidInput, match="is not trusted"):
        await add(web, signature, certificate)
    await web.csms.verb("trust.add", store_name="manufacturer", pem=pem(root))
    await add(web, signature, certificate)


async def test_signed_firmware_in_1_6(web: Site) -> None:
    await add(web, *signed(EC_KEY, "ecdsa"))
    station = await web.station()
    done = await order(web, "firmware", name="fw.bin")
    payload = await station.until_asked("SignedUpdateFirmware")
    assert payload["requestId"] == done["detail"]["requestId"]
    more = {"requestId": payload["requestId"]}
    for said in ("Downloaded", "SignatureVerified", "Installing", "Installed"):
        await station.call("SignedFirmwareStatusNotification", {"status": said} | more)
    assert await outcome(web, done) == ("DONE", "Installed")


async def test_an_old_station_gets_signed_firmware_plainly(web: Site) -> None:
    await add(web, *signed(EC_KEY, "ecdsa"))
    station = await web.station()
    station.answers["SignedUpdateFirmware"] = CallError("NotImplemented", "", {})
    station.answers["UpdateFirmware"] = {}
    await order(web, "firmware", name="fw.bin")
    assert [action for action, _ in station.asked][-2:] == ["SignedUpdateFirmware", "UpdateFirmware"]


async def test_a_station_of_the_whitepaper_never_gets_it_plainly(web: Site) -> None:
    await add(web, *signed(EC_KEY, "ecdsa"))
    station = await web.station()
    keys = [{"key": "SecurityProfile", "readonly": False, "value": "1"}]
    station.answers["GetConfiguration"] = {"configurationKey": keys}
    await order(web, "config.get", names=["SecurityProfile"])
    station.answers["SignedUpdateFirmware"] = CallError("NotImplemented", "", {})
    done = await order(web, "firmware", name="fw.bin")
    assert (done["action"], done["status"]) == ("SignedUpdateFirmware", "ERROR")
    assert "UpdateFirmware" not in [action for action, _ in station.asked]
    station.answers["UpdateFirmware"] = {}
    assert (await order(web, "firmware", name="fw.bin", unsigned=True))["action"] == "UpdateFirmware"


async def test_published_firmware(web: Site) -> None:
    await add(web)
    station = await web.station("2.0.1")
    done = await order(web, "firmware.publish", name="fw.bin")
    payload = await station.until_asked("PublishFirmware")
    md5 = hashlib.md5(CONTENT).hexdigest()
    assert (payload["checksum"], payload["location"].startswith(f"{web.url}/files/")) == (md5, True)
    more = {"requestId": payload["requestId"]}
    await station.call("PublishFirmwareStatusNotification", {"status": "ChecksumVerified"} | more)
    assert await outcome(web, done) == ("PENDING", "ChecksumVerified")
    published = {"status": "Published", "location": ["http://10.0.0.7/fw.bin"]} | more
    await station.call("PublishFirmwareStatusNotification", published)
    assert await outcome(web, done) == ("DONE", "Published")
    station.answers["UnpublishFirmware"] = {"status": "Unpublished"}
    assert (await order(web, "firmware.unpublish", name="fw.bin"))["outcome"] == "DONE"
    assert station.asked[-1] == ("UnpublishFirmware", {"checksum": md5})
    station.answers["UnpublishFirmware"] = {"status": "NoFirmware"}
    assert (await order(web, "firmware.unpublish", name="fw.bin"))["outcome"] == "REFUSED"


async def test_a_firmware_status_without_its_request_is_noted(web: Site) -> None:
    station = await web.station("2.0.1")
    await station.call("FirmwareStatusNotification", {"status": "Installed"})
    await station.call("FirmwareStatusNotification", {"status": "Idle"})
    notes = [m["note"] for m in await web.csms.messages(station="CP1", action="FirmwareStatusNotification")]
    assert "L01.FR.20" in notes[0]
    assert notes[1] is None

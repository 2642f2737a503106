"""What really comes of commands, in both versions by the same words: Accepted is not the end (issue of outcomes)."""

import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from csms.errors import Conflict, InvalidInput, NotFound, Unsupported
from csms.services import availability, commands
from csms.store.connection import Store
from tests.wire import payloads
from tests.wire.site import Site, site
from tests.wire.station import CallError, Station
from tests.wire.v201 import payloads as payloads201

CONTENT = b"firmware 2.1"


@pytest.fixture
async def web(store: Store, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(store, tmp_path) as running:
        yield running


async def _order(web: Site, verb: str, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await web.csms.verb("station.command", station="CP1", verb=verb, args=args)
    return done


async def _outcome(web: Site, done: dict[str, Any]) -> tuple[str, str | None]:
    found = await web.csms.verb("station.commands", station="CP1", limit=200)
    command = next(each for each in found if each["id"] == done["commandId"])
    return command["outcome"], command["followedBy"]


async def _status(web: Site, station: Station, version: str, connector: int, status: str) -> None:
    at = payloads.at((web.csms.clock.now() - payloads.NOON).total_seconds() / 60)
    if version == "1.6":
        payload = {"connectorId": connector, "status": status, "errorCode": "NoError", "timestamp": at}
    else:
        payload = {"evseId": connector, "connectorId": 1, "connectorStatus": status, "timestamp": at}
    await station.call("StatusNotification", payload)


async def _boot(station: Station, version: str, **fields: Any) -> None:
    if version == "1.6":
        fields.pop("reason", None)
        await station.call("BootNotification", payloads.boot(**fields))
    else:
        reason = fields.pop("reason", "PowerUp")
        await station.call("BootNotification", payloads201.boot(reason, **fields))


VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


@VERSIONS
async def test_a_scheduled_change_is_done_when_the_connector_says_so(web: Site, version: str) -> None:
    station = await web.station(version)
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    done = await _order(web, "availability", available=False, evse_id=2)
    assert done["outcome"] == "PENDING"
    web.csms.clock.forward(seconds=10)
    await _status(web, station, version, 1, "Unavailable")
    assert await web.csms.unit.run(availability.follow_up) == 0
    await _status(web, station, version, 2, "Unavailable")
    await web.csms.unit.run(availability.follow_up)
    assert await _outcome(web, done) == ("DONE", "out of service")
    station.answers["ChangeAvailability"] = {"status": "Accepted"}
    assert (await _order(web, "availability", available=True, evse_id=2))["outcome"] == "DONE"


@VERSIONS
async def test_a_scheduled_change_of_the_station_needs_every_connector(web: Site, version: str) -> None:
    station = await web.station(version)
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    done = await _order(web, "availability", available=False)
    web.csms.clock.forward(seconds=10)
    await _status(web, station, version, 1, "Unavailable")
    assert await web.csms.unit.run(availability.follow_up) == 0
    await _status(web, station, version, 2, "Unavailable")
    await web.csms.unit.run(availability.follow_up)
    assert await _outcome(web, done) == ("DONE", "out of service")


async def test_a_scheduled_change_that_never_happens_times_out(web: Site) -> None:
    station = await web.station()
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    done = await _order(web, "availability", available=False, evse_id=1)
    web.csms.clock.forward(hours=24, seconds=1)
    await web.csms.unit.run(commands.expire)
    assert await _outcome(web, done) == ("TIMED_OUT", None)


def _changes(station: Station) -> list[dict[str, Any]]:
    return [payload for action, payload in station.asked if action == "ChangeAvailability"]


@VERSIONS
async def test_a_station_that_forgot_its_availability_is_told_again_once_a_boot(
    web: Site, version: str
) -> None:
    station = await web.station(version)
    await _order(web, "availability", available=False, evse_id=2)
    web.csms.clock.forward(minutes=5)
    await _boot(station, version)
    web.csms.clock.forward(seconds=5)
    await _status(web, station, version, 1, "Available")
    await _status(web, station, version, 2, "Available")
    await availability.remind(web.csms.house)
    assert len(_changes(station)) == 1  # it may still be telling its connectors
    web.csms.clock.forward(seconds=30)
    await availability.remind(web.csms.house)
    await availability.remind(web.csms.house)
    again = _changes(station)
    assert len(again) == 2
    assert again[0] == again[1]
    web.csms.clock.forward(minutes=5)
    await _boot(station, version)
    web.csms.clock.forward(seconds=5)
    await _status(web, station, version, 2, "Unavailable")
    web.csms.clock.forward(seconds=30)
    await availability.remind(web.csms.house)
    assert len(_changes(station)) == 2  # this time it has not forgotten


async def test_a_whole_station_is_told_again_at_once(web: Site) -> None:
    station = await web.station()
    await _order(web, "availability", available=False)
    web.csms.clock.forward(minutes=5)
    await _boot(station, "1.6")
    web.csms.clock.forward(seconds=5)
    await _status(web, station, "1.6", 2, "Available")
    web.csms.clock.forward(seconds=30)
    web.csms = await web.csms.restarted()
    await availability.remind(web.csms.house)
    assert len(_changes(station)) == 1  # not connected to this run
    station = Station(web.csms.stream(), web.csms.nursery)
    await station.connect("/ocpp/CP1")
    await availability.remind(web.csms.house)
    assert _changes(station) == [{"connectorId": 0, "type": "Inoperative"}]


async def test_one_connector_of_an_evse(web: Site) -> None:
    station = await web.station("2.0.1")
    await _order(web, "availability", available=False, evse_id=1, connector_id=2)
    assert _changes(station) == [{"operationalStatus": "Inoperative", "evse": {"id": 1, "connectorId": 2}}]
    await _order(web, "unlock", evse_id=1, connector_id=2)
    assert station.asked[-1] == ("UnlockConnector", {"evseId": 1, "connectorId": 2})
    await _order(web, "trigger", message="StatusNotification", evse_id=2, connector_id=3)
    assert station.asked[-1][1]["evse"] == {"id": 2, "connectorId": 3}
    await _order(web, "trigger", message="TransactionEvent", evse_id=2)
    assert station.asked[-1][1] == {"requestedMessage": "TransactionEvent", "evse": {"id": 2}}
    await _order(web, "reset", evse_id=2)
    assert station.asked[-1] == ("Reset", {"type": "OnIdle", "evseId": 2})


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("reset", {"evse_id": 2}),
        ("trigger", {"message": "TransactionEvent"}),
        ("display.set", {"content": "x"}),
        ("display.list", {}),
        ("display.clear", {"id": 1}),
        ("customer", {"id_token": "TAG1"}),
    ],
)
async def test_what_1_6_cannot_do_is_not_sent(web: Site, verb: str, args: dict[str, Any]) -> None:
    station = await web.station()
    with pytest.raises(Unsupported, match=r"1\.6"):
        await _order(web, verb, **args)
    assert station.asked == []


async def test_connectors_of_1_6_have_one_number(web: Site) -> None:
    await web.station()
    for verb, more in [
        ("unlock", {}),
        ("availability", {"available": True}),
        ("trigger", {"message": "Heartbeat"}),
    ]:
        with pytest.raises(InvalidInput, match="number of its own"):
            await _order(web, verb, evse_id=1, connector_id=2, **more)


@VERSIONS
async def test_a_start_that_no_transaction_follows_times_out_as_such(web: Site, version: str) -> None:
    await web.station(version)
    done = await _order(web, "start", id_token="TAG1", evse_id=1)
    web.csms.clock.forward(minutes=3, seconds=1)
    await web.csms.unit.run(commands.expire)
    assert await _outcome(web, done) == ("TIMED_OUT", None)


def _certificate(name: str, key: Any, by: Any = None, *, authority: bool = False, days: int = 30) -> Any:
    """Return a certificate for a key, signed by an authority's (certificate, key) or by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = (subject, key) if by is None else (by[0].subject, by[1])
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _pem(certificate: Any) -> str:
    return str(certificate.public_bytes(serialization.Encoding.PEM).decode())


def signed(key: Any, scheme: str, *, by: Any = None, days: int = 30) -> tuple[str, str]:
    """Return a signature over CONTENT and the certificate of its key."""
    if scheme == "ecdsa":
        made = key.sign(CONTENT, ec.ECDSA(hashes.SHA256()))
    elif scheme == "pss":
        made = key.sign(CONTENT, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        made = key.sign(CONTENT, padding.PKCS1v15(), hashes.SHA256())
    return b64encode(made).decode(), _pem(_certificate("Maker", key, by, days=days))


EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)


async def add(web: Site, signature: str | None = None, certificate: str | None = None) -> None:
    arriving = web.csms.room.arriving("f1")
    arriving.write(CONTENT)
    arriving.keep()
    await web.csms.verb(
        "firmware.add", file_id="f1", name="fw.bin", size_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(), md5=hashlib.md5(CONTENT).hexdigest(),
        signature=signature, signing_certificate=certificate,
    )  # fmt: skip


@pytest.mark.parametrize("scheme", ["ecdsa", "pss", "pkcs1"])
async def test_signed_firmware_goes_out_with_what_proves_it(web: Site, scheme: str) -> None:
    signature, certificate = signed(EC_KEY if scheme == "ecdsa" else RSA_KEY, scheme)
    await add(web, signature, certificate)
    station = await web.station("2.0.1")
    done = await _order(web, "firmware", name="fw.bin")
    sent = (await station.until_asked("UpdateFirmware"))["firmware"]
    assert (sent["signature"], sent["signingCertificate"]) == (signature, certificate)
    assert sent["location"].startswith(f"{web.url}/files/")
    number = done["detail"]["requestId"]
    for said in ("Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting"):
        await station.call("FirmwareStatusNotification", {"status": said, "requestId": number})
    assert await _outcome(web, done) == ("PENDING", "InstallRebooting")
    await _boot(station, "2.0.1", reason="FirmwareUpdate", firmwareVersion="2.1")
    assert await _outcome(web, done) == ("PENDING", "booted with firmware 2.1")
    await station.call("FirmwareStatusNotification", {"status": "Installed", "requestId": number})
    assert await _outcome(web, done) == ("DONE", "Installed")


@VERSIONS
async def test_a_boot_with_new_firmware_is_enough(web: Site, version: str) -> None:
    station = await web.station(version)
    station.answers["UpdateFirmware"] = {} if version == "1.6" else {"status": "Accepted"}
    done = await _order(web, "firmware", url="https://files.example/fw.bin")
    await _boot(station, version, firmwareVersion="9.9")
    web.csms.clock.forward(minutes=11)
    await web.csms.unit.run(commands.expire)
    assert await _outcome(web, done) == ("DONE", "booted with firmware 9.9")


async def test_a_boot_with_the_old_firmware_is_not(web: Site) -> None:
    station = await web.station("2.0.1")
    done = await _order(web, "firmware", url="https://files.example/fw.bin")
    await _boot(station, "2.0.1", reason="FirmwareUpdate")
    assert await _outcome(web, done) == ("PENDING", "booted for the update")
    await station.call("FirmwareStatusNotification", {"status": "InstallationFailed", "requestId": 1})
    assert await _outcome(web, done) == ("FAILED", "InstallationFailed")


async def test_a_second_update_ends_the_first(web: Site) -> None:
    station = await web.station("2.0.1")
    first = await _order(web, "firmware", url="https://files.example/1.bin")
    station.answers["UpdateFirmware"] = {"status": "AcceptedCanceled"}
    second = await _order(web, "firmware", url="https://files.example/2.bin")
    assert await _outcome(web, first) == ("FAILED", "canceled by a later one")
    assert await _outcome(web, second) == ("PENDING", None)


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
        await _order(web, "firmware", name="fw.bin")
    web.csms.clock.forward(days=-60)
    place = web.csms.room.place("f1")
    place.write_bytes(CONTENT + b"!")
    with pytest.raises(Conflict, match="is not what was added"):
        await _order(web, "firmware", name="fw.bin")
    place.unlink()
    with pytest.raises(Conflict, match="cannot be read"):
        await _order(web, "firmware", name="fw.bin")
    with pytest.raises(NotFound):
        await _order(web, "firmware", name="other.bin")
    with pytest.raises(InvalidInput, match="URL"):
        await _order(web, "firmware")
    assert station.asked == []


async def test_firmware_of_a_maker_nobody_trusts_is_not_sent(web: Site) -> None:
    root, stranger = (_certificate(name, RSA_KEY, authority=True) for name in ("Maker Root", "Stranger"))
    signature, certificate = signed(EC_KEY, "ecdsa", by=(root, RSA_KEY))
    await web.csms.verb("trust.add", store_name="manufacturer", pem=_pem(stranger))
    with pytest.raises(InvalidInput, match="is not trusted"):
        await add(web, signature, certificate)
    await web.csms.verb("trust.add", store_name="manufacturer", pem=_pem(root))
    await add(web, signature, certificate)


async def test_signed_firmware_in_1_6(web: Site) -> None:
    await add(web, *signed(EC_KEY, "ecdsa"))
    station = await web.station()
    done = await _order(web, "firmware", name="fw.bin")
    payload = await station.until_asked("SignedUpdateFirmware")
    assert payload["requestId"] == done["detail"]["requestId"]
    more = {"requestId": payload["requestId"]}
    for said in ("Downloaded", "SignatureVerified", "Installing", "Installed"):
        await station.call("SignedFirmwareStatusNotification", {"status": said} | more)
    assert await _outcome(web, done) == ("DONE", "Installed")


async def test_an_old_station_gets_signed_firmware_plainly(web: Site) -> None:
    await add(web, *signed(EC_KEY, "ecdsa"))
    station = await web.station()
    station.answers["SignedUpdateFirmware"] = CallError("NotImplemented", "", {})
    station.answers["UpdateFirmware"] = {}
    await _order(web, "firmware", name="fw.bin")
    assert [action for action, _ in station.asked][-2:] == ["SignedUpdateFirmware", "UpdateFirmware"]


async def test_a_station_of_the_whitepaper_never_gets_it_plainly(web: Site) -> None:
    await add(web, *signed(EC_KEY, "ecdsa"))
    station = await web.station()
    keys = [{"key": "SecurityProfile", "readonly": False, "value": "1"}]
    station.answers["GetConfiguration"] = {"configurationKey": keys}
    await _order(web, "config.get", names=["SecurityProfile"])
    station.answers["SignedUpdateFirmware"] = CallError("NotImplemented", "", {})
    done = await _order(web, "firmware", name="fw.bin")
    assert (done["action"], done["status"]) == ("SignedUpdateFirmware", "ERROR")
    assert "UpdateFirmware" not in [action for action, _ in station.asked]
    station.answers["UpdateFirmware"] = {}
    assert (await _order(web, "firmware", name="fw.bin", unsigned=True))["action"] == "UpdateFirmware"


async def test_published_firmware(web: Site) -> None:
    await add(web)
    station = await web.station("2.0.1")
    done = await _order(web, "firmware.publish", name="fw.bin")
    payload = await station.until_asked("PublishFirmware")
    md5 = hashlib.md5(CONTENT).hexdigest()
    assert (payload["checksum"], payload["location"].startswith(f"{web.url}/files/")) == (md5, True)
    more = {"requestId": payload["requestId"]}
    await station.call("PublishFirmwareStatusNotification", {"status": "ChecksumVerified"} | more)
    assert await _outcome(web, done) == ("PENDING", "ChecksumVerified")
    published = {"status": "Published", "location": ["http://10.0.0.7/fw.bin"]} | more
    await station.call("PublishFirmwareStatusNotification", published)
    assert await _outcome(web, done) == ("DONE", "Published")
    station.answers["UnpublishFirmware"] = {"status": "Unpublished"}
    assert (await _order(web, "firmware.unpublish", name="fw.bin"))["outcome"] == "DONE"
    assert station.asked[-1] == ("UnpublishFirmware", {"checksum": md5})
    station.answers["UnpublishFirmware"] = {"status": "NoFirmware"}
    assert (await _order(web, "firmware.unpublish", name="fw.bin"))["outcome"] == "REFUSED"


async def test_a_firmware_status_without_its_request_is_noted(web: Site) -> None:
    station = await web.station("2.0.1")
    await station.call("FirmwareStatusNotification", {"status": "Installed"})
    await station.call("FirmwareStatusNotification", {"status": "Idle"})
    notes = [m["note"] for m in await web.csms.messages(station="CP1", action="FirmwareStatusNotification")]
    assert "L01.FR.20" in notes[0]
    assert notes[1] is None

"""Certificates of stations: asked for, signed once, sent until the station has them (A02, A03; TC_074, TC_A_11–14)."""

from typing import Any

import pytest
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from csms.services import certificate_delivery, certificate_requests
from tests.conformance.cases import case
from tests.pki import papers
from tests.security.charger import VERSIONS, Charger, connected, leaf_of, request
from tests.security.conftest import give_secret
from tests.wire.appliance import Appliance
from tests.wire.station import CallError

BOTH = pytest.mark.parametrize("version", VERSIONS)
KEY = ec.generate_private_key(ec.SECP256R1())


async def state(csms: Appliance) -> list[str]:
    return [
        row["state"]
        for row in await csms.rows("SELECT state FROM certificate_requests ORDER BY requested_at, id")
    ]


async def in_vain(csms: Appliance) -> None:
    """Wait until a certificate was sent in vain."""
    with trio.fail_after(10):
        while not await csms.rows("SELECT 1 FROM certificate_requests WHERE attempts = 1"):
            await trio.testing.wait_all_tasks_blocked(0.005)


async def until(csms: Appliance, *wanted: str) -> None:
    """Wait until the requests are in these states."""
    with trio.fail_after(10):
        while await state(csms) != list(wanted):
            await trio.testing.wait_all_tasks_blocked(0.005)


@BOTH
async def test_a_request_is_answered_at_once_and_the_certificate_follows(
    pki: Appliance, version: str
) -> None:
    station = await connected(pki, version)
    assert await station.sign(request(KEY)) == "Accepted"
    chain = (await station.signed())["certificateChain"]
    leaf, authority = x509.load_pem_x509_certificates(chain.encode())
    leaf.verify_directly_issued_by(authority)
    assert leaf.public_key() == KEY.public_key()
    assert "CN=SN-1" in leaf.subject.rfc4514_string()
    assert "\r" not in chain
    await until(pki, "INSTALLED")


async def test_the_kind_of_certificate_is_echoed(pki: Appliance) -> None:
    station = await connected(pki, "2.0.1")
    for number, kind in enumerate(("ChargingStationCertificate", "V2GCertificate"), start=1):
        key = ec.generate_private_key(ec.SECP256R1())
        assert await station.sign(request(key), kind) == "Accepted"
        assert (await station.signed(number))["certificateType"] == kind
    assert await station.sign(request(ec.generate_private_key(ec.SECP256R1()))) == "Accepted"
    assert "certificateType" not in await station.signed(3)


@case("X201-14")
@BOTH
async def test_a_request_sent_again_gets_the_same_certificate(pki: Appliance, version: str) -> None:
    station = await connected(pki, version)
    station.answers["CertificateSigned"] = CallError("InternalError", "", {})
    csr = request(KEY)
    await station.sign(csr)
    first = await station.signed()
    await in_vain(pki)
    station.answers["CertificateSigned"] = {"status": "Accepted"}
    assert await station.sign(csr) == "Accepted"
    assert await station.sign(papers.csr("SN-1", "Depot", key=KEY)) == "Accepted"
    assert await station.signed(2) == first
    await until(pki, "INSTALLED")
    issued = await pki.rows("SELECT * FROM pki_certificates WHERE station_id = 'CP1'")
    assert len(issued) == 1


@BOTH
async def test_a_certificate_survives_a_crash(pki: Appliance, version: str) -> None:
    station = await connected(pki, version)
    station.answers["CertificateSigned"] = None
    await station.sign(request(KEY))
    first = await station.signed()
    heir = give_secret(await pki.restarted())
    await until(heir, "SIGNED")
    pki.clock.forward(minutes=5)
    again = await connected(heir, version)
    assert await again.signed() == first
    await until(heir, "INSTALLED")


async def test_a_station_that_was_away_gets_its_certificate_when_it_is_back(pki: Appliance) -> None:
    station = await connected(pki, "2.0.1")
    station.answers["CertificateSigned"] = None
    await station.sign(request(KEY))
    await station.signed()
    await station.drop()
    back = await connected(pki, "2.0.1")
    pki.clock.forward(minutes=5)
    assert await back.sign(request(KEY)) == "Accepted"
    await back.signed()


@BOTH
async def test_a_newer_key_takes_the_place_of_an_older_one(pki: Appliance, version: str) -> None:
    station = await connected(pki, version)
    station.answers["CertificateSigned"] = CallError("InternalError", "", {})
    await station.sign(request(KEY))
    await station.signed()
    await in_vain(pki)
    newer = ec.generate_private_key(ec.SECP256R1())
    station.answers["CertificateSigned"] = {"status": "Accepted"}
    await station.sign(request(newer))
    chain = (await station.signed(2))["certificateChain"]
    assert leaf_of(chain).public_key() == newer.public_key()
    await until(pki, "SUPERSEDED", "INSTALLED")


@BOTH
async def test_a_station_that_refuses_its_certificate_is_an_alert(pki: Appliance, version: str) -> None:
    station = await connected(pki, version)
    station.answers["CertificateSigned"] = {"status": "Rejected"}
    assert await station.sign(request(KEY)) == "Accepted"
    await until(pki, "REFUSED")
    [alert] = await pki.verb("alert.list")
    assert "refused its certificate" in alert["message"]
    station.answers["CertificateSigned"] = {"status": "Accepted"}
    await station.sign(request(KEY))
    await until(pki, "INSTALLED")
    assert await pki.verb("alert.list") == []


@case("X201-13")
@BOTH
@pytest.mark.parametrize(
    "csr",
    [
        "nothing",
        papers.csr("SN-2", "Depot"),
        papers.csr("SN-1", "Somebody"),
        papers.csr("SN-1", "Depot", key=rsa.generate_private_key(65537, 1024)),
        papers.csr("SN-1", "Depot", extensions=((x509.BasicConstraints(True, None), True),)),
    ],
    ids=["no-request", "another-serial", "another-operator", "weak", "authority"],
)
async def test_a_bad_request_is_refused(pki: Appliance, version: str, csr: str) -> None:
    station = await connected(pki, version)
    assert await station.sign(csr) == "Rejected"
    assert await state(pki) == []
    [event] = await pki.rows("SELECT body FROM station_events WHERE kind = 'certificate.requested'")
    assert '"accepted":false' in event["body"]


@BOTH
async def test_a_key_belongs_to_one_station(pki: Appliance, version: str) -> None:
    await pki.verb("station.add", station_id="CP2", security_profile=0)
    first, second = await connected(pki, version), await connected(pki, version, "CP2", "SN-2")
    assert await first.sign(request(KEY)) == "Accepted"
    assert await second.sign(request(KEY, "SN-2")) == "Rejected"


async def test_a_serial_number_of_two_stations_is_certified_for_neither(pki: Appliance) -> None:
    await pki.verb("station.add", station_id="CP2", security_profile=0)
    first, second = await connected(pki), await connected(pki, station_id="CP2", serial="SN-1")
    assert await first.sign(request(KEY)) == "Rejected"
    assert await second.sign(request(ec.generate_private_key(ec.SECP256R1()))) == "Rejected"


async def test_a_station_that_loops_is_stopped(pki: Appliance) -> None:
    station = await connected(pki)
    said = [await station.sign(request(ec.generate_private_key(ec.SECP256R1()))) for _ in range(12)]
    assert said == ["Accepted"] * 10 + ["Rejected"] * 2
    pki.clock.forward(days=2)
    assert await station.sign(request(ec.generate_private_key(ec.SECP256R1()))) == "Accepted"


async def test_without_an_authority_the_request_fails_and_says_so(csms: Appliance) -> None:
    station = await connected(csms)
    assert await station.sign(request(KEY)) == "Accepted"
    await until(csms, "FAILED")
    [alert] = await csms.verb("alert.list")
    assert "csms pki init" in alert["message"]


@BOTH
async def test_no_more_of_the_chain_is_sent_than_the_station_takes(pki: Appliance, version: str) -> None:
    name = "CertificateSignedMaxChainSize" if version == "1.6" else "SecurityCtrlr.MaxCertificateChainSize"
    station = await connected(pki, version)
    await _tell(pki, name, "1000")
    await station.sign(request(KEY))
    chain = (await station.signed())["certificateChain"]
    assert len(chain) <= 1000
    assert len(x509.load_pem_x509_certificates(chain.encode())) == 1


async def test_a_station_with_no_room_for_its_certificate_is_an_alert(pki: Appliance) -> None:
    station = await connected(pki, "2.0.1")
    await _tell(pki, "SecurityCtrlr.MaxCertificateChainSize", "100")
    await station.sign(request(KEY))
    await until(pki, "FAILED")
    assert "100 characters" in (await pki.verb("alert.list"))[0]["message"]


async def _tell(csms: Appliance, name: str, value: str) -> None:
    """Have a setting of CP1 known."""
    from csms.store import stations

    [row] = await csms.rows("SELECT id FROM stations WHERE station_id = 'CP1'")
    setting = {"station_key": row["id"], "name": name, "value": value, "readonly": 1, "reported_at": "2026"}
    await csms.unit.run(lambda tx: stations.write_settings(tx.db, [setting]))


def test_a_chain_is_cut_from_its_end() -> None:
    one, two = papers.certify("a").pem, papers.certify("b").pem
    assert certificate_requests.fit(one + two, None) == one + two
    assert certificate_requests.fit((one + two).replace("\n", "\r\n"), len(one)) == one
    assert certificate_requests.fit(one + two, 10) is None
    assert certificate_requests.fit("", 100) is None


def test_attempts_come_further_and_further_apart() -> None:
    waits = [certificate_requests.wait_after(number).total_seconds() for number in range(1, 10)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


@BOTH
async def test_a_station_is_asked_to_renew_thirty_days_ahead(
    pki: Appliance, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_delivery, "RENEWALS_EVERY_S", 0.02)
    heir = give_secret(await pki.restarted())
    station = await connected(heir, version)
    await station.sign(request(KEY))
    await until(heir, "INSTALLED")
    action = "ExtendedTriggerMessage" if version == "1.6" else "TriggerMessage"
    assert action not in [name for name, _ in station.asked]
    heir.clock.forward(days=340)
    wanted = "SignChargePointCertificate" if version == "1.6" else "SignChargingStationCertificate"
    assert (await _asked(station, action))["requestedMessage"] == wanted
    newer = ec.generate_private_key(ec.SECP256R1())
    assert await station.sign(request(newer)) == "Accepted"
    assert leaf_of((await station.signed(2))["certificateChain"]).public_key() == newer.public_key()


async def _asked(station: Charger, action: str) -> Any:
    with trio.fail_after(10):
        return await station.until_asked(action)

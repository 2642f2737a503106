"""Stations are given the new root of a rollover: taken, refused, offered cross-signed, offline, and later."""

from dataclasses import replace
from typing import Any

import pytest

from csms.services import root_delivery
from csms.services.pki_policy import PkiPolicy
from tests.ocpp.station import basic
from tests.pki import house
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Station

PASSWORD = "Some-Password-1234"


@pytest.fixture
async def secured(csms: Appliance) -> Appliance:
    """CP8 and CP9 have TLS, and the operator has begun a rollover."""
    csms.clock.at = house.NOW
    csms.unit.policy = replace(csms.unit.policy, pki=PkiPolicy(secret=lambda: b"secret of the test" * 3))
    for name in ("CP8", "CP9"):
        await csms.verb("station.add", station_id=name, password=PASSWORD, security_profile=1)
    await csms.verb("pki.init", hosts=["localhost"])
    return csms


async def boot(csms: Appliance, name: str = "CP8", **answers: Any) -> Station:
    """Return a station that came in without TLS, as the tests' streams have none, and counts as one with it."""
    await profile(csms, 1)
    station = await csms.station(name, Authorization=basic(f"{name}:{PASSWORD}".encode()))
    station.answers |= answers
    await station.call("BootNotification", payloads.boot())
    await profile(csms, 2)
    return station


async def profile(csms: Appliance, number: int) -> None:
    sql = "UPDATE stations SET security_profile = :number WHERE station_id <> 'CP1'"
    await csms.unit.run(lambda tx: tx.db.run(sql, {"number": number}))


def asked(station: Station) -> list[str]:
    """Return the certificates a station was asked to install."""
    found = [payload for action, payload in station.asked if action == "InstallCertificate"]
    assert {payload["certificateType"] for payload in found} <= {"CentralSystemRootCertificate"}
    return [payload["certificate"] for payload in found]


async def progress(csms: Appliance) -> tuple[int, int]:
    status = await csms.verb("pki.rollover-status")
    return status["stations"], status["installed"]


async def test_a_station_takes_the_new_root_once(secured: Appliance) -> None:
    station = await boot(secured, InstallCertificate={"status": "Accepted"})
    await secured.verb("pki.rollover")
    await root_delivery.deliver(secured.house)
    root = (await secured.verb("pki.export", next=True))["pem"]
    assert [pem.strip() for pem in asked(station)] == [root.strip()]
    assert await progress(secured) == (2, 1)
    await root_delivery.deliver(secured.house)
    assert len(asked(station)) == 1


async def test_where_the_root_is_refused_the_cross_signed_one_is_offered(secured: Appliance) -> None:
    answers = iter(["Rejected", "Accepted"])
    station = await boot(secured, InstallCertificate=lambda _: {"status": next(answers)})
    await secured.verb("pki.rollover")
    await root_delivery.deliver(secured.house)
    first, second = asked(station)
    assert first != second
    assert await progress(secured) == (2, 1)


async def test_a_station_that_takes_neither_is_asked_again_after_an_hour(secured: Appliance) -> None:
    station = await boot(secured, InstallCertificate={"status": "Rejected"})
    await secured.verb("pki.rollover")
    await root_delivery.deliver(secured.house)
    await root_delivery.deliver(secured.house)
    assert len(asked(station)) == 2
    [row] = await secured.rows("SELECT state, detail FROM pki_root_installs")
    assert (row["state"], "Rejected" in row["detail"]) == ("FAILED", True)
    secured.clock.forward(hours=1, seconds=1)
    station.answers["InstallCertificate"] = {"status": "Accepted"}
    await root_delivery.deliver(secured.house)
    assert await progress(secured) == (2, 1)


async def test_who_is_offline_is_asked_when_it_is_back(secured: Appliance) -> None:
    await boot(secured, "CP9", InstallCertificate={"status": "Accepted"})
    await secured.verb("pki.rollover")
    await root_delivery.deliver(secured.house)
    assert await progress(secured) == (2, 1)
    await boot(secured, "CP8", InstallCertificate={"status": "Accepted"})
    await root_delivery.deliver(secured.house)
    assert await progress(secured) == (2, 2)
    assert (await secured.verb("pki.rollover"))["state"] == "SWITCHED"


async def test_without_a_rollover_nobody_is_asked(secured: Appliance) -> None:
    station = await boot(secured, InstallCertificate={"status": "Accepted"})
    await root_delivery.deliver(secured.house)
    assert asked(station) == []

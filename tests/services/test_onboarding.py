"""Unknown stations: refused with a reason, or let in to wait for an operator."""

import pytest

from csms.services import onboarding
from csms.services.unit import Policy
from tests.wire import payloads
from tests.wire.appliance import Appliance


@pytest.fixture
def open_house(csms: Appliance) -> Appliance:
    csms.unit.policy = Policy(onboarding=True)
    return csms


async def shown(csms: Appliance) -> dict[str, str]:
    return {s["stationId"]: s["registration"] for s in await csms.verb("station.list")}


async def refused(csms: Appliance, path: str, **handshake: str) -> int:
    reply = await csms.line().handshake(path, **handshake)
    return reply.status


async def test_unknown_stations_are_refused_unless_the_operator_wants_them(csms: Appliance) -> None:
    assert await refused(csms, "/ocpp/NEW") == 404
    assert await shown(csms) == {"CP1": "Accepted"}
    found = await csms.verb("doctor.station", station="NEW")
    assert "csms station add NEW" in found["refusals"][0]["reason"]


async def test_an_unknown_station_waits_until_it_is_accepted(open_house: Appliance) -> None:
    station = await open_house.station("NEW")
    assert await shown(open_house) == {"CP1": "Accepted", "NEW": "Pending"}
    answer = await station.call("BootNotification", payloads.boot())
    assert answer["status"] == "Pending"
    assert await station.error("Authorize", {"idTag": "TAG1"}) == "SecurityError"
    again = await open_house.station("NEW")
    assert (await again.call("BootNotification", payloads.boot()))["status"] == "Pending"
    await open_house.verb("station.update", station="NEW", registration="Accepted")
    assert (await again.call("BootNotification", payloads.boot()))["status"] == "Accepted"
    assert (await again.call("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"


async def test_the_queue_is_bounded(open_house: Appliance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onboarding, "MOST_WAITING", 2)
    for number in range(2):
        await open_house.station(f"NEW{number}")
    assert await refused(open_house, "/ocpp/NEW2") == 503
    await open_house.station("NEW1")
    await open_house.verb("station.update", station="NEW0", registration="Accepted")
    await open_house.station("NEW2")
    assert len(await shown(open_house)) == 4


@pytest.mark.parametrize(
    ("path", "handshake"),
    [
        ("/ocpp/" + "x" * 49, {}),
        ("/ocpp/a%0Ab", {}),
        ("/ocpp/nobody/NEW", {}),
        ("/ocpp/NEW", {"protocols": "chat"}),
        ("/ocpp/NEW", {"protocols": None}),
        ("/", {}),
    ],
)
async def test_what_is_no_station_does_not_wait(
    open_house: Appliance, path: str, handshake: dict[str, str]
) -> None:
    assert await refused(open_house, path, **handshake) == 404
    assert await shown(open_house) == {"CP1": "Accepted"}


async def test_a_registered_station_is_not_let_in_by_the_queue(open_house: Appliance) -> None:
    await open_house.verb("station.add", station_id="CP2", password="Some-Password-1234")
    assert await refused(open_house, "/ocpp/CP2") == 401
    await open_house.verb("tenant.status", tenant="default", status="SUSPENDED")
    assert await refused(open_house, "/ocpp/CP2") == 403

"""OCPP 2.0.1, block A: passwords (A00, A01). What needs certificates is in test_a_certificates.py."""

from typing import Any

from tests.conformance.cases import case
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201
from tests.ocpp.station import basic

OLD, NEW = "correct-horse-battery", "staple-battery-horse"
_PASSWORD = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}


def _signed(password: str, user: str = "CP201") -> dict[str, str]:
    return {"Authorization": basic(f"{user}:{password}".encode())}


async def _knock(site: Site, **handshake: str) -> tuple[int, Station201]:
    """Return the HTTP status that CP201 gets, and its connection."""
    station = await site.line(Station201, "CP201")
    reply = await station.handshake("/ocpp/CP201", protocols="ocpp2.0.1", **handshake)
    return reply.status, station


async def _refusals(site: Site) -> list[tuple[int, str]]:
    return [
        (entry["httpStatus"], entry["reason"])
        for entry in await site.verb("station.refusals", station="CP201")
    ]


@case("TC_A_01_CSMS")
async def test_tc_a_01_valid_user_and_password(site: Site) -> None:
    station = await site.station201(profile=1, password=OLD, booted=False, **_signed(OLD))
    assert (await station.boot())["status"] == "Accepted"
    assert await _refusals(site) == []


@case("TC_A_02_CSMS")
async def test_tc_a_02_the_user_is_not_the_station(site: Site) -> None:
    await site.verb("station.add", station_id="CP201", security_profile=1, password=OLD)
    assert (await _knock(site, **_signed(OLD, user="CP202")))[0] == 401
    [(status, reason)] = await _refusals(site)
    assert (status, reason) == (401, "the user name of HTTP Basic is not the station id")


@case("TC_A_03_CSMS")
async def test_tc_a_03_a_wrong_password(site: Site) -> None:
    await site.verb("station.add", station_id="CP201", security_profile=1, password=OLD)
    assert (await _knock(site, **_signed(NEW)))[0] == 401
    assert (await _knock(site))[0] == 401
    assert [status for status, _ in await _refusals(site)] == [401, 401]


async def _change_password(site: Site, answer: str) -> dict[str, Any]:
    """Sign on with the old password, be told of the new one, and answer so."""
    station = await site.station201(profile=1, password=OLD, **_signed(OLD))
    station.answers["SetVariables"] = {"setVariableResult": [_PASSWORD | {"attributeStatus": answer}]}
    sent = await site.call(
        station, "SetVariables", {"setVariableData": [_PASSWORD | {"attributeValue": NEW}]}
    )
    [asked] = station.asked_for("SetVariables")[-1]["setVariableData"]
    assert (asked["variable"]["name"], asked["attributeValue"]) == ("BasicAuthPassword", NEW)
    await station.drop()
    return sent


@case("TC_A_09_CSMS")
async def test_tc_a_09_a_new_password_is_accepted(site: Site) -> None:
    assert (await _change_password(site, "Accepted"))["outcome"] == "DONE"
    assert (await _knock(site, **_signed(OLD)))[0] == 401
    status, station = await _knock(site, **_signed(NEW))
    assert status == 101
    station.listen()
    assert (await station.boot())["status"] == "Accepted"
    assert NEW not in str(await site.csms.messages(station="CP201"))
    assert NEW not in str(await site.verb("station.commands", station="CP201"))


@case("TC_A_10_CSMS")
async def test_tc_a_10_a_new_password_is_rejected(site: Site) -> None:
    assert (await _change_password(site, "Rejected"))["outcome"] == "REFUSED"
    assert (await _knock(site, **_signed(NEW)))[0] == 401
    status, station = await _knock(site, **_signed(OLD))
    assert status == 101
    station.listen()
    assert (await station.boot())["status"] == "Accepted"

"""Block H: reservations (OCPP 2.0.1 Part 2 §H, Part 6 TC_H)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import TAG1, Station201, token
from tests.conformance.v201.steps import shows
from tests.wire.station import Payload

GROUP = {"idToken": "FLEET", "type": "Central"}


async def _reserve(site: Site, station: Station201, **args: Any) -> tuple[Payload, Payload]:
    """Reserve for TAG1; returns how the exchange ended, and what the station was asked."""
    before = len(station.asked_for("ReserveNow"))
    sent = await site.command(station, "reserve", **{"id_token": "TAG1"} | args)
    asked = station.asked_for("ReserveNow")[before:]
    assert len(asked) == 1
    assert asked[0]["idToken"]["idToken"] == args.get("id_token", "TAG1")
    assert asked[0]["expiryDateTime"] > station.at()
    return sent, asked[0]


async def _kept(site: Site) -> list[str]:
    return [kept["status"] for kept in await site.verb("reservation.list", every=True)]


@case("TC_H_01_CSMS")
async def test_tc_h_01_a_reserved_evse_is_used(site: Site) -> None:
    station = await site.station201()
    sent, asked = await _reserve(site, station, evse_id=1)
    assert (asked["evseId"], asked["groupIdToken"]) == (1, GROUP)
    assert (sent["outcome"], await _kept(site)) == ("DONE", ["ACTIVE"])
    await shows(station, "Reserved")
    assert (await site.connectors(station))[1]["status"] == "RESERVED"
    await station.authorize()
    answer = await station.event("Authorized", idToken=TAG1, reservationId=asked["id"])
    assert answer["idTokenInfo"]["status"] == "Accepted"
    [shown] = await site.transactions(station)
    assert (shown["reservationId"], await _kept(site)) == (asked["id"], ["USED"])


@case("TC_H_07_CSMS")
async def test_tc_h_07_a_reservation_that_nobody_uses(site: Site) -> None:
    station = await site.station201()
    _, asked = await _reserve(site, station, evse_id=1)
    await shows(station, "Reserved")
    await site.forward(minutes=29)
    said = {"reservationId": asked["id"], "reservationUpdateStatus": "Expired"}
    assert await station.call("ReservationStatusUpdate", said) == {}
    await shows(station, "Available")
    assert await _kept(site) == ["EXPIRED"]
    assert (await site.connectors(station))[1]["status"] == "AVAILABLE"


@case("TC_H_08_CSMS")
async def test_tc_h_08_any_evse(site: Site) -> None:
    station = await site.station201()
    sent, asked = await _reserve(site, station)
    assert "evseId" not in asked
    assert (sent["outcome"], await _kept(site)) == ("DONE", ["ACTIVE"])
    await station.event("Authorized", evse=2, idToken=TAG1, reservationId=asked["id"])
    [shown] = await site.transactions(station)
    assert (shown["evseId"], await _kept(site)) == (2, ["USED"])


@case("TC_H_14_CSMS")
async def test_tc_h_14_as_many_reservations_as_evses(site: Site) -> None:
    station = await site.station201()
    numbers = [(await _reserve(site, station, id_token=uid))[1]["id"] for uid in ("TAG1", "ALONE")]
    assert len(set(numbers)) == 2
    for evse in (1, 2):
        await shows(station, "Reserved", evse)
    assert await _kept(site) == ["ACTIVE", "ACTIVE"]
    assert {connector["status"] for evse, connector in (await site.connectors(station)).items() if evse} == {
        "RESERVED"
    }


@case("TC_H_15_CSMS")
async def test_tc_h_15_a_connector_of_a_type(site: Site) -> None:
    station = await site.station201()
    asked = {
        "id": 5,
        "expiryDateTime": "2026-03-02T13:00:00.000Z",
        "idToken": TAG1,
        "connectorType": "cType2",
    }
    sent = await site.call(station, "ReserveNow", asked)
    assert station.asked_for("ReserveNow") == [asked]
    assert (sent["outcome"], await _kept(site)) == ("DONE", ["ACTIVE"])
    await shows(station, "Reserved")
    await station.event("Authorized", idToken=TAG1, reservationId=5)
    assert await _kept(site) == ["USED"]


@case("TC_H_17_CSMS")
async def test_tc_h_17_cancelled(site: Site) -> None:
    station = await site.station201()
    _, asked = await _reserve(site, station, evse_id=1)
    await shows(station, "Reserved")
    done = await site.command(station, "cancel", id=asked["id"])
    assert station.asked_for("CancelReservation") == [{"reservationId": asked["id"]}]
    await shows(station, "Available")
    assert (done["outcome"], await _kept(site)) == ("DONE", ["CANCELLED"])


@case("TC_H_19_CSMS")
async def test_tc_h_19_another_token_of_the_group_uses_it(site: Site) -> None:
    station = await site.station201()
    _, asked = await _reserve(site, station, evse_id=1)
    assert asked["groupIdToken"] == GROUP
    await shows(station, "Reserved")
    verdict = await station.authorize(token("TAG2"))
    assert verdict["idTokenInfo"] == {"status": "Accepted", "groupIdToken": GROUP}
    answer = await station.event("Authorized", idToken=token("TAG2"), reservationId=asked["id"])
    assert answer["idTokenInfo"] == {"status": "Accepted", "groupIdToken": GROUP}
    [shown] = await site.transactions(station)
    assert (shown["idToken"], shown["reservationId"]) == ("TAG2", asked["id"])
    assert await _kept(site) == ["USED"]


@case("TC_H_20_CSMS")
async def test_tc_h_20_a_fault_ends_it(site: Site) -> None:
    station = await site.station201()
    _, asked = await _reserve(site, station, evse_id=1)
    await shows(station, "Reserved")
    await shows(station, "Faulted")
    said = {"reservationId": asked["id"], "reservationUpdateStatus": "Removed"}
    assert await station.call("ReservationStatusUpdate", said) == {}
    assert await _kept(site) == ["CANCELLED"]
    [kept] = await site.verb("reservation.list", every=True)
    assert kept["endedBecause"] == "EVSE 1 became faulted"
    assert (await site.connectors(station))[1]["status"] == "FAULTED"


@pytest.mark.parametrize("status", [row("TC_H_22_CSMS", "Rejected")])
async def test_a_station_that_takes_no_reservations(site: Site, status: str) -> None:
    station = await site.station201(answers={"ReserveNow": {"status": status}})
    sent, _ = await _reserve(site, station, evse_id=1)
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": status})
    assert "ACTIVE" not in await _kept(site)

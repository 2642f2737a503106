"""OCPP 1.6: reservations (cases 046–053)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v16.station import Station16
from tests.wire.payloads import at

RESERVE: dict[str, Any] = {"connectorId": 1, "expiryDate": at(60), "idTag": "TAG1", "reservationId": 5}


async def _state(site: Site) -> str:
    """Return the state of the one reservation there is."""
    [found] = await site.csms.rows("SELECT status FROM reservations")
    return str(found["status"])


async def _reserved(site: Site, **fields: Any) -> Station16:
    station = await site.station16()
    sent = await site.call(station, "ReserveNow", RESERVE | fields)
    assert station.asked_for("ReserveNow") == [RESERVE | fields]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "DONE")
    assert await _state(site) == "ACTIVE"
    return station


@case("TC_046")
async def test_tc_046_a_reservation_is_used(site: Site) -> None:
    station = await _reserved(site)
    await station.status("Reserved")
    assert (await site.connectors(station))[1]["status"] == "RESERVED"
    assert (await station.authorize())["status"] == "Accepted"
    await station.status("Preparing")
    assert (await station.start(reservationId=5))["idTagInfo"]["status"] == "Accepted"
    await station.status("Charging")
    [shown] = await site.transactions(station)
    assert (shown["reservationId"], await _state(site)) == (5, "USED")


@case("TC_047")
async def test_tc_047_a_reservation_expires(site: Site) -> None:
    station = await _reserved(site)
    await station.status("Reserved")
    await site.forward(minutes=61)
    await station.status("Available")
    assert await _state(site) == "EXPIRED"
    assert (await site.connectors(station))[1]["status"] == "AVAILABLE"


@pytest.mark.parametrize(
    "answer",
    [
        row("TC_048_1", "Faulted"),
        row("TC_048_2", "Occupied"),
        row("TC_048_3", "Unavailable"),
        row("TC_048_4", "Rejected"),
    ],
)
async def test_tc_048_a_reservation_is_not_made(site: Site, answer: str) -> None:
    station = await site.station16(answers={"ReserveNow": {"status": answer}})
    sent = await site.call(station, "ReserveNow", RESERVE)
    assert (sent["response"], sent["outcome"]) == ({"status": answer}, "REFUSED")
    assert await site.csms.rows("SELECT status FROM reservations") == []


@case("TC_049")
async def test_tc_049_any_connector_is_reserved(site: Site) -> None:
    station = await _reserved(site, connectorId=0)
    assert (await station.authorize())["status"] == "Accepted"
    await station.status("Preparing", 2)
    await station.start(connector=2, reservationId=5)
    await station.status("Charging", 2)
    [shown] = await site.transactions(station)
    assert (shown["evseId"], shown["reservationId"], await _state(site)) == (2, 5, "USED")


@pytest.mark.parametrize(
    ("answer", "outcome", "left"),
    [row("TC_051", "Accepted", "DONE", "CANCELLED"), row("TC_052", "Rejected", "REFUSED", "ACTIVE")],
)
async def test_tc_051_052_a_reservation_is_cancelled(
    site: Site, answer: str, outcome: str, left: str
) -> None:
    station = await _reserved(site)
    station.answers["CancelReservation"] = {"status": answer}
    sent = await site.call(station, "CancelReservation", {"reservationId": 5})
    assert station.asked_for("CancelReservation") == [{"reservationId": 5}]
    assert (sent["response"], sent["outcome"]) == ({"status": answer}, outcome)
    assert await _state(site) == left


@case("TC_053")
async def test_tc_053_another_tag_of_the_parent_uses_it(site: Site) -> None:
    station = await _reserved(site, parentIdTag="FLEET")
    await station.status("Reserved")
    assert await station.authorize("TAG2") == {"status": "Accepted", "parentIdTag": "FLEET"}
    await station.status("Preparing")
    begun = await station.start("TAG2", reservationId=5)
    assert begun["idTagInfo"] == {"status": "Accepted", "parentIdTag": "FLEET"}
    [shown] = await site.transactions(station)
    assert (shown["idToken"], shown["reservationId"], await _state(site)) == ("TAG2", 5, "USED")

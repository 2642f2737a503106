"""Reservations: kept as agreed, and ended by a use, a fault, their time, another of the same number, the operator."""

from typing import Any

import pytest

from csms.errors import InvalidInput, NotFound
from csms.services import reservations
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Station

KEYS = [{"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core,Reservation"}]


@pytest.fixture
async def station(csms: Appliance) -> Station:
    """CP1, connected and booted, with reservations."""
    connected = await csms.station()
    await connected.call("BootNotification", payloads.boot())
    connected.answers["GetConfiguration"] = {"configurationKey": KEYS}
    return connected


async def order(csms: Appliance, verb: str, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb("station.command", station="CP1", verb=verb, args=args)
    return done


async def reserve(csms: Appliance, **args: Any) -> int:
    done = await order(csms, "reserve", **{"id_token": "TAG1"} | args)
    assert done["outcome"] == "DONE"
    number: int = done["detail"]["reservationId"]
    return number


async def shown(csms: Appliance, number: int) -> dict[str, Any]:
    found: dict[str, Any] = await csms.verb("reservation.show", station="CP1", reservation=number)
    return found


async def test_what_was_agreed_is_listed_until_it_is_over(csms: Appliance, station: Station) -> None:
    first = await reserve(csms, evse_id=1)
    csms.clock.forward(minutes=1)
    second = await reserve(csms, evse_id=0, expires_at="2026-03-02T12:05:00Z")
    listed = await csms.verb("reservation.list")
    assert [(r["id"], r["evseId"], r["status"]) for r in listed] == [
        (second, 0, "ACTIVE"), (first, 1, "ACTIVE")
    ]  # fmt: skip
    await order(csms, "cancel", id=first)
    ended = await shown(csms, first)
    assert (ended["status"], ended["endedBecause"]) == ("CANCELLED", "cancelled")
    assert [r["id"] for r in await csms.verb("reservation.list", station="CP1")] == [second]
    assert len(await csms.verb("reservation.list", every=True)) == 2
    assert await csms.verb("reservation.list", station="CP2") == []
    with pytest.raises(NotFound, match="no reservation 99"):
        await shown(csms, 99)


async def test_a_refused_cancellation_leaves_it_as_it_is(csms: Appliance, station: Station) -> None:
    number = await reserve(csms, evse_id=1)
    station.answers["CancelReservation"] = {"status": "Rejected"}
    assert (await order(csms, "cancel", id=number))["outcome"] == "REFUSED"
    assert (await shown(csms, number))["status"] == "ACTIVE"


@pytest.mark.parametrize("refusal", ["Faulted", "Occupied", "Rejected", "Unavailable"])
async def test_what_the_station_refuses_is_no_reservation(
    csms: Appliance, station: Station, refusal: str
) -> None:
    station.answers["ReserveNow"] = {"status": refusal}
    assert (await order(csms, "reserve", id_token="TAG1", evse_id=1))["outcome"] == "REFUSED"
    assert await csms.verb("reservation.list", every=True) == []


async def test_the_same_number_replaces(csms: Appliance, station: Station) -> None:
    number = await reserve(csms, evse_id=1)
    csms.clock.forward(minutes=10)
    assert await reserve(csms, evse_id=2, id=number) == number
    [only] = await csms.verb("reservation.list", every=True)
    assert (only["id"], only["evseId"], only["createdAt"]) == (number, 2, payloads.at(10))
    with pytest.raises(InvalidInput, match="numbered from 1"):
        await order(csms, "reserve", id_token="TAG1", id=0)


@pytest.mark.parametrize(
    ("reserved", "broken", "state", "ends"),
    [
        (1, 1, "Faulted", True),
        (1, 1, "Unavailable", True),
        (1, 0, "Faulted", True),
        (0, 0, "Unavailable", True),
        (0, 1, "Faulted", False),
        (1, 2, "Faulted", False),
        (1, 1, "Available", False),
    ],
)
async def test_a_fault_ends_it(
    csms: Appliance, station: Station, reserved: int, broken: int, state: str, ends: bool
) -> None:
    number = await reserve(csms, evse_id=reserved)
    csms.clock.forward(seconds=1)
    await station.call("StatusNotification", payloads.status(state, connector=broken))
    found = await shown(csms, number)
    assert found["status"] == ("CANCELLED" if ends else "ACTIVE")
    if ends:
        what = f"EVSE {broken}" if broken else "the station"
        assert found["endedBecause"] == f"{what} became {state.lower()}"


async def test_a_start_that_names_it_uses_it(csms: Appliance, station: Station) -> None:
    number = await reserve(csms)
    await station.call("StartTransaction", payloads.start(connectorId=2, reservationId=number))
    [transaction] = await csms.transactions()
    found = await shown(csms, number)
    assert (found["status"], found["transactionId"]) == ("USED", transaction["id"])


async def test_a_start_that_forgets_to_name_it_uses_it_all_the_same(
    csms: Appliance, station: Station
) -> None:
    number = await reserve(csms, evse_id=1)
    await station.call("StartTransaction", payloads.start(idTag="tag1"))
    [transaction] = await csms.transactions()
    assert transaction["reservationId"] == number
    assert (await shown(csms, number))["status"] == "USED"


async def test_another_token_of_the_group_uses_it(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="BOSS", group="FLEET")
    await csms.verb("token.add", uid="DRIVER", group="fleet")
    number = await reserve(csms, id_token="BOSS", evse_id=1)
    assert (await station.until_asked("ReserveNow"))["parentIdTag"] == "FLEET"
    await station.call("StartTransaction", payloads.start(idTag="DRIVER"))
    assert (await shown(csms, number))["status"] == "USED"


@pytest.mark.parametrize(("connector", "tag"), [(2, "TAG1"), (1, "TAG2")])
async def test_a_start_elsewhere_or_of_somebody_else_leaves_it(
    csms: Appliance, station: Station, connector: int, tag: str
) -> None:
    await csms.verb("token.add", uid="TAG2")
    number = await reserve(csms, evse_id=1)
    await station.call("StartTransaction", payloads.start(connectorId=connector, idTag=tag))
    assert (await shown(csms, number))["status"] == "ACTIVE"


async def test_a_station_that_lets_an_expired_one_be_used_decides(csms: Appliance, station: Station) -> None:
    number = await reserve(csms, evse_id=1)
    csms.clock.forward(hours=1)
    await csms.unit.run(reservations.expire)
    assert (await shown(csms, number))["endedBecause"] == "its time was over"
    await station.call("StartTransaction", payloads.start(reservationId=number))
    assert (await shown(csms, number))["status"] == "USED"


async def test_only_by_number_in_1_6(csms: Appliance, station: Station) -> None:
    with pytest.raises(InvalidInput, match="by its number"):
        await order(csms, "reserve", id_token="TAG1", connector_type="cCCS2")

"""What connectors do, as they say and as transactions imply (OCPP 1.6 §4.9, §7.6, §7.7)."""

import pytest

from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import at, start, status, stop
from tests.wire.station import Station


async def _status(csms: Appliance, connector: int = 1) -> str:
    return str((await csms.connectors())[connector]["status"])


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Available", "AVAILABLE"),
        ("Preparing", "PREPARING"),
        ("Charging", "CHARGING"),
        ("SuspendedEVSE", "SUSPENDED_EVSE"),
        ("SuspendedEV", "SUSPENDED_EV"),
        ("Finishing", "FINISHING"),
        ("Reserved", "RESERVED"),
        ("Unavailable", "UNAVAILABLE"),
        ("Faulted", "FAULTED"),
    ],
)
@ARITHMETIC
async def test_every_status(csms: Appliance, station: Station, said: str, shown: str) -> None:
    assert await station.call("StatusNotification", status(said)) == {}
    assert await _status(csms) == shown


async def test_tc_024_an_error_with_its_details(csms: Appliance, station: Station) -> None:
    fields = {"errorCode": "ConnectorLockFailure", "info": "bolt", "vendorId": "v", "vendorErrorCode": "E07"}
    async with csms.unit.bus.subscribe() as events:
        await station.call("StatusNotification", status("Faulted", **fields))
        event = await anext(events)
    shown = (await csms.connectors())[1]
    assert (shown["status"], shown["errorCode"]) == ("FAULTED", "ConnectorLockFailure")
    assert (shown["info"], shown["vendorErrorCode"], shown["statusAt"]) == ("bolt", "E07", at(0))
    assert (event.kind, event.body["errorCode"]) == ("connector.status", "ConnectorLockFailure")
    await station.call("StatusNotification", status("Available", minutes=0, info="fine"))
    shown = (await csms.connectors())[1]
    assert (shown["errorCode"], shown["info"]) == (None, "fine")
    assert await csms.transactions() == []


async def test_a_status_without_timestamp_counts_from_its_receipt(csms: Appliance, station: Station) -> None:
    csms.clock.forward(minutes=3)
    await station.call("StatusNotification", status("Charging", timestamp=None))
    assert (await csms.connectors())[1]["statusAt"] == at(3)


async def test_an_older_status_is_ignored(csms: Appliance, station: Station) -> None:
    csms.clock.forward(minutes=10)
    await station.call("StatusNotification", status("Charging", minutes=5))
    async with csms.unit.bus.subscribe() as events:
        assert await station.call("StatusNotification", status("Available", minutes=4)) == {}
        assert await _status(csms) == "CHARGING"
        await station.call("StatusNotification", status("Finishing", minutes=5))
        assert (await anext(events)).body["status"] == "FINISHING"
    assert await _status(csms) == "FINISHING"


async def test_connector_0_is_the_station(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status("Unavailable", connector=0))
    connectors = await csms.connectors()
    assert (connectors[0]["status"], connectors[0]["connectorId"]) == ("UNAVAILABLE", 0)
    assert connectors[1]["status"] == "UNKNOWN"
    await station.call("StatusNotification", status("Charging", connector=0))
    [odd] = [m for m in await csms.messages(action="StatusNotification") if m["note"]]
    assert "connector 0 cannot be Charging" in odd["note"]


async def test_a_connector_nobody_registered(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status(connector=5))
    assert (await csms.connectors())[5]["status"] == "AVAILABLE"


async def test_an_unknown_error_code_is_kept_and_noted(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status("Faulted", errorCode="RubberDuck"))
    assert (await csms.connectors())[1]["errorCode"] == "RubberDuck"
    [odd] = [m for m in await csms.messages(action="StatusNotification") if m["note"]]
    assert "RubberDuck" in odd["note"]


async def test_a_status_implies_nothing_about_transactions(csms: Appliance, station: Station) -> None:
    await station.call("StartTransaction", start())
    for said in ("Finishing", "Available", "Faulted", "Unavailable"):
        await station.call("StatusNotification", status(said))
    [shown] = await csms.transactions()
    assert (shown["state"], shown["corrections"]) == ("ACTIVE", [])


async def test_a_transaction_occupies_its_connector(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    assert (await _status(csms), await _status(csms, 2)) == ("OCCUPIED", "UNKNOWN")
    csms.clock.forward(hours=1)
    await station.call("StopTransaction", stop(tid))
    assert await _status(csms) == "AVAILABLE"


@pytest.mark.parametrize("said", ["Charging", "Faulted", "Preparing", "SuspendedEV", "Unavailable"])
@ARITHMETIC
async def test_the_stations_own_word_stands(csms: Appliance, station: Station, said: str) -> None:
    await station.call("StatusNotification", status(said, minutes=-1))
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    before = await csms.connectors()
    assert before[1]["statusAt"] == at(-1)
    csms.clock.forward(hours=1)
    await station.call("StopTransaction", stop(tid))
    assert await csms.connectors() == before


async def test_what_a_replayed_charge_implies_is_not_news(csms: Appliance, station: Station) -> None:
    csms.clock.forward(hours=5)
    await station.call("StatusNotification", status("Available", minutes=299))
    before = await csms.connectors()
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.call("StopTransaction", stop(tid))
    assert await csms.connectors() == before


@pytest.mark.parametrize("connector", [-1, 65_536, 2**31, 10**30, 10**400])
@ARITHMETIC
async def test_no_such_connector(csms: Appliance, station: Station, connector: int) -> None:
    before = await csms.connectors()
    assert (
        await station.error("StatusNotification", status(connector=connector))
        == "PropertyConstraintViolation"
    )
    assert (
        await station.error("StartTransaction", start(connectorId=connector)) == "PropertyConstraintViolation"
    )
    assert await csms.connectors() == before

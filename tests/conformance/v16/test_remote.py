"""OCPP 1.6: starts, stops and locks from afar (cases 010–012, 017, 018, 026–031)."""

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site

START = {"idTag": "TAG1", "connectorId": 1}


@case("TC_010")
async def test_tc_010_remote_start_with_the_cable_first(site: Site) -> None:
    station = await site.station16()
    await station.status("Preparing")
    sent = await site.call(station, "RemoteStartTransaction", START)
    assert station.asked_for("RemoteStartTransaction") == [START]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    assert (await station.authorize())["status"] == "Accepted"
    await station.start()
    await station.status("Charging")
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["remoteCommandId"]) == ("ACTIVE", sent["commandId"])
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_011_1")
async def test_tc_011_1_remote_start_first(site: Site) -> None:
    station = await site.station16()
    sent = await site.call(station, "RemoteStartTransaction", START)
    assert (await station.authorize())["status"] == "Accepted"
    await station.status("Preparing")
    await site.forward(seconds=40)
    assert (await station.start())["idTagInfo"]["status"] == "Accepted"
    await station.status("Charging")
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_011_2")
async def test_tc_011_2_remote_start_and_nobody_plugs_in(site: Site) -> None:
    station = await site.station16()
    sent = await site.call(station, "RemoteStartTransaction", START)
    assert (sent["status"], sent["outcome"]) == ("ANSWERED", "PENDING")
    await station.status("Preparing")
    await station.status("Available")
    await site.forward(minutes=5)
    assert (await site.result(sent))["outcome"] == "TIMED_OUT"
    assert await site.transactions(station) == []


@case("TC_012")
async def test_tc_012_remote_stop(site: Site) -> None:
    station = await site.station16()
    transaction = await station.charging()
    sent = await site.call(station, "RemoteStopTransaction", {"transactionId": transaction})
    assert station.asked_for("RemoteStopTransaction") == [{"transactionId": transaction}]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    await station.stop(transaction, "Remote")
    await station.unplugged()
    assert (await site.result(sent))["outcome"] == "DONE"
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"]) == ("ENDED", "Remote")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        row("TC_017_1", "Unlocked", "DONE"),
        row("TC_017_2", "NotSupported", "REFUSED"),
        row("TC_030", "UnlockFailed", "REFUSED"),
    ],
)
async def test_tc_017_030_unlock_connector(site: Site, answer: str, outcome: str) -> None:
    """A detachable cable comes free, a fixed one is not supported, a lock that sticks has failed; none is retried."""
    station = await site.station16(answers={"UnlockConnector": {"status": answer}})
    sent = await site.call(station, "UnlockConnector", {"connectorId": 1})
    assert (sent["response"], sent["outcome"]) == ({"status": answer}, outcome)
    await site.forward(minutes=30)
    assert station.asked_for("UnlockConnector") == [{"connectorId": 1}]


@case("TC_031")
async def test_tc_031_unlock_a_connector_that_is_not_there(site: Site) -> None:
    station = await site.station16(answers={"UnlockConnector": {"status": "NotSupported"}})
    sent = await site.command(station, "unlock", evse_id=9)
    assert station.asked_for("UnlockConnector") == [{"connectorId": 9}]
    assert (sent["response"], sent["outcome"]) == ({"status": "NotSupported"}, "REFUSED")


@case("TC_018_1")
async def test_tc_018_1_unlock_during_a_charge(site: Site) -> None:
    station = await site.station16()
    transaction = await station.charging()
    sent = await site.call(station, "UnlockConnector", {"connectorId": 1})
    assert sent["outcome"] == "DONE"
    await station.stop(transaction, "UnlockCommand")
    await station.unplugged()
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"]) == ("ENDED", "UnlockCommand")


@case("TC_026")
async def test_tc_026_remote_start_is_rejected(site: Site) -> None:
    station = await site.station16(answers={"RemoteStartTransaction": {"status": "Rejected"}})
    sent = await site.call(station, "RemoteStartTransaction", START)
    assert (sent["status"], sent["response"], sent["outcome"]) == (
        "ANSWERED",
        {"status": "Rejected"},
        "REFUSED",
    )
    await site.forward(minutes=5)
    assert (await site.result(sent))["outcome"] == "REFUSED"


@case("TC_028")
async def test_tc_028_remote_stop_is_rejected(site: Site) -> None:
    station = await site.station16(answers={"RemoteStopTransaction": {"status": "Rejected"}})
    transaction = await station.charging()
    sent = await site.call(station, "RemoteStopTransaction", {"transactionId": transaction + 1})
    assert (sent["response"], sent["outcome"]) == ({"status": "Rejected"}, "REFUSED")
    [shown] = await site.transactions(station)
    assert shown["state"] == "ACTIVE"

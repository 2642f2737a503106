"""OCPP 1.6: boots, resets and power failures."""

from csms.clock import to_wire
from tests.conformance.cases import case
from tests.conformance.site import Site


@case("TC_001")
async def test_tc_001_cold_boot(site: Site) -> None:
    station = await site.station16(booted=False)
    answer = await station.boot()
    assert answer["status"] == "Accepted"
    assert answer["interval"] > 0
    assert answer["currentTime"] == to_wire(site.csms.clock.now())
    for connector in range(3):
        await station.status("Available", connector)
    await site.forward(minutes=5)
    assert await station.call("Heartbeat") == {"currentTime": to_wire(site.csms.clock.now())}
    assert {c["status"] for c in (await site.connectors(station)).values()} == {"AVAILABLE"}


@case("TC_011_2")
async def test_tc_011_2_remote_start_timeout(site: Site) -> None:
    station = await site.station16()
    sent = await site.call(station, "RemoteStartTransaction", {"idTag": "TAG1", "connectorId": 1})
    assert (sent["status"], sent["outcome"]) == ("ANSWERED", "PENDING")
    await station.status("Preparing")
    await station.status("Available")
    await site.forward(minutes=5)
    assert (await site.result(sent))["outcome"] == "TIMED_OUT"
    assert await site.transactions(station) == []

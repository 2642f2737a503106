"""OCPP 1.6: cold boot, resets, power failure (cases 001, 013, 014, 032)."""

import pytest

from csms.clock import to_wire
from tests.conformance.cases import case, row
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
    assert {seen["status"] for seen in (await site.connectors(station)).values()} == {"AVAILABLE"}
    shown = await site.verb("station.show", station=station.id)
    assert (shown["vendor"], shown["model"], shown["firmwareVersion"]) == ("ABL", "eMH1", "1.2")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        row("TC_013", "Hard", "HardReset"),
        row("TC_014", "Soft", "SoftReset"),
    ],
)
async def test_tc_013_014_reset(site: Site, kind: str, reason: str) -> None:
    """A soft reset ends the charge before the station goes, a hard one tells of its end after the boot."""
    station = await site.station16()
    transaction = await station.charging()
    sent = await site.call(station, "Reset", {"type": kind})
    assert station.asked_for("Reset") == [{"type": kind}]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    if kind == "Soft":
        await station.stop(transaction, reason)
    station = await site.reconnected(station)
    assert (await site.result(sent))["outcome"] == "DONE"
    if kind == "Hard":
        await station.stop(transaction, reason)
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"], shown["energyWh"]) == ("ENDED", reason, 5000)


@case("TC_032_1")
async def test_tc_032_1_power_failure(site: Site) -> None:
    station = await site.station16()
    transaction = await station.charging()
    await site.forward(minutes=10)
    failed_at = station.at()
    await station.drop()
    await site.forward(minutes=20)
    station = await site.reconnected(station)
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["suspectAt"] is None) == ("ACTIVE", False)
    assert await station.stop(transaction, "PowerLoss", timestamp=failed_at) == {}
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"], shown["endedAt"]) == ("ENDED", "PowerLoss", failed_at)

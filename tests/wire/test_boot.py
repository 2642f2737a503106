"""Booting: what is registered, the gates of Pending and Rejected, and what a boot means for transactions (§4.2)."""

from typing import Any

import pytest

from csms.errors import StationRefused
from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import boot, meter_values, reading, start, status, stop
from tests.wire.station import Station

WIRE_CALL: dict[str, Any] = {"station": "CP1", "action": "GetConfiguration", "payload": {}}


async def test_tc_001_cold_boot(csms: Appliance) -> None:
    station = await csms.station()
    answer = await station.call(
        "BootNotification", boot(chargePointSerialNumber="S1", iccid="89", meterType="M")
    )
    assert answer == {"status": "Accepted", "currentTime": "2026-03-02T12:00:00.000Z", "interval": 300}
    for connector in (0, 1, 2):
        assert await station.call("StatusNotification", status(connector=connector)) == {}
    assert await station.call("Heartbeat") == {"currentTime": "2026-03-02T12:00:00.000Z"}
    shown = await csms.verb("station.show", station="CP1")
    assert (shown["vendor"], shown["model"], shown["serialNumber"]) == ("ABL", "eMH1", "S1")
    assert (shown["firmwareVersion"], shown["ocppVersion"]) == ("1.2", "1.6")
    assert shown["bootedAt"] == "2026-03-02T12:00:00.000Z"
    assert [c["status"] for c in shown["connectors"]] == ["AVAILABLE"] * 3


async def test_the_charge_boxs_serial_number_serves_where_the_points_is_missing(csms: Appliance) -> None:
    station = await csms.station()
    await station.call("BootNotification", boot(chargeBoxSerialNumber="OLD"))
    assert (await csms.verb("station.show", station="CP1"))["serialNumber"] == "OLD"


@pytest.mark.parametrize(
    "odd",
    [
        {"chargePointVendor": "A vendor with a very long name indeed"},
        {"firmwareVersion": "v" * 200},
        {"colour": "green"},
        {"iccid": None},
        {"chargePointSerialNumber": ""},
    ],
    ids=lambda odd: next(iter(odd)),
)
@ARITHMETIC
async def test_no_boot_is_refused_for_trifles(csms: Appliance, odd: dict[str, Any]) -> None:
    station = await csms.station()
    assert (await station.call("BootNotification", boot() | odd))["status"] == "Accepted"


async def test_a_heartbeat_interval_of_ones_own(csms: Appliance) -> None:
    await csms.verb("station.update", station="CP1", quirks={"heartbeat_interval_s": 60})
    station = await csms.station()
    assert (await station.call("BootNotification", boot()))["interval"] == 60


async def test_a_station_that_reconnects_without_booting_goes_on(csms: Appliance, station: Station) -> None:
    await station.drop()
    again = await csms.station()
    await again.call("Heartbeat")
    heir = await csms.restarted()
    again = await heir.station()
    await again.call("StartTransaction", start())


async def _not_accepted(csms: Appliance, registration: str) -> Station:
    await csms.verb("station.update", station="CP1", registration=registration)
    station = await csms.station()
    answer = await station.call("BootNotification", boot())
    assert (answer["status"], answer["interval"]) == (registration, 60)
    return station


@case("X16-13")
@pytest.mark.parametrize("registration", ["Pending", "Rejected"])
async def test_x16_13_nothing_but_a_boot_is_taken(csms: Appliance, registration: str) -> None:
    station = await _not_accepted(csms, registration)
    assert await station.error("StatusNotification", status()) == "SecurityError"
    assert await station.error("Heartbeat") == "SecurityError"
    assert await station.error("StartTransaction", start()) == "SecurityError"
    assert await station.error("Nonsense") == "SecurityError"
    assert await csms.transactions() == []
    assert {c["status"] for c in (await csms.connectors()).values()} == {"UNKNOWN"}
    await csms.message_log.flush()
    report = await csms.verb("doctor.station", station="CP1")
    texts = [finding["text"] for finding in report["findings"]]
    assert any(f"registration is {registration}: csms station update CP1" in text for text in texts)
    assert any("BootNotification first" in text for text in texts)


@case("X16-13")
async def test_x16_13_a_pending_station_may_be_configured_and_triggered(csms: Appliance) -> None:
    station = await _not_accepted(csms, "Pending")
    station.answers["GetConfiguration"] = {"configurationKey": [{"key": "A", "readonly": True, "value": "1"}]}
    result = await csms.verb("station.call", **WIRE_CALL)
    assert result["status"] == "ANSWERED"
    assert (await csms.verb("station.config", station="CP1"))[0]["value"] == "1"

    trigger = {"requestedMessage": "StatusNotification", "connectorId": 1}
    await csms.verb("station.call", station="CP1", action="TriggerMessage", payload=trigger)
    assert await station.call("StatusNotification", status()) == {}
    assert await station.error("Heartbeat") == "SecurityError"
    await station.call("BootNotification", boot())
    assert await station.error("StatusNotification", status()) == "SecurityError"


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("RemoteStartTransaction", {"idTag": "TAG1"}),
        ("RemoteStopTransaction", {"transactionId": 1}),
    ],
)
@ARITHMETIC
async def test_a_pending_station_gets_no_remote_start_or_stop(
    csms: Appliance, action: str, payload: dict[str, Any]
) -> None:
    station = await _not_accepted(csms, "Pending")
    result = await csms.verb("station.call", station="CP1", action=action, payload=payload)
    assert (result["status"], result["outcome"]) == ("ERROR", "FAILED")
    assert station.asked == []


@case("X16-14")
async def test_x16_14_a_rejected_station_is_sent_nothing(csms: Appliance) -> None:
    station = await _not_accepted(csms, "Rejected")
    result = await csms.verb("station.call", **WIRE_CALL)
    assert result["status"] == "ERROR"
    assert "rejected at boot" in result["error"]
    assert station.asked == []
    await csms.verb("station.update", station="CP1", registration="Accepted")
    assert (await station.call("BootNotification", boot()))["status"] == "Accepted"
    assert (await csms.verb("station.call", **WIRE_CALL))["status"] == "ANSWERED"
    with pytest.raises(StationRefused):
        await _rejected_link(csms)


async def _rejected_link(csms: Appliance) -> None:
    await csms.verb("station.update", station="CP1", registration="Rejected")
    station = await csms.station()
    await station.call("BootNotification", boot())
    key = (await csms.verb("station.show", station="CP1"))["id"]
    await csms.house.link.call(key, "ClearCache", {}, None)


async def test_an_operator_accepts_a_station_that_is_connected(csms: Appliance) -> None:
    station = await _not_accepted(csms, "Pending")
    await csms.verb("station.update", station="CP1", registration="Accepted")
    assert (await station.call("BootNotification", boot()))["status"] == "Accepted"
    assert await station.call("StatusNotification", status()) == {}


async def test_tc_032_1_power_failure(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.drop()
    csms.clock.forward(hours=2)
    again = await csms.station()
    await again.call("BootNotification", boot())
    [shown] = await csms.transactions()
    assert (shown["state"], shown["suspectAt"]) == ("ACTIVE", "2026-03-02T14:00:00.000Z")
    await again.call("StatusNotification", status(minutes=120))
    await again.call("StopTransaction", stop(tid, reason="PowerLoss"))
    [shown] = await csms.transactions()
    assert (shown["state"], shown["stopReason"], shown["suspectAt"]) == ("ENDED", "PowerLoss", None)
    assert shown["endedAt"] == "2026-03-02T13:00:00.000Z"
    assert (await csms.connectors())[1]["status"] == "AVAILABLE"


async def test_a_triggered_boot_ends_nothing(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.call("BootNotification", boot())
    await station.call("MeterValues", meter_values(tid, reading(5, 1500)))
    [shown] = await csms.transactions()
    assert (shown["state"], shown["suspectAt"], shown["corrections"]) == ("ACTIVE", None, [])


async def test_a_boot_is_an_event(csms: Appliance) -> None:
    async with csms.unit.bus.subscribe() as events:
        station = await csms.station()
        await station.call("BootNotification", boot())
        kinds = [(await anext(events)).kind, (event := await anext(events)).kind]
    assert kinds == ["station.connected", "station.booted"]
    assert (event.body["registration"], event.body["firmwareVersion"]) == ("Accepted", "1.2")

"""OCPP 2.0.1, block B: cold boot, pending stations, resets, network profiles (B01–B03, B09, B11, B12)."""

import pytest

from csms.clock import to_wire
from tests.conformance.cases import case, row
from tests.conformance.site import Site

PROFILE = {
    "configurationSlot": 1,
    "connectionData": {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://csms.example/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    },
}
THRESHOLD = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}


@case("TC_B_01_CSMS")
async def test_tc_b_01_cold_boot(site: Site) -> None:
    station = await site.station201(booted=False)
    answer = await station.boot()
    assert (answer["status"], answer["currentTime"]) == ("Accepted", to_wire(site.csms.clock.now()))
    assert answer["interval"] > 0
    await station.status("Available", 1)
    await station.call(
        "NotifyEvent",
        {
            "generatedAt": station.at(),
            "seqNo": 0,
            "eventData": [
                {
                    "eventId": 1,
                    "timestamp": station.at(),
                    "trigger": "Delta",
                    "actualValue": "Available",
                    "eventNotificationType": "HardWiredNotification",
                    "component": {"name": "Connector", "evse": {"id": 2, "connectorId": 1}},
                    "variable": {"name": "AvailabilityState"},
                }
            ],
        },
    )
    await site.forward(minutes=5)
    assert await station.call("Heartbeat") == {"currentTime": to_wire(site.csms.clock.now())}
    seen = await site.connectors(station)
    assert (seen[1]["status"], seen[2]["status"]) == ("AVAILABLE", "AVAILABLE")
    shown = await site.verb("station.show", station=station.id)
    assert (shown["serialNumber"], shown["ocppVersion"]) == (station.id, "2.0.1")


@case("TC_B_02_CSMS")
async def test_tc_b_02_a_pending_station_is_configured_then_accepted(site: Site) -> None:
    station = await site.station201(booted=False, registration="Pending")
    answer = await station.boot()
    assert (answer["status"], answer["interval"] > 0) == ("Pending", True)
    setting = THRESHOLD | {"attributeValue": "120"}
    assert (await site.call(station, "SetVariables", {"setVariableData": [setting]}))["outcome"] == "DONE"
    assert station.variables["OCPPCommCtrlr.OfflineThreshold"] == "120"
    await site.verb("station.update", station=station.id, registration="Accepted")
    await site.forward(seconds=answer["interval"])
    await station.booted()
    assert (await site.connectors(station))[1]["status"] == "AVAILABLE"


@pytest.mark.parametrize("registration", ["Pending", "Rejected"])
@case("TC_B_30_CSMS")
async def test_tc_b_30_what_is_not_a_boot_is_a_security_error(site: Site, registration: str) -> None:
    station = await site.station201(booted=False, registration=registration)
    assert (await station.boot())["status"] == registration
    said = {"evseId": 1, "connectorId": 1, "connectorStatus": "Available", "timestamp": station.at()}
    assert await station.error("StatusNotification", said) == "SecurityError"
    assert await station.error("Heartbeat") == "SecurityError"
    assert (await site.connectors(station))[1]["status"] == "UNKNOWN"


@case("TC_B_31_CSMS")
async def test_tc_b_31_a_boot_is_triggered_before_its_time(site: Site) -> None:
    station = await site.station201(booted=False, registration="Pending")
    assert (await station.boot())["status"] == "Pending"
    await site.verb("station.update", station=station.id, registration="Accepted")
    sent = await site.call(station, "TriggerMessage", {"requestedMessage": "BootNotification"})
    assert station.asked_for("TriggerMessage") == [{"requestedMessage": "BootNotification"}]
    assert sent["outcome"] == "DONE"
    await station.booted("Triggered")
    assert (await site.connectors(station))[1]["status"] == "AVAILABLE"


@case("TC_B_20_CSMS")
async def test_tc_b_20_reset_without_a_transaction(site: Site) -> None:
    station = await site.station201()
    sent = await site.call(station, "Reset", {"type": "OnIdle"})
    assert station.asked_for("Reset") == [{"type": "OnIdle"}]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    station = await site.reconnected(station, booted=False)
    await station.booted("RemoteReset")
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_B_21_CSMS")
async def test_tc_b_21_reset_after_the_transaction(site: Site) -> None:
    station = await site.station201(answers={"Reset": {"status": "Scheduled"}})
    await station.energy_transfer_started()
    sent = await site.call(station, "Reset", {"type": "OnIdle"})
    assert (sent["response"], sent["outcome"]) == ({"status": "Scheduled"}, "PENDING")
    await station.stop_authorized()
    await station.ev_connected_post_session()
    await station.ev_disconnected(end=True)
    assert (await site.result(sent))["outcome"] == "PENDING"
    station = await site.reconnected(station, booted=False)
    await station.booted("ScheduledReset")
    assert (await site.result(sent))["outcome"] == "DONE"
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["energyWh"]) == ("ENDED", 5000)


@case("TC_B_22_CSMS")
async def test_tc_b_22_reset_at_once(site: Site) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    sent = await site.call(station, "Reset", {"type": "Immediate"})
    assert (station.asked_for("Reset"), sent["outcome"]) == ([{"type": "Immediate"}], "PENDING")
    await station.event("ResetCommand", end=True, stoppedReason="ImmediateReset", chargingState="EVConnected")
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"]) == ("ENDED", "ImmediateReset")
    station = await site.reconnected(station, booted=False)
    await station.booted("RemoteReset")
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_B_25_CSMS")
async def test_tc_b_25_an_evse_is_reset(site: Site) -> None:
    station = await site.station201()
    sent = await site.call(station, "Reset", {"type": "OnIdle", "evseId": 1})
    assert station.asked_for("Reset") == [{"type": "OnIdle", "evseId": 1}]
    assert sent["response"] == {"status": "Accepted"}
    await station.status("Unavailable", 1)
    await station.status("Available", 1)
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_B_26_CSMS")
async def test_tc_b_26_an_evse_is_reset_after_its_transaction(site: Site) -> None:
    station = await site.station201(answers={"Reset": {"status": "Scheduled"}})
    await station.energy_transfer_started()
    sent = await site.call(station, "Reset", {"type": "OnIdle", "evseId": 1})
    assert sent["response"] == {"status": "Scheduled"}
    [shown] = await site.transactions(station)
    assert shown["state"] == "ACTIVE"
    await station.stop_authorized()
    await station.ev_connected_post_session()
    await station.ev_disconnected(end=True)
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"]) == ("ENDED", "EVDisconnected")
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_B_27_CSMS")
async def test_tc_b_27_an_evse_is_reset_at_once(site: Site) -> None:
    station = await site.station201()
    await station.energy_transfer_started(1)
    await station.energy_transfer_started(2)
    sent = await site.call(station, "Reset", {"type": "Immediate", "evseId": 1})
    assert station.asked_for("Reset") == [{"type": "Immediate", "evseId": 1}]
    await station.event("ResetCommand", end=True, stoppedReason="ImmediateReset", chargingState="EVConnected")
    states = {shown["evseId"]: shown["state"] for shown in await site.transactions(station)}
    assert states == {1: "ENDED", 2: "ACTIVE"}
    assert (await site.result(sent))["outcome"] == "DONE"


@pytest.mark.parametrize(
    ("answer", "outcome"), [row("TC_B_42_CSMS", "Accepted", "DONE"), row("TC_B_44_CSMS", "Failed", "REFUSED")]
)
async def test_tc_b_42_44_a_network_profile(site: Site, answer: str, outcome: str) -> None:
    station = await site.station201(answers={"SetNetworkProfile": {"status": answer}})
    sent = await site.call(station, "SetNetworkProfile", PROFILE)
    assert station.asked_for("SetNetworkProfile") == [PROFILE]
    assert sent["response"] == {"status": answer}
    assert sent["outcome"] in (outcome, "FAILED" if outcome == "REFUSED" else outcome)

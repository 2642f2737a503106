"""Block F: starting, unlocking and triggering from afar (OCPP 2.0.1 Part 2 §F, Part 6 TC_F)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import TAG1, Station201
from tests.conformance.v201.steps import shows
from tests.wire.station import CallError, Payload


async def _requested(site: Site, station: Station201, **args: Any) -> tuple[Payload, int]:
    """Order a start of TAG1 on EVSE 1; returns how the exchange ended and its remoteStartId."""
    sent = await site.command(station, "start", id_token="TAG1", evse_id=1, **args)
    [asked] = station.asked_for("RequestStartTransaction")
    assert (asked["idToken"], asked["evseId"]) == (TAG1, 1)
    assert sent["outcome"] == "PENDING"
    return sent, asked["remoteStartId"]


async def _followed(site: Site, station: Station201, sent: Payload) -> None:
    """See that the one transaction of the station is the request's."""
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["idToken"], shown["evseId"]) == ("ACTIVE", "TAG1", 1)
    assert shown["remoteCommandId"] == sent["commandId"]
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_F_01_CSMS")
async def test_tc_f_01_cable_first(site: Site) -> None:
    station = await site.station201()
    await station.ev_connected_pre_session()
    known = station.charge().id
    station.answers["RequestStartTransaction"] = {"status": "Accepted", "transactionId": known}
    sent, number = await _requested(site, station)
    answer = await station.event(
        "RemoteStart", idToken=TAG1, remoteStartId=number, chargingState="EVConnected"
    )
    assert answer["idTokenInfo"]["status"] == "Accepted"
    station.charge().authorized = TAG1
    await station.energy_transfer_started()
    await _followed(site, station, sent)


@pytest.mark.parametrize("authorize", [row("TC_F_02_CSMS", True), row("TC_F_03_CSMS", False)])
async def test_a_remote_start_comes_first(site: Site, authorize: bool) -> None:
    """With AuthorizeRemoteStart the station asks about the token all the same."""
    station = await site.station201()
    sent, number = await _requested(site, station)
    if authorize:
        assert (await station.authorize())["idTokenInfo"]["status"] == "Accepted"
    answer = await station.event("RemoteStart", idToken=TAG1, remoteStartId=number)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    station.charge().authorized = TAG1
    await station.energy_transfer_started()
    await _followed(site, station, sent)
    assert (await site.connectors(station))[1]["status"] == "CHARGING"


@case("TC_F_04_CSMS")
async def test_tc_f_04_nobody_plugs_in_after_a_remote_start(site: Site) -> None:
    station = await site.station201()
    sent, number = await _requested(site, station)
    await station.event("RemoteStart", idToken=TAG1, remoteStartId=number)
    await site.forward(minutes=1)
    assert await station.event("EVConnectTimeout") == {}
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["idToken"]) == ("ACTIVE", "TAG1")
    await station.event("Deauthorized", end=True, stoppedReason="Timeout", meterValue=None)
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"], shown["energyWh"]) == ("ENDED", "Timeout", 0)
    assert shown["remoteCommandId"] == sent["commandId"]


@case("TC_F_06_CSMS")
async def test_tc_f_06_unlock(site: Site) -> None:
    station = await site.station201()
    sent = await site.command(station, "unlock", evse_id=1)
    assert station.asked_for("UnlockConnector") == [{"evseId": 1, "connectorId": 1}]
    assert (sent["outcome"], sent["response"]) == ("DONE", {"status": "Unlocked"})


async def _trigger(site: Site, station: Station201, message: str, **where: Any) -> Payload:
    """Trigger a message and see that exactly this was asked."""
    asked = {"requestedMessage": message} | where
    sent = await site.call(station, "TriggerMessage", asked)
    assert station.asked_for("TriggerMessage") == [asked]
    return sent


@pytest.mark.parametrize(
    ("where", "evses"),
    [row("TC_F_11_CSMS", {"evse": {"id": 1}}, [1]), row("TC_F_12_CSMS", {}, [1, 2])],
)
async def test_meter_values_are_triggered(site: Site, where: Payload, evses: list[int]) -> None:
    station = await site.station201()
    assert (await _trigger(site, station, "MeterValues", **where))["outcome"] == "DONE"
    for evse in evses:
        said = {"evseId": evse, "meterValue": [station.reading("Trigger")]}
        assert await station.call("MeterValues", said) == {}
    kept = await site.csms.rows("SELECT evse_id, energy_wh, samples FROM meter_values ORDER BY evse_id")
    assert [(reading["evse_id"], reading["energy_wh"]) for reading in kept] == [(n, 1000) for n in evses]
    assert all('"Trigger"' in reading["samples"] for reading in kept)


@pytest.mark.parametrize(
    ("where", "evses"),
    [row("TC_F_13_CSMS", {"evse": {"id": 1}}, [1]), row("TC_F_14_CSMS", {}, [1, 2])],
)
async def test_transaction_events_are_triggered(site: Site, where: Payload, evses: list[int]) -> None:
    station = await site.station201()
    for evse in evses:
        await station.energy_transfer_started(evse)
    station.wh += 500
    assert (await _trigger(site, station, "TransactionEvent", **where))["outcome"] == "DONE"
    for evse in evses:
        said = {"chargingState": "Charging", "meterValue": [station.reading("Trigger")]}
        assert await station.event("Trigger", evse=evse, **said) == {}
    shown = await site.transactions(station)
    assert [transaction["meterValues"][-1]["energyWh"] for transaction in shown] == [1500 for _ in evses]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        row("TC_F_15_CSMS", "LogStatusNotification", "diagnostics.status"),
        row("TC_F_18_CSMS", "FirmwareStatusNotification", "firmware.status"),
    ],
)
async def test_an_idle_status_is_triggered(site: Site, message: str, kind: str) -> None:
    station = await site.station201()
    assert (await _trigger(site, station, message))["outcome"] == "DONE"
    assert await station.call(message, {"status": "Idle"}) == {}
    assert [event["status"] for event in await site.events(station, kind)] == ["Idle"]


@case("TC_F_20_CSMS")
async def test_tc_f_20_heartbeat(site: Site) -> None:
    station = await site.station201()
    assert (await _trigger(site, station, "Heartbeat"))["outcome"] == "DONE"
    assert await station.call("Heartbeat") == {"currentTime": station.at()}


@pytest.mark.parametrize(
    ("status", "shown"),
    [row("TC_F_23_CSMS", "Available", "AVAILABLE"), row("TC_F_24_CSMS", "Occupied", "OCCUPIED")],
)
async def test_a_status_is_triggered(site: Site, status: str, shown: str) -> None:
    """The EVSE and its connector are named: a status is a connector's (F06.FR.13)."""
    station = await site.station201()
    sent = await site.command(station, "trigger", message="StatusNotification", evse_id=1)
    assert sent["outcome"] == "DONE"
    asked = {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}
    assert station.asked_for("TriggerMessage") == [asked]
    await shows(station, status)
    assert (await site.connectors(station))[1]["status"] == shown


@case("TC_F_27_CSMS")
async def test_tc_f_27_what_a_station_cannot_send(site: Site) -> None:
    station = await site.station201(answers={"TriggerMessage": {"status": "NotImplemented"}})
    sent = await _trigger(site, station, "SignV2GCertificate")
    assert (sent["status"], sent["outcome"]) == ("ANSWERED", "REFUSED")
    assert sent["response"] == {"status": "NotImplemented"}
    station.answers["TriggerMessage"] = CallError("NotSupported", "", {})
    again = await site.call(station, "TriggerMessage", {"requestedMessage": "Heartbeat"})
    assert (again["status"], again["outcome"]) == ("ERROR", "FAILED")
    assert await station.call("Heartbeat")

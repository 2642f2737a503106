"""Block E: where transactions start and stop, and what is asked about them (OCPP 2.0.1 Part 2 §E, Part 6 TC_E)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import TAG1, Station201, token
from tests.wire.station import Payload

ACCEPTED = {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}}


async def _only(site: Site, station: Station201) -> Payload:
    """Return the one transaction of the station as the operator sees it."""
    [shown] = await site.transactions(station)
    return shown


async def _charging(site: Site, station: Station201) -> None:
    await station.energy_transfer_started()
    await site.forward(minutes=30)
    station.wh += 6000


STARTS: list[Any] = [
    row("TC_E_01_CSMS", "ChargingStateChanged", {"idToken": TAG1, "chargingState": "SuspendedEVSE"}),
    row("TC_E_02_CSMS", "ChargingStateChanged", {"idToken": TAG1, "chargingState": "Charging"}),
    row("TC_E_09_CSMS", "CablePluggedIn", {"chargingState": "EVConnected"}),
    row("TC_E_10_CSMS", "Authorized", {"idToken": TAG1}),
    row("TC_E_12_CSMS", "EVDetected", {}),
]
"""The event in which a transaction starts, by TxStartPoint."""


@pytest.mark.parametrize(("trigger", "fields"), STARTS)
async def test_a_transaction_starts(site: Site, trigger: str, fields: Payload) -> None:
    station = await site.station201()
    verdict = await station.authorize()
    assert verdict["idTokenInfo"] == ACCEPTED
    began = station.at()
    said = station.event_payload(station.charge(), trigger, 1, False, fields)
    if trigger == "Authorized":
        del said["evse"]  # nobody knows yet where the cable will go
    station.charge().events.append(said)
    answer = await station.call("TransactionEvent", said)
    assert answer == ({"idTokenInfo": ACCEPTED} if "idToken" in fields else {})
    shown = await _only(site, station)
    assert (shown["state"], shown["startedAt"]) == ("ACTIVE", began)
    assert shown["evseId"] == said.get("evse", {"id": 0})["id"]
    assert shown["idToken"] == ("TAG1" if "idToken" in fields else None)
    await site.forward(minutes=1)
    presented = {} if "idToken" in fields else {"idToken": TAG1}
    later = await station.event("ChargingStateChanged", chargingState="Charging", **presented)
    assert later == ({"idTokenInfo": ACCEPTED} if presented else {})
    shown = await _only(site, station)
    assert (shown["evseId"], shown["idToken"], shown["authorization"]) == (1, "TAG1", "Accepted")
    assert (await site.connectors(station))[1]["status"] == "CHARGING"


@case("TC_E_11_CSMS")
async def test_tc_e_11_started_by_signed_data(site: Site) -> None:
    station = await site.station201()
    await station.authorize()
    await station.status("Occupied")
    signed = {"signedMeterData": "T0NNRg==", "signingMethod": "ECDSA-secp256r1-SHA256",
              "encodingMethod": "OCMF", "publicKey": "a2V5"}  # fmt: skip
    sample = {"value": 1000.0, "context": "Transaction.Begin", "signedMeterValue": signed}
    answer = await station.event(
        "SignedDataReceived", idToken=TAG1, chargingState="SuspendedEVSE",
        meterValue=[{"timestamp": station.at(), "sampledValue": [sample]}],
    )  # fmt: skip
    assert answer == {"idTokenInfo": ACCEPTED}
    shown = await _only(site, station)
    assert (shown["state"], shown["meterStartWh"]) == ("ACTIVE", 1000)
    assert shown["meterValues"][0]["samples"][0]["signed"]["data"] == "T0NNRg=="


@case("TC_E_03_CSMS")
async def test_tc_e_03_cable_first(site: Site) -> None:
    station = await site.station201()
    assert await station.ev_connected_pre_session() == {}
    assert (await site.connectors(station))[1]["status"] == "PREPARING"
    assert await station.authorized() == {"idTokenInfo": ACCEPTED}
    await station.energy_transfer_started()
    shown = await _only(site, station)
    assert (shown["state"], shown["idToken"], shown["meterStartWh"]) == ("ACTIVE", "TAG1", 1000)
    assert (await site.connectors(station))[1]["status"] == "CHARGING"


@case("TC_E_04_CSMS")
async def test_tc_e_04_authorization_first(site: Site) -> None:
    station = await site.station201()
    assert await station.authorized() == {"idTokenInfo": ACCEPTED}
    assert await station.ev_connected_pre_session() == {}
    await station.energy_transfer_started()
    shown = await _only(site, station)
    assert (shown["state"], shown["idToken"], shown["evseId"]) == ("ACTIVE", "TAG1", 1)


@case("TC_E_38_CSMS")
async def test_tc_e_38_the_ev_is_not_ready(site: Site) -> None:
    station = await site.station201()
    await station.authorized()
    await station.ev_connected_pre_session()
    assert await station.event("ChargingStateChanged", chargingState="SuspendedEV") == {}
    assert (await site.connectors(station))[1]["status"] == "SUSPENDED_EV"
    assert (await _only(site, station))["state"] == "ACTIVE"
    await station.energy_transfer_started()
    assert (await site.connectors(station))[1]["status"] == "CHARGING"


STOPS: list[Any] = [
    row("TC_E_07_CSMS", "StopAuthorized", {"idToken": TAG1, "stoppedReason": "Local"}, "Local"),
    row("TC_E_08_CSMS", "ChargingStateChanged", {"chargingState": "EVConnected", "stoppedReason": "Local"},
        "Local"),
    row("TC_E_14_CSMS", "EVCommunicationLost", {"chargingState": "Idle", "stoppedReason": "EVDisconnected"},
        "EVDisconnected"),
    row("TC_E_15_CSMS", "StopAuthorized", {"idToken": TAG1}, "Local"),
    row("TC_E_17_CSMS", "EVCommunicationLost", {"chargingState": "Idle", "stoppedReason": "EVDisconnected"},
        "EVDisconnected"),
    row("TC_E_19_CSMS", "EVDeparted", {"stoppedReason": "Local"}, "Local"),
    row("TC_E_20_CSMS", "EVCommunicationLost", {"chargingState": "Idle", "stoppedReason": "EVDisconnected"},
        "EVDisconnected"),
    row("TC_E_22_CSMS", "ChargingStateChanged", {"chargingState": "SuspendedEV", "stoppedReason": "StoppedByEV"},
        "StoppedByEV"),
]  # fmt: skip
BEFORE = {
    "TC_E_08_CSMS": [("StopAuthorized", {"idToken": TAG1})],
    "TC_E_14_CSMS": [("StopAuthorized", {"idToken": TAG1}),
                     ("ChargingStateChanged", {"chargingState": "EVConnected"})],
    "TC_E_17_CSMS": [("ChargingStateChanged", {"chargingState": "SuspendedEV"})],
    "TC_E_19_CSMS": [("StopAuthorized", {"idToken": TAG1}),
                     ("ChargingStateChanged", {"chargingState": "EVConnected"}),
                     ("EVCommunicationLost", {"chargingState": "Idle"})],
    "TC_E_20_CSMS": [("ChargingStateChanged", {"chargingState": "SuspendedEV"})],
}  # fmt: skip
"""What happens between the charge and its end."""
"""The event in which a transaction stops, by TxStopPoint and by what the driver does; and the reason that is kept."""


@pytest.mark.parametrize(("trigger", "fields", "reason"), STOPS)
async def test_a_transaction_stops(
    site: Site, request: pytest.FixtureRequest, trigger: str, fields: Payload, reason: str
) -> None:
    station = await site.station201()
    await _charging(site, station)
    for earlier, said in BEFORE.get(request.node.callspec.id, []):
        assert ("idTokenInfo" in await station.event(earlier, **said)) == ("idToken" in said)
    answer = await station.event(trigger, end=True, **fields)
    assert answer.get("idTokenInfo") == (ACCEPTED if "idToken" in fields else None)
    shown = await _only(site, station)
    assert (shown["state"], shown["endedAt"], shown["stopReason"]) == ("ENDED", station.at(), reason)
    assert (shown["energyWh"], shown["corrections"]) == (6000, [])
    assert (await site.cdr(shown))["energyWh"] == 6000
    await station.status("Available")
    assert (await site.connectors(station))[1]["status"] == "AVAILABLE"


@case("TC_E_21_CSMS")
async def test_tc_e_21_stopped_from_afar(site: Site) -> None:
    station = await site.station201()
    await _charging(site, station)
    shown = await _only(site, station)
    sent = await site.call(station, "RequestStopTransaction", {"transactionId": shown["ocppId"]})
    assert station.asked_for("RequestStopTransaction") == [{"transactionId": station.charge().id}]
    assert sent["outcome"] == "PENDING"
    await station.event("RemoteStop", end=True, chargingState="EVConnected", stoppedReason="Remote")
    shown = await _only(site, station)
    assert (shown["state"], shown["stopReason"]) == ("ENDED", "Remote")
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_E_16_CSMS")
async def test_tc_e_16_a_token_that_turns_out_invalid_stops_the_charge(site: Site) -> None:
    station = await site.station201()
    await station.ev_connected_pre_session()
    answer = await station.event("Authorized", idToken=token("STRANGER"), chargingState="EVConnected")
    assert answer["idTokenInfo"]["status"] in ("Invalid", "Unknown")
    await station.event("Deauthorized", end=True, stoppedReason="DeAuthorized", chargingState="EVConnected")
    shown = await _only(site, station)
    assert (shown["state"], shown["stopReason"], shown["energyWh"]) == ("ENDED", "DeAuthorized", 0)
    assert shown["authorization"] in ("Invalid", "Unknown")


@case("TC_E_39_CSMS")
async def test_tc_e_39_nobody_plugs_in_in_time(site: Site) -> None:
    station = await site.station201()
    await station.authorized()
    await site.forward(minutes=1)
    assert await station.event("EVConnectTimeout", end=True, stoppedReason="Timeout", meterValue=None)
    shown = await _only(site, station)
    assert (shown["state"], shown["stopReason"], shown["energyWh"]) == ("ENDED", "Timeout", 0)


@case("TC_E_26_CSMS")
async def test_tc_e_26_a_cable_pulled_at_the_ev_suspends(site: Site) -> None:
    station = await site.station201()
    await _charging(site, station)
    assert await station.event("EVCommunicationLost", chargingState="Idle") == {}
    assert (await _only(site, station))["state"] == "ACTIVE"
    await site.forward(minutes=1)
    await station.event("CablePluggedIn", chargingState="EVConnected")
    await station.event("ChargingStateChanged", chargingState="Charging")
    assert (await site.connectors(station))[1]["status"] == "CHARGING"
    await station.event("StopAuthorized", end=True, idToken=TAG1)
    shown = await _only(site, station)
    assert (shown["state"], shown["energyWh"]) == ("ENDED", 6000)


async def _status_of(site: Site, station: Station201, known_id: bool, **told: bool) -> None:
    """Ask for the status of the transaction, or whether anything is queued, and see what the operator is told."""
    station.answers["GetTransactionStatus"] = told
    asked = {"transactionId": station.charges[-1].id} if known_id else {}
    sent = await site.call(station, "GetTransactionStatus", asked)
    assert station.asked_for("GetTransactionStatus")[-1] == asked
    assert (sent["status"], sent["outcome"], sent["response"]) == ("ANSWERED", "DONE", told)


@case("TC_E_29_CSMS")
async def test_tc_e_29_ongoing_with_messages_queued(site: Site) -> None:
    station = await site.station201()
    await _charging(site, station)
    queued = station.event_payload(station.charge(), "MeterValuePeriodic", 1, False, {"offline": True})
    station.charge().events.append(queued)
    await site.forward(minutes=5)
    station = await site.reconnected(station, booted=False)
    await _status_of(site, station, True, ongoingIndicator=True, messagesInQueue=True)
    assert await station.call("TransactionEvent", queued) == {}
    shown = await _only(site, station)
    assert (shown["state"], shown["corrections"]) == ("ACTIVE", [])


@case("TC_E_30_CSMS")
async def test_tc_e_30_ongoing_with_nothing_queued(site: Site) -> None:
    station = await site.station201()
    await _charging(site, station)
    await _status_of(site, station, True, ongoingIndicator=True, messagesInQueue=False)
    assert (await _only(site, station))["state"] == "ACTIVE"


@case("TC_E_31_CSMS")
async def test_tc_e_31_ended_with_messages_queued(site: Site) -> None:
    """The end comes before two earlier events; we notice the hole and ask by ourselves."""
    station = await site.station201()
    await _charging(site, station)
    charge = station.charge()
    queued = []
    for trigger, fields in (("StopAuthorized", {"idToken": TAG1}),
                            ("ChargingStateChanged", {"chargingState": "EVConnected"})):  # fmt: skip
        queued.append(station.event_payload(charge, trigger, 1, False, fields | {"offline": True}))
        charge.events.append(queued[-1])
    last = {"offline": True, "stoppedReason": "EVDisconnected", "chargingState": "Idle"}
    ended = station.event_payload(charge, "EVCommunicationLost", 1, True, last)
    ended_at = station.at()
    await site.forward(minutes=5)
    station = await site.reconnected(station, booted=False)
    told = {"ongoingIndicator": False, "messagesInQueue": True}
    station.answers["GetTransactionStatus"] = told
    await station.status("Available")
    assert await station.call("TransactionEvent", ended)
    assert await station.until_asked_for("GetTransactionStatus") == {"transactionId": charge.id}
    await _status_of(site, station, True, **told)
    for event in queued:
        await station.call("TransactionEvent", event)
    shown = await _only(site, station)
    assert (shown["state"], shown["endedAt"], shown["energyWh"]) == ("ENDED", ended_at, 6000)
    kinds = [entry["kind"] for entry in shown["corrections"]]
    assert (set(kinds), kinds[-1]) == ({"sequence_gap", "sequence_complete"}, "sequence_complete")
    assert (await site.connectors(station))[1]["status"] == "AVAILABLE"


@case("TC_E_33_CSMS")
async def test_tc_e_33_anything_queued(site: Site) -> None:
    station = await site.station201()
    await _charging(site, station)
    await _status_of(site, station, False, messagesInQueue=True)
    assert await station.event("MeterValuePeriodic", offline=True, meterValue=[station.reading()]) == {}
    assert (await _only(site, station))["meterValues"][-1]["energyWh"] == 7000


@case("TC_E_34_CSMS")
async def test_tc_e_34_nothing_queued(site: Site) -> None:
    station = await site.station201()
    await _status_of(site, station, False, messagesInQueue=False)
    assert await site.transactions(station) == []


@case("TC_E_53_CSMS")
async def test_tc_e_53_every_transaction_counts_from_0(site: Site) -> None:
    station = await site.station201()
    for _ in range(2):
        await station.energy_transfer_started()
        station.wh += 2000
        await site.forward(minutes=10)
        await station.ev_disconnected(end=True)
        await site.forward(minutes=1)
    assert [charge.events[0]["seqNo"] for charge in station.charges] == [0, 0]
    first, second = await site.transactions(station)
    assert first["ocppId"] != second["ocppId"]
    for shown in (first, second):
        assert (shown["state"], shown["energyWh"], shown["corrections"]) == ("ENDED", 2000, [])

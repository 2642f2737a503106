"""Remote control, availability, resets and triggers of a 2.0.1 CSMS: answered validly, with state behind it."""

import json

import pytest
import trio

from csms.simulator import Station201
from csms.simulator.v201.answers import ANSWERS
from tests.simulator.booted import CP, booted201
from tests.simulator.fake_csms import Fail
from tests.simulator.fake_csms201 import FakeCsms201

TAG = {"idToken": "TAG", "type": "ISO14443"}
OTHER = {"idToken": "OTHER", "type": "ISO14443"}


def test_the_table_has_every_action_that_a_csms_sends():
    from ocpp.v201 import enums

    from_station = {
        "Authorize",
        "BootNotification",
        "ClearedChargingLimit",
        "FirmwareStatusNotification",
        "Get15118EVCertificate",
        "GetCertificateStatus",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "NotifyChargingLimit",
        "NotifyCustomerInformation",
        "NotifyDisplayMessages",
        "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "NotifyReport",
        "PublishFirmwareStatusNotification",
        "ReportChargingProfiles",
        "ReservationStatusUpdate",
        "SecurityEventNotification",
        "SignCertificate",
        "StatusNotification",
        "TransactionEvent",
    }
    assert {action.value for action in enums.Action} - from_station >= set(ANSWERS)
    assert len(ANSWERS) == 40


async def test_remote_start_and_stop_make_a_whole_charge(csms201: FakeCsms201, autojump_clock):
    csms = csms201
    async with booted201(csms):
        request = {"idToken": TAG, "remoteStartId": 5, "evseId": 2}
        assert await csms.call(CP, "RequestStartTransaction", request) == {"status": "Accepted"}
        assert (await csms.until("Authorize"))["idToken"] == TAG
        start = await csms.until("TransactionEvent")
        assert (start["transactionInfo"]["remoteStartId"], start["evse"]["id"]) == (5, 2)
        await csms.until("TransactionEvent", 4)
        busy = await csms.call(CP, "RequestStartTransaction", {**request, "idToken": OTHER})
        assert busy["status"] == "Rejected"
        unknown = await csms.call(CP, "RequestStopTransaction", {"transactionId": "no"})
        assert unknown["status"] == "Rejected"
        name = start["transactionInfo"]["transactionId"]
        status = {"transactionId": name}
        assert await csms.call(CP, "GetTransactionStatus", status) == {
            "ongoingIndicator": True,
            "messagesInQueue": False,
        }
        locked = await csms.call(CP, "UnlockConnector", {"evseId": 2, "connectorId": 1})
        assert locked == {"status": "OngoingAuthorizedTransaction"}
        assert await csms.call(CP, "CostUpdated", {"transactionId": name, "totalCost": 2.5}) == {}
        assert await csms.call(CP, "RequestStopTransaction", status) == {"status": "Accepted"}
        await trio.sleep(30)
        end = csms.events("Ended")[0]
        assert (end["triggerReason"], end["transactionInfo"]["stoppedReason"]) == ("RemoteStop", "Remote")
        assert (await csms.call(CP, "GetTransactionStatus", status))["ongoingIndicator"] is False
        assert csms.statuses(2) == ["Occupied", "Available"]


async def test_a_vehicle_that_waits_is_authorized_from_afar(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201, tx_start_point="EVConnected") as station:
        station.plug_in(1)
        start = await csms201.until("TransactionEvent")
        assert "idToken" not in start
        await trio.sleep(1)
        answer = await csms201.call(CP, "RequestStartTransaction", {"idToken": TAG, "remoteStartId": 5})
        name = start["transactionInfo"]["transactionId"]
        assert answer == {"status": "Accepted", "transactionId": name}
        authorized = await csms201.until("TransactionEvent", 2)
        assert authorized["triggerReason"] == "RemoteStart"
        assert authorized["idToken"] == TAG
        assert authorized["transactionInfo"]["remoteStartId"] == 5
        await csms201.call(CP, "RequestStopTransaction", {"transactionId": name})
        await trio.sleep(30)
        assert csms201.events()[-1]["eventType"] == "Ended"


async def test_two_remote_starts_in_one_breath_do_not_share_an_evse(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201):
        answers = [
            await csms201.call(CP, "RequestStartTransaction", {"idToken": TAG, "remoteStartId": n})
            for n in range(3)
        ]
        assert [answer["status"] for answer in answers] == ["Accepted", "Accepted", "Rejected"]


async def test_queued_events_are_told(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201) as station:
        transaction = await station.start(1, "TAG")
        await station.go_offline()
        await station.stop(transaction)
        await station.go_online()
        station.returning = True  # back, but not yet allowed to deliver
        wanted = {"transactionId": transaction.transaction_id}
        assert await csms201.call(CP, "GetTransactionStatus", wanted) == {
            "ongoingIndicator": False,
            "messagesInQueue": True,
        }
        assert await csms201.call(CP, "GetTransactionStatus", {}) == {"messagesInQueue": True}


@pytest.mark.parametrize(("kind", "reason"), [("Immediate", "RemoteReset"), ("OnIdle", "RemoteReset")])
async def test_a_reset_without_a_charge(csms201: FakeCsms201, autojump_clock, kind: str, reason: str):
    async with booted201(csms201):
        assert await csms201.call(CP, "Reset", {"type": kind}) == {"status": "Accepted"}
        assert (await csms201.until("BootNotification", 2))["reason"] == reason


async def test_an_immediate_reset_ends_the_transaction(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201) as station:
        await station.start(1, "TAG")
        assert await csms201.call(CP, "Reset", {"type": "Immediate"}) == {"status": "Accepted"}
        await csms201.until("BootNotification", 2)
        end = csms201.events("Ended")[0]
        assert (end["triggerReason"], end["transactionInfo"]["stoppedReason"]) == (
            "ResetCommand",
            "ImmediateReset",
        )


async def test_a_reset_on_idle_waits_for_the_charge(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201, charge_s=600):
        await csms201.call(CP, "RequestStartTransaction", {"idToken": TAG, "remoteStartId": 1})
        await csms201.until("TransactionEvent", 2)
        assert await csms201.call(CP, "Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
        assert (await csms201.until("BootNotification", 2))["reason"] == "ScheduledReset"
        actions = csms201.actions()
        assert csms201.events()[-1]["transactionInfo"]["stoppedReason"] == "Local"
        assert len(actions) - 1 - actions[::-1].index("TransactionEvent") < len(actions) - 1


async def test_the_reset_of_an_evse_is_no_boot(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201):
        assert await csms201.call(CP, "Reset", {"type": "Immediate", "evseId": 2}) == {"status": "Accepted"}
        assert await csms201.call(CP, "Reset", {"type": "Immediate", "evseId": 9}) == {"status": "Rejected"}
        await trio.sleep(10)
        assert csms201.statuses(2) == ["Unavailable", "Available"]
        assert len(csms201.payloads("BootNotification")) == 1


async def test_availability_of_station_evse_and_connector(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201) as station:

        async def change(status: str, **place: object) -> str:
            answer = await csms201.call(CP, "ChangeAvailability", {"operationalStatus": status, **place})
            await trio.sleep(1)
            return str(answer["status"])

        assert await change("Inoperative") == "Accepted"
        assert (csms201.statuses(1), csms201.statuses(2)) == (["Unavailable"], ["Unavailable"])
        assert await change("Inoperative", evse={"id": 1}) == "Accepted"
        assert await change("Operative") == "Accepted"
        assert (csms201.statuses(1)[-1], csms201.statuses(2)[-1]) == ("Unavailable", "Available")
        assert await change("Operative", evse={"id": 1}) == "Accepted"
        assert csms201.statuses(1)[-1] == "Available"
        assert await change("Inoperative", evse={"id": 7}) == "Rejected"
        transaction = await station.start(2, "TAG")
        assert await change("Inoperative", evse={"id": 2, "connectorId": 1}) == "Scheduled"
        await station.stop(transaction)
        await station.release(station.evses[2], 0)
        assert csms201.statuses(2)[-1] == "Unavailable"


async def test_triggers(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201) as station:

        async def trigger(message: str, **place: object) -> str:
            request = {"requestedMessage": message, **({"evse": place} if place else {})}
            answer = await csms201.call(CP, "TriggerMessage", request)
            await trio.sleep(1)
            return str(answer["status"])

        assert await trigger("BootNotification") == "Rejected"  # it is accepted already
        assert await trigger("TransactionEvent") == "Rejected"
        assert await trigger("StatusNotification", id=1) == "Rejected"
        assert await trigger("StatusNotification", id=1, connectorId=1) == "Accepted"
        assert await trigger("StatusNotification", id=1, connectorId=2) == "Rejected"
        assert await trigger("MeterValues") == "Accepted"
        assert await trigger("SignChargingStationCertificate") == "Accepted"
        assert await trigger("SignCombinedCertificate") == "NotImplemented"
        for message in ("Heartbeat", "LogStatusNotification", "FirmwareStatusNotification"):
            assert await trigger(message) == "Accepted"
            assert len(csms201.payloads(message)) == 1
        assert csms201.statuses(1) == ["Available"]
        values = csms201.payloads("MeterValues")
        assert {p["evseId"] for p in values} == {1, 2}
        assert values[0]["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"
        assert "BEGIN CERTIFICATE REQUEST" in csms201.payloads("SignCertificate")[0]["csr"]
        await station.start(1, "TAG")
        assert await trigger("TransactionEvent", id=1) == "Accepted"
        assert csms201.events()[-1]["triggerReason"] == "Trigger"


async def test_the_rest_of_the_core(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201) as station:
        assert await csms201.call(CP, "ClearCache", {}) == {"status": "Accepted"}
        station.model.set("AuthCacheCtrlr", "Enabled", "false")
        assert await csms201.call(CP, "ClearCache", {}) == {"status": "Rejected"}
        echo = {"vendorId": "csms.simulator", "data": {"any": [1]}}
        assert await csms201.call(CP, "DataTransfer", echo) == {"status": "Accepted", "data": {"any": [1]}}
        assert await csms201.call(CP, "DataTransfer", {"vendorId": "x"}) == {"status": "UnknownVendorId"}
        unlock = {"evseId": 1, "connectorId": 1}
        assert await csms201.call(CP, "UnlockConnector", unlock) == {"status": "Unlocked"}
        assert (await csms201.call(CP, "UnlockConnector", {**unlock, "evseId": 5}))["status"] == (
            "UnknownConnector"
        )


async def test_what_is_wrong_is_answered_in_this_versions_words(csms201: FakeCsms201, autojump_clock):
    async with Station201.connect("ws://csms.example/ocpp", CP, dial=csms201.dial()) as station:
        send = csms201.sockets[CP].send_message
        await send('[2, "x", "CustomOperation", {}]')
        await send('[2, "y", "Reset", {}]')
        await send('[2, "z", "GetVariables", {"getVariableData": [7]}]')
        await station.expect("CustomOperation")
        await trio.sleep(1)
        errors = [json.loads(text)[:3] for text in csms201.frames[CP]]
        assert errors == [
            [4, "x", "NotImplemented"],
            [4, "y", "OccurrenceConstraintViolation"],
            [4, "z", "TypeConstraintViolation"],
        ]
        assert station.tally.violation_count == 2  # two payloads that the schema does not allow


@pytest.mark.parametrize(
    ("registration", "outcome"), [("Pending", "Rejected"), ("Rejected", "SecurityError")]
)
async def test_before_it_is_accepted(csms201: FakeCsms201, autojump_clock, registration: str, outcome: str):
    now = "2026-03-02T12:00:00Z"
    csms201.answers["BootNotification"] = lambda *_: {
        "status": registration,
        "currentTime": now,
        "interval": 20,
    }
    async with Station201.connect("ws://csms.example/ocpp", CP, dial=csms201.dial()) as station:
        await station.boot_once()
        request = {"idToken": TAG, "remoteStartId": 1}
        if registration == "Pending":
            assert await csms201.call(CP, "RequestStartTransaction", request) == {"status": outcome}
            trigger = {"requestedMessage": "BootNotification"}
            assert await csms201.call(CP, "TriggerMessage", trigger) == {"status": "Accepted"}
            assert (await csms201.until("BootNotification", 2))["reason"] == "Triggered"
        else:
            with pytest.raises(Fail, match=outcome):
                await csms201.call(CP, "RequestStartTransaction", request)
        await station.start(1)
        assert csms201.events() == []  # kept until it is accepted


async def test_statuses_after_a_short_and_a_long_absence(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201) as station:
        await station.tell_statuses()
        await station.go_offline()
        await station.show(2, "Faulted")
        await station.come_back()
        assert (csms201.statuses(1), csms201.statuses(2)) == (["Available"], ["Available", "Faulted"])
        await station.go_offline()
        await trio.sleep(100)
        await station.come_back()
        assert (len(csms201.statuses(1)), len(csms201.statuses(2))) == (2, 3)

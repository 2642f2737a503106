"""The Core and RemoteTrigger actions of a 1.6 CSMS: answered validly, with state behind it."""

import pytest
import trio

from csms.simulator.v16.answers import ANSWERS
from tests.simulator.booted import CP, booted
from tests.simulator.fake_csms import FakeCsms, basic


def test_the_table_has_every_action_of_the_package():
    from ocpp.v16 import enums

    from_station = {
        "Authorize",
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    }
    assert {action.value for action in enums.Action} - from_station == set(ANSWERS)
    assert len(ANSWERS) == 26


async def test_remote_start_and_stop_make_a_whole_charge(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        answer = await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 2})
        assert answer == {"status": "Accepted"}
        assert (await csms.until("Authorize")) == {"idTag": "TAG"}
        start = await csms.until("StartTransaction")
        assert (start["connectorId"], start["idTag"]) == (2, "TAG")
        await csms.until("MeterValues", 3)
        busy = await csms.call(CP, "RemoteStartTransaction", {"idTag": "OTHER", "connectorId": 2})
        assert busy == {"status": "Rejected"}
        assert await csms.call(CP, "RemoteStopTransaction", {"transactionId": 99}) == {"status": "Rejected"}
        assert await csms.call(CP, "RemoteStopTransaction", {"transactionId": 1}) == {"status": "Accepted"}
        stop = await csms.until("StopTransaction")
        assert (stop["transactionId"], stop["reason"]) == (1, "Remote")
        assert stop["meterStop"] > start["meterStart"]
        await trio.sleep(30)
        assert csms.statuses(2) == ["Preparing", "Charging", "Finishing", "Available"]


async def test_two_remote_starts_in_one_breath_do_not_share_a_connector(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        answers = [await csms.call(CP, "RemoteStartTransaction", {"idTag": f"T{n}"}) for n in range(3)]
        assert [answer["status"] for answer in answers] == ["Accepted", "Accepted", "Rejected"]


async def test_a_reset_before_the_start_leaves_no_transaction(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1})
        await csms.until("StatusNotification")
        await csms.call(CP, "Reset", {"type": "Soft"})
        await csms.until("BootNotification", 2)
        await trio.sleep(60)
        assert csms.payloads("StartTransaction") == []
        assert csms.statuses(1) == ["Preparing", "Available", "Available"]


async def test_remote_start_without_authorization_when_so_configured(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        change = {"key": "AuthorizeRemoteTxRequests", "value": "false"}
        assert await csms.call(CP, "ChangeConfiguration", change) == {"status": "Accepted"}
        await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG"})
        await csms.until("StartTransaction")
        assert csms.payloads("Authorize") == []


async def test_soft_reset_stops_the_charge_first(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG"})
        await csms.until("MeterValues")
        assert await csms.call(CP, "Reset", {"type": "Soft"}) == {"status": "Accepted"}
        await csms.until("BootNotification", 2)
        actions = csms.actions()
        assert csms.payloads("StopTransaction")[0]["reason"] == "SoftReset"
        assert actions.index("StopTransaction") < len(actions) - 1 - actions[::-1].index("BootNotification")


async def test_hard_reset_stops_the_charge_after_the_boot(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG"})
        await csms.until("MeterValues")
        assert await csms.call(CP, "Reset", {"type": "Hard"}) == {"status": "Accepted"}
        stop = await csms.until("StopTransaction")
        assert stop["reason"] == "HardReset"
        actions = csms.actions()
        assert actions.index("StopTransaction") > len(actions) - 1 - actions[::-1].index("BootNotification")
        assert csms.statuses(1)[-1] == "Available"


async def test_availability_at_once_scheduled_and_of_the_whole_station(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        off = {"connectorId": 1, "type": "Inoperative"}
        assert await csms.call(CP, "ChangeAvailability", off) == {"status": "Accepted"}
        await csms.until("StatusNotification")
        assert csms.statuses(1) == ["Unavailable"]
        assert await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}) == {
            "status": "Rejected"
        }
        transaction = await station.start(2, "TAG", 100)
        everything = {"connectorId": 0, "type": "Inoperative"}
        assert await csms.call(CP, "ChangeAvailability", everything) == {"status": "Scheduled"}
        await csms.call(CP, "RemoteStopTransaction", {"transactionId": transaction.transaction_id})
        await trio.sleep(1)
        assert csms.statuses(2) == ["Finishing", "Unavailable"]
        assert csms.statuses(0) == ["Unavailable"]
        unknown = {"connectorId": 9, "type": "Operative"}
        assert await csms.call(CP, "ChangeAvailability", unknown) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("MeterValueSampleInterval", "30", "Accepted"),
        ("metervaluesampleinterval", "30", "Accepted"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("NumberOfConnectors", "7", "Rejected"),
        ("WebSocketPingInterval", "30", "RebootRequired"),
        ("NoSuchKey", "1", "NotSupported"),
        ("MeterValuesSampledData", "Power.Active.Import,SoC", "Accepted"),
        ("MeterValuesSampledData", "Nonsense", "Rejected"),
        ("SecurityProfile", "1", "Accepted"),
        ("SecurityProfile", "2", "Rejected"),
    ],
)
async def test_change_configuration(csms: FakeCsms, autojump_clock, key: str, value: str, status: str):
    async with booted(csms):
        assert await csms.call(CP, "ChangeConfiguration", {"key": key, "value": value}) == {"status": status}


async def test_get_configuration_of_all_some_and_unknown_keys(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        everything = await csms.call(CP, "GetConfiguration", {})
        rows = {row["key"]: row for row in everything["configurationKey"]}
        assert rows["NumberOfConnectors"] == {"key": "NumberOfConnectors", "readonly": True, "value": "2"}
        assert rows["AuthorizationKey"] == {"key": "AuthorizationKey", "readonly": False}
        some = await csms.call(CP, "GetConfiguration", {"key": ["heartbeatinterval", "Nope"]})
        assert some["configurationKey"][0]["key"] == "HeartbeatInterval"
        assert some["unknownKey"] == ["Nope"]


async def test_a_new_password_is_used_at_once(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        key = {"key": "AuthorizationKey", "value": "0011223344556677FF"}
        assert await csms.call(CP, "ChangeConfiguration", key) == {"status": "Accepted"}
        await trio.sleep(5)
        assert len(csms.handshakes) == 2
        assert basic(csms.handshakes[1][1]) == b"CP1:" + bytes.fromhex("0011223344556677FF")


async def test_a_new_heartbeat_interval_holds_at_once(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "10"})
        await trio.sleep(35)
        assert len(csms.payloads("Heartbeat")) == 3


async def test_unlock_ends_the_charge(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        await station.start(1, "TAG", 100)
        assert await csms.call(CP, "UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
        assert (await csms.until("StopTransaction"))["reason"] == "UnlockCommand"
        assert await csms.call(CP, "UnlockConnector", {"connectorId": 5}) == {"status": "NotSupported"}
        assert await csms.call(CP, "UnlockConnector", {"connectorId": 0}) == {"status": "NotSupported"}


async def test_clear_cache_forgets_whom_the_csms_accepted(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        await station.authorize("TAG")
        assert station.local_list.known("tag", with_cache=True) is not None
        assert await csms.call(CP, "ClearCache", {}) == {"status": "Accepted"}
        assert station.local_list.known("tag", with_cache=True) is None


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        ({"vendorId": "csms.simulator", "data": "hi"}, {"status": "Accepted", "data": "hi"}),
        ({"vendorId": "csms.simulator", "messageId": "x"}, {"status": "UnknownMessageId"}),
        ({"vendorId": "other"}, {"status": "UnknownVendorId"}),
    ],
)
async def test_data_transfer(csms: FakeCsms, autojump_clock, payload: dict, answer: dict):
    async with booted(csms):
        assert await csms.call(CP, "DataTransfer", payload) == answer


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ("BootNotification", 2),
        ("Heartbeat", 1),
        ("StatusNotification", 3),
        ("MeterValues", 2),
        ("DiagnosticsStatusNotification", 1),
        ("FirmwareStatusNotification", 1),
    ],
)
async def test_trigger_message(csms: FakeCsms, autojump_clock, wanted: str, number: int):
    async with booted(csms):
        assert await csms.call(CP, "TriggerMessage", {"requestedMessage": wanted}) == {"status": "Accepted"}
        await csms.until(wanted, number)


async def test_trigger_message_of_one_connector(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        await station.start(2, "TAG", 1234)
        trigger = {"requestedMessage": "MeterValues", "connectorId": 2}
        assert await csms.call(CP, "TriggerMessage", trigger) == {"status": "Accepted"}
        values = await csms.until("MeterValues")
        assert (values["connectorId"], values["transactionId"]) == (2, 1)
        assert values["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"
        unknown = {"requestedMessage": "StatusNotification", "connectorId": 9}
        assert await csms.call(CP, "TriggerMessage", unknown) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("LogStatusNotification", "LogStatusNotification"),
        ("FirmwareStatusNotification", "SignedFirmwareStatusNotification"),
        ("SignChargePointCertificate", "SignCertificate"),
        ("Heartbeat", "Heartbeat"),
    ],
)
async def test_extended_trigger_message(csms: FakeCsms, autojump_clock, wanted: str, sent: str):
    async with booted(csms):
        trigger = {"requestedMessage": wanted}
        assert await csms.call(CP, "ExtendedTriggerMessage", trigger) == {"status": "Accepted"}
        await csms.until(sent)

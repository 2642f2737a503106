"""Device model, reports and monitors of a 2.0.1 station."""

from typing import Any

import pytest
import trio

from tests.simulator.booted import CP, booted201
from tests.simulator.fake_csms import Fail, basic
from tests.simulator.fake_csms201 import FakeCsms201

STATE = {
    "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
    "variable": {"name": "AvailabilityState"},
}
POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


def named(component: str, variable: str, **more: object) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": variable}, **more}


async def get(csms: FakeCsms201, *wanted: dict) -> list[tuple[str, str | None]]:
    answer = await csms.call(CP, "GetVariables", {"getVariableData": list(wanted)})
    return [(each["attributeStatus"], each.get("attributeValue")) for each in answer["getVariableResult"]]


async def put(csms: FakeCsms201, *wanted: dict) -> list[str]:
    answer = await csms.call(CP, "SetVariables", {"setVariableData": list(wanted)})
    return [each["attributeStatus"] for each in answer["setVariableResult"]]


async def test_variables_are_read_and_written(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201):
        start = named("TxCtrlr", "TxStartPoint")
        assert await get(
            csms201,
            start,
            named("txctrlr", "TXSTARTPOINT"),
            named("TxCtrlr", "Nothing"),
            named("Nobody", "TxStartPoint"),
            {**start, "attributeType": "Target"},
            named("SecurityCtrlr", "BasicAuthPassword"),
            named("ClockCtrlr", "DateTime"),
        ) == [
            ("Accepted", "PowerPathClosed"),
            ("Accepted", "PowerPathClosed"),
            ("UnknownVariable", None),
            ("UnknownComponent", None),
            ("NotSupportedAttributeType", None),
            ("Rejected", None),
            ("Accepted", "2026-03-02T12:00:00.000Z"),
        ]
        assert await put(
            csms201,
            {**start, "attributeValue": "EVConnected,Authorized"},
            named("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="ten"),
            named("AuthCtrlr", "LocalPreAuthorize", attributeValue="yes"),
            named("SecurityCtrlr", "Identity", attributeValue="me"),
            named("TxCtrlr", "TxStopPoint", attributeValue="Sunset"),
            named("Nobody", "X", attributeValue="1"),
        ) == ["Accepted", "Rejected", "Rejected", "Rejected", "Rejected", "UnknownComponent"]
        assert await get(csms201, start) == [("Accepted", "EVConnected,Authorized")]


async def test_too_many_variables_are_refused(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201):
        wanted = [named("TxCtrlr", "TxStartPoint")] * 51
        with pytest.raises(Fail, match="OccurrenceConstraintViolation"):
            await csms201.call(CP, "GetVariables", {"getVariableData": wanted})


async def test_what_takes_effect_at_once(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201):
        interval = named("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="10")
        assert await put(csms201, interval) == ["Accepted"]
        await trio.sleep(35)
        assert len(csms201.payloads("Heartbeat")) == 3
        password = named("SecurityCtrlr", "BasicAuthPassword", attributeValue="0123456789abcdef")
        assert await put(csms201, password) == ["Accepted"]
        await trio.sleep(10)
        assert basic(csms201.handshakes[-1][1]) == b"CP1:0123456789abcdef"
        assert len(csms201.handshakes) == 2
        assert len(csms201.payloads("BootNotification")) == 1


async def test_network_profiles_and_their_priority(csms201: FakeCsms201, autojump_clock):
    profile = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://csms.example/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    }

    async def keep(slot: int, **changed: object) -> str:
        request = {"configurationSlot": slot, "connectionData": {**profile, **changed}}
        return str((await csms201.call(CP, "SetNetworkProfile", request))["status"])

    async with booted201(csms201) as station:
        first = named("OCPPCommCtrlr", "NetworkConfigurationPriority", attributeValue="2,1")
        assert await put(csms201, first) == ["Rejected"]  # nothing is in slot 2
        assert await keep(2) == "Accepted"
        assert await put(csms201, first) == ["RebootRequired"]
        assert station.network_profiles[2]["ocppCsmsUrl"] == "wss://csms.example/ocpp"
        assert await keep(9) == "Rejected"
        assert await keep(3, securityProfile=0) == "Rejected"
        assert await keep(3, ocppCsmsUrl="http://x") == "Rejected"


async def report(csms: FakeCsms201, action: str, **request: object) -> tuple[str, list[dict]]:
    """Return the status and all of `reportData`, whose parts must be numbered and only the last one final."""
    before = len(csms.payloads("NotifyReport"))
    answer = await csms.call(CP, action, {"requestId": 77, **request})
    await trio.sleep(1)
    parts = csms.payloads("NotifyReport")[before:]
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False] * bool(parts)
    assert {part["requestId"] for part in parts} <= {77}
    return answer["status"], [row for part in parts for row in part["reportData"]]


async def test_base_reports(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201, report_items=7):
        status, everything = await report(csms201, "GetBaseReport", reportBase="FullInventory")
        assert status == "Accepted"
        assert len(csms201.payloads("NotifyReport")) == -(-len(everything) // 7) > 10
        places = {row["component"].get("evse", {}).get("id") for row in everything}
        assert places == {None, 1, 2}
        _, settable = await report(csms201, "GetBaseReport", reportBase="ConfigurationInventory")
        mutable = {row["variableAttribute"][0]["mutability"] for row in settable}
        assert mutable == {"ReadWrite", "WriteOnly"}
        assert 0 < len(settable) < len(everything)
        password = next(row for row in settable if row["variable"]["name"] == "BasicAuthPassword")
        assert "value" not in password["variableAttribute"][0]
        _, summary = await report(csms201, "GetBaseReport", reportBase="SummaryInventory")
        assert {row["variable"]["name"] for row in summary} == {"AvailabilityState", "Problem"}


async def test_reports_of_what_is_asked_for(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201):
        component = {"component": {"name": "TxCtrlr"}}
        _, rows = await report(csms201, "GetReport", componentVariable=[component])
        assert len(rows) == 6
        one = {"component": {"name": "EVSE", "evse": {"id": 2}}, "variable": {"name": "Power"}}
        _, rows = await report(csms201, "GetReport", componentVariable=[one])
        assert [(row["component"]["evse"]["id"], row["variable"]["name"]) for row in rows] == [(2, "Power")]
        status, rows = await report(csms201, "GetReport", componentCriteria=["Problem"])
        assert (status, rows) == ("EmptyResultSet", [])
        _, available = await report(csms201, "GetReport", componentCriteria=["Available"])
        names = {row["component"]["name"] for row in available}
        assert "EVSE" in names
        assert "AlignedDataCtrlr" not in names  # it says that it is not available


async def test_monitors(csms201: FakeCsms201, autojump_clock):
    delta = {**STATE, "value": 1, "type": "Delta", "severity": 4}
    upper = {**POWER, "value": 100, "type": "UpperThreshold", "severity": 6}

    async def monitor(*wanted: dict) -> list[tuple[str, int | None]]:
        answer = await csms201.call(CP, "SetVariableMonitoring", {"setMonitoringData": list(wanted)})
        return [(each["status"], each.get("id")) for each in answer["setMonitoringResult"]]

    async with booted201(csms201, charge_s=300) as station:
        assert (await csms201.call(CP, "GetMonitoringReport", {"requestId": 1}))["status"] == "EmptyResultSet"
        assert await monitor(
            delta,
            upper,
            delta,
            {**delta, **named("TxCtrlr", "TxStartPoint")},
            {**delta, **named("Nobody", "X")},
            {**delta, "severity": 10},
            {**delta, "id": 50},
            {**STATE, "value": 1, "type": "UpperThreshold", "severity": 4},
        ) == [
            ("Accepted", 1),
            ("Accepted", 2),
            ("Duplicate", None),
            ("UnsupportedMonitorType", None),
            ("UnknownComponent", None),
            ("Rejected", None),
            ("Rejected", None),
            ("UnsupportedMonitorType", None),
        ]
        request = {"requestId": 8, "monitoringCriteria": ["ThresholdMonitoring"]}
        assert await csms201.call(CP, "GetMonitoringReport", request) == {"status": "Accepted"}
        told = await csms201.until("NotifyMonitoringReport")
        assert [m["id"] for row in told["monitor"] for m in row["variableMonitoring"]] == [2]
        start = {"idToken": {"idToken": "T", "type": "ISO14443"}, "remoteStartId": 1, "evseId": 1}
        await csms201.call(CP, "RequestStartTransaction", start)
        await trio.sleep(600)
        events = [event for p in csms201.payloads("NotifyEvent") for event in p["eventData"]]
        said = [(e["variableMonitoringId"], e["trigger"], e.get("cleared")) for e in events]
        assert said == [
            (1, "Delta", None),  # Occupied
            (2, "Alerting", False),
            (2, "Alerting", True),
            (1, "Delta", None),  # Available
        ]
        assert [event["eventId"] for event in events] == [1, 2, 3, 4]
        await csms201.call(CP, "SetMonitoringLevel", {"severity": 3})
        await station.show(1, "Faulted")
        assert len(csms201.payloads("NotifyEvent")) == 4  # less severe than what is wanted
        cleared = await csms201.call(CP, "ClearVariableMonitoring", {"id": [1, 9]})
        assert [each["status"] for each in cleared["clearMonitoringResult"]] == ["Accepted", "NotFound"]
        base = {"monitoringBase": "FactoryDefault"}
        assert await csms201.call(CP, "SetMonitoringBase", base) == {"status": "Accepted"}
        assert (await csms201.call(CP, "GetMonitoringReport", {"requestId": 1}))["status"] == "EmptyResultSet"
        assert await csms201.call(CP, "SetMonitoringLevel", {"severity": 11}) == {"status": "Rejected"}

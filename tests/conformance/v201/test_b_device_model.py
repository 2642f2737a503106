"""OCPP 2.0.1, block B: variables and reports (B05–B08)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201
from tests.wire.station import Payload


def _named(component: str, variable: str, **more: Any) -> Payload:
    return {"component": {"name": component}, "variable": {"name": variable}} | more


THRESHOLD = _named("OCPPCommCtrlr", "OfflineThreshold")
REMOTE_START = _named("AuthCtrlr", "AuthorizeRemoteStart")
LIMIT = {
    "component": {"name": "DeviceDataCtrlr"},
    "variable": {"name": "ItemsPerMessage", "instance": "GetVariables"},
}


async def _known(site: Site, station: Station201) -> dict[str, str]:
    shown = await site.verb("station.config", station=station.id)
    return {entry["name"]: entry["value"] for entry in shown}


async def _report(station: Station201, request_id: int, *parts: list[Payload]) -> None:
    """NotifyReport in as many parts."""
    for number, data in enumerate(parts):
        said: Payload = {"requestId": request_id, "generatedAt": station.at(), "seqNo": number}
        said |= {"reportData": data} | ({"tbc": True} if number < len(parts) - 1 else {})
        assert await station.call("NotifyReport", said) == {}


def _reported(name: Payload, value: str, **attribute: str) -> Payload:
    return name | {
        "variableAttribute": [{"type": "Actual", "value": value, "mutability": "ReadWrite"} | attribute],
        "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False},
    }


@case("TC_B_06_CSMS")
async def test_tc_b_06_one_variable_is_read(site: Site) -> None:
    station = await site.station201()
    asked = {"getVariableData": [THRESHOLD | {"attributeType": "Actual"}]}
    sent = await site.call(station, "GetVariables", asked)
    assert station.asked_for("GetVariables")[-1] == asked
    assert sent["outcome"] == "DONE"
    assert (await _known(site, station))["OCPPCommCtrlr.OfflineThreshold"] == "60"


@case("TC_B_07_CSMS")
async def test_tc_b_07_several_variables_are_read(site: Site) -> None:
    station = await site.station201()
    names = ["OCPPCommCtrlr.OfflineThreshold", "AuthCtrlr.AuthorizeRemoteStart"]
    done = await site.command(station, "config.get", names=names)
    assert station.asked_for("GetVariables")[-1] == {"getVariableData": [THRESHOLD, REMOTE_START]}
    assert {entry["name"]: entry["value"] for entry in done["detail"]["settings"]} == {
        "OCPPCommCtrlr.OfflineThreshold": "60",
        "AuthCtrlr.AuthorizeRemoteStart": "true",
    }


@case("TC_B_08_CSMS")
async def test_tc_b_08_no_more_variables_at_a_time_than_the_station_takes(site: Site) -> None:
    station = await site.station201()
    station.variables |= {f"Ctrlr.V{number}": str(number) for number in range(9)}
    await _report(station, 1, [_reported(LIMIT, "4")])
    names = [f"Ctrlr.V{number}" for number in range(9)]
    before = len(station.asked_for("GetVariables"))
    done = await site.command(station, "config.get", names=names)
    sizes = [len(asked["getVariableData"]) for asked in station.asked_for("GetVariables")[before:]]
    assert sizes == [4, 4, 1]
    assert [entry["name"] for entry in done["detail"]["settings"]] == names


@case("TC_B_09_CSMS")
async def test_tc_b_09_one_variable_is_set(site: Site) -> None:
    station = await site.station201()
    asked = {"setVariableData": [THRESHOLD | {"attributeValue": "123"}]}
    sent = await site.call(station, "SetVariables", asked)
    assert station.asked_for("SetVariables")[-1] == asked
    assert sent["outcome"] == "DONE"
    assert (await _known(site, station))["OCPPCommCtrlr.OfflineThreshold"] == "123"


@case("TC_B_10_CSMS")
async def test_tc_b_10_several_variables_are_set(site: Site) -> None:
    station = await site.station201()
    wanted = [THRESHOLD | {"attributeValue": "123"}, REMOTE_START | {"attributeValue": "false"}]
    sent = await site.call(station, "SetVariables", {"setVariableData": wanted})
    assert station.asked_for("SetVariables")[-1] == {"setVariableData": wanted}
    assert sent["outcome"] == "DONE"
    known = await _known(site, station)
    assert (known["OCPPCommCtrlr.OfflineThreshold"], known["AuthCtrlr.AuthorizeRemoteStart"]) == (
        "123",
        "false",
    )
    wanted[1] = _named("AuthCtrlr", "NoSuchThing", attributeValue="1")
    sent = await site.call(station, "SetVariables", {"setVariableData": wanted})
    assert [result["attributeStatus"] for result in sent["response"]["setVariableResult"]] == [
        "Accepted",
        "UnknownVariable",
    ]
    assert sent["outcome"] == "REFUSED"


@pytest.mark.parametrize(
    "base",
    [
        row("TC_B_12_CSMS", "ConfigurationInventory"),
        row("TC_B_13_CSMS", "FullInventory"),
        row("TC_B_14_CSMS", "SummaryInventory"),
    ],
)
async def test_tc_b_12_13_14_a_base_report(site: Site, base: str) -> None:
    station = await site.station201()
    sent = await site.call(station, "GetBaseReport", {"requestId": 71, "reportBase": base})
    assert station.asked_for("GetBaseReport")[-1] == {"requestId": 71, "reportBase": base}
    assert sent["outcome"] == "PENDING"
    problem = _named("ChargingStation", "Problem")
    await _report(station, 71, [_reported(THRESHOLD, "60")], [_reported(problem, "false")])
    assert (await site.result(sent))["outcome"] == "DONE"
    known = await _known(site, station)
    assert (known["OCPPCommCtrlr.OfflineThreshold"], known["ChargingStation.Problem"]) == ("60", "false")


@case("TC_B_18_CSMS")
async def test_tc_b_18_a_report_by_criteria_and_components(site: Site) -> None:
    station = await site.station201(answers={"GetReport": {"status": "EmptyResultSet"}})
    state = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    asked = {"requestId": 72, "componentCriteria": ["Problem"], "componentVariable": [state]}
    sent = await site.call(station, "GetReport", asked)
    assert station.asked_for("GetReport") == [asked]
    assert sent["response"] == {"status": "EmptyResultSet"}
    assert (await site.result(sent))["outcome"] != "PENDING", "no report will follow"
    station.answers["GetReport"] = {"status": "Accepted"}
    asked |= {"requestId": 73, "componentCriteria": ["Available"]}
    sent = await site.call(station, "GetReport", asked)
    assert station.asked_for("GetReport")[-1] == asked
    await _report(station, 73, [_reported(state, "Available", mutability="ReadOnly")])
    assert (await site.result(sent))["outcome"] == "DONE"
    assert (await _known(site, station))["EVSE@1.AvailabilityState"] == "Available"

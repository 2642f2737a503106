"""Block N: monitors and what they notice (OCPP 2.0.1 Part 2 §N02–N08, Part 6 TC_N)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201
from tests.wire.station import Payload

EVSE1 = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
STATION = {"component": {"name": "ChargingStation"}, "variable": {"name": "AvailabilityState"}}
POWER = {"component": {"name": "ChargingStation"}, "variable": {"name": "Power"}}


def _monitor(number: int = 1, kind: str = "UpperThreshold", value: float = 11_000, **fields: Any) -> Payload:
    """Return a VariableMonitoringType."""
    return {"id": number, "transaction": False, "value": value, "type": kind, "severity": 5} | fields


DELTA = {"monitoringCriteria": ["DeltaMonitoring"]}
THRESHOLD = {"monitoringCriteria": ["ThresholdMonitoring"]}
BOTH = {"componentVariable": [STATION, EVSE1]}
REPORTED: list[Any] = [
    row("TC_N_01_CSMS", DELTA, THRESHOLD),
    row("TC_N_02_CSMS", {"componentVariable": [POWER]}, {"componentVariable": [EVSE1]}),
    row("TC_N_03_CSMS", DELTA | {"componentVariable": [EVSE1]}, THRESHOLD | {"componentVariable": [POWER]}),
    row("TC_N_60_CSMS", DELTA | BOTH, THRESHOLD | BOTH),
    row("TC_N_47_CSMS", None, {}),
]
"""What a station has no monitor for, and what it has."""


@pytest.mark.parametrize(("empty", "criteria"), REPORTED)
async def test_monitors_are_reported(site: Site, empty: Payload | None, criteria: Payload) -> None:
    """The monitors come after the answer, here in two parts; only with the last one it is done."""
    station = await site.station201()
    if empty is not None:
        station.answers["GetMonitoringReport"] = {"status": "EmptyResultSet"}
        none = await site.call(station, "GetMonitoringReport", {"requestId": 5} | empty)
        assert none["response"] == {"status": "EmptyResultSet"}
        assert (await site.result(none))["outcome"] != "PENDING"
        station.answers["GetMonitoringReport"] = {"status": "Accepted"}
    asked = {"requestId": 6} | criteria
    sent = await site.call(station, "GetMonitoringReport", asked)
    assert station.asked_for("GetMonitoringReport")[-1] == asked
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    for number, about in enumerate((POWER, EVSE1)):
        assert (await site.result(sent))["outcome"] == "PENDING"
        said = {"requestId": 6, "seqNo": number, "tbc": number == 0, "generatedAt": station.at(),
                "monitor": [about | {"variableMonitoring": [_monitor(number + 1)]}]}  # fmt: skip
        assert await station.call("NotifyMonitoringReport", said) == {}
    assert (await site.result(sent))["outcome"] == "DONE"
    known = await site.verb("station.monitors", station=station.id)
    assert [(each["id"], each["variable"], each["type"]) for each in known] == [
        (1, "ChargingStation.Power", "UpperThreshold"),
        (2, "EVSE@1.AvailabilityState", "UpperThreshold"),
    ]


@case("TC_N_05_CSMS")
@pytest.mark.parametrize("base", ["All", "FactoryDefault", "HardWiredOnly"])
async def test_tc_n_05_the_base_of_monitoring(site: Site, base: str) -> None:
    station = await site.station201()
    sent = await site.call(station, "SetMonitoringBase", {"monitoringBase": base})
    assert station.asked_for("SetMonitoringBase") == [{"monitoringBase": base}]
    assert sent["outcome"] == "DONE"


def _data(about: Payload, **fields: Any) -> Payload:
    return about | {"value": 1.0, "type": "Delta", "severity": 8} | fields


@pytest.mark.parametrize(
    "wanted",
    [
        row("TC_N_08_CSMS", [_data(EVSE1)]),
        row("TC_N_09_CSMS", [_data(EVSE1), _data(STATION)]),
    ],
)
async def test_monitors_are_set(site: Site, wanted: list[Payload]) -> None:
    told = [each | {"status": "Accepted", "id": number} for number, each in enumerate(wanted, start=7)]
    for each in told:
        del each["value"]
    station = await site.station201(answers={"SetVariableMonitoring": {"setMonitoringResult": told}})
    sent = await site.call(station, "SetVariableMonitoring", {"setMonitoringData": wanted})
    assert station.asked_for("SetVariableMonitoring") == [{"setMonitoringData": wanted}]
    assert sent["outcome"] == "DONE"
    known = await site.verb("station.monitors", station=station.id)
    assert [(each["id"], each["type"], each["severity"]) for each in known] == [
        (number, "Delta", 8) for number in range(7, 7 + len(wanted))
    ]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [row("TC_N_16_CSMS", "Accepted", "DONE"), row("TC_N_17_CSMS", "Rejected", "REFUSED")],
)
async def test_the_level_of_monitoring(site: Site, status: str, outcome: str) -> None:
    station = await site.station201(answers={"SetMonitoringLevel": {"status": status}})
    sent = await site.call(station, "SetMonitoringLevel", {"severity": 4})
    assert station.asked_for("SetMonitoringLevel") == [{"severity": 4}]
    assert (sent["outcome"], sent["response"]) == (outcome, {"status": status})


@case("TC_N_18_CSMS")
async def test_tc_n_18_no_more_monitors_are_cleared_at_a_time_than_the_station_takes(site: Site) -> None:
    """How many it takes the station has said (N06.FR.04)."""
    station = await site.station201()
    name = "MonitoringCtrlr.ItemsPerMessage[ClearVariableMonitoring]"
    station.variables["MonitoringCtrlr.ItemsPerMessage"] = "2"
    await site.command(station, "config.get", names=[name])
    [asked] = station.asked_for("GetVariables")
    assert asked["getVariableData"] == [
        {
            "component": {"name": "MonitoringCtrlr"},
            "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"},
        }
    ]
    done = await site.command(station, "monitor.clear", ids=[1, 2, 3, 4, 5])
    assert [each["id"] for each in station.asked_for("ClearVariableMonitoring")] == [[1, 2], [3, 4], [5]]
    assert done["outcome"] == "DONE"


@case("TC_N_44_CSMS")
async def test_tc_n_44_a_monitor_that_stays(site: Site) -> None:
    told = {"clearMonitoringResult": [{"id": 1, "status": "Rejected"}]}
    station = await site.station201(answers={"ClearVariableMonitoring": told})
    await site.call(station, "SetVariableMonitoring", {"setMonitoringData": [_data(POWER)]})
    sent = await site.call(station, "ClearVariableMonitoring", {"id": [1]})
    assert station.asked_for("ClearVariableMonitoring") == [{"id": [1]}]
    assert (sent["outcome"], sent["response"]) == ("REFUSED", told)
    [known] = await site.verb("station.monitors", station=station.id)
    assert known["id"] == 1


def _event(station: Station201, number: int, trigger: str, value: str, **fields: Any) -> Payload:
    """Return an EventDataType about the power of the station."""
    usual = {
        "eventId": number,
        "timestamp": station.at(),
        "trigger": trigger,
        "actualValue": value,
        "eventNotificationType": "CustomMonitor",
        "variableMonitoringId": 1,
    }
    return usual | POWER | fields


async def _notify(station: Station201, *events: Payload, seq_no: int = 0, tbc: bool = False) -> None:
    said = {"generatedAt": station.at(), "seqNo": seq_no, "tbc": tbc, "eventData": list(events)}
    assert await station.call("NotifyEvent", said) == {}


async def _noticed(site: Site, station: Station201) -> list[Payload]:
    return [event for kept in await site.events(station, "device.event") for event in kept["eventData"]]


@case("TC_N_24_CSMS")
async def test_tc_n_24_a_periodic_monitor(site: Site) -> None:
    station = await site.station201()
    wanted = [_data(POWER, type="Periodic", value=60.0)]
    sent = await site.call(station, "SetVariableMonitoring", {"setMonitoringData": wanted})
    assert sent["outcome"] == "DONE"
    for number in (1, 2):
        await site.forward(minutes=1)
        await _notify(station, _event(station, number, "Periodic", "11000"))
    assert [event["eventId"] for event in await _noticed(site, station)] == [1, 2]


@case("TC_N_48_CSMS")
async def test_tc_n_48_a_write_only_variable_keeps_its_value(site: Site) -> None:
    station = await site.station201()
    secret = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    await _notify(station, _event(station, 1, "Delta", "") | secret)
    [noticed] = await _noticed(site, station)
    assert (noticed["variable"], noticed["actualValue"]) == (secret["variable"], "")


@case("TC_N_49_CSMS")
async def test_tc_n_49_thresholds_cleared_after_a_reboot(site: Site) -> None:
    station = await site.station201()
    await _notify(station, _event(station, 1, "Alerting", "12000", cleared=False))
    [alert] = await site.verb("alert.list")
    assert (alert["stationId"], alert["message"]) == ("CP201", "CP201: ChargingStation.Power is 12000")
    station = await site.reconnected(station)
    await _notify(station, _event(station, 2, "Alerting", "9000", cleared=True))
    assert [event.get("cleared") for event in await _noticed(site, station)] == [False, True]
    assert await site.verb("alert.list") == []


@case("TC_N_50_CSMS")
async def test_tc_n_50_periodic_events_in_parts(site: Site) -> None:
    station = await site.station201()
    await _notify(station, _event(station, 1, "Periodic", "11000"), tbc=True)
    await _notify(station, _event(station, 2, "Periodic", "10900"), seq_no=1)
    assert [event["actualValue"] for event in await _noticed(site, station)] == ["11000", "10900"]

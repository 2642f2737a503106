"""Block N: monitors as stations tell them, and the alerts that come of what they see."""

from typing import Any

import pytest

from csms.services import monitors
from tests.wire.appliance import Appliance
from tests.wire.payloads import at
from tests.wire.station import Payload, Station

POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


async def order(csms: Appliance, verb: str, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb("station.command", station="CP1", verb=verb, args=args)
    return done


async def known(csms: Appliance) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await csms.verb("station.monitors", station="CP1")
    return found


async def open_alerts(csms: Appliance) -> list[tuple[str, str, int]]:
    return [(a["severity"], a["message"], a["count"]) for a in await csms.verb("alert.list")]


def takes(*statuses: str) -> Any:
    """Return the answer to SetVariableMonitoring: one status for each monitor, numbers from 11 on."""

    def answer(request: Payload) -> Payload:
        results = []
        for number, (wanted, status) in enumerate(
            zip(request["setMonitoringData"], statuses, strict=False), start=11
        ):
            about = {name: wanted[name] for name in ("type", "severity", "component", "variable")}
            results.append({"status": status} | about | ({"id": number} if status == "Accepted" else {}))
        return {"setMonitoringResult": results}

    return answer


def event(number: int | None = 11, trigger: str = "Alerting", minutes: float = 0, **more: Any) -> Payload:
    watched = {} if number is None else {"variableMonitoringId": number}
    usual = {
        "eventId": 1,
        "timestamp": at(minutes),
        "trigger": trigger,
        "actualValue": "23000",
        "eventNotificationType": "CustomMonitor",
    }
    return {"generatedAt": at(minutes), "seqNo": 0, "eventData": [usual | watched | POWER | more]}


def monitoring_report(request: int, *numbers: int, tbc: bool = False, seq_no: int = 0) -> Payload:
    monitors = [
        {"id": number, "transaction": False, "value": 5, "type": "Delta", "severity": 6} for number in numbers
    ]
    about = {"requestId": request, "seqNo": seq_no, "generatedAt": at(0), "tbc": tbc}
    return about | {"monitor": [POWER | {"variableMonitoring": monitors}]}


WATCH = {"variable": "EVSE@1.Power", "kind": "UpperThreshold", "value": 22000, "severity": 2}


async def test_a_monitor_is_known_by_the_stations_number(csms: Appliance, station: Station) -> None:
    station.answers["SetVariableMonitoring"] = takes("Accepted", "Duplicate")
    second = WATCH | {"kind": "Delta", "value": 0.5, "severity": 4, "in_transaction": True}
    done = await order(csms, "monitor.set", monitors=[WATCH, second])
    assert done["outcome"] == "REFUSED"
    [(_, payload)] = station.asked
    assert payload["setMonitoringData"] == [
        {"value": 22000, "type": "UpperThreshold", "severity": 2} | POWER,
        {"transaction": True, "value": 0.5, "type": "Delta", "severity": 4} | POWER,
    ]
    [monitor] = await known(csms)
    assert (monitor["id"], monitor["variable"], monitor["value"]) == (11, "EVSE@1.Power", "22000")
    assert monitor["custom"] is True


async def test_monitors_are_set_in_parts_as_large_as_the_station_takes(
    csms: Appliance, station: Station
) -> None:
    name = "MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]"
    await csms.unit.run(
        lambda tx: tx.db.run(
            """INSERT INTO station_settings (station_key, name, value, readonly, reported_at)
               SELECT id, :name, '2', 1, '2026' FROM stations""",
            {"name": name},
        )
    )
    station.answers["SetVariableMonitoring"] = takes("Accepted", "Accepted")
    done = await order(csms, "monitor.set", monitors=[WATCH | {"severity": s} for s in range(5)])
    assert done["outcome"] == "DONE"
    assert [len(payload["setMonitoringData"]) for _, payload in station.asked] == [2, 2, 1]


@pytest.mark.parametrize(("status", "outcome"), [("Accepted", "DONE"), ("NotFound", "REFUSED")])
async def test_what_is_cleared_or_not_there_is_gone(
    csms: Appliance, station: Station, status: str, outcome: str
) -> None:
    station.answers["SetVariableMonitoring"] = takes("Accepted")
    await order(csms, "monitor.set", monitors=[WATCH])
    station.answers["ClearVariableMonitoring"] = {"clearMonitoringResult": [{"id": 11, "status": status}]}
    done = await order(csms, "monitor.clear", ids=[11, 11])
    assert station.asked[-1] == ("ClearVariableMonitoring", {"id": [11]})
    assert (done["outcome"], await known(csms)) == (outcome, [])


async def test_what_a_station_keeps_is_still_known(csms: Appliance, station: Station) -> None:
    station.answers["SetVariableMonitoring"] = takes("Accepted")
    await order(csms, "monitor.set", monitors=[WATCH])
    rejected = {"clearMonitoringResult": [{"id": 11, "status": "Rejected"}]}
    station.answers["ClearVariableMonitoring"] = rejected
    done = await order(csms, "monitor.clear", ids=[11])
    assert (done["outcome"], [m["id"] for m in await known(csms)]) == ("REFUSED", [11])


async def test_a_report_of_all_monitors_replaces_what_was_known(csms: Appliance, station: Station) -> None:
    station.answers["SetVariableMonitoring"] = takes("Accepted")
    await order(csms, "monitor.set", monitors=[WATCH])
    csms.clock.forward(minutes=1)
    done = await order(csms, "monitor.report")
    assert done["outcome"] == "PENDING"
    await station.call("NotifyMonitoringReport", monitoring_report(1, 3, seq_no=1))
    assert len(await known(csms)) == 2
    await station.call("NotifyMonitoringReport", monitoring_report(1, 2, tbc=True))
    assert [(m["id"], m["severity"], m["custom"]) for m in await known(csms)] == [
        (2, 6, False),
        (3, 6, False),
    ]


async def test_a_report_of_some_monitors_leaves_the_others(csms: Appliance, station: Station) -> None:
    station.answers["SetVariableMonitoring"] = takes("Accepted")
    await order(csms, "monitor.set", monitors=[WATCH])
    csms.clock.forward(minutes=1)
    await order(csms, "monitor.report", names=["EVSE@1.Power", "Connector"], criteria=["DeltaMonitoring"])
    action, payload = station.asked[-1]
    assert action == "GetMonitoringReport"
    assert payload["componentVariable"] == [POWER, {"component": {"name": "Connector"}}]
    await station.call("NotifyMonitoringReport", monitoring_report(1, 2))
    assert [m["id"] for m in await known(csms)] == [2, 11]


@pytest.mark.parametrize(("criteria", "left"), [([], []), (["DeltaMonitoring"], [11])])
async def test_nothing_to_report_says_so_of_what_was_asked(
    csms: Appliance, station: Station, criteria: list[str], left: list[int]
) -> None:
    station.answers["SetVariableMonitoring"] = takes("Accepted")
    await order(csms, "monitor.set", monitors=[WATCH])
    csms.clock.forward(minutes=1)
    station.answers["GetMonitoringReport"] = {"status": "EmptyResultSet"}
    done = await order(csms, "monitor.report", criteria=criteria)
    assert (done["outcome"], [m["id"] for m in await known(csms)]) == ("DONE", left)


@pytest.mark.parametrize(
    ("base", "left"), [("All", [5, 11]), ("FactoryDefault", [5]), ("HardWiredOnly", [5])]
)
async def test_a_base_may_remove_what_was_set(
    csms: Appliance, station: Station, base: str, left: list[int]
) -> None:
    station.answers["SetVariableMonitoring"] = takes("Accepted")
    await order(csms, "monitor.set", monitors=[WATCH])
    await station.call("NotifyMonitoringReport", monitoring_report(9, 5))
    await order(csms, "monitor.base", base=base)
    assert [m["id"] for m in await known(csms)] == left
    [setting] = await csms.verb("station.config", station="CP1")
    assert (setting["name"], setting["value"]) == ("MonitoringCtrlr.ActiveMonitoringBase", base)


async def test_the_level_is_a_setting_of_the_station(csms: Appliance, station: Station) -> None:
    await order(csms, "monitor.level", severity=4)
    assert station.asked == [("SetMonitoringLevel", {"severity": 4})]
    [setting] = await csms.verb("station.config", station="CP1")
    assert (setting["name"], setting["value"]) == ("MonitoringCtrlr.ActiveMonitoringLevel", "4")


async def test_what_alerts_raises_one_alert_until_it_is_cleared(csms: Appliance, station: Station) -> None:
    station.answers["SetVariableMonitoring"] = takes("Accepted")
    await order(csms, "monitor.set", monitors=[WATCH])
    await station.call("NotifyEvent", event(techCode="E7"))
    await station.call("NotifyEvent", event(minutes=1, techCode="E7"))
    assert await open_alerts(csms) == [("CRITICAL", "CP1: EVSE@1.Power is 23000 (E7)", 2)]
    found = (await csms.verb("doctor.station", station="CP1"))["findings"]
    assert {"ok": False, "text": "alert CRITICAL: CP1: EVSE@1.Power is 23000 (E7)"} in found
    await station.call("NotifyEvent", event(minutes=2, cleared=True, actualValue="100"))
    assert await open_alerts(csms) == []


async def test_what_was_cleared_before_does_not_end_it(csms: Appliance, station: Station) -> None:
    await station.call("NotifyEvent", event(minutes=5))
    await station.call("NotifyEvent", event(minutes=4, cleared=True))
    assert len(await open_alerts(csms)) == 1


@pytest.mark.parametrize("trigger", ["Delta", "Periodic"])
async def test_changes_and_periodic_values_are_no_alerts(
    csms: Appliance, station: Station, trigger: str
) -> None:
    await station.call("NotifyEvent", event(trigger=trigger))
    assert await open_alerts(csms) == []
    assert len(await csms.rows("SELECT 1 FROM station_events WHERE kind = 'device.event'")) == 1


async def test_what_the_firmware_watches_is_told_apart_by_its_variable(
    csms: Appliance, station: Station
) -> None:
    for name in ("Problem", "Tripped", "Problem"):
        await station.call("NotifyEvent", event(None, variable={"name": name}, actualValue="true"))
    alerts = await open_alerts(csms)
    assert sorted(alerts) == [
        ("MEDIUM", "CP1: EVSE@1.Problem is true", 2),
        ("MEDIUM", "CP1: EVSE@1.Tripped is true", 1),
    ]


async def test_alerts_of_monitors_survive_a_restart(csms: Appliance, station: Station) -> None:
    await station.call("NotifyEvent", event())
    heir = await csms.restarted()
    assert len(await heir.verb("alert.list")) == 1


@pytest.mark.parametrize(
    ("args", "action", "payload"),
    [
        ({}, "GetBaseReport", {"reportBase": "FullInventory"}),
        ({"extent": "summary"}, "GetBaseReport", {"reportBase": "SummaryInventory"}),
        ({"extent": "configuration"}, "GetBaseReport", {"reportBase": "ConfigurationInventory"}),
        ({"names": ["EVSE@1.Power"]}, "GetReport", {"componentVariable": [POWER]}),
        (
            {"names": ["EVSE@1"], "criteria": ["Problem"]},
            "GetReport",
            {"componentVariable": [{"component": POWER["component"]}], "componentCriteria": ["Problem"]},
        ),
    ],
)
async def test_reports_are_asked_for_as_wide_as_wanted(
    csms: Appliance, station: Station, args: dict[str, Any], action: str, payload: Payload
) -> None:
    await order(csms, "report", **args)
    assert station.asked == [(action, {"requestId": 1} | payload)]


async def test_a_network_profile_goes_into_a_slot(csms: Appliance, station: Station) -> None:
    await order(csms, "network-profile", slot=2, url="wss://csms.example:9443/ocpp", profile=2)
    [(action, payload)] = station.asked
    assert (action, payload["configurationSlot"]) == ("SetNetworkProfile", 2)
    assert payload["connectionData"]["ocppCsmsUrl"] == "wss://csms.example:9443/ocpp"


async def test_a_station_that_is_removed_alerts_no_more(csms: Appliance, station: Station) -> None:
    await station.call("NotifyEvent", event())
    await csms.verb("station.remove", station="CP1")
    assert await open_alerts(csms) == []
    assert await csms.rows("SELECT 1 FROM device_monitors") == []


async def test_a_station_that_sees_too_much_hurts_only_itself(csms: Appliance, station: Station) -> None:
    for first in range(0, 120, 40):
        said = event(None)
        [usual] = said["eventData"]
        said["eventData"] = [usual | {"variable": {"name": f"V{n}"}} for n in range(first, first + 40)]
        await station.call("NotifyEvent", said)
    alerts = await csms.verb("alert.list", limit=1000)
    assert len(alerts) == monitors.MOST_OPEN + 1
    assert max(alert["count"] for alert in alerts) == 20


async def test_what_is_watched_may_be_a_secret(csms: Appliance, station: Station) -> None:
    secret = {"variable": {"name": "BasicAuthPassword"}, "actualValue": "hunter2-hunter2"}
    await station.call("NotifyEvent", event(None, **secret))
    assert "hunter2" not in str(await csms.verb("alert.list"))

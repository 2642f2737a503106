"""Settings as operators want them: compared after boot, sent where they differ, with the outcome of each to be seen."""

from typing import Any

import pytest

from csms.errors import InvalidInput, NotFound, StationOffline, StationRefused
from tests.wire import payloads as payloads16
from tests.wire.appliance import Appliance
from tests.wire.initiative import Device, jobs, let_act, patient, turn
from tests.wire.station import CallError, Station
from tests.wire.v201 import payloads as payloads201
from tests.wire.v201.conftest import connected

__all__ = ["patient"]

HEARTBEAT = "OCPPCommCtrlr.HeartbeatInterval"
LIMITS = {
    "DeviceDataCtrlr.ItemsPerMessage[GetVariables]": "4",
    "DeviceDataCtrlr.ItemsPerMessage[SetVariables]": "2",
}


async def at_1_6(csms: Appliance, device: Device) -> Station:
    let_act(csms, inventory=False)
    station = await csms.station()
    station.answers |= device.answers()  # type: ignore[arg-type]
    await station.call("BootNotification", payloads16.boot())
    return station


async def at_2_0_1(csms: Appliance, device: Device) -> Station:
    let_act(csms, inventory=False)
    station = await connected(csms)
    station.answers |= device.answers()  # type: ignore[arg-type]
    await station.call("BootNotification", payloads201.boot())
    return station


async def shown(csms: Appliance, name: str) -> dict[str, Any]:
    found = await csms.verb("station.config", station="CP1")
    entry: dict[str, Any] = next(entry for entry in found if entry["name"].casefold() == name.casefold())
    return entry


async def outcome(csms: Appliance, name: str) -> tuple[str, str | None]:
    entry = await shown(csms, name)
    return entry["outcome"], entry["value"]


def sent(station: Station, action: str) -> list[Any]:
    return [payload for name, payload in station.asked if name == action]


async def diagnosis(csms: Appliance) -> str:
    report = await csms.verb("doctor.station", station="CP1")
    return "\n".join(finding["text"] for finding in report["findings"])


async def test_one_word_counts_for_stations_of_both_versions(csms: Appliance) -> None:
    await csms.verb("desired.set", name="HeartbeatInterval", value="600")
    old = Device(HeartbeatInterval="300", GetConfigurationMaxKeys="10")
    station = await at_1_6(csms, old)
    await turn(csms)
    assert (old.held["HeartbeatInterval"], await jobs(csms)) == ("600", {})
    assert await outcome(csms, "HeartbeatInterval") == ("IN_STEP", "600")
    await station.drop()
    new = Device(**{HEARTBEAT: "300"} | LIMITS)
    await at_2_0_1(csms, new)
    await turn(csms)
    assert (new.held[HEARTBEAT], await jobs(csms)) == ("600", {})
    assert await outcome(csms, HEARTBEAT) == ("IN_STEP", "600")


async def test_what_is_in_step_is_not_sent(csms: Appliance) -> None:
    await csms.verb("desired.set", name="LocalPreAuthorize", value="true")
    station = await at_1_6(csms, Device(LocalPreAuthorize="True", GetConfigurationMaxKeys="10"))
    await turn(csms)
    assert sent(station, "ChangeConfiguration") == []
    assert await outcome(csms, "LocalPreAuthorize") == ("IN_STEP", "True")


async def test_settings_go_in_parts_as_large_as_the_station_takes(csms: Appliance) -> None:
    names = [f"TxCtrlr.V{number}" for number in range(5)]
    for name in names:
        await csms.verb("desired.set", name=name, value="1")
    device = Device(**dict.fromkeys(names, "0") | LIMITS)
    station = await at_2_0_1(csms, device)
    await turn(csms)
    assert [len(p["setVariableData"]) for p in sent(station, "SetVariables")] == [2, 2, 1]
    assert [len(p["getVariableData"]) for p in sent(station, "GetVariables")] == [1, 1, 4, 1, 4, 1]
    assert {device.held[name] for name in names} == {"1"}


async def test_a_refusal_is_told_and_not_tried_again_until_the_value_changes(csms: Appliance) -> None:
    await csms.verb("desired.set", name=HEARTBEAT, value="1")
    device = Device(**{HEARTBEAT: "300"} | LIMITS)
    device.refuses = {HEARTBEAT}
    station = await at_2_0_1(csms, device)
    await turn(csms)
    for _ in range(2):
        await station.call("BootNotification", payloads201.boot())
        await turn(csms)
    assert len(sent(station, "SetVariables")) == 1
    entry = await shown(csms, HEARTBEAT)
    assert (entry["outcome"], entry["detail"], entry["value"]) == ("REFUSED", "Rejected", "300")
    assert f"{HEARTBEAT} REFUSED" in await diagnosis(csms)
    device.refuses = set()
    await csms.verb("desired.set", name=HEARTBEAT, value="60")
    await turn(csms)
    assert await outcome(csms, HEARTBEAT) == ("IN_STEP", "60")


@pytest.mark.parametrize("begin", [at_1_6, at_2_0_1])
async def test_what_a_station_does_not_know_is_given_up(csms: Appliance, begin: Any) -> None:
    await csms.verb("desired.set", name="WebSocketPingInterval", value="54")
    station = await begin(csms, Device(GetConfigurationMaxKeys="10", **LIMITS))
    await turn(csms)
    name = "WebSocketPingInterval" if begin is at_1_6 else "OCPPCommCtrlr.WebSocketPingInterval"
    assert await outcome(csms, name) == ("UNKNOWN", None)
    assert sent(station, "SetVariables") == sent(station, "ChangeConfiguration") == []


async def test_new_firmware_may_know_what_the_old_did_not(csms: Appliance) -> None:
    await csms.verb("desired.set", name="WebSocketPingInterval", value="54")
    device = Device(GetConfigurationMaxKeys="10")
    let_act(csms)
    station = await csms.station()
    station.answers |= device.answers()  # type: ignore[arg-type]
    await station.call("BootNotification", payloads16.boot())
    await turn(csms)
    await turn(csms)
    device.held["WebSocketPingInterval"] = "0"
    await station.call("BootNotification", payloads16.boot(firmwareVersion="2.0"))
    await turn(csms)
    await turn(csms)
    assert await outcome(csms, "WebSocketPingInterval") == ("IN_STEP", "54")


@pytest.mark.parametrize("begin", [at_1_6, at_2_0_1])
async def test_a_reboot_that_is_needed_is_told_until_it_has_happened(csms: Appliance, begin: Any) -> None:
    await csms.verb("desired.set", name="HeartbeatInterval", value="600")
    name = "HeartbeatInterval" if begin is at_1_6 else HEARTBEAT
    device = Device(**{name: "300", "GetConfigurationMaxKeys": "9"} | LIMITS)
    device.needs_reboot = {name}
    station = await begin(csms, device)
    await turn(csms)
    entry = await shown(csms, name)
    assert (entry["outcome"], entry["needsReboot"]) == ("REBOOT_REQUIRED", True)
    assert "needs a reboot" in await diagnosis(csms)
    await csms.verb("station.command", station="CP1", verb="config.get", args={"names": [name]})
    assert (await outcome(csms, name)) == ("REBOOT_REQUIRED", "300")
    device.held[name] = "600"
    boot = payloads16.boot() if begin is at_1_6 else payloads201.boot()
    await station.call("BootNotification", boot)
    assert (await shown(csms, name))["needsReboot"] is False
    await turn(csms)
    assert await outcome(csms, name) == ("IN_STEP", "600")


async def test_a_station_that_takes_a_value_and_keeps_another_is_told_a_few_times(csms: Appliance) -> None:
    await csms.verb("desired.set", name="HeartbeatInterval", value="600")
    device = Device(HeartbeatInterval="300", GetConfigurationMaxKeys="9")
    device.stubborn = {"HeartbeatInterval"}
    station = await at_1_6(csms, device)
    for _ in range(5):
        await turn(csms, seconds=700)
        await station.call("BootNotification", payloads16.boot())
    assert len(sent(station, "ChangeConfiguration")) == 3
    assert await outcome(csms, "HeartbeatInterval") == ("DIFFERS", "300")


async def test_what_a_station_does_not_tell_is_sent_and_believed(csms: Appliance) -> None:
    await csms.verb("desired.set", name="Ctrlr.Hidden", value="x")
    device = Device(**LIMITS)
    device.silent = {"Ctrlr.Hidden"}
    await at_2_0_1(csms, device)
    await turn(csms)
    assert device.held["Ctrlr.Hidden"] == "x"
    assert (await outcome(csms, "Ctrlr.Hidden"))[0] == "SENT"


async def test_a_read_only_setting_is_not_written(csms: Appliance) -> None:
    await csms.verb("desired.set", name="NumberOfConnectors", value="4")
    let_act(csms, inventory=False)
    station = await csms.station()
    keys = [{"key": "NumberOfConnectors", "readonly": True, "value": "2"}]
    station.answers["GetConfiguration"] = {"configurationKey": keys}
    await station.call("BootNotification", payloads16.boot())
    await turn(csms)
    assert sent(station, "ChangeConfiguration") == []
    assert await outcome(csms, "NumberOfConnectors") == ("READ_ONLY", "2")


async def test_silence_is_tried_again_and_then_given_up(csms: Appliance) -> None:
    await csms.verb("desired.set", name="HeartbeatInterval", value="600")
    station = await at_1_6(csms, Device(GetConfigurationMaxKeys="9"))
    await station.drop()
    await turn(csms)
    assert await jobs(csms) == {"SETTINGS": 0}
    assert await outcome(csms, "HeartbeatInterval") == ("WAITING", None)
    back = await csms.station()
    back.answers |= Device(HeartbeatInterval="3", GetConfigurationMaxKeys="9").answers()  # type: ignore[arg-type]
    await turn(csms, seconds=301)
    assert await outcome(csms, "HeartbeatInterval") == ("IN_STEP", "600")


async def test_what_cannot_be_read_is_not_written_blindly(csms: Appliance) -> None:
    await csms.verb("desired.set", name="HeartbeatInterval", value="600")
    device = Device(HeartbeatInterval="300", GetConfigurationMaxKeys="9")
    station = await at_1_6(csms, device)
    station.answers["GetConfiguration"] = CallError("InternalError", "no memory", {})
    await turn(csms)
    assert sent(station, "ChangeConfiguration") == []
    assert await jobs(csms) == {"SETTINGS": 1}
    with pytest.raises(StationRefused, match="no memory"):
        await csms.verb("desired.apply", station="CP1")
    station.answers |= device.answers()  # type: ignore[arg-type]
    await turn(csms, seconds=700)
    assert await outcome(csms, "HeartbeatInterval") == ("IN_STEP", "600")


async def test_a_change_is_compared_at_once_where_the_station_is_there(csms: Appliance) -> None:
    device = Device(HeartbeatInterval="300", GetConfigurationMaxKeys="9")
    await at_1_6(csms, device)
    await csms.verb("desired.set", name="HeartbeatInterval", value="60", station="CP1")
    await turn(csms)
    assert device.held["HeartbeatInterval"] == "60"


@pytest.mark.parametrize(
    ("whose", "concerned"),
    [
        ({}, True),
        ({"model": "abl EMH1"}, True),
        ({"model": "eMH1"}, True),
        ({"model": "other"}, False),
        ({"station": "CP2"}, False),
    ],
)
async def test_only_the_stations_that_are_meant_are_compared(
    csms: Appliance, whose: dict[str, str], concerned: bool
) -> None:
    await csms.verb("station.add", station_id="CP2", security_profile=0)
    await at_1_6(csms, Device(HeartbeatInterval="300", GetConfigurationMaxKeys="9"))
    await csms.verb("desired.set", name="HeartbeatInterval", value="60", **whose)
    assert await jobs(csms) == ({"SETTINGS": 0} if concerned else {})


async def test_a_quiet_station_is_told_only_at_an_operators_word(csms: Appliance) -> None:
    await csms.verb("station.update", station="CP1", quirks={"quiet": True})
    await csms.verb("desired.set", name="HeartbeatInterval", value="60")
    device = Device(HeartbeatInterval="300", GetConfigurationMaxKeys="9")
    station = await at_1_6(csms, device)
    await turn(csms)
    assert station.asked == []
    [done] = await csms.verb("desired.apply", station="CP1")
    assert (done["outcome"], device.held["HeartbeatInterval"]) == ("IN_STEP", "60")


async def test_a_pending_station_is_told_only_at_an_operators_word(csms: Appliance) -> None:
    await csms.verb("station.update", station="CP1", registration="Pending")
    await csms.verb("desired.set", name="HeartbeatInterval", value="60")
    device = Device(HeartbeatInterval="300", GetConfigurationMaxKeys="9")
    station = await at_1_6(csms, device)
    await turn(csms)
    assert station.asked == []
    await csms.verb("desired.apply", station="CP1")
    assert device.held["HeartbeatInterval"] == "60"


async def test_an_operators_word_to_a_station_that_is_away_says_so(csms: Appliance) -> None:
    await csms.verb("desired.set", name="HeartbeatInterval", value="60")
    with pytest.raises(StationOffline):
        await csms.verb("desired.apply", station="CP1")


async def test_the_nearest_counts_and_what_is_no_longer_desired_is_let_be(csms: Appliance) -> None:
    await csms.verb("desired.set", name="HeartbeatInterval", value="1")
    await csms.verb("desired.set", name="HeartbeatInterval", value="2", model="ABL eMH1")
    await csms.verb("desired.set", name="HeartbeatInterval", value="3", station="CP1")
    device = Device(HeartbeatInterval="300", GetConfigurationMaxKeys="9")
    station = await at_1_6(csms, device)
    for value, whose in (("3", {"station": "CP1"}), ("2", {"model": "ABL eMH1"}), ("1", {})):
        await station.call("BootNotification", payloads16.boot())
        await turn(csms)
        assert device.held["HeartbeatInterval"] == value
        [mine] = await csms.verb("desired.list", station="CP1")
        assert mine["value"] == value
        await csms.verb("desired.remove", name="heartbeatinterval", **whose)
    await station.call("BootNotification", payloads16.boot())
    await turn(csms)
    assert (await shown(csms, "HeartbeatInterval"))["outcome"] is None
    assert device.held["HeartbeatInterval"] == "1"
    with pytest.raises(NotFound):
        await csms.verb("desired.remove", name="HeartbeatInterval")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AuthorizationKey", "secret-secret-12"),
        ("SecurityCtrlr.BasicAuthPassword", "secret-secret-12"),
        ("SendLocalListMaxLength", "5"),
        ("SecurityProfile", "2"),
        ("DeviceDataCtrlr.ItemsPerMessage[X", "5"),
        ("K" * 51, "5"),
        ("", "5"),
        ("HeartbeatInterval", "x" * 2501),
    ],
)
async def test_what_cannot_be_desired_is_refused(csms: Appliance, name: str, value: str) -> None:
    with pytest.raises(InvalidInput):
        await csms.verb("desired.set", name=name, value=value)
    assert await csms.verb("desired.list") == []


async def test_another_tenants_wishes_are_not_ours(csms: Appliance) -> None:
    await csms.verb("tenant.add", name="other", party_id="OTH")
    await csms.verb("desired.set", name="HeartbeatInterval", value="1", tenant="other")
    station = await at_1_6(csms, Device(HeartbeatInterval="300", GetConfigurationMaxKeys="9"))
    await turn(csms)
    assert station.asked == []
    assert await csms.verb("desired.list", tenant="default") == []

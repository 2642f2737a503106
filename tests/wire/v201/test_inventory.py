"""B07.FR.14: a station tells all it has on its first accepted boot and after its firmware changed."""

from typing import Any

import pytest

from tests.wire import payloads as payloads16
from tests.wire.appliance import Appliance
from tests.wire.initiative import jobs, let_act, patient, turn
from tests.wire.payloads import at
from tests.wire.station import Station
from tests.wire.v201.conftest import ListeningStation, connected
from tests.wire.v201.payloads import boot

__all__ = ["patient"]


def part(
    request: int, value: str, seq_no: int = 0, *, tbc: bool = False, name: str = "Model"
) -> dict[str, Any]:
    data = {
        "component": {"name": "ChargingStation"},
        "variable": {"name": name},
        "variableAttribute": [{"value": value, "mutability": "ReadOnly"}],
    }
    number = {"requestId": request, "seqNo": seq_no, "tbc": tbc}
    return number | {"generatedAt": at(0), "reportData": [data]}


async def booted(csms: Appliance, **station: Any) -> ListeningStation:
    let_act(csms)
    made = await connected(csms)
    await made.call("BootNotification", boot(**station))
    return made


def reports_asked(station: Station) -> list[int]:
    return [payload["requestId"] for action, payload in station.asked if action == "GetBaseReport"]


async def test_it_is_asked_for_once_and_after_the_answer(csms: Appliance) -> None:
    station = await booted(csms)
    assert station.asked == []
    await turn(csms)
    assert station.asked == [("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})]
    await turn(csms)
    await station.call("NotifyReport", part(1, "eM4"))
    assert await jobs(csms) == {}
    await station.call("BootNotification", boot())
    await turn(csms)
    assert reports_asked(station) == [1]


async def test_new_firmware_is_asked_anew_and_what_it_lacks_is_gone(csms: Appliance) -> None:
    station = await booted(csms)
    await turn(csms)
    await station.call("NotifyReport", part(1, "old", 0, tbc=True))
    await station.call("NotifyReport", part(1, "old", 1, name="Colour"))
    await station.call("BootNotification", boot(firmwareVersion="3.0"))
    await turn(csms)
    assert reports_asked(station) == [1, 2]
    await station.call("NotifyReport", part(2, "new"))
    shown = {row["name"]: row["value"] for row in await csms.verb("station.config", station="CP1")}
    assert shown == {"ChargingStation.Model": "new"}
    assert [row["variable"] for row in await csms.rows("SELECT variable FROM device_variables")] == ["Model"]


async def test_a_reboot_in_between_ends_the_report_and_begins_another(csms: Appliance) -> None:
    station = await booted(csms)
    await turn(csms)
    await station.call("NotifyReport", part(1, "eM4", 0, tbc=True))
    await station.call("BootNotification", boot())
    [first] = await csms.verb("station.commands", station="CP1")
    assert (first["outcome"], first["followedBy"]) == ("FAILED", "the station rebooted")
    await turn(csms)
    assert reports_asked(station) == [1, 2]
    await station.call("NotifyReport", part(1, "eM4", 1))
    assert await jobs(csms) == {"INVENTORY": 2}, (
        "the end of the report that was cut off is not the end of the new one"
    )
    await station.call("NotifyReport", part(2, "eM4"))
    assert await jobs(csms) == {}


async def test_a_boot_that_answers_a_trigger_is_no_reboot(csms: Appliance) -> None:
    station = await booted(csms)
    await turn(csms)
    await station.call("NotifyReport", part(1, "eM4", 0, tbc=True))
    await station.call("BootNotification", boot("Triggered"))
    await station.call("NotifyReport", part(1, "eM4", 1))
    [command] = await csms.verb("station.commands", station="CP1")
    assert command["outcome"] == "DONE"


async def test_a_killed_process_asks_when_it_is_back(csms: Appliance) -> None:
    await booted(csms)
    heir = await csms.restarted()
    let_act(heir)
    station = ListeningStation(heir.stream(), heir.nursery)
    await station.connect("/ocpp/CP1", protocols="ocpp2.0.1")
    await turn(heir)
    assert reports_asked(station) == [1]


async def test_numbers_go_on_after_a_restart(csms: Appliance) -> None:
    station = await booted(csms)
    await turn(csms)
    await station.call("NotifyReport", part(1, "eM4"))
    heir = await csms.restarted()
    again = ListeningStation(heir.stream(), heir.nursery)
    await again.connect("/ocpp/CP1", protocols="ocpp2.0.1")
    await heir.verb("station.command", station="CP1", verb="report")
    assert reports_asked(again) == [2]


async def test_a_report_that_never_becomes_whole_is_asked_for_a_few_times_a_day(csms: Appliance) -> None:
    station = await booted(csms)
    for _ in range(5):
        await turn(csms)
        await turn(csms, seconds=700)
    assert reports_asked(station) == [1, 2, 3]
    await turn(csms, seconds=24 * 3600)
    assert reports_asked(station) == [1, 2, 3, 4]


async def test_a_station_that_reboots_because_it_is_asked_is_let_rest(csms: Appliance) -> None:
    station = await booted(csms)
    for _ in range(6):
        await turn(csms)
        await station.call("BootNotification", boot())
    assert reports_asked(station) == [1, 2, 3]
    await station.call("BootNotification", boot(firmwareVersion="3.0"))
    await turn(csms)
    assert reports_asked(station) == [1, 2, 3, 4]


async def test_one_report_of_everything_is_asked_for_at_a_time(csms: Appliance) -> None:
    station = await booted(csms)
    await csms.verb("station.command", station="CP1", verb="report")
    await turn(csms)
    assert reports_asked(station) == [1]
    await station.call("BootNotification", boot("Triggered"))
    await turn(csms)
    await station.call("NotifyReport", part(1, "eM4"))
    assert (reports_asked(station), await jobs(csms)) == ([1], {})


async def test_a_station_that_is_away_is_asked_when_it_is_there(csms: Appliance) -> None:
    station = await booted(csms)
    await station.drop()
    await turn(csms)
    await turn(csms, seconds=60)
    assert await jobs(csms) == {"INVENTORY": 0}
    back = await connected(csms)
    await turn(csms, seconds=301)
    assert reports_asked(back) == [1]


@pytest.mark.parametrize("status", ["EmptyResultSet", "NotSupported", "Rejected"])
async def test_what_a_station_will_not_report_is_not_asked_for_again(csms: Appliance, status: str) -> None:
    station = await booted(csms)
    station.answers["GetBaseReport"] = {"status": status}
    await turn(csms)
    assert await jobs(csms) == {}
    await station.call("BootNotification", boot())
    await turn(csms)
    assert len(reports_asked(station)) == 1
    [command] = await csms.verb("station.commands", station="CP1")
    assert command["outcome"] == ("DONE" if status == "EmptyResultSet" else "REFUSED")


@pytest.mark.parametrize(("quirk", "asked"), [({"quiet": True}, 0), ({"inventory": False}, 0), ({}, 1)])
async def test_a_quirk_keeps_the_appliance_quiet(csms: Appliance, quirk: dict[str, bool], asked: int) -> None:
    await csms.verb("station.update", station="CP1", quirks=quirk)
    station = await booted(csms)
    await turn(csms)
    assert len(reports_asked(station)) == asked


async def test_a_quirk_lets_the_appliance_ask_where_it_is_quiet(csms: Appliance) -> None:
    await csms.verb("station.update", station="CP1", quirks={"quiet": False})
    station = await connected(csms)
    await station.call("BootNotification", boot())
    await turn(csms)
    assert reports_asked(station) == [1]


@pytest.mark.parametrize("registration", ["Pending", "Rejected"])
async def test_nothing_is_asked_of_a_station_that_is_not_accepted(csms: Appliance, registration: str) -> None:
    await csms.verb("station.update", station="CP1", registration=registration)
    station = await booted(csms)
    await turn(csms)
    assert station.asked == []
    await csms.verb("station.update", station="CP1", registration="Accepted")
    await station.call("BootNotification", boot())
    await turn(csms)
    assert reports_asked(station) == [1]


async def test_a_station_of_1_6_tells_all_its_keys(csms: Appliance) -> None:
    let_act(csms)
    station = await csms.station()
    keys = [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
    station.answers["GetConfiguration"] = {"configurationKey": keys}
    await station.call("BootNotification", payloads16.boot())
    await turn(csms)
    assert station.asked == [("GetConfiguration", {})]
    await station.call("BootNotification", payloads16.boot())
    await turn(csms)
    assert len(station.asked) == 1
    [shown] = await csms.verb("station.config", station="CP1")
    assert (shown["value"], shown["alsoCalled"]) == ("300", "OCPPCommCtrlr.HeartbeatInterval")

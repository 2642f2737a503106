"""csms alert, csms station desired, config and monitors: what an operator sees of devices."""

import json
from typing import Any

import pytest

from csms.model.alert import AlertCategory, AlertSeverity
from csms.services import alerts
from csms.services.unit import Tx
from tests.cli.conftest import Cli
from tests.wire import payloads as payloads16
from tests.wire.appliance import Appliance
from tests.wire.initiative import Device
from tests.wire.station import Station
from tests.wire.v201.conftest import connected
from tests.wire.v201.payloads import boot


@pytest.fixture
async def device(csms: Appliance) -> Station:
    """CP1 as a station of OCPP 2.0.1."""
    made = await connected(csms)
    await made.call("BootNotification", boot())
    return made


def raise_one(tx: Tx) -> None:
    [row] = tx.db.all("SELECT id FROM tenants")
    alerts.raise_alert(
        tx,
        tenant_id=row["id"],
        severity=AlertSeverity.CRITICAL,
        category=AlertCategory.SECURITY_ALERT,
        key="door",
        text="the door is open\x1b[31m",
        station_id="CP1",
    )


class TestAlerts:
    async def test_from_its_first_sight_to_its_end(self, csms: Appliance, cli: Cli) -> None:
        assert (await cli("alert", "list")).out == "nothing is wrong\n"
        await csms.unit.run(raise_one)
        [alert] = (await cli("alert", "list", "--severity", "critical", "--json")).json
        shown = (await cli("alert", "list")).out
        assert "the door is open" in shown
        assert "\x1b" not in shown, "what a station says does not steer the terminal"
        seen = await cli("alert", "acknowledge", alert["id"])
        assert (seen.code, "local operator" in seen.out) == (0, True)
        assert (await cli("alert", "clear", alert["id"])).code == 0
        assert (await cli("alert", "list")).out == "nothing is wrong\n"
        assert "the door is open" in (await cli("alert", "list", "--all")).out

    async def test_what_is_not_there_says_so(self, cli: Cli) -> None:
        assert (await cli("alert", "acknowledge", "nothing")).code == 3
        assert (await cli("alert", "list", "--severity", "purple")).code == 2


class TestDesired:
    async def test_what_is_desired_is_applied_and_shown(self, csms: Appliance, cli: Cli) -> None:
        station = await csms.station()
        device = Device(HeartbeatInterval="300", GetConfigurationMaxKeys="9")
        station.answers |= device.answers()  # type: ignore[arg-type]
        await station.call("BootNotification", payloads16.boot())
        said = await cli("station", "desired", "set", "HeartbeatInterval", "60", "--station", "CP1")
        assert said.out == "HeartbeatInterval is to be 60 (station CP1)\n"
        assert "WAITING" in (await cli("station", "config", "CP1")).out
        assert (await cli("station", "config", "CP1", "nonsense")).out == "no such setting\n"
        [only] = (await cli("station", "config", "CP1", "ocppcommctrlr", "--desired", "--json")).json
        assert only["name"] == "HeartbeatInterval"
        applied = await cli("station", "desired", "apply", "CP1")
        assert (applied.code, "IN_STEP" in applied.out, applied.err) == (0, True, "")
        assert device.held["HeartbeatInterval"] == "60"
        [row] = json.loads((await cli("station", "desired", "list", "--json")).out)
        assert (row["name"], row["value"], row["scope"], row["subject"]) == (
            "HeartbeatInterval",
            "60",
            "STATION",
            "CP1",
        )
        gone = await cli("station", "desired", "remove", "HeartbeatInterval", "--station", "CP1")
        assert gone.out == "HeartbeatInterval is no longer desired there\n"

    async def test_what_a_station_does_not_take_is_named(self, csms: Appliance, cli: Cli) -> None:
        station = await csms.station()
        station.answers |= Device(GetConfigurationMaxKeys="9").answers()  # type: ignore[arg-type]
        await station.call("BootNotification", payloads16.boot())
        await cli("station", "desired", "set", "HeartbeatInterval", "60")
        applied = await cli("station", "desired", "apply", "CP1")
        assert (applied.code, applied.err) == (6, "csms: CP1 has not taken HeartbeatInterval\n")
        assert "UNKNOWN" in applied.out

    @pytest.mark.parametrize(
        ("argv", "code"),
        [
            (("apply", "CP9"), 3),
            (("remove", "HeartbeatInterval"), 3),
            (("set", "AuthorizationKey", "0123456789abcdef"), 2),
            (("set", "HeartbeatInterval", "1", "--station", "CP1", "--model", "m"), 2),
        ],
    )
    async def test_what_cannot_be_done_says_so(self, cli: Cli, argv: tuple[str, ...], code: int) -> None:
        done = await cli("station", "desired", *argv)
        assert (done.code, done.err.count("\n")) == (code, 1)

    async def test_a_station_that_is_away_is_code_6(self, cli: Cli) -> None:
        await cli("station", "desired", "set", "HeartbeatInterval", "60")
        assert (await cli("station", "desired", "apply", "CP1")).code == 6


ORDERS: list[tuple[tuple[str, ...], str, dict[str, Any]]] = [
    (("monitor", "base", "hard-wired"), "SetMonitoringBase", {"monitoringBase": "HardWiredOnly"}),
    (("monitor", "level", "3"), "SetMonitoringLevel", {"severity": 3}),
    (
        ("monitor", "report", "--criterion", "delta"),
        "GetMonitoringReport",
        {"requestId": 1, "monitoringCriteria": ["DeltaMonitoring"]},
    ),
    (("report",), "GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}),
    (
        ("report", "--criterion", "problem"),
        "GetReport",
        {"requestId": 1, "componentCriteria": ["Problem"]},
    ),
]


class TestCommands:
    @pytest.mark.parametrize(("argv", "action", "payload"), ORDERS)
    async def test_orders_are_sent(
        self, device: Station, cli: Cli, argv: tuple[str, ...], action: str, payload: dict[str, Any]
    ) -> None:
        done = await cli("station", "command", "CP1", *argv)
        assert (done.code, done.err) == (0, "")
        assert device.asked == [(action, payload)]

    async def test_a_monitor_is_set_shown_and_cleared(self, device: Station, cli: Cli) -> None:
        def take(request: dict[str, Any]) -> dict[str, Any]:
            [wanted] = request["setMonitoringData"]
            about = {name: wanted[name] for name in ("type", "severity", "component", "variable")}
            return {"setMonitoringResult": [{"status": "Accepted", "id": 4} | about]}

        device.answers["SetVariableMonitoring"] = take
        cleared = {"clearMonitoringResult": [{"id": 4, "status": "Accepted"}]}
        device.answers["ClearVariableMonitoring"] = cleared
        assert "none known" in (await cli("station", "monitors", "CP1")).out
        watch = ("EVSE@1.Power", "--type", "upperthreshold", "--value", "22000", "--severity", "2")
        assert (await cli("station", "command", "CP1", "monitor", "set", *watch)).code == 0
        assert "EVSE@1.Power" in (await cli("station", "monitors", "CP1")).out
        assert (await cli("station", "command", "CP1", "monitor", "clear", "4")).code == 0
        assert "none known" in (await cli("station", "monitors", "CP1")).out

    async def test_a_network_profile_is_set(self, device: Station, cli: Cli) -> None:
        where = ("1", "wss://csms.example/ocpp", "--profile", "2")
        assert (await cli("station", "command", "CP1", "network-profile", *where)).code == 0
        assert device.asked[0][0] == "SetNetworkProfile"

    @pytest.mark.parametrize(
        "argv", [("report", "--extent", "half"), ("monitor", "base", "none"), ("monitor", "level", "10")]
    )
    async def test_words_that_mean_nothing_are_refused(
        self, device: Station, cli: Cli, argv: tuple[str, ...]
    ) -> None:
        assert (await cli("station", "command", "CP1", *argv)).code == 2
        assert device.asked == []

    async def test_1_6_has_none_of_it(self, station: Station, cli: Cli) -> None:
        for argv in (("report",), ("monitor", "level", "3")):
            done = await cli("station", "command", "CP1", *argv)
            assert (done.code, done.err.startswith("csms: OCPP 1.6 has no")) == (6, True)

"""Words that operators type and read: yes and no, what is refused and why, and help that loses nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from csms.cli.main import app
from csms.services import station_jobs, stations
from csms.services.access import LOCAL_OPERATOR
from tests.cli.conftest import Cli, run_main
from tests.wire.appliance import Appliance
from tests.wire.station import Station
from tests.wire.v201.conftest import connected
from tests.wire.v201.payloads import boot

ORDER = ("station", "command", "CP1")
HEARTBEAT = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


@pytest.fixture
async def device(csms: Appliance) -> Station:
    """CP1 as a station of OCPP 2.0.1."""
    made = await connected(csms)
    await made.call("BootNotification", boot())
    return made


class TestQuirks:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [("False", False), ("no", False), ("OFF", False), ("True", True), ("yes", True), ("On", True)],
    )
    async def test_yes_and_no_in_any_case(self, csms: Appliance, cli: Cli, typed: str, meant: bool) -> None:
        done = await cli("station", "update", "CP1", "--quirk", f"quiet={typed}", "--json")
        assert done.json["quirks"] == {"quiet": meant}
        found = await csms.unit.read(lambda tx: stations.find(tx, LOCAL_OPERATOR, "CP1"))
        assert await csms.unit.read(lambda tx: station_jobs.is_quiet(tx, found)) is meant

    async def test_a_word_in_between_is_refused(self, csms: Appliance, cli: Cli) -> None:
        done = await cli("station", "update", "CP1", "--quirk", "quiet=sometimes")
        assert (done.code, done.err) == (2, "csms: the quirk quiet is true or false, not 'sometimes'\n")
        done = await cli("station", "import", "-", stdin='id,quirks\nCP1,"{""quiet"": ""sometimes""}"\n')
        assert (done.code, "true or false" in done.err) == (2, True)
        assert (await csms.verb("station.show", station="CP1"))["quirks"] == {}

    async def test_what_is_text_stays_text(self, csms: Appliance, cli: Cli) -> None:
        done = await cli("station", "update", "CP1", "--quirk", "organization=No", "--json")
        assert done.json["quirks"] == {"organization": "No"}


class TestRefusals:
    async def test_settings_name_the_one_that_failed(self, device: Station, cli: Cli) -> None:
        info = {"reasonCode": "OutOfRange"}
        device.answers["SetVariables"] = {
            "setVariableResult": [
                {"attributeStatus": "Rejected", "attributeStatusInfo": info} | HEARTBEAT,
                {"attributeStatus": "Accepted"} | POWER,
            ]
        }
        done = await cli(*ORDER, "config", "set", "HeartbeatInterval", "0", "EVSE@1.Power", "1")
        refused = "csms: CP1 refused SetVariables: OCPPCommCtrlr.HeartbeatInterval Rejected (OutOfRange)\n"
        assert (done.code, done.err) == (6, refused)

    async def test_a_reboot_that_is_due_is_told(self, device: Station, cli: Cli) -> None:
        device.answers["SetVariables"] = {
            "setVariableResult": [{"attributeStatus": "RebootRequired"} | HEARTBEAT]
        }
        value = {"attributeStatus": "Accepted", "attributeValue": "60"} | HEARTBEAT
        device.answers["GetVariables"] = {"getVariableResult": [value]}
        done = await cli(*ORDER, "config", "set", "HeartbeatInterval", "60")
        due = "CP1: RebootRequired, it takes effect after csms station command CP1 reset\n"
        assert (done.code, done.err, done.out.startswith(due)) == (0, "", True)

    async def test_monitors_name_the_one_that_failed(self, device: Station, cli: Cli) -> None:
        device.answers["SetVariableMonitoring"] = {
            "setMonitoringResult": [
                {"status": "UnsupportedMonitorType", "type": "Delta", "severity": 5} | POWER
            ]
        }
        done = await cli(*ORDER, "monitor", "set", "EVSE@1.Power", "--type", "delta", "--value", "1")
        refused = "csms: CP1 refused SetVariableMonitoring: EVSE@1.Power UnsupportedMonitorType\n"
        assert (done.code, done.err) == (6, refused)
        device.answers["ClearVariableMonitoring"] = {
            "clearMonitoringResult": [{"id": 4, "status": "Accepted"}, {"id": 7, "status": "NotFound"}]
        }
        done = await cli(*ORDER, "monitor", "clear", "4", "7")
        refused = "csms: CP1 refused ClearVariableMonitoring: monitor 7 NotFound\n"
        assert (done.code, done.err) == (6, refused)


class TestMisuse:
    async def test_what_can_be_triggered_is_listed(self, station: Station, cli: Cli) -> None:
        done = await cli(*ORDER, "trigger", "nonsense")
        assert (done.code, station.asked) == (2, [])
        assert done.err.startswith("csms: nonsense: there are boot, heartbeat, status, meter-values, ")
        assert "PublishFirmwareStatusNotification" in done.err

    def test_the_hint_can_be_typed(self) -> None:
        done = run_main(["csms", *ORDER, "trigger"])
        assert done.code == 2
        assert done.err.endswith(": see csms station command ID trigger --help\n")

    @pytest.mark.parametrize(
        "url", ["notaurl", "https://csms.example/ocpp", "ws://", "wss:///ocpp", "ws://a b/"]
    )
    async def test_a_network_profile_leads_to_a_web_socket(self, device: Station, cli: Cli, url: str) -> None:
        done = await cli(*ORDER, "network-profile", "1", url, "--profile", "1")
        assert (done.code, device.asked) == (2, [])
        assert "ws:// or wss://" in done.err

    async def test_the_verb_that_raises_a_profile_is_named(self, csms: Appliance, cli: Cli) -> None:
        done = await cli("station", "desired", "set", "SecurityProfile", "2")
        assert (done.code, "csms station secure --help" in done.err) == (2, True)
        assert run_main(["csms", "station", "secure", "--help"]).code == 0


def _helps(name: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield every command line that has help, with the texts that its help page has to show."""
    shown = [p.help for p in command.params if getattr(p, "help", None) and p.name != "help"]
    yield name, [text for text in (command.help, *shown) if text]
    for verb, inner in getattr(command, "commands", {}).items():
        dummies = tuple("ID" for p in command.params if p.param_type_name == "argument")
        yield from _helps((*name, *dummies, verb), inner)


def _words(text: str) -> str:
    return re.sub(r"[\s│]+", "", text)


def test_help_pages_lose_nothing_of_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Square brackets are text, as in docs/reference/cli.md, which is made of the same words."""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("TERMINAL_WIDTH", "1000")
    bracketed = [(argv, texts) for argv, texts in _helps((), get_command(app)) if "[" in "".join(texts)]
    assert len(bracketed) >= 3
    for argv, texts in bracketed:
        page = _words(run_main(["csms", *argv, "--help"]).out)
        assert [text for text in texts if _words(text) not in page] == [], argv


def test_settings_are_read_from_stations_of_either_version() -> None:
    page = run_main(["csms", *ORDER, "config", "get", "--help"]).out
    assert "2.0.1" in page
    assert "1.6" in page

"""csms station command, import and export, as an operator types them."""

import re
from typing import Any

import trio

from csms.services.unit import Policy
from tests.cli.conftest import Cli
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Station

ORDER = ("station", "command", "CP1")


def keys(station: Station, **settings: str) -> None:
    found = [{"key": k, "readonly": False, "value": v} for k, v in settings.items()]
    station.answers["GetConfiguration"] = {"configurationKey": found}


async def test_one_line_says_what_was_achieved(cli: Cli, station: Station) -> None:
    station.answers["UnlockConnector"] = {"status": "Unlocked"}
    done = await cli(*ORDER, "unlock", "--connector", "2")
    assert (done.code, done.out, done.err) == (0, "CP1: Unlocked\n", "")
    done = await cli(*ORDER, "reset", "--hard")
    assert done.out == "CP1: Accepted; not done yet, csms station commands CP1 shows what follows\n"
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    done = await cli(*ORDER, "availability", "off")
    assert done.out == "CP1: Scheduled, it takes effect when the running transaction ends\n"
    assert [payload for _, payload in station.asked] == [
        {"connectorId": 2},
        {"type": "Hard"},
        {"connectorId": 0, "type": "Inoperative"},
    ]


async def test_a_start_that_is_waited_for_names_its_transaction(
    csms: Appliance, cli: Cli, station: Station
) -> None:
    async with trio.open_nursery() as nursery:

        async def charge() -> None:
            await station.until_asked("RemoteStartTransaction")
            await station.call("StartTransaction", payloads.start(connectorId=2))

        nursery.start_soon(charge)
        done = await cli(*ORDER, "start", "--token", "TAG1", "--connector", "2", "--wait", "30")
    [transaction] = await csms.transactions()
    assert (done.code, done.out) == (0, f"CP1: transaction {transaction['ocppId']} started\n")
    stopped = await cli(*ORDER, "stop", transaction["ocppId"], "--json")
    assert stopped.json["outcome"] == "PENDING"
    assert station.asked[-1] == ("RemoteStopTransaction", {"transactionId": int(transaction["ocppId"])})


async def test_what_goes_wrong_is_one_line_and_code_6(cli: Cli, station: Station) -> None:
    keys(station, SupportedFeatureProfiles="Core,RemoteTrigger")
    station.answers["Reset"] = {"status": "Rejected"}
    station.answers["UnlockConnector"] = {"status": "NotSupported"}
    wrong = [
        (("unlock",), "csms: CP1 refused UnlockConnector: NotSupported, the station cannot do that\n"),
        (("reset",), "csms: CP1 refused Reset: Rejected\n"),
        (
            ("start", "--token", "TAG1", "--wait", "0.1"),
            "csms: CP1 accepted RemoteStartTransaction, but nothing followed within 0.1 s\n",
        ),
        (
            ("report",),
            "csms: OCPP 1.6 has no reports: its configuration keys are all there is (config get)\n",
        ),
        (("local-list", "sync"), "csms: GetLocalListVersion belongs to LocalAuthListManagement, .*\n"),
    ]
    for args, line in wrong:
        done = await cli(*ORDER, *args)
        assert (done.code, done.out) == (6, ""), args
        assert re.fullmatch(re.escape(line).replace(r"\.\*", ".*"), done.err), done.err
    await station.drop()
    done = await cli(*ORDER, "trigger", "boot")
    assert (done.code, done.err) == (6, "csms: CP1 offline: the station is not connected\n")
    done = await cli(*ORDER, "trigger", "boot", "--json")
    assert (done.code, done.json["status"], done.err) == (6, "OFFLINE", "")


async def test_other_mistakes_have_their_own_codes(cli: Cli, station: Station) -> None:
    assert (await cli(*ORDER, "start", "--token", "NOBODY")).code == 3
    assert (await cli("station", "command", "CP7", "reset")).code == 3
    assert (await cli(*ORDER, "availability", "perhaps")).code == 2
    assert (await cli(*ORDER, "limit")).code == 2
    assert (await cli(*ORDER, "limit", "sixteen")).code == 2
    assert (await cli(*ORDER, "trigger", "Gossip")).code == 2
    assert (await cli(*ORDER, "firmware", "ftp://a/fw.bin")).code == 2
    assert station.asked == []


async def test_settings_are_shown_and_those_unknown_named(cli: Cli, station: Station) -> None:
    keys(station, HeartbeatInterval="300")
    done = await cli(*ORDER, "config", "get", "HeartbeatInterval", "Nonsense")
    assert re.search(r"HeartbeatInterval +300 +no", done.out)
    assert done.err == "csms: not known to CP1: Nonsense\n"
    assert done.code == 0
    done = await cli(*ORDER, "config", "set", "HeartbeatInterval", "60", "--json")
    assert done.json["detail"]["settings"] == [
        {"name": "HeartbeatInterval", "value": "300", "readonly": False}
    ]
    assert station.asked[1] == ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"})


async def test_every_other_verb_reaches_the_station(cli: Cli, station: Station) -> None:
    profiles = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"
    keys(station, SupportedFeatureProfiles=profiles)
    station.answers["GetLocalListVersion"] = {"listVersion": 0}
    station.answers["UpdateFirmware"] = {}
    station.answers["GetDiagnostics"] = {}
    typed: list[tuple[list[str], str]] = [
        (["limit", "16", "--connector", "1", "--phases", "1", "--duration", "60"], "CP1: Accepted\n"),
        (["limit", "--clear"], "CP1: Accepted\n"),
        (["schedule", "--duration", "60"], '{\n  "status": "Accepted"\n}\n'),
        (["firmware", "ftp://files.example/fw.bin", "--at", "2026-03-03T00:00:00Z", "--yes"], "CP1: Accepted; "),
        (["log", "--url", "https://files.example/up", "--since", "2026-03-01T00:00:00Z"], "CP1: Accepted; "),
        (["reserve", "--token", "TAG1", "--connector", "1"], "CP1: reservation 1\n"),
        (["cancel", "1"], "CP1: Accepted\n"),
        (["local-list", "sync"], "CP1: Full update to version 1, 1 entries sent, 1 id tokens\n"),
        (["local-list", "version"], '{\n  "listVersion": 0\n}\n'),
        (["clear-cache"], "CP1: Accepted\n"),
        (["data", "org.example", "hello", "[1]"], '{\n  "status": "Accepted"\n}\n'),
        (["trigger", "meter-values", "--connector", "1"], "CP1: Accepted\n"),
    ]  # fmt: skip
    for args, line in typed:
        done = await cli(*ORDER, *args)
        assert (done.code, done.err) == (0, ""), (args, done.err)
        assert done.out.startswith(line), done.out
    asked = [action for action, _ in station.asked]
    assert asked == [
        "GetConfiguration", "SetChargingProfile", "ClearChargingProfile", "GetCompositeSchedule", "UpdateFirmware",
        "GetDiagnostics", "ReserveNow", "CancelReservation", "GetLocalListVersion", "SendLocalList",
        "GetLocalListVersion", "ClearCache", "DataTransfer", "TriggerMessage",
    ]  # fmt: skip


async def test_stations_go_out_and_come_in_again(csms: Appliance, cli: Cli) -> None:
    await csms.verb("station.update", station="CP1", quirks={"strict": True}, name="Gate, left")
    out = (await cli("station", "export")).out
    assert out.splitlines() == [
        "id,profile,connectors,registration,location,name,quirks",
        'CP1,0,2,Accepted,,"Gate, left","{""strict"": true}"',
    ]
    more = out + "CP2,1,3,pending,DEPOT,,\n"
    done = await cli("station", "import", "-", stdin=more)
    assert done.code == 0
    assert done.out.startswith("1 added, 1 updated\n")
    [line] = [line for line in done.out.splitlines() if line.startswith("CP2")]
    assert len(line.split()[1]) == 20
    shown = (await cli("station", "show", "CP2", "--json")).json
    assert (shown["registration"], shown["locationId"], len(shown["connectors"])) == ("Pending", "DEPOT", 4)
    again = (await cli("station", "export")).out
    assert line.split()[1] not in again


async def test_an_import_is_all_or_nothing(csms: Appliance, cli: Cli) -> None:
    wrong: list[tuple[str, str]] = [
        ("id,profile\nCP2,1\nCP3,7\n", "entry 2: the security profile is 0, 1, 2 or 3"),
        ("id\nCP2\nCP2\n", "entry 2: station CP2 stands in the list twice"),
        ("id,connectors\nCP2,many\n", "line 2: connectors is not a number"),
        ("id,quirks\nCP2,{\n", "line 2: quirks is not JSON"),
        ("id,registration\nCP2,maybe\n", "entry 1: "),
        ("id,password\nCP2,short\n", "entry 1: a station password"),
        ("id,colour\nCP2,red\n", "the header line must be of id,"),
        ("id\nCP2,red\n", "line 2: more values"),
        (",profile\nCP2,1\n", "the header line"),
    ]
    for text, complaint in wrong:
        done = await cli("station", "import", "-", stdin=text)
        assert (done.code, done.out) == (2, ""), text
        assert complaint in done.err, done.err
    known: list[Any] = await csms.verb("station.list")
    assert [s["stationId"] for s in known] == ["CP1"]


async def test_accepting_a_station_from_the_queue_warns_of_its_open_door(csms: Appliance, cli: Cli) -> None:
    csms.unit.policy = Policy(onboarding=True)
    await csms.station("NEW")
    done = await cli("station", "update", "NEW", "--registration", "accepted")
    assert done.code == 0
    assert done.err.startswith(
        "csms: NEW has no password, anybody may connect as it: csms station update NEW --pro"
    )
    assert (await cli("station", "update", "CP1", "--registration", "accepted")).err == ""

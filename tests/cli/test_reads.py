"""Every read: the same with the appliance running and stopped, and with the keys of docs/reference/json.md."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from csms import master_key
from csms.cli import reference
from csms.model.alert import AlertCategory, AlertSeverity
from csms.model.monitor import Monitor
from csms.model.station import StationRef
from csms.model.variable import VariableName
from csms.services import alerts, monitors
from csms.services.ocpi_policy import OcpiPolicy
from csms.services.pki_policy import PkiPolicy
from csms.services.unit import Tx
from csms.store import party_pushes
from tests.cli.conftest import Cli
from tests.pki import house
from tests.wire import payloads
from tests.wire.appliance import Appliance, program
from tests.wire.station import Station

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reference" / "json.md"
ROW = re.compile(r"\| `csms ([^`]+)` \| (array|object) \| (.*) \|")
LIVE = ("status", "watch")
"""What only the running appliance can answer."""
OF_THE_DIRECTORY = ("doctor", "config path", "config show")


def documented() -> dict[str, tuple[str, set[str]]]:
    """Return kind and keys of each documented read, by its command line without `csms`."""
    rows = ROW.findall(DOCUMENT.read_text())
    return {command: (kind, set(re.findall(r"`(\w+)`", keys))) for command, kind, keys in rows}


READS = documented()


@pytest.fixture
async def lived(
    csms: Appliance, station: Station, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A day behind the appliance; returns what the placeholders of the document stand for."""
    await station.call("StatusNotification", payloads.status())
    transaction = (await station.call("StartTransaction", payloads.start()))["transactionId"]
    await station.call("MeterValues", payloads.meter_values(transaction, payloads.reading(30, 6000)))
    await station.call("StopTransaction", payloads.stop(transaction))
    keys = [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
    station.answers["GetConfiguration"] = {"configurationKey": keys}
    assert (await cli("station", "call", "CP1", "GetConfiguration")).code == 0
    stranger = csms.line()
    assert (await stranger.handshake("/ocpp/CP1/with/far/too/much")).status == 404
    await csms.message_log.flush()
    await csms.unit.run(_alert)
    reserved = {"connectorId": 1, "expiryDate": payloads.at(60), "idTag": "TAG1", "reservationId": 5}
    await csms.verb("station.call", station="CP1", action="ReserveNow", payload=reserved)
    await csms.unit.run(_monitor)
    csms.unit.policy = replace(csms.unit.policy, ocpi=OcpiPolicy(public_url="https://csms.example"))
    await csms.verb("party.invite", name="Fake")
    await csms.unit.run(_undelivered)
    await csms.verb("location.add", document={"id": "lot"})
    await csms.verb("desired.set", name="HeartbeatInterval", value="600")
    await csms.verb("token.place.add", uid="TAG1", station="CP1")
    await _files(csms, station)
    await _certificates(csms, monkeypatch)
    return {
        "STATION": "CP1",
        "TRANSACTION": str(transaction),
        "TENANT": "default",
        "EMAIL": await _user(csms),
        "UID": "TAG1",
        "TARIFF": "energy",
        "LOCATION": "lot",
        "PARTY": "Fake",
        "CDR": str(transaction),
        "RESERVATION": "5",
        "FIRMWARE": "fw.bin",
    }


def _undelivered(tx: Tx) -> None:
    """Let there be something that the partner did not take."""
    [party] = tx.db.all("SELECT id AS party, tenant_id FROM parties")
    about = {"kind": "tariff", "subject": "energy", "body": "{}", "reason": "HTTP 500", "at": tx.at}
    party_pushes.give_up(tx.db, party | about)


async def _user(csms: Appliance) -> str:
    """Return the e-mail address of a user that has an API key."""
    await csms.unit.run(lambda tx: program(tx, "VIEWER"))
    [user] = await csms.verb("user.list")
    return str(user["email"])


def _alert(tx: Tx) -> None:
    [row] = tx.db.all("SELECT id FROM tenants")
    alerts.raise_alert(
        tx,
        tenant_id=row["id"],
        severity=AlertSeverity.HIGH,
        category=AlertCategory.SYSTEM_ERROR,
        key="fan",
        text="the fan stands still",
        station_id="CP1",
    )


def _monitor(tx: Tx) -> None:
    [row] = tx.db.all("SELECT * FROM stations WHERE station_id = 'CP1'")
    watched = Monitor(1, VariableName("EVSE", "Power", evse_id=1), "UpperThreshold", "22000", 3)
    monitors.reported(tx, StationRef(row["tenant_id"], "CP1", row["id"]), (watched,), tx.at)


async def _files(csms: Appliance, station: Station) -> None:
    station.answers["GetDiagnostics"] = {"fileName": "diag.log"}
    await csms.verb("station.command", station="CP1", verb="log", args={})
    digests = {"sha256": "0" * 64, "md5": "0" * 32}
    await csms.verb("firmware.add", file_id="f1", name="fw.bin", size_bytes=1, **digests)


async def _certificates(csms: Appliance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make certificate authorities with a secret that both command lines know."""
    monkeypatch.setenv(master_key.VARIABLE, "of both command lines" * 2)
    known = PkiPolicy(secret=lambda: b"of both command lines" * 2)
    csms.unit.policy = replace(csms.unit.policy, pki=known)
    await csms.verb("pki.init", hosts=["csms.example"])
    maker = house.trust(organization="Maker").root.pem.decode()
    csms.clock.at = house.NOW
    await csms.verb("trust.add", store_name="manufacturer", pem=maker)
    await csms.verb("pki.rollover")


def command_line(read: str, placeholders: dict[str, str]) -> list[str]:
    return [placeholders.get(word, word) for word in read.split()]


@pytest.mark.parametrize("read", READS)
async def test_keys_are_as_documented(read: str, lived: dict[str, str], cli: Cli) -> None:
    kind, keys = READS[read]
    done = await cli(*command_line(read, lived), "--json")
    assert (done.code, done.err) in ((0, ""), (1, ""))  # 1: csms doctor has found something
    shown = done.json
    assert isinstance(shown, list) == (kind == "array")
    entries = shown if kind == "array" else [shown]
    assert entries
    assert {key for entry in entries for key in entry} == keys


@pytest.mark.parametrize("read", [read for read in READS if read not in (*LIVE, *OF_THE_DIRECTORY)])
async def test_stopped_answers_as_running(read: str, lived: dict[str, str], cli: Cli, stopped: Cli) -> None:
    line = command_line(read, lived)
    for flags in ((), ("--json",)):
        running, at_rest = await cli(*line, *flags), await stopped(*line, *flags)
        assert without_paths(running) == without_paths(at_rest)


def without_paths(ran: Any) -> tuple[int, str, str]:
    """Return what was printed without what differs between two data directories, and two moments of a database."""
    out = re.sub(r"\S*/\S+", "PATH", ran.out)
    return (
        ran.code,
        re.sub(r'"(size|wal)Bytes": \d+|write-ahead log +\S+ \S+|size +\S+ \S+', "SIZE", out),
        ran.err,
    )


@pytest.mark.parametrize("read", LIVE)
async def test_what_needs_the_appliance_says_so(read: str, lived: dict[str, str], stopped: Cli) -> None:
    done = await stopped(read)
    assert (done.code, done.out) == (7, "")
    assert done.err == "csms: the appliance is not running here: start it with csms serve\n"


@pytest.mark.parametrize("read", [read for read in READS if read.endswith(" list") or read in LIVE])
async def test_lists_are_tables_for_people(read: str, lived: dict[str, str], cli: Cli) -> None:
    done = await cli(*command_line(read, lived), *(("--once",) if read == "watch" else ()))
    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) >= 2


def test_every_read_is_documented() -> None:
    """A read is a verb that lists, shows, or looks."""
    reading = (
        "list",
        "show",
        "status",
        "config",
        "commands",
        "path",
        "explain",
        "monitors",
        "profiles",
        "local-list",
        "security",
        "watch",
        "version",
        "doctor",
        "api-keys",
        "verify",
        "undelivered",
    )
    reads = {c.removeprefix("csms ") for c in reference.commands() if c.split()[-1] in reading}
    found = {re.sub(r"( [A-Z]+)+$", "", read) for read in READS}
    asking = ("station command ", "station certificate ")
    assert {read for read in reads if not read.startswith(asking)} == found - {
        "doctor STATION",
        "pki rollover --status",
    }

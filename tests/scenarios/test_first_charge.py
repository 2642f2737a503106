"""From a bare machine to a priced CDR, as the tutorial and the demo tell it: commands, sockets, processes."""

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from csms.ocpp.gate import SUBPROTOCOLS
from tests.appliance.machine import Machine, Running

ROOT = Path(__file__).resolve().parents[2]
TARIFF = ROOT / "docs" / "examples" / "tariff-energy.json"
FLAT, PER_KWH, VAT = Decimal("0.50"), Decimal("0.49"), Decimal("1.19")
CENT = Decimal("0.0001")
TOKEN = "CARD-1"


def ok(machine: Machine, *argv: str) -> str:
    code, text = machine.csms(*argv)
    assert code == 0, text
    return text


def prepare(machine: Machine, *station_ids: str) -> Path:
    """Do what the tutorial tells before the first charge; return a file with the stations' passwords."""
    ok(machine, "init")
    made = {station: machine.json("station", "add", station, "--connectors", "2") for station in station_ids}
    passwords = machine.data_dir.with_name("passwords")
    passwords.write_text("".join(f"{station}:{entry['password']}\n" for station, entry in made.items()))
    ok(machine, "token", "add", TOKEN)
    ok(machine, "tariff", "add", str(TARIFF))
    assert ok(machine, "tariff", "assign", "ENERGY") == "tariff ENERGY applies to every station\n"
    return passwords


def simulate(running: Running, passwords: Path, stations: list[str], *options: str) -> dict[str, Any]:
    """Let simulated stations charge, as fast as the appliance answers, and return the summary."""
    host, port = running.address()
    named = [word for station in stations for word in ("--station-id", station)]
    code, text = running.machine.csms(
        "simulate", "--url", f"ws://{host}:{port}/ocpp", *named, "--password-file", str(passwords),
        "--token", TOKEN, "--fast", "--meter-interval", "300", "--seed", "scenario", *options, "--json",
    )  # fmt: skip
    assert code == 0, text
    summary: dict[str, Any] = json.loads(text)
    return summary


def exactly(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@pytest.mark.parametrize("version", sorted(SUBPROTOCOLS.values()))
def test_the_first_charge(bare: Machine, version: str) -> None:
    passwords = prepare(bare, "STATION-1")
    running = bare.serve()
    summary = simulate(running, passwords, [f"STATION-1@{version}"])
    assert (summary["chargesCompleted"], summary["violations"]) == (1, 0)
    [cdr] = exactly(ok(bare, "cdr", "list", "--json"))
    assert cdr["energyWh"] == summary["energyWh"] > 0
    cost = FLAT + PER_KWH * cdr["energyWh"] / 1000
    assert cdr["totalCost"] == cost.quantize(CENT)
    assert cdr["totalCostInclVat"] == (cost * VAT).quantize(CENT)
    assert cdr["document"]["total_energy"] == cdr["energyWh"] / 1000
    [transaction] = bare.json("transaction", "list")
    assert (transaction["state"], transaction["idToken"]) == ("ENDED", TOKEN)
    shown = bare.json("transaction", "show", transaction["ocppId"])
    assert shown["corrections"] == []
    assert len(shown["meterValues"]) >= 12
    explained = exactly(ok(bare, "tariff", "explain", transaction["ocppId"], "--json"))
    assert explained["final"]
    assert explained["totals"]["total_cost"]["excl_vat"] == cdr["totalCost"]
    assert sum(line["exclVat"] for line in explained["lines"]).quantize(CENT) == cdr["totalCost"]
    people = ok(bare, "tariff", "explain", transaction["ocppId"])
    assert running.stop() == 0
    assert ok(bare, "tariff", "explain", transaction["ocppId"]) == people
    assert f"total cost  {cdr['totalCost'].normalize()} excl. VAT" in people
    assert ok(bare, "cdr", "export").count("\n") == 2
    assert exactly(ok(bare, "cdr", "export", "--format", "json")) == [cdr["document"]]


def test_a_day_with_bad_lines(bare: Machine) -> None:
    """Stations that charge offline, send everything later, some of it twice, and storm back: the sums are right."""
    names = [f"STATION-{number}" for number in range(1, 5)]
    passwords = prepare(bare, *names)
    running = bare.serve()
    bad_lines = ("--scenario", "offline-replay", "--charges", "2", "--repeat-share", "0.5")
    offline = simulate(running, passwords, names, *bad_lines)
    assert offline["repeated"] > 0
    storm = simulate(running, passwords, names, "--scenario", "storm", "--rounds", "3")
    assert storm["connected"] == len(names)
    cdrs = exactly(ok(bare, "cdr", "list", "--json"))
    assert len(cdrs) == offline["chargesCompleted"] == 8
    assert sum(cdr["energyWh"] for cdr in cdrs) == offline["energyWh"]
    for cdr in cdrs:
        assert cdr["totalCost"] == (FLAT + PER_KWH * cdr["energyWh"] / 1000).quantize(CENT)
    assert bare.json("transaction", "list", "--active") == []
    assert running.stop() == 0


def test_an_operator_starts_and_stops_a_charge(bare: Machine) -> None:
    passwords = prepare(bare, "STATION-1")
    running = bare.serve()
    host, port = running.address()
    station = bare.run(
        "simulate", "--url", f"ws://{host}:{port}/ocpp", "--station-id", "STATION-1", "--scenario", "idle",
        "--seconds", "60", "--password-file", str(passwords), "--connectors", "2",
    )  # fmt: skip
    order = ("station", "command", "STATION-1")
    while not running.verb("status")["connected"]:
        assert station.poll() is None
        time.sleep(0.01)
    code, text = bare.csms(*order, "start", "--token", TOKEN, "--connector", "2", "--wait", "20")
    assert code == 0, text
    [active] = bare.json("transaction", "list", "--active")
    assert text == f"STATION-1: transaction {active['ocppId']} started\n"
    code, text = bare.csms(*order, "stop", active["ocppId"], "--wait", "20")
    assert code == 0, text
    [cdr] = bare.json("cdr", "list")
    assert (cdr["evseId"], cdr["idToken"]) == (2, TOKEN)
    station.kill()


def test_a_stranger_is_told_apart_from_a_typing_error(bare: Machine) -> None:
    """What an installer meets: a wrong id, a wrong password; and how the operator sees it."""
    passwords = prepare(bare, "STATION-1")
    running = bare.serve()
    host, port = running.address()
    url = f"ws://{host}:{port}/ocpp"
    wrong = ("simulate", "--url", url, "--fast", "--token", TOKEN)
    code, text = bare.csms(*wrong, "--station-id", "station-1", "--password-file", str(passwords))
    assert code == 6
    assert "station-1: not known to the CSMS: csms station add station-1\n" in text
    code, text = bare.csms(*wrong, "--station-id", "STATION-1", "--password", "not-the-password")
    assert code == 6
    findings = bare.json("doctor", "station-1")["findings"]
    assert any("did you mean STATION-1?" in finding["text"] for finding in findings)
    text = ok(bare, "doctor", "STATION-1")
    assert "wrong password: csms station password STATION-1 makes a new one" in text
    assert "Authorization: Basic <redacted>" in text
    assert "not-the-password" not in text

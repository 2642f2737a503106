"""`csms simulate` against a central system on a real loopback socket."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio
import typer
from typer.testing import CliRunner, Result

from csms.cli.simulate import simulate
from csms.errors import InvalidInput
from tests.simulator.fake_csms import FakeCsms
from tests.simulator.fake_csms201 import FakeCsms201

app = typer.Typer()
app.command()(simulate)


@pytest.fixture
def served() -> Iterator[tuple[FakeCsms, str]]:
    """A central system in a thread of its own, and its address."""
    yield from serve(FakeCsms)


@pytest.fixture
def served201() -> Iterator[tuple[FakeCsms, str]]:
    """The same for OCPP 2.0.1."""
    yield from serve(FakeCsms201)


def serve(kind: type[FakeCsms]) -> Iterator[tuple[FakeCsms, str]]:
    ready, box = threading.Event(), {}

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            box["csms"], box["token"], box["scope"] = (
                kind(nursery),
                trio.lowlevel.current_trio_token(),
                nursery,
            )
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            box["port"] = listeners[0].socket.getsockname()[1]
            nursery.start_soon(trio.serve_listeners, box["csms"].serve, listeners)
            ready.set()

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    ready.wait(10)
    yield box["csms"], f"ws://127.0.0.1:{box['port']}/ocpp"
    box["token"].run_sync_soon(box["scope"].cancel_scope.cancel)
    thread.join(10)
    assert box["csms"].faults == []


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(app, [*arguments, "--fast", "--meter-interval", "900"])


def test_json_is_one_object(served: tuple[FakeCsms, str]):
    csms, url = served
    result = run("--url", url, "--stations", "3", "--charges", "2", "--seed", "7", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["complete"] is True
    assert (summary["stations"], summary["connected"], summary["chargesCompleted"]) == (3, 3, 6)
    assert summary["messagesSent"] == summary["answered"] == len(csms.calls)
    assert summary["seed"] == "7"
    assert summary["answerP50Ms"] <= summary["answerP99Ms"]
    assert summary["clientCpuUsPerMessage"] > 0
    assert sum(charge["energyWh"] for charge in summary["charges"]) == summary["energyWh"] > 0
    assert {charge["stationId"] for charge in summary["charges"]} == {"SIM-0001", "SIM-0002", "SIM-0003"}
    assert result.stderr == ""


def test_the_table_fits_eighty_columns(served: tuple[FakeCsms, str]):
    _, url = served
    result = run("--url", url, "--prefix", "X")
    assert result.exit_code == 0, result.output
    assert "charges completed" in result.stdout
    assert "1 of 1" in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


@pytest.mark.parametrize("scenario", ["offline-replay", "storm", "idle"])
def test_the_other_scenarios(served: tuple[FakeCsms, str], scenario: str):
    csms, url = served
    csms.answers["StartTransaction"] = lambda identity, payload: {
        "transactionId": payload["meterStart"] + 1,
        "idTagInfo": {"status": "Accepted"},
    }
    result = run("--url", url, "--stations", "2", "--scenario", scenario, "--rounds", "2", "--seconds", "0.1")
    assert result.exit_code == 0, result.output + result.stderr


@pytest.mark.parametrize("scenario", ["charge", "offline-replay", "storm", "idle"])
def test_the_scenarios_of_2_0_1(served201: tuple[FakeCsms, str], scenario: str):
    csms, url = served201
    options = ["--ocpp", "2.0.1", "--scenario", scenario, "--rounds", "2", "--seconds", "0.1"]
    result = run("--url", url, "--stations", "2", *options)
    assert result.exit_code == 0, result.output + result.stderr
    assert {headers["sec-websocket-protocol"] for _, headers in csms.handshakes} == {"ocpp2.0.1"}


def test_a_station_may_name_its_version(served201: tuple[FakeCsms, str]):
    csms, url = served201
    result = run("--url", url, "--station-id", "A@2.0.1", "--station-id", "b@home@2.0.1", "--json")
    assert result.exit_code == 0, result.output + result.stderr
    assert {path for path, _ in csms.handshakes} == {"/ocpp/A", "/ocpp/b%40home"}
    charges = json.loads(result.stdout)["charges"]
    assert {charge["stationId"] for charge in charges} == {"A", "b@home"}


def test_a_version_that_is_not_spoken_names_the_mend(served201: tuple[FakeCsms, str]):
    csms, url = served201
    csms.choose_subprotocol = None
    result = run("--url", url, "--ocpp", "2.0.1")
    assert result.exit_code == 6
    assert "give another --ocpp" in result.stderr


def test_refused_passwords_name_the_mend(served: tuple[FakeCsms, str]):
    csms, url = served
    csms.refuse_with = 401
    result = run("--url", url, "--stations", "2")
    assert result.exit_code == 6
    assert result.stderr.count("\n") == 1
    assert "(and 1 more): a password is needed" in result.stderr
    assert "--password" in result.stderr
    assert "the password was refused" in run("--url", url, CSMS_STATION_PASSWORD="wrong").stderr


def test_unknown_stations_name_the_mend(served: tuple[FakeCsms, str]):
    csms, url = served
    csms.refuse_with = 404
    result = run("--url", url, "--station-id", "CP 7")
    assert result.exit_code == 6
    assert "csms station add CP 7" in result.stderr


def test_refused_tokens_name_the_mend(served: tuple[FakeCsms, str]):
    csms, url = served
    csms.answers["Authorize"] = lambda *_: {"idTagInfo": {"status": "Expired"}}
    result = run("--url", url, "--token", "CARD{n}")
    assert result.exit_code == 6
    assert "id tag CARD1 is Expired: csms token add CARD1" in result.stderr


def test_breaches_of_the_standard_are_told(served: tuple[FakeCsms, str]):
    csms, url = served
    csms.answers["StopTransaction"] = lambda *_: {"idTagInfo": {}}
    result = run("--url", url, "--json")
    assert result.exit_code == 6
    assert json.loads(result.stdout)["violations"] == 1
    assert "StopTransactionResponse idTagInfo" in result.stderr
    assert run("--url", url, "--no-check").exit_code == 0


def test_an_unreachable_csms_names_the_mend():
    result = run("--url", "ws://127.0.0.1:9/ocpp", "--stations", "3")
    assert result.exit_code == 6
    assert result.stderr.count("\n") == 1
    assert "no CSMS answers at 127.0.0.1:9: Connection refused (and 2 more)" in result.stderr


def test_passwords_come_from_a_file(served: tuple[FakeCsms, str], tmp_path: Path):
    csms, url = served
    shared = tmp_path / "shared"
    shared.write_text("one:for-all\n")
    assert run("--url", url, "--password-file", str(shared)).exit_code == 0
    own = tmp_path / "own"
    own.write_text("SIM-0001:first\nSIM-0002:second:part\n")
    assert run("--url", url, "--stations", "2", "--password-file", str(own)).exit_code == 0
    from tests.simulator.fake_csms import basic

    assert {basic(headers) for _, headers in csms.handshakes} == {
        b"SIM-0001:one:for-all",
        b"SIM-0001:first",
        b"SIM-0002:second:part",
    }


def broken_file(folder: Path) -> str:
    (folder / "broken").write_text("SIM-0001:a\nnonsense\n")
    return str(folder / "broken")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (lambda folder: ["--url", "http://x"], "not a WebSocket address"),
        (lambda folder: ["--station-id", "A", "--station-id", "A"], "twice"),
        (lambda folder: ["--station-id", "A", "--stations", "2"], "leave one out"),
        (lambda folder: ["--token", "X" * 21], "at most 20 characters"),
        (lambda folder: ["--ocpp", "2.0.1", "--token", "X" * 37], "at most 36 characters"),
        (lambda folder: ["--station-id", "A", "--station-id", "A@2.0.1"], "twice"),
        (lambda folder: ["--password-file", broken_file(folder)], "broken:2"),
        (lambda folder: ["--url", "wss://x", "--ca", broken_file(folder)], "no readable certificate"),
    ],
)
def test_invalid_use(tmp_path: Path, arguments: Callable[[Path], list[str]], words: str):
    result = run(*arguments(tmp_path))
    assert isinstance(result.exception, InvalidInput)
    assert words in str(result.exception)


def test_an_unknown_scenario_exits_2():
    assert run("--scenario", "picnic").exit_code == 2

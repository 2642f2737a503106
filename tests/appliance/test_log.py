"""What the log of a whole life says: who, which station, which message; and never a secret."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import trio

from tests.appliance.line import street
from tests.appliance.machine import PASSWORD, Machine, Running
from tests.appliance.starter import Starter
from tests.ocpp.station import basic
from tests.wire.station import CallError, Station

WRONG = "wrong-secret-4711"
GIVEN = "given-secret-1234"
KEY = "authorization-key-99"


@dataclass
class Life:
    """What a whole life left behind, and the secrets that were used in it."""

    machine: Machine
    tenant_id: str
    secrets: list[str]


@pytest.fixture(scope="module")
def life(started: Starter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """The first day, a station, what goes wrong with it, and the end; logged in full."""
    data_dir = tmp_path_factory.mktemp("life") / "d"
    machine = Machine(started, data_dir, settings={"CSMS_SERVE_LOG_LEVEL": "debug"})
    first = machine.json("init")
    made = machine.json("station", "add", "CP0")
    running = machine.serve()
    trio.run(live, running, made["password"])
    assert running.stop() == 0
    secrets = [first["adminPassword"], made["password"], WRONG, GIVEN, KEY]
    secrets += [base64.b64encode(f"CP0:{secret}".encode()).decode() for secret in secrets]
    yield Life(machine, first["tenantId"], secrets)
    machine.close()


async def live(running: Running, password: str) -> None:
    """A good station, a wrong password, odd and refused messages, and a password changed from both ends."""
    machine = running.machine
    async with street(running) as stations:
        refused = await stations.dial()
        assert (
            await refused.handshake("/ocpp/CP0", Authorization=basic(f"CP0:{WRONG}".encode()))
        ).status == 401
        station = await stations.boot("CP0", password)
        await station.raw("[2, nonsense")
        with pytest.raises(CallError):
            await station.call("MeterValues", {"connectorId": "one"}, message_id="odd-1")
        with pytest.raises(CallError):
            await station.call("Teleport", {}, message_id="odd-2")
        known = {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": KEY}]}
        station.answers["GetConfiguration"] = known
        order = json.dumps({"key": "AuthorizationKey", "value": KEY})
        for call in (("GetConfiguration",), ("ChangeConfiguration", order)):
            code, text = await trio.to_thread.run_sync(machine.csms, "station", "call", "CP0", *call)
            assert code == 0, text
        code, text = await trio.to_thread.run_sync(machine.csms, "station", "password", "CP0", "--set", GIVEN)
        assert code == 0, text


def test_a_whole_life_leaves_no_secret_behind(life: Life) -> None:
    log = life.machine.log.read_text()
    assert [secret for secret in life.secrets if secret in log] == []
    stored = life.machine.csms("db", "export")[1]
    assert "AuthorizationKey" in stored
    assert [secret for secret in life.secrets if secret in stored] == []


def test_lines_name_tenant_station_and_message(life: Life) -> None:
    lines = life.machine.logged()
    of_station = [
        line for line in lines if line.get("station") == "CP0" and line["event"] != "station_refused"
    ]
    assert {line["event"] for line in of_station} >= {
        "station_connected", "odd_frame", "message_refused", "station_disconnected"
    }  # fmt: skip
    assert {line["tenant"] for line in of_station} == {life.tenant_id}
    refused = {line["message_id"]: line for line in life.machine.logged("message_refused")}
    assert refused["odd-1"]["action"] == "MeterValues"
    assert refused["odd-2"]["reason"] == "unknown action Teleport"
    [odd] = life.machine.logged("odd_frame")
    assert odd["kind"] == "malformed"
    [door] = life.machine.logged("station_refused")
    assert (door["station"], door["status"]) == ("CP0", 401)
    assert all({"timestamp", "level", "logger", "event"} <= line.keys() for line in lines)


def test_a_level_keeps_the_lower_ones_out(machine: Machine) -> None:
    machine.settings["CSMS_SERVE_LOG_LEVEL"] = "warning"
    running = machine.serve()

    async def scene() -> Station:
        async with street(running) as stations:
            station = await stations.boot()
            assert (await (await stations.dial()).handshake("/ocpp/NOBODY")).status == 404
        return station

    trio.run(scene)
    assert running.stop() == 0
    assert {line["level"] for line in machine.logged()} == {"warning"}
    assert PASSWORD not in machine.log.read_text()

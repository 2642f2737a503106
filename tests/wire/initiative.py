"""What the appliance does of its own accord, at the moment a test wants it."""

import pytest

from csms.services import after_boot, commands
from csms.services.unit import Policy
from tests.wire.appliance import Appliance
from tests.wire.station import Payload


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave it to the test when jobs are looked for."""
    monkeypatch.setattr(after_boot, "EVERY_S", 1e6)


def let_act(csms: Appliance, *, inventory: bool = True) -> None:
    """Let the appliance act of its own accord, as the configuration does by default."""
    csms.unit.policy = Policy(quiet=False, inventory=inventory)


async def turn(csms: Appliance, *, seconds: float = 2) -> None:
    """Let time pass, and the jobs that are due then be tried once."""
    csms.clock.forward(seconds=seconds)
    await csms.unit.run(commands.expire)
    await after_boot.Worker(csms.house).turn()


async def jobs(csms: Appliance) -> dict[str, int]:
    """Return the jobs that wait, with their attempts."""
    return {
        row["kind"]: row["attempts"] for row in await csms.rows("SELECT kind, attempts FROM station_jobs")
    }


class Device:
    """The variables of a 2.0.1 station, or the keys of a 1.6 one, by their written name; what is not there it lacks."""

    def __init__(self, **held: str) -> None:
        self.held = dict(held)
        self.refuses: set[str] = set()
        self.needs_reboot: set[str] = set()
        self.stubborn: set[str] = set()
        self.silent: set[str] = set()

    def answers(self) -> dict[str, object]:
        return {
            "GetVariables": self.get_variables,
            "SetVariables": self.set_variables,
            "GetConfiguration": self.get_configuration,
            "ChangeConfiguration": self.change_configuration,
        }

    def get_variables(self, request: Payload) -> Payload:
        return {"getVariableResult": [self._read(entry) for entry in request["getVariableData"]]}

    def set_variables(self, request: Payload) -> Payload:
        return {"setVariableResult": [self._write(entry) for entry in request["setVariableData"]]}

    def get_configuration(self, request: Payload) -> Payload:
        wanted = request.get("key") or list(self.held)
        known = [{"key": k, "readonly": False, "value": self.held[k]} for k in wanted if k in self.held]
        return {"configurationKey": known, "unknownKey": [k for k in wanted if k not in self.held]}

    def change_configuration(self, request: Payload) -> Payload:
        return {"status": self._take(request["key"], request["value"], "NotSupported")}

    def _read(self, entry: Payload) -> Payload:
        name = _name(entry)
        about = {"component": entry["component"], "variable": entry["variable"]}
        if name in self.silent:
            return {"attributeStatus": "Rejected"} | about
        if name not in self.held:
            return {"attributeStatus": "UnknownVariable"} | about
        return {"attributeStatus": "Accepted", "attributeValue": self.held[name]} | about

    def _write(self, entry: Payload) -> Payload:
        about = {"component": entry["component"], "variable": entry["variable"]}
        return {
            "attributeStatus": self._take(_name(entry), entry["attributeValue"], "UnknownVariable")
        } | about

    def _take(self, name: str, value: str, unknown: str) -> str:
        if name not in self.held and name not in self.silent:
            return unknown
        if name in self.refuses:
            return "Rejected"
        if name in self.needs_reboot:
            return "RebootRequired"
        if name not in self.stubborn:
            self.held[name] = value
        return "Accepted"


def _name(entry: Payload) -> str:
    instance = entry["variable"].get("instance")
    return f"{entry['component']['name']}.{entry['variable']['name']}" + (f"[{instance}]" if instance else "")

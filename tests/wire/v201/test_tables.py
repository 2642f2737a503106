"""The tables of OCPP 2.0.1 hold every action of the standard, each in its direction."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from csms.ocpp import schemas
from csms.ocpp.dispatch import INBOUND as VERSIONS
from csms.ocpp.link import OUTBOUND as VERSIONS_OUT
from csms.ocpp.v201.abilities import CONTROLLERS
from csms.ocpp.v201.routes import INBOUND, OUTBOUND

BOTH_WAYS = {"DataTransfer"}


def enumerated() -> set[str]:
    """Return the actions that the `ocpp` package enumerates."""
    spec = find_spec("ocpp")
    assert spec is not None
    assert spec.submodule_search_locations
    text = Path(spec.submodule_search_locations[0], "v201", "enums.py").read_text("utf-8")
    body = text.split("class Action(StrEnum):")[1].split("\nclass ")[0]
    return set(re.findall(r'= "(\w+)"', body))


def test_every_action_has_its_row() -> None:
    from_stations = {*INBOUND, "Heartbeat"}
    assert (len(from_stations), len(OUTBOUND)) == (25, 40)
    assert from_stations | set(OUTBOUND) == enumerated() == schemas.actions("2.0.1")
    assert from_stations & set(OUTBOUND) == BOTH_WAYS
    assert VERSIONS["2.0.1"] is INBOUND
    assert VERSIONS_OUT["2.0.1"] is OUTBOUND


def test_the_optional_actions_are_actions() -> None:
    assert set(CONTROLLERS) <= set(OUTBOUND)


@pytest.mark.parametrize("action", sorted(OUTBOUND))
def test_what_is_said_by_themselves_is_not_asked_for(action: str) -> None:
    assert not action.startswith(("Notify", "Report"))

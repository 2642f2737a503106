"""Settings in parts as large as a station takes, nothing twice in one message (2.0.1 B05.FR.13, B06.FR.17)."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.services.setting_calls import in_parts
from tests.wire import payloads as payloads16
from tests.wire.appliance import Appliance
from tests.wire.initiative import Device
from tests.wire.v201.conftest import connected
from tests.wire.v201.payloads import boot

LIMITS = st.one_of(st.none(), st.integers(1, 5))


@given(st.lists(st.integers(1, 30)), LIMITS, st.one_of(st.none(), st.integers(1, 60)))
def test_parts_are_small_enough_and_nothing_is_lost(
    sizes: Sequence[int], most_items: int | None, most_bytes: int | None
) -> None:
    items = list(enumerate(sizes))
    parts = in_parts(items, most_items, most_bytes, lambda item: item[1])
    assert [item for part in parts for item in part] == items
    for part in parts:
        assert most_items is None or len(part) <= most_items
        assert most_bytes is None or len(part) == 1 or sum(size for _, size in part) <= most_bytes
    if most_items is None and most_bytes is None:
        assert len(parts) == bool(items)


async def get(csms: Appliance, *names: str) -> dict[str, Any]:
    args = {"names": list(names)}
    done: dict[str, Any] = await csms.verb("station.command", station="CP1", verb="config.get", args=args)
    return done


async def test_nothing_is_asked_for_twice(csms: Appliance) -> None:
    station = await connected(csms)
    await station.call("BootNotification", boot())
    station.answers |= Device(**{"Ctrlr.A": "1"}).answers()  # type: ignore[arg-type]
    await get(csms, "Ctrlr.A", "ctrlr.a", "Ctrlr.A")
    [(_, payload)] = station.asked
    assert len(payload["getVariableData"]) == 1


@pytest.mark.parametrize(("most_bytes", "sizes"), [(10_000, [6]), (200, [2, 2, 2]), (10, [1] * 6)])
async def test_a_message_is_no_longer_than_the_station_takes(
    csms: Appliance, most_bytes: int, sizes: list[int]
) -> None:
    station = await connected(csms)
    await station.call("BootNotification", boot())
    limit = "DeviceDataCtrlr.BytesPerMessage[GetVariables]"
    names = [f"Ctrlr.V{number}" for number in range(6)]
    device = Device(**{limit: str(most_bytes)} | dict.fromkeys(names, "1"))
    station.answers |= device.answers()  # type: ignore[arg-type]
    await get(csms, limit)
    station.asked.clear()
    done = await get(csms, *names)
    assert [len(payload["getVariableData"]) for _, payload in station.asked] == sizes
    assert len(done["detail"]["settings"]) == 6


async def test_what_is_known_keeps_its_traits_whatever_the_spelling(csms: Appliance) -> None:
    station = await connected(csms)
    await station.call("BootNotification", boot())
    entry = {
        "component": {"name": "Ctrlr"},
        "variable": {"name": "A"},
        "variableAttribute": [{"value": "1", "mutability": "ReadOnly"}],
        "variableCharacteristics": {"dataType": "integer", "unit": "s", "supportsMonitoring": False},
    }
    report = {"requestId": 7, "generatedAt": "2026-03-02T12:00:00Z", "seqNo": 0, "reportData": [entry]}
    await station.call("NotifyReport", report)
    station.answers |= Device(**{"ctrlr.a": "2"}).answers()  # type: ignore[arg-type]
    await get(csms, "ctrlr.a")
    [shown] = await csms.verb("station.config", station="CP1")
    assert (shown["name"], shown["value"], shown["unit"], shown["readonly"]) == ("Ctrlr.A", "2", "s", True)
    [row] = await csms.rows("SELECT * FROM device_variables")
    assert (row["value"], row["data_type"], row["mutability"]) == ("2", "integer", "ReadOnly")


async def test_either_versions_name_will_do(csms: Appliance) -> None:
    station = await connected(csms)
    await station.call("BootNotification", boot())
    device = Device(**{"OCPPCommCtrlr.HeartbeatInterval": "300", "Ctrlr.A": "1"})
    station.answers |= device.answers()  # type: ignore[arg-type]
    assert (await get(csms, "HeartbeatInterval"))["detail"]["unknown"] == []
    pairs = [{"name": "heartbeatinterval", "value": "60"}, {"name": "Ctrlr.A", "value": "2"}]
    args = {"settings": pairs}
    done = await csms.verb("station.command", station="CP1", verb="config.set", args=args)
    assert (done["outcome"], device.held["OCPPCommCtrlr.HeartbeatInterval"]) == ("DONE", "60")
    [(_, payload)] = [asked for asked in station.asked if asked[0] == "SetVariables"]
    assert len(payload["setVariableData"]) == 2


async def test_of_several_settings_those_that_are_taken_are_taken(csms: Appliance) -> None:
    station = await csms.station()
    await station.call("BootNotification", payloads16.boot())
    device = Device(HeartbeatInterval="300", ConnectionTimeOut="60")
    device.refuses = {"HeartbeatInterval"}
    station.answers |= device.answers()  # type: ignore[arg-type]
    pairs = [
        {"name": "OCPPCommCtrlr.HeartbeatInterval", "value": "1"},
        {"name": "ConnectionTimeOut", "value": "30"},
    ]
    args = {"settings": pairs}
    done = await csms.verb("station.command", station="CP1", verb="config.set", args=args)
    assert (done["outcome"], done["response"]) == ("REFUSED", {"status": "Rejected"})
    held = {entry["name"]: entry["value"] for entry in done["detail"]["settings"]}
    assert held == {"HeartbeatInterval": "300", "ConnectionTimeOut": "30"}

"""Every request of a station broken in every place: refused as the standard spells it, or taken with a note.

Whatever comes, the connection lives, nothing fails inside, and the database holds only what makes sense.
"""

import json
from typing import Any

import pytest

from csms.clock import from_text
from csms.model.station import ConnectorStatus
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import boot
from tests.wire.spoiled import FROM_STATIONS, OCCURRENCE, Spoiled, answer_faults, spoiled
from tests.wire.station import CallError, Station


async def _said(station: Station, action: str, case: Spoiled) -> str:
    """Send a payload; return the code of the refusal, or "" when it was taken and the answer is valid."""
    try:
        answer = await station.call(action, case.payload if isinstance(case.payload, dict) else None)
    except CallError as refusal:
        return f"{refusal.code}"
    assert answer_faults(action, answer) == [], case.what
    return ""


async def _booted(csms: Appliance, *, strict: bool) -> Station:
    await csms.verb("station.update", station="CP1", quirks={"strict": strict})
    station = await csms.station()
    await station.call("BootNotification", boot())
    return station


@pytest.mark.parametrize("action", FROM_STATIONS)
async def test_to_the_letter(csms: Appliance, action: str) -> None:
    station = await _booted(csms, strict=True)
    for case in spoiled(action):
        said = await _said(station, action, case)
        if action == "Heartbeat":
            assert said == "", case.what
        else:
            assert said in (case.codes or ("",)), f"{case.what}: {said or 'taken'}"
    await _check(csms, station)


@pytest.mark.parametrize("action", FROM_STATIONS)
async def test_leniently(csms: Appliance, action: str) -> None:
    station = await _booted(csms, strict=False)
    await csms.message_log.flush()
    for case in spoiled(action):
        said = await _said(station, action, case)
        allowed = ("", *case.codes, *((OCCURRENCE,) if case.what.endswith("None") else ()))
        assert said in allowed, f"{case.what}: {said or 'taken'}"
        if said == "" and case.codes and "" not in case.codes and action != "Heartbeat":
            [message] = await csms.rows("SELECT action, note FROM messages ORDER BY id DESC LIMIT 1")
            assert message["action"] == action
            assert message["note"], f"{case.what}: taken without a note"
    await _check(csms, station)


async def _check(csms: Appliance, station: Station) -> None:
    """The connection lives, and everything in the database can be read and makes sense."""
    assert list(await station.call("Heartbeat")) == ["currentTime"]
    await csms.message_log.flush()
    for row in await csms.rows("SELECT * FROM transactions"):
        for name in ("started_at", "ended_at", "reported_started_at", "reported_ended_at", "received_at"):
            assert row[name] is None or from_text(row[name]).tzinfo is not None
        assert row["state"] != "ENDED" or row["energy_wh"] >= 0
        assert row["evse_id"] is None or 0 <= row["evse_id"] < 2**16
        assert row["ocpp_id"].removeprefix("-").isdigit()
    ended = await csms.rows("SELECT count(*) AS n FROM transactions WHERE state = 'ENDED'")
    assert await csms.rows("SELECT count(*) AS n FROM cdrs") == ended
    for row in await csms.rows("SELECT * FROM meter_values"):
        assert len(row["taken_at"]) == 27
        assert all(isinstance(sample["value"], str) for sample in json.loads(row["samples"]))
    for row in await csms.rows("SELECT * FROM connectors"):
        assert row["status"] in set(ConnectorStatus)
        assert 0 <= row["evse_id"] < 2**16
    for table in ("messages", "station_events", "outbox"):
        for row in await csms.rows(f"SELECT * FROM {table}"):
            assert "\x00" not in "".join(value for value in row.values() if isinstance(value, str))
    await csms.transactions()
    assert await csms.verb("station.show", station="CP1")
    assert await csms.verb("doctor.station", station="CP1")
    assert await csms.messages(station="CP1", limit=1000)


NUMBERS: list[Any] = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "01", "0x1", "1_000", "9" * 5000]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:9])
@ARITHMETIC
async def test_numbers_that_json_does_not_have(csms: Appliance, station: Station, number: str) -> None:
    fields = '"connectorId":1,"idTag":"TAG1","timestamp":"2026-03-02T12:00:00Z","meterStart":'
    await station.raw('[2,"n","StartTransaction",{' + fields + number + "}]")
    answer = await station.stray()
    assert answer[:3] == [4, "n", "FormationViolation"]
    assert await csms.transactions() == []
    [message] = [m for m in await csms.messages() if m["note"]]
    assert message["action"] == "malformed"

"""Every request of a 2.0.1 station broken in every place: refused as the standard spells it, or taken with a note."""

import json

import pytest

from csms.clock import from_text
from csms.model.station import ConnectorStatus
from tests.wire.appliance import Appliance
from tests.wire.spoiled import FROM_STATIONS_201, Spoiled, spoiled
from tests.wire.station import CallError, Station
from tests.wire.v201.conftest import ListeningStation, connected
from tests.wire.v201.payloads import boot

OCCURRENCE = "OccurrenceConstraintViolation"


async def _said(station: Station, action: str, case: Spoiled) -> str:
    """Send a payload; return the code of the refusal, or "" when it was taken."""
    try:
        await station.call(action, case.payload if isinstance(case.payload, dict) else None)
    except CallError as refusal:
        return f"{refusal.code}"
    return ""


async def _booted(csms: Appliance, *, strict: bool) -> ListeningStation:
    await csms.verb("station.update", station="CP1", quirks={"strict": strict})
    station = await connected(csms)
    await station.call("BootNotification", boot())
    return station


@pytest.mark.parametrize("action", FROM_STATIONS_201)
async def test_to_the_letter(csms: Appliance, action: str) -> None:
    station = await _booted(csms, strict=True)
    for case in spoiled(action, "2.0.1"):
        said = await _said(station, action, case)
        if action == "Heartbeat":
            assert said == "", case.what
        else:
            assert said in (case.codes or ("",)), f"{case.what}: {said or 'taken'}"
    await _check(csms, station)


@pytest.mark.parametrize("action", FROM_STATIONS_201)
async def test_leniently(csms: Appliance, action: str) -> None:
    station = await _booted(csms, strict=False)
    for case in spoiled(action, "2.0.1"):
        said = await _said(station, action, case)
        allowed = ("", *case.codes, *((OCCURRENCE,) if case.what.endswith("None") else ()))
        assert said in allowed, f"{case.what}: {said or 'taken'}"
    await _check(csms, station)


async def _check(csms: Appliance, station: Station) -> None:
    """The connection lives, and everything in the database can be read and makes sense."""
    assert list(await station.call("Heartbeat")) == ["currentTime"]
    await csms.message_log.flush()
    for row in await csms.rows("SELECT * FROM transactions"):
        for name in ("started_at", "ended_at", "reported_started_at", "reported_ended_at", "received_at"):
            assert row[name] is None or from_text(row[name]).tzinfo is not None
        assert row["state"] != "ENDED" or row["energy_wh"] >= 0
        assert 0 <= row["evse_id"] < 2**16
    for row in await csms.rows("SELECT * FROM meter_values"):
        assert len(row["taken_at"]) == 27
        assert all(isinstance(sample["value"], str) for sample in json.loads(row["samples"]))
    for row in await csms.rows("SELECT * FROM connectors"):
        assert row["status"] in set(ConnectorStatus)
        assert 0 <= row["evse_id"] < 2**16
    for table in ("messages", "station_events", "outbox", "device_variables", "transaction_events"):
        for row in await csms.rows(f"SELECT * FROM {table}"):
            assert "\x00" not in "".join(value for value in row.values() if isinstance(value, str))
    await csms.transactions()
    assert await csms.verb("station.show", station="CP1")
    assert await csms.verb("doctor.station", station="CP1")
    assert await csms.messages(station="CP1", limit=1000)

"""Clocks of stations: not set, an hour off, ahead, running backwards, written in every form (X16-23, ocpp.md §0)."""

import pytest

from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import at, meter_values, reading, start, status, stop
from tests.wire.station import Station

EPOCH = "1970-01-01T00:01:00Z"


@ARITHMETIC
@pytest.mark.parametrize(
    ("text", "taken_for"),
    [
        ("2026-03-02T12:00:00Z", at(0)),
        ("2026-03-02T12:00:00.1Z", "2026-03-02T12:00:00.100Z"),
        ("2026-03-02T12:00:00.123456789Z", "2026-03-02T12:00:00.123Z"),
        ("2026-03-02T12:00:00.123456+00:00", "2026-03-02T12:00:00.123Z"),
        ("2026-03-02T13:00:00+01:00", at(0)),
        ("2026-03-02 12:00:00Z", at(0)),
        ("2026-03-02T12:00:00", at(0)),
        (" 2026-03-02T12:00:00Z ", at(0)),
        ("2026-03-02t12:00:00z", at(0)),
        ("2026-03-02T12:00Z", at(0)),
        ("20260302T120000Z", at(0)),
    ],
)
async def test_every_form_of_a_moment(csms: Appliance, station: Station, text: str, taken_for: str) -> None:
    await station.call("StartTransaction", start(timestamp=text))
    [shown] = await csms.transactions()
    assert (shown["startedAt"], shown["reportedStartedAt"]) == (taken_for, taken_for)
    [message] = await csms.messages(action="StartTransaction")
    assert bool(message["note"]) is (text == "2026-03-02T12:00:00"), "a missing zone is a guess"


@ARITHMETIC
@pytest.mark.parametrize(
    "text", ["", "yesterday", "0000-00-00T00:00:00Z", "2026-13-40T99:00:00Z", "0001-01-01T00:00:00+14:00"]
)
async def test_an_unreadable_moment_is_the_time_of_receipt_and_noted(
    csms: Appliance, station: Station, text: str
) -> None:
    await station.call("StartTransaction", start(timestamp=text))
    [shown] = await csms.transactions()
    assert shown["startedAt"] == at(0)
    [message] = await csms.messages(action="StartTransaction")
    assert "timestamp" in message["note"]


@case("X16-23")
@ARITHMETIC
@pytest.mark.parametrize(
    "text", [EPOCH, "2000-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
)
async def test_x16_23_a_clock_that_was_never_set(csms: Appliance, station: Station, text: str) -> None:
    tid = (await station.call("StartTransaction", start(timestamp=text)))["transactionId"]
    csms.clock.forward(hours=1)
    await station.call("StopTransaction", stop(tid, timestamp=text))
    [shown] = await csms.transactions()
    assert (shown["startedAt"], shown["endedAt"]) == (at(0), at(60))
    assert shown["reportedStartedAt"].startswith(text[:19])
    assert [c["kind"] for c in shown["corrections"]] == ["clock_not_set", "clock_not_set"]
    assert shown["energyWh"] == 10_000


@case("X16-23")
async def test_x16_23_a_clock_an_hour_behind(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status("Preparing", minutes=-60))
    tid = (await station.call("StartTransaction", start(-60)))["transactionId"]
    csms.clock.forward(hours=1)
    await station.call("MeterValues", meter_values(tid, reading(-30, 5000)))
    await station.call("StopTransaction", stop(tid, 0))
    [shown] = await csms.transactions()
    assert (shown["startedAt"], shown["endedAt"], shown["energyWh"]) == (at(-60), at(0), 10_000)
    assert shown["corrections"] == []
    await csms.message_log.flush()
    findings = (await csms.verb("doctor.station", station="CP1"))["findings"]
    assert any("clock is 3600 s behind" in finding["text"] for finding in findings)


async def test_a_clock_that_is_right_is_no_finding(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status("Preparing", minutes=0.5))
    await station.call("StatusNotification", status("Charging", timestamp=None))
    findings = (await csms.verb("doctor.station", station="CP1"))["findings"]
    assert not any("clock" in finding["text"] for finding in findings)


async def test_a_clock_set_during_the_charge(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start(timestamp=EPOCH)))["transactionId"]
    csms.clock.forward(minutes=30)
    await station.call("MeterValues", meter_values(None, reading(30, 6000)))
    csms.clock.forward(minutes=30)
    await station.call("StopTransaction", stop(tid, 60))
    [shown] = await csms.transactions()
    assert (shown["startedAt"], shown["endedAt"], len(shown["meterValues"])) == (at(0), at(60), 1)


async def test_readings_of_an_unset_clock_find_their_transaction(csms: Appliance, station: Station) -> None:
    await station.call("StartTransaction", start(timestamp=EPOCH))
    values = {"connectorId": 1, "meterValue": [{"timestamp": EPOCH, "sampledValue": [{"value": "2000"}]}]}
    await station.call("MeterValues", values)
    [shown] = await csms.transactions()
    assert len(shown["meterValues"]) == 1


async def test_an_unset_clock_shows_the_same_minute_after_every_power_up(
    csms: Appliance, station: Station
) -> None:
    """No meter, no clock: two charges look alike to the letter, and are two."""
    begin = start(timestamp=EPOCH, meterStart=0)
    first = (await station.call("StartTransaction", begin, message_id="a"))["transactionId"]
    again = (await station.call("StartTransaction", begin, message_id="b"))["transactionId"]
    assert again == first
    await station.call("StopTransaction", stop(first, timestamp=EPOCH, meterStop=0))
    csms.clock.forward(hours=2)
    second = (await station.call("StartTransaction", begin, message_id="c"))["transactionId"]
    assert second != first
    assert (await station.call("StartTransaction", begin, message_id="d"))["transactionId"] == second
    assert len(await csms.transactions()) == 2


async def test_a_stop_dated_before_its_start(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start(0)))["transactionId"]
    csms.clock.forward(minutes=45)
    await station.call("MeterValues", meter_values(tid, reading(40, 9000)))
    await station.call("StopTransaction", stop(tid, -30))
    [shown] = await csms.transactions()
    assert (shown["startedAt"], shown["endedAt"], shown["energyWh"]) == (at(0), at(40), 10_000)
    assert [c["kind"] for c in shown["corrections"]] == ["stop_before_start"]
    assert shown["reportedEndedAt"] == at(-30)
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    assert cdr["startedAt"] <= cdr["endedAt"]


@pytest.mark.parametrize("text", [EPOCH, "2027-01-01T00:00:00Z"])
async def test_a_status_of_an_unset_clock_does_not_bar_later_ones(
    csms: Appliance, station: Station, text: str
) -> None:
    await station.call("StatusNotification", status("Available", minutes=-1))
    await station.call("StatusNotification", status("Faulted", timestamp=text))
    assert (await csms.connectors())[1]["status"] == "FAULTED"
    csms.clock.forward(minutes=1)
    await station.call("StatusNotification", status("Available", minutes=1))
    assert (await csms.connectors())[1]["status"] == "AVAILABLE"


async def test_a_clock_that_was_ahead_does_not_bar_later_statuses(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status("Charging", minutes=60))
    csms.clock.forward(minutes=5)
    await station.call("StatusNotification", status("Finishing", minutes=5))
    assert (await csms.connectors())[1]["status"] == "FINISHING"


async def test_answers_carry_the_time_as_stations_can_read_it(csms: Appliance, station: Station) -> None:
    assert await station.call("Heartbeat") == {"currentTime": "2026-03-02T12:00:00.000Z"}

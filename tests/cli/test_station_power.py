"""Charging profiles, local lists and reservations, as an operator types them."""

from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Station
from tests.wire.v201 import payloads as v201
from tests.wire.v201.conftest import connected

ORDER = ("station", "command", "CP1")
PROFILE = (*ORDER, "profile")


def sent(station: Station, action: str) -> list[dict[str, Any]]:
    return [payload for name, payload in station.asked if name == action]


async def test_a_profile_is_set_shown_and_cleared(cli: Cli, station: Station) -> None:
    nothing = await cli("station", "profiles", "CP1")
    assert (nothing.code, nothing.out) == (0, "no charging profile known\n")
    periods = ("--period", "0=16", "--period", "3600=8.5/1")
    done = await cli(*PROFILE, "set", "default", "--connector", "1", *periods, "--stack-level", "1")
    assert (done.code, done.out, done.err) == (0, "CP1: profile 1\n", "")
    [payload] = sent(station, "SetChargingProfile")
    assert payload["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 16.0}, {"startPeriod": 3600, "limit": 8.5, "numberPhases": 1}
    ]  # fmt: skip
    for line in ((*PROFILE, "list"), ("station", "profiles", "CP1")):
        shown = await cli(*line)
        assert shown.code == 0
        assert "16 A, from 3600 s 8.5 A on 1" in " ".join(shown.out.split())
    done = await cli(*PROFILE, "clear", "--id", "1")
    assert (done.code, done.out) == (0, "CP1: Accepted\n")
    assert (await cli(*PROFILE, "list")).out == "CP1 holds no charging profile\n"


async def test_a_profile_again_every_night(cli: Cli, station: Station) -> None:
    done = await cli(
        *PROFILE, "set", "station", "--limit", "11000", "--unit", "w", "--daily", "--start", "2026-03-01T22:00:00Z",
        "--duration", "28800", "--from", "2026-03-01T00:00:00Z", "--until", "2026-12-31T00:00:00Z", "--json",
    )  # fmt: skip
    assert done.json["detail"] == {"profileId": 1}
    profile = sent(station, "SetChargingProfile")[0]["csChargingProfiles"]
    assert (profile["recurrencyKind"], profile["chargingSchedule"]["chargingRateUnit"]) == ("Daily", "W")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("set", "default"), "either one limit or its periods"),
        (("set", "best", "--limit", "6"), "no purpose 'best'"),
        (("set", "default", "--limit", "6", "--daily", "--weekly"), "not both"),
        (("set", "default", "--period", "16"), "write START_S=LIMIT"),
        (("set", "default", "--period", "0=16/x"), "write START_S=LIMIT"),
        (("set", "default", "--limit", "6", "--unit", "V"), "Invalid enum value"),
        (("clear",), "one of these"),
        (("clear", "--id", "1", "--all"), "one of these"),
    ],
)
async def test_what_makes_no_sense_is_said_in_a_line(
    cli: Cli, station: Station, words: tuple[str, ...], complaint: str
) -> None:
    done = await cli(*PROFILE, *words)
    assert (done.code, done.out) == (2, "")
    assert complaint in done.err
    assert len(done.err.splitlines()) == 1


async def test_a_2_0_1_station_is_asked(csms: Appliance, cli: Cli) -> None:
    station = await connected(csms)
    await station.call("BootNotification", v201.boot())
    station.answers["GetChargingProfiles"] = {"status": "NoProfiles"}
    done = await cli(*PROFILE, "list", "--purpose", "default", "--id", "7")
    assert (done.code, done.out) == (0, "CP1 holds no charging profile\n")
    asked = await station.until_asked("GetChargingProfiles")
    assert asked["chargingProfile"] == {
        "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileId": [7]
    }  # fmt: skip
    station.answers["GetChargingProfiles"] = {"status": "Accepted"}
    done = await cli(*PROFILE, "list", "--wait", "0.2")
    assert (done.code, "nothing followed within 0.2 s" in done.err) == (6, True)
    limit = {"chargingLimit": {"chargingLimitSource": "SO"}}
    await station.call("NotifyChargingLimit", limit)
    needs = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC"}}
    await station.call("NotifyEVChargingNeeds", needs)
    shown = await cli("station", "profiles", "CP1")
    assert ("limit of" in shown.out, "vehicle at" in shown.out) == (True, True)


async def test_a_schedule_in_watts(cli: Cli, station: Station) -> None:
    done = await cli(*ORDER, "schedule", "--connector", "1", "--unit", "w")
    assert done.code == 0
    assert sent(station, "GetCompositeSchedule")[0]["chargingRateUnit"] == "W"


async def test_who_follows_the_tokens(cli: Cli, station: Station) -> None:
    done = await cli("tenant", "local-lists", "default", "on")
    assert (done.code, done.out) == (0, "the local lists of default follow its id tokens\n")
    shown = await cli("station", "show", "CP1")
    assert "behind: id tokens have changed" in " ".join(shown.out.split())
    shown = await cli("station", "local-list", "CP1")
    assert "follows the tokens" in shown.out
    assert (await cli("station", "local-list", "CP1", "--json")).json["follows"] is True
    done = await cli("tenant", "local-lists", "default", "off")
    assert done.out == "the local lists of default do not follow its id tokens\n"
    assert (await cli("tenant", "local-lists", "default", "maybe")).code == 2
    assert "local list none" in " ".join((await cli("station", "show", "CP1")).out.split())


async def test_reservations_are_listed_and_shown(cli: Cli, station: Station) -> None:
    assert (await cli("reservation", "list")).out == "no reservation\n"
    done = await cli(*ORDER, "reserve", "--token", "TAG1", "--connector", "1", "--id", "8")
    assert (done.code, done.out) == (0, "CP1: reservation 8\n")
    listed = await cli("reservation", "list", "--json")
    assert [(r["id"], r["idToken"], r["status"]) for r in listed.json] == [(8, "TAG1", "ACTIVE")]
    await station.call("StatusNotification", payloads.status("Faulted"))
    assert (await cli("reservation", "list")).out == "no reservation\n"
    assert "EVSE 1 became faulted" in (await cli("reservation", "show", "CP1", "8")).out
    assert "CANCELLED" in (await cli("reservation", "list", "--all")).out
    missing = await cli("reservation", "show", "CP1", "9")
    assert (missing.code, "csms reservation list shows all" in missing.err) == (3, True)

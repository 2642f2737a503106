"""Charging profiles in 1.6: what operators order, what a station holds by then, and when that ends."""

from typing import Any

import pytest

from csms.errors import Conflict, InvalidInput, NotFound
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import CallError, Station

KEYS = {
    "SupportedFeatureProfiles": "Core,SmartCharging",
    "ChargeProfileMaxStackLevel": "2",
    "ChargingScheduleMaxPeriods": "3",
    "MaxChargingProfilesInstalled": "3",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
}


@pytest.fixture
async def station(csms: Appliance) -> Station:
    """CP1, connected and booted, with smart charging."""
    connected = await csms.station()
    await connected.call("BootNotification", payloads.boot())
    keys = [{"key": k, "readonly": True, "value": v} for k, v in KEYS.items()]
    connected.answers["GetConfiguration"] = {"configurationKey": keys}
    return connected


async def order(csms: Appliance, verb: str, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb("station.command", station="CP1", verb=verb, args=args)
    return done


async def held(csms: Appliance) -> list[dict[str, Any]]:
    """Return what the station holds, as the listing says."""
    done = await order(csms, "profile.list")
    assert (done["action"], done["outcome"], done["detail"]["asked"]) == ("", "DONE", False)
    found: list[dict[str, Any]] = done["detail"]["profiles"]
    shown = await csms.verb("station.profiles", station="CP1")
    assert [one["profile"]["id"] for one in shown["profiles"]] == [one["id"] for one in found]
    return found


async def ids(csms: Appliance) -> list[int]:
    return [one["id"] for one in await held(csms)]


def sent(station: Station) -> list[dict[str, Any]]:
    return [payload for action, payload in station.asked if action == "SetChargingProfile"]


async def test_a_default_for_each_charge_of_a_connector(csms: Appliance, station: Station) -> None:
    periods = [{"start_s": 0, "limit": "16.28"}, {"start_s": 3600, "limit": 8, "phases": 1}]
    done = await order(csms, "profile.set", purpose="default", evse_id=1, periods=periods, stack_level=1)
    assert (done["outcome"], done["detail"]) == ("DONE", {"profileId": 1})
    assert sent(station) == [
        {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 1,
                "stackLevel": 1,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 16.2},
                        {"startPeriod": 3600, "limit": 8.0, "numberPhases": 1},
                    ],
                },
            },
        }
    ]
    [one] = await held(csms)
    assert (one["evseId"], one["purpose"], one["stackLevel"]) == (1, "TxDefaultProfile", 1)
    assert (one["kind"], one["unit"], one["source"]) == ("Relative", "A", "CSO")
    assert [(p["startS"], str(p["limit"])) for p in one["periods"]] == [(0, "16.2"), (3600, "8")]
    assert (one["installedAt"], one["reportedAt"]) == (payloads.at(0), None)


async def test_a_bound_for_the_station_counts_from_midnight(csms: Appliance, station: Station) -> None:
    await order(csms, "profile.set", purpose="station", limit=11_000, unit="W", duration_s=90_000)
    [payload] = sent(station)
    profile = payload["csChargingProfiles"]
    assert (payload["connectorId"], profile["chargingProfilePurpose"]) == (0, "ChargePointMaxProfile")
    assert profile["chargingProfileKind"] == "Absolute"
    assert profile["chargingSchedule"]["startSchedule"] == "2026-03-02T00:00:00.000Z"


async def test_one_that_comes_again_every_day(csms: Appliance, station: Station) -> None:
    args = {"start_at": "2026-03-01T20:00:00Z", "recurrency": "Daily", "valid_to": "2026-12-31T00:00:00Z"}
    await order(csms, "profile.set", purpose="default", limit=6, **args)
    profile = sent(station)[0]["csChargingProfiles"]
    assert (profile["chargingProfileKind"], profile["recurrencyKind"]) == ("Recurring", "Daily")
    assert profile["validTo"] == "2026-12-31T00:00:00.000Z"


async def test_the_same_place_is_taken_under_the_same_id(csms: Appliance, station: Station) -> None:
    await order(csms, "profile.set", purpose="default", limit=16, evse_id=1)
    await order(csms, "profile.set", purpose="default", limit=16, evse_id=2)
    await order(csms, "profile.set", purpose="default", limit=8, evse_id=1)
    assert [p["csChargingProfiles"]["chargingProfileId"] for p in sent(station)] == [1, 2, 1]
    assert [(one["id"], str(one["periods"][0]["limit"])) for one in await held(csms)] == [(1, "8"), (2, "16")]
    with pytest.raises(InvalidInput, match="profile 1 is a TxDefaultProfile at stack level 0 of EVSE 1"):
        await order(csms, "profile.set", purpose="default", limit=8, evse_id=1, id=7)


async def test_a_charge_is_bounded_while_it_runs(csms: Appliance, station: Station) -> None:
    with pytest.raises(NotFound, match="no transaction runs at EVSE 1 of CP1"):
        await order(csms, "profile.set", purpose="transaction", limit=6, evse_id=1)
    started = await station.call("StartTransaction", payloads.start())
    done = await order(csms, "profile.set", purpose="transaction", limit=6)
    assert done["detail"]["transactionId"] == str(started["transactionId"])
    [payload] = sent(station)
    assert payload["connectorId"] == 1
    assert payload["csChargingProfiles"]["transactionId"] == started["transactionId"]
    await station.call("StartTransaction", payloads.start(connectorId=2, idTag="TAG1"))
    with pytest.raises(Conflict, match="several transactions run"):
        await order(csms, "profile.set", purpose="transaction", limit=6)
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    assert await held(csms) == []


async def test_what_the_station_cannot_take_is_not_sent(csms: Appliance, station: Station) -> None:
    four = [{"start_s": 60 * n, "limit": 6} for n in range(4)]
    for args, complaint in (
        ({"limit": 6, "stack_level": 3}, "from 0 to 2, not 3"),
        ({"periods": four}, "at most 3 periods, not 4"),
        ({"limit": -1}, "0 or more"),
        ({"limit": 6, "phases": 5}, "1, 2 or 3 phases"),
        ({}, "either one limit or its periods"),
        ({"limit": 6, "periods": four}, "either one limit or its periods"),
        ({"limit": 6, "transaction": "5"}, "only a profile of a transaction"),
        ({"limit": 6, "start_at": "2026-03-02T12:00:00"}, "needs its zone"),
    ):
        with pytest.raises(InvalidInput, match=complaint):
            await order(csms, "profile.set", purpose="default", **args)
    with pytest.raises(InvalidInput, match=r"K01\.FR\.22"):
        await order(csms, "profile.set", purpose="ChargingStationExternalConstraints", limit=6, evse_id=1)
    with pytest.raises(InvalidInput, match="there are station, default, transaction"):
        await order(csms, "profile.set", purpose="best", limit=6)
    for evse_id in (1, 2, 3):
        await order(csms, "profile.set", purpose="default", limit=6, evse_id=evse_id)
    with pytest.raises(InvalidInput, match="at most 3 profiles"):
        await order(csms, "profile.set", purpose="default", limit=6, evse_id=4)
    assert len(sent(station)) == 3


@pytest.mark.parametrize(
    "answer", [{"status": "Rejected"}, {"status": "NotSupported"}, CallError("X", "", {})]
)
async def test_what_the_station_refuses_it_does_not_hold(
    csms: Appliance, station: Station, answer: Any
) -> None:
    station.answers["SetChargingProfile"] = answer
    done = await order(csms, "profile.set", purpose="default", limit=6)
    assert done["outcome"] in ("REFUSED", "FAILED")
    assert await held(csms) == []


async def test_clearing_by_id_by_what_they_share_and_all(csms: Appliance, station: Station) -> None:
    async def three() -> None:
        await order(csms, "profile.set", purpose="default", limit=6, evse_id=1)
        await order(csms, "profile.set", purpose="default", limit=6, evse_id=2, stack_level=1)
        await order(csms, "profile.set", purpose="station", limit=6)

    async def clear(**args: Any) -> dict[str, Any]:
        done = await order(csms, "profile.clear", **args)
        assert done["outcome"] == "DONE"
        return [payload for action, payload in station.asked if action == "ClearChargingProfile"][-1]

    await three()
    assert await clear(id=2) == {"id": 2}
    assert await ids(csms) == [3, 1]
    assert await clear(purpose="default", evse_id=1) == {
        "connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile"
    }  # fmt: skip
    assert await ids(csms) == [3]
    await three()
    assert await clear(stack_level=0) == {"stackLevel": 0}
    assert len(await ids(csms)) == 1
    assert await clear(every=True) == {}
    assert await ids(csms) == []
    for args in ({}, {"id": 1, "evse_id": 1}, {"id": 1, "every": True}, {"every": True, "stack_level": 1}):
        with pytest.raises(InvalidInput, match="one of these"):
            await order(csms, "profile.clear", **args)


async def test_a_station_that_knows_none_has_none(csms: Appliance, station: Station) -> None:
    await order(csms, "profile.set", purpose="default", limit=6)
    station.answers["ClearChargingProfile"] = {"status": "Unknown"}
    assert (await order(csms, "profile.clear", every=True))["outcome"] == "REFUSED"
    assert await held(csms) == []


async def test_whoever_sends_it_the_station_holds_it(csms: Appliance, station: Station) -> None:
    await order(csms, "limit", amps=10, evse_id=1)
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.5}]}
    profile = {
        "chargingProfileId": 77,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
    }
    payload = {"connectorId": 0, "csChargingProfiles": profile}
    await csms.verb("station.call", station="CP1", action="SetChargingProfile", payload=payload)
    start = {
        "idTag": "TAG1",
        "connectorId": 2,
        "chargingProfile": profile | {"chargingProfilePurpose": "TxProfile", "chargingProfileId": 78},
    }
    await csms.verb("station.call", station="CP1", action="RemoteStartTransaction", payload=start)
    assert await ids(csms) == [77, 900_001, 78]
    await order(csms, "limit.clear", evse_id=1)
    assert await ids(csms) == [77, 78]
    started = await station.call("StartTransaction", payloads.start(connectorId=2))
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    assert await ids(csms) == [77]


async def test_a_composite_schedule_in_a_unit_of_choice(csms: Appliance, station: Station) -> None:
    await order(csms, "schedule", evse_id=1, duration_s=600, unit="W")
    assert await station.until_asked("GetCompositeSchedule") == {
        "connectorId": 1, "duration": 600, "chargingRateUnit": "W"
    }  # fmt: skip


async def test_a_limit_takes_the_place_of_what_bounds_the_same(csms: Appliance, station: Station) -> None:
    await order(csms, "profile.set", purpose="default", limit=16, evse_id=1)
    await order(csms, "limit", amps=10, evse_id=1)
    await order(csms, "limit", amps=10, evse_id=2)
    assert await ids(csms) == [1, 900_002]
    await order(csms, "limit.clear", evse_id=1)
    assert await ids(csms) == [900_002]


async def test_each_start_brings_a_profile_of_its_own(csms: Appliance, station: Station) -> None:
    for evse_id in (1, 2):
        await order(csms, "start", id_token="TAG1", evse_id=evse_id, limit_a=8)
    found = await ids(csms)
    assert len(set(found)) == 2

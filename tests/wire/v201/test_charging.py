"""Block K on the wire: profiles and reports of them, outside limits, needs and plans of vehicles (X201-16 to 18)."""

from typing import Any

import pytest
import trio

from csms.services.rounds import Rounds
from tests.wire.appliance import Appliance
from tests.wire.payloads import at
from tests.wire.station import Payload, Station
from tests.wire.v201.payloads import ended, started


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test say when a round is done."""

    async def never(_rounds: Rounds[Any]) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(Rounds, "run", never)


async def order(csms: Appliance, verb: str, **args: Any) -> dict[str, Any]:
    wait_s = args.pop("wait_s", None)
    done: dict[str, Any] = await csms.verb(
        "station.command", station="CP1", verb=verb, args=args, wait_s=wait_s
    )
    return done


async def ids(csms: Appliance) -> list[int]:
    shown = await csms.verb("station.profiles", station="CP1")
    return [one["profile"]["id"] for one in shown["profiles"]]


def sent(station: Station) -> list[Payload]:
    return [payload for action, payload in station.asked if action == "SetChargingProfile"]


def profile(number: int, purpose: str = "TxDefaultProfile", **fields: Any) -> Payload:
    usual: Payload = {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule(16)],
    }
    return usual | fields


def schedule(*limits: float, unit: str = "A", **fields: Any) -> Payload:
    periods = [{"startPeriod": 3600 * n, "limit": limit} for n, limit in enumerate(limits)]
    return {"id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": periods} | fields


def report(request_id: int, *profiles: Payload, evse: int = 1, source: str = "CSO", **fields: Any) -> Payload:
    usual = {"requestId": request_id, "chargingLimitSource": source, "evseId": evse}
    return usual | {"chargingProfile": list(profiles)} | fields


async def test_profiles_in_the_standards_words(csms: Appliance, station: Station) -> None:
    await order(csms, "profile.set", purpose="station", limit=32)
    await order(csms, "profile.set", purpose="default", limit="16.5", evse_id=1, phases=1)
    await station.call("TransactionEvent", started())
    done = await order(csms, "profile.set", purpose="transaction", evse_id=1, limit=6, duration_s=60)
    assert done["detail"] == {"profileId": 3, "transactionId": "T1"}
    first, second, third = sent(station)
    assert first == {
        "evseId": 0,
        "chargingProfile": profile(1, "ChargingStationMaxProfile")
        | {
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule(32.0, id=1, startSchedule="2026-03-02T00:00:00.000Z")],
        },
    }
    assert second["evseId"] == 1
    [period] = second["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert period == {"startPeriod": 0, "limit": 16.5, "numberPhases": 1}
    assert (third["evseId"], third["chargingProfile"]["transactionId"]) == (1, "T1")
    assert await ids(csms) == [1, 2, 3]
    await station.call("TransactionEvent", ended(1))
    assert await ids(csms) == [1, 2]
    await order(csms, "profile.clear", id=2)
    assert await station.until_asked("ClearChargingProfile") == {"chargingProfileId": 2}
    assert await ids(csms) == [1]


async def test_clearing_by_what_they_share(csms: Appliance, station: Station) -> None:
    await order(csms, "profile.set", purpose="default", limit=16)
    await order(csms, "profile.clear", purpose="default", stack_level=0, evse_id=0)
    assert await station.until_asked("ClearChargingProfile") == {
        "chargingProfileCriteria": {
            "evseId": 0, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0
        }
    }  # fmt: skip
    assert await ids(csms) == []


async def test_x201_18_a_report_over_three_messages_corrects_what_we_think(
    csms: Appliance, station: Station
) -> None:
    await order(csms, "profile.set", purpose="default", limit=16, evse_id=1)
    await order(csms, "profile.set", purpose="default", limit=16, evse_id=2)
    csms.clock.forward(seconds=1)
    begun = await order(csms, "profile.list")
    asked = await station.until_asked("GetChargingProfiles")
    assert asked["chargingProfile"] == {"chargingLimitSource": ["EMS", "Other", "SO", "CSO"]}
    assert (begun["outcome"], begun["detail"]["asked"]) == ("PENDING", True)
    number = asked["requestId"]
    external = profile(70, "ChargingStationExternalConstraints", chargingProfileKind="Absolute")
    external["chargingSchedule"][0]["startSchedule"] = at(0)
    csms.clock.forward(seconds=1)
    await station.call(
        "ReportChargingProfiles", report(number, profile(1), profile(9, stackLevel=1), tbc=True)
    )
    await station.call("ReportChargingProfiles", report(number, external, evse=0, source="EMS", tbc=True))
    assert await ids(csms) == [70, 1, 9, 2]
    await station.call("ReportChargingProfiles", report(number, profile(11), evse=3))
    assert await ids(csms) == [70, 1, 9, 11]
    found = await csms.verb("station.commands", station="CP1")
    ended_ = next(c for c in found if c["action"] == "GetChargingProfiles")
    assert (ended_["outcome"], ended_["followedBy"]) == ("DONE", "report complete")
    shown = await csms.verb("station.profiles", station="CP1")
    sources = {one["profile"]["id"]: (one["source"], one["reportedAt"]) for one in shown["profiles"]}
    assert sources[70] == ("EMS", "2026-03-02T12:00:02.000Z")


async def test_x201_18_no_profiles_means_none_of_what_was_asked_for(
    csms: Appliance, station: Station
) -> None:
    await order(csms, "profile.set", purpose="default", limit=16, evse_id=1)
    await order(csms, "profile.set", purpose="default", limit=16, evse_id=2)
    csms.clock.forward(seconds=1)
    station.answers["GetChargingProfiles"] = {"status": "NoProfiles"}
    done = await order(csms, "profile.list", evse_id=2, purpose="default")
    assert done["outcome"] == "DONE"
    assert [one["id"] for one in done["detail"]["profiles"]] == [1]


async def test_a_report_nobody_scoped_only_adds(csms: Appliance, station: Station) -> None:
    await order(csms, "profile.set", purpose="default", limit=16, evse_id=1)
    await station.call("ReportChargingProfiles", report(99, profile(5, stackLevel=2)))
    assert await ids(csms) == [1, 5]


async def test_limits_of_others_are_kept_until_they_are_lifted(csms: Appliance, station: Station) -> None:
    limit = {"chargingLimit": {"chargingLimitSource": "SO", "isGridCritical": True}}
    await station.call("NotifyChargingLimit", limit | {"evseId": 1, "chargingSchedule": [schedule(10)]})
    await station.call("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "EMS"}})
    shown = (await csms.verb("station.profiles", station="CP1"))["externalLimits"]
    assert [(one["evseId"], one["source"], one["gridCritical"]) for one in shown] == [
        (0, "EMS", None), (1, "SO", True)
    ]  # fmt: skip
    assert str(shown[1]["schedules"][0]["periods"][0]["limit"]) == "10"
    await station.call("ClearedChargingLimit", {"chargingLimitSource": "EMS"})
    await station.call("ClearedChargingLimit", {"chargingLimitSource": "SO", "evseId": 2})
    shown = (await csms.verb("station.profiles", station="CP1"))["externalLimits"]
    assert [one["source"] for one in shown] == ["SO"]
    await station.call("ClearedChargingLimit", {"chargingLimitSource": "SO"})
    assert (await csms.verb("station.profiles", station="CP1"))["externalLimits"] == []

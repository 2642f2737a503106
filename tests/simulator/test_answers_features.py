"""Local lists, reservations and smart charging: answered validly, with state behind it."""

from datetime import timedelta

import pytest
import trio

from csms.simulator.clock import to_wire
from tests.simulator.booted import CP, booted
from tests.simulator.fake_csms import NOON, FakeCsms


async def test_local_list_versions(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:

        async def send(version: int, update: str, *entries: dict) -> str:
            payload = {"listVersion": version, "updateType": update, "localAuthorizationList": list(entries)}
            return (await csms.call(CP, "SendLocalList", payload))["status"]

        accepted = {"idTagInfo": {"status": "Accepted"}}
        assert await csms.call(CP, "GetLocalListVersion", {}) == {"listVersion": 0}
        assert await send(5, "Full", {"idTag": "A", **accepted}, {"idTag": "B", **accepted}) == "Accepted"
        assert await send(6, "Differential", {"idTag": "b"}, {"idTag": "C", **accepted}) == "Accepted"
        assert await send(6, "Differential", {"idTag": "D", **accepted}) == "VersionMismatch"
        assert await send(7, "Full", {"idTag": "E"}) == "Failed"
        assert await csms.call(CP, "GetLocalListVersion", {}) == {"listVersion": 6}
        known = [tag for tag in "ABCD" if station.local_list.known(tag, with_cache=False)]
        assert known == ["A", "C"]
        await csms.call(CP, "ChangeConfiguration", {"key": "LocalAuthListEnabled", "value": "false"})
        assert await csms.call(CP, "GetLocalListVersion", {}) == {"listVersion": -1}
        assert await send(8, "Full") == "NotSupported"


def reservation(number: int, connector_id: int, tag: str = "TAG", minutes: float = 10) -> dict:
    expires = to_wire(NOON + timedelta(minutes=minutes))
    return {"reservationId": number, "connectorId": connector_id, "idTag": tag, "expiryDate": expires}


async def test_a_reservation_is_used_by_its_token_only(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        assert await csms.call(CP, "ReserveNow", reservation(7, 1)) == {"status": "Accepted"}
        await csms.until("StatusNotification")
        assert csms.statuses(1) == ["Reserved"]
        assert await csms.call(CP, "ReserveNow", reservation(8, 1, "OTHER")) == {"status": "Occupied"}
        other = {"idTag": "OTHER", "connectorId": 1}
        assert await csms.call(CP, "RemoteStartTransaction", other) == {"status": "Rejected"}
        mine = {"idTag": "tag", "connectorId": 1}
        assert await csms.call(CP, "RemoteStartTransaction", mine) == {"status": "Accepted"}
        assert (await csms.until("StartTransaction"))["reservationId"] == 7
        assert await csms.call(CP, "CancelReservation", {"reservationId": 7}) == {"status": "Rejected"}


async def test_a_reservation_expires_or_is_cancelled(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "ReserveNow", reservation(1, 1, minutes=5))
        await csms.call(CP, "ReserveNow", reservation(2, 2, minutes=60))
        assert await csms.call(CP, "CancelReservation", {"reservationId": 2}) == {"status": "Accepted"}
        await trio.sleep(301)
        assert csms.statuses(1) == ["Reserved", "Available"]
        assert csms.statuses(2) == ["Reserved", "Available"]


async def test_reserving_what_is_off_faulted_or_not_there(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        await csms.call(CP, "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        await station.notify_status(2, "Faulted", error_code="GroundFailure")
        assert await csms.call(CP, "ReserveNow", reservation(1, 1)) == {"status": "Unavailable"}
        assert await csms.call(CP, "ReserveNow", reservation(1, 2)) == {"status": "Faulted"}
        assert await csms.call(CP, "ReserveNow", reservation(1, 3)) == {"status": "Rejected"}
        await station.notify_status(2, "Available")
        assert await csms.call(CP, "ReserveNow", reservation(1, 0)) == {"status": "Accepted"}


def profile(number: int, purpose: str, limit: float, **more: object) -> dict:
    return {
        "chargingProfileId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        },
        **more,
    }


def set_profile(connector_id: int, raw: dict) -> dict:
    return {"connectorId": connector_id, "csChargingProfiles": raw}


async def test_a_profile_limits_a_running_charge(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1})
        await csms.until("MeterValues")
        limit = set_profile(1, profile(1, "TxProfile", 1000.1, transactionId=1))
        assert await csms.call(CP, "SetChargingProfile", limit) == {"status": "Accepted"}
        second = await csms.until("MeterValues", 3)
        power = [
            v["value"]
            for v in second["meterValue"][0]["sampledValue"]
            if v["measurand"] == "Power.Active.Import"
        ]
        assert power == ["1000.1"]
        zero = set_profile(1, profile(2, "TxProfile", 0.0, transactionId=1))
        assert await csms.call(CP, "SetChargingProfile", zero) == {"status": "Accepted"}
        await trio.sleep(1)
        assert csms.statuses(1)[-1] == "SuspendedEVSE"
        assert await csms.call(CP, "ClearChargingProfile", {"id": 2}) == {"status": "Accepted"}
        assert await csms.call(CP, "ClearChargingProfile", {"id": 2}) == {"status": "Unknown"}
        await trio.sleep(1)
        assert csms.statuses(1)[-1] == "Charging"


@pytest.mark.parametrize(
    ("connector_id", "raw"),
    [
        (0, profile(1, "TxProfile", 10)),
        (1, profile(1, "TxProfile", 10)),  # no transaction
        (1, profile(1, "ChargePointMaxProfile", 10)),
        (1, profile(1, "TxDefaultProfile", 10) | {"stackLevel": 99}),
        (7, profile(1, "TxDefaultProfile", 10)),
    ],
)
async def test_profiles_that_cannot_be(csms: FakeCsms, autojump_clock, connector_id: int, raw: dict):
    async with booted(csms):
        answer = await csms.call(CP, "SetChargingProfile", set_profile(connector_id, raw))
        assert answer == {"status": "Rejected"}


async def test_composite_schedule(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        raw = profile(1, "TxDefaultProfile", 6900.0)
        raw["chargingSchedule"]["chargingSchedulePeriod"].append({"startPeriod": 600, "limit": 3450.0})
        raw["chargingProfileKind"], raw["chargingSchedule"]["startSchedule"] = "Absolute", to_wire(NOON)
        await csms.call(CP, "SetChargingProfile", set_profile(0, raw))
        ask = {"connectorId": 1, "duration": 1200, "chargingRateUnit": "A"}
        answer = await csms.call(CP, "GetCompositeSchedule", ask)
        periods = answer["chargingSchedule"]["chargingSchedulePeriod"]
        assert periods == [{"startPeriod": 0, "limit": 10.0}, {"startPeriod": 600, "limit": 5.0}]
        unknown = await csms.call(CP, "GetCompositeSchedule", {"connectorId": 8, "duration": 60})
        assert unknown == {"status": "Rejected"}

"""Local list, reservations, smart charging and display messages of a 2.0.1 station."""

from datetime import timedelta
from typing import Any

import trio

from csms.simulator.clock import to_wire
from tests.simulator.booted import CP, booted201
from tests.simulator.fake_csms import NOON
from tests.simulator.fake_csms201 import FakeCsms201

TAG = {"idToken": "TAG", "type": "ISO14443"}
FAMILY = {"idToken": "FAMILY", "type": "Central"}


def entry(text: str, status: str | None = "Accepted", **more: object) -> dict[str, Any]:
    info = {"idTokenInfo": {"status": status, **more}} if status else {}
    return {"idToken": {"idToken": text, "type": "ISO14443"}, **info}


async def test_the_local_list(csms201: FakeCsms201, autojump_clock):
    async def send(version: int, kind: str, *entries: dict) -> str:
        rows = {"localAuthorizationList": list(entries)} if entries else {}
        request = {"versionNumber": version, "updateType": kind, **rows}
        return str((await csms201.call(CP, "SendLocalList", request))["status"])

    async with booted201(csms201) as station:
        assert await csms201.call(CP, "GetLocalListVersion", {}) == {"versionNumber": 0}
        assert await send(3, "Full", entry("A"), entry("B", "Blocked")) == "Accepted"
        assert await send(3, "Differential", entry("C")) == "VersionMismatch"
        assert await send(4, "Differential", entry("a", None), entry("C")) == "Accepted"
        assert await csms201.call(CP, "GetLocalListVersion", {}) == {"versionNumber": 4}
        assert station.model.text("LocalAuthListCtrlr", "Entries") == "2"
        assert await send(5, "Full", entry("X", None)) == "Failed"
        assert await send(5, "Full", *(entry(f"N{n}") for n in range(101))) == "Failed"
        await station.go_offline()
        assert (await station.admits("b"))["status"] == "Blocked"
        assert (await station.admits("c"))["status"] == "Accepted"
        station.model.set("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "false")
        assert (await station.admits("A"))["status"] == "Unknown"
        await station.come_back()
        assert await send(6, "Full") == "Accepted"
        assert len(station.local_list) == 0


async def test_a_listed_token_need_not_ask(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201) as station:
        request = {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": [entry("A")]}
        await csms201.call(CP, "SendLocalList", request)
        station.model.set("AuthCtrlr", "LocalPreAuthorize", "true")
        assert (await station.admits("A"))["status"] == "Accepted"
        assert csms201.payloads("Authorize") == []


def reservation(number: int, **more: object) -> dict[str, Any]:
    until = to_wire(NOON + timedelta(minutes=10))
    return {"id": number, "expiryDateTime": until, "idToken": TAG, **more}


async def test_reservations(csms201: FakeCsms201, autojump_clock):
    async def reserve(number: int, **more: object) -> str:
        return str((await csms201.call(CP, "ReserveNow", reservation(number, **more)))["status"])

    async with booted201(csms201) as station:
        assert await reserve(1, evseId=1) == "Accepted"
        assert await reserve(2, evseId=1) == "Occupied"
        assert await reserve(3, evseId=9) == "Rejected"
        assert await reserve(4, evseId=2, connectorType="cCCS2") == "Rejected"
        await trio.sleep(1)
        assert csms201.statuses(1) == ["Reserved"]
        request = {"idToken": {**TAG, "idToken": "OTHER"}, "remoteStartId": 1, "evseId": 1}
        assert (await csms201.call(CP, "RequestStartTransaction", request))["status"] == "Rejected"
        assert await csms201.call(CP, "CancelReservation", {"reservationId": 1}) == {"status": "Accepted"}
        assert await csms201.call(CP, "CancelReservation", {"reservationId": 1}) == {"status": "Rejected"}
        await trio.sleep(1)
        assert csms201.statuses(1) == ["Reserved", "Available"]
        assert await reserve(5, evseId=2) == "Accepted"
        update = await csms201.until("ReservationStatusUpdate")
        assert update == {"reservationId": 5, "reservationUpdateStatus": "Expired"}
        assert csms201.statuses(2) == ["Reserved", "Available"]
        assert station.reservations == {}


async def test_a_reservation_is_used_by_a_token_of_its_group(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201) as station:
        csms201.answers["Authorize"] = lambda *_: {
            "idTokenInfo": {"status": "Accepted", "groupIdToken": FAMILY}
        }
        await csms201.call(CP, "ReserveNow", reservation(7, evseId=1, groupIdToken=FAMILY))
        await station.authorize("SIBLING")
        request = {"idToken": {**TAG, "idToken": "SIBLING"}, "remoteStartId": 1, "evseId": 1}
        assert (await csms201.call(CP, "RequestStartTransaction", request))["status"] == "Accepted"
        assert (await csms201.until("TransactionEvent"))["reservationId"] == 7
        assert station.reservations == {}


def profile(number: int, purpose: str, limit_w: float, **more: object) -> dict[str, Any]:
    periods = [{"startPeriod": 0, "limit": limit_w}]
    schedule = {"id": number, "chargingRateUnit": "W", "chargingSchedulePeriod": periods}
    return {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
        **more,
    }


async def test_charging_profiles_are_set_reported_and_cleared(csms201: FakeCsms201, autojump_clock):
    async def install(evse_id: int, raw: dict) -> str:
        request = {"evseId": evse_id, "chargingProfile": raw}
        answer = await csms201.call(CP, "SetChargingProfile", request)
        return str(answer.get("statusInfo", {}).get("reasonCode", answer["status"]))

    async def reports(**wanted: object) -> list[tuple[int, list[int], bool]]:
        before = len(csms201.payloads("ReportChargingProfiles"))
        request = {"requestId": 4, **wanted}
        status = (await csms201.call(CP, "GetChargingProfiles", request))["status"]
        await trio.sleep(1)
        told = csms201.payloads("ReportChargingProfiles")[before:]
        assert (status == "Accepted") == bool(told)
        return [(p["evseId"], [each["id"] for each in p["chargingProfile"]], p["tbc"]) for p in told]

    async with booted201(csms201) as station:
        transaction = await station.start(1, "TAG")
        name = {"transactionId": transaction.transaction_id}
        assert await install(0, profile(1, "ChargingStationMaxProfile", 10_000)) == "Accepted"
        assert await install(1, profile(2, "TxDefaultProfile", 7_000)) == "Accepted"
        assert await install(1, profile(3, "TxProfile", 5_000, **name)) == "Accepted"
        assert await install(1, profile(9, "ChargingStationMaxProfile", 1)) == "InvalidProfile"
        assert await install(0, profile(9, "ChargingStationExternalConstraints", 1)) == "InvalidProfile"
        assert await install(1, profile(9, "TxProfile", 1)) == "MissingParam"
        assert await install(1, profile(9, "TxProfile", 1, transactionId="no")) == "TxNotFound"
        assert await install(9, profile(9, "TxDefaultProfile", 1)) == "UnknownEvse"
        assert await install(1, profile(9, "TxDefaultProfile", 1, stackLevel=99)) == "InvalidStackLevel"
        assert await reports(chargingProfile={}) == [(0, [1], True), (1, [2, 3], False)]
        assert await reports(chargingProfile={"chargingProfileId": [3]}) == [(1, [3], False)]
        assert await reports(evseId=0, chargingProfile={"stackLevel": 0}) == [(0, [1], False)]
        assert await reports(chargingProfile={"chargingLimitSource": ["EMS"]}) == []
        composite = await csms201.call(CP, "GetCompositeSchedule", {"duration": 600, "evseId": 1})
        assert composite["schedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 5000.0}]
        assert (await csms201.call(CP, "GetCompositeSchedule", {"duration": 600, "evseId": 9}))["status"] == (
            "Rejected"
        )
        await station.stop(transaction)
        assert await reports(chargingProfile={"chargingProfilePurpose": "TxProfile"}) == []
        assert await csms201.call(CP, "ClearChargingProfile", {"chargingProfileId": 9}) == {
            "status": "Unknown"
        }
        criteria = {"chargingProfileCriteria": {"evseId": 1}}
        assert await csms201.call(CP, "ClearChargingProfile", criteria) == {"status": "Accepted"}
        assert [each.profile_id for each in station.profiles] == [1]


async def test_a_limit_holds_at_once_and_may_suspend(csms201: FakeCsms201, autojump_clock):
    async with booted201(csms201) as station:
        raw = profile(1, "TxProfile", 100)
        request = {"idToken": TAG, "remoteStartId": 1, "evseId": 1, "chargingProfile": raw}
        assert (await csms201.call(CP, "RequestStartTransaction", request))["status"] == "Accepted"
        await csms201.until("TransactionEvent", 2)
        charge = station.evses[1].charge
        assert charge is not None
        assert charge.reading().power_w == 100
        stop = {"evseId": 0, "chargingProfile": profile(2, "ChargingStationMaxProfile", 0)}
        assert (await csms201.call(CP, "SetChargingProfile", stop))["status"] == "Accepted"
        await trio.sleep(1)
        assert csms201.story()[-1] == ("Updated", "ChargingStateChanged", "SuspendedEVSE")
        await csms201.call(CP, "ClearChargingProfile", {"chargingProfileId": 2})
        await trio.sleep(1)
        assert csms201.story()[-1] == ("Updated", "ChargingStateChanged", "Charging")


async def test_display_messages(csms201: FakeCsms201, autojump_clock):
    def message(number: int, **more: object) -> dict[str, Any]:
        text = {"format": "UTF8", "content": f"message {number}"}
        return {"message": {"id": number, "priority": "NormalCycle", "message": text, **more}}

    async def show(number: int, **more: object) -> str:
        return str((await csms201.call(CP, "SetDisplayMessage", message(number, **more)))["status"])

    async with booted201(csms201, report_items=2) as station:
        assert await csms201.call(CP, "GetDisplayMessages", {"requestId": 1}) == {"status": "Unknown"}
        assert [await show(n) for n in range(1, 4)] == ["Accepted"] * 3
        assert await show(4, message={"format": "HTML", "content": "<b>"}) == "NotSupportedMessageFormat"
        assert await show(4, transactionId="no") == "UnknownTransaction"
        assert await csms201.call(CP, "GetDisplayMessages", {"requestId": 2}) == {"status": "Accepted"}
        await trio.sleep(1)
        told = csms201.payloads("NotifyDisplayMessages")
        assert [[each["id"] for each in p["messageInfo"]] for p in told] == [[1, 2], [3]]
        assert [p["tbc"] for p in told] == [True, False]
        assert await csms201.call(CP, "GetDisplayMessages", {"requestId": 3, "priority": "InFront"}) == {
            "status": "Unknown"
        }
        assert await csms201.call(CP, "ClearDisplayMessage", {"id": 2}) == {"status": "Accepted"}
        assert await csms201.call(CP, "ClearDisplayMessage", {"id": 2}) == {"status": "Unknown"}
        assert sorted(station.displayed) == [1, 3]
        assert [await show(n) for n in range(10, 19)] == ["Accepted"] * 8 + ["Rejected"]

"""What 2.0.1 stations are asked, by operators' words and by actions, and what comes of it (blocks B, D–H, K, L)."""

from collections.abc import Callable
from typing import Any

import pytest

from csms.ocpp.v201.routes import OUTBOUND
from csms.services import commands
from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.payloads import at
from tests.wire.spoiled import whole
from tests.wire.station import Station
from tests.wire.v201.payloads import TAG1, boot, ended, started, updated


async def _order(csms: Appliance, verb: str, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb("station.command", station="CP1", verb=verb, args=args)
    return done


async def _send(csms: Appliance, action: str, **payload: Any) -> dict[str, Any]:
    result: dict[str, Any] = await csms.verb("station.call", station="CP1", action=action, payload=payload)
    return result


async def _command(csms: Appliance, sent: dict[str, Any]) -> dict[str, Any]:
    found = await csms.verb("station.commands", station="CP1")
    return next(command for command in found if command["id"] == sent["commandId"])


def _holds(**variables: str) -> dict[str, Any]:
    """Return the answers of a station that has these variables of component Ctrlr."""

    def name(asked: dict[str, Any]) -> dict[str, Any]:
        return {"component": asked["component"], "variable": asked["variable"]}

    def got(payload: dict[str, Any]) -> dict[str, Any]:
        return {
            "getVariableResult": [
                name(asked)
                | (
                    {"attributeStatus": "Accepted", "attributeValue": variables[asked["variable"]["name"]]}
                    if asked["variable"]["name"] in variables
                    else {"attributeStatus": "UnknownVariable"}
                )
                for asked in payload["getVariableData"]
            ]
        }

    def taken(payload: dict[str, Any]) -> dict[str, Any]:
        results = []
        for asked in payload["setVariableData"]:
            known = asked["variable"]["name"] in variables
            if known:
                variables[asked["variable"]["name"]] = asked["attributeValue"]
            results.append(name(asked) | {"attributeStatus": "Accepted" if known else "UnknownVariable"})
        return {"setVariableResult": results}

    return {"GetVariables": got, "SetVariables": taken}


async def test_a_start_is_done_when_the_transaction_names_it(csms: Appliance, station: Station) -> None:
    first = await _order(csms, "start", id_token="tag1", evse_id=1)
    second = await _order(csms, "start", id_token="tag1", evse_id=1)
    numbers = [
        payload["remoteStartId"] for action, payload in station.asked if action.startswith("RequestStart")
    ]
    assert len(set(numbers)) == 2
    await station.call("TransactionEvent", started(remoteStartId=numbers[0], triggerReason="RemoteStart"))
    assert (await _command(csms, first))["outcome"] == "DONE"
    assert (await _command(csms, second))["outcome"] == "PENDING"
    [shown] = await csms.transactions()
    assert shown["remoteCommandId"] == first["commandId"]


async def test_a_start_after_the_cable_is_named_by_a_later_event(csms: Appliance, station: Station) -> None:
    await station.call("TransactionEvent", started(idToken=None, triggerReason="CablePluggedIn"))
    sent = await _send(csms, "RequestStartTransaction", idToken=TAG1, remoteStartId=77)
    assert sent["outcome"] == "PENDING"
    await station.call("TransactionEvent", updated(idToken=TAG1, remoteStartId=77))
    assert (await _command(csms, sent))["outcome"] == "DONE"


async def test_a_start_that_no_event_names_is_known_by_its_token(csms: Appliance, station: Station) -> None:
    sent = await _order(csms, "start", id_token="TAG1")
    await station.call("TransactionEvent", started())
    assert (await _command(csms, sent))["outcome"] == "DONE"


async def test_a_start_that_comes_too_late_is_linked_by_its_number(csms: Appliance, station: Station) -> None:
    sent = await _send(csms, "RequestStartTransaction", idToken=TAG1, remoteStartId=77)
    other = await _send(csms, "RequestStartTransaction", idToken=TAG1, remoteStartId=78)
    csms.clock.forward(minutes=4)
    assert await csms.unit.run(commands.expire) == 2
    await station.call("TransactionEvent", started(remoteStartId=77, triggerReason="RemoteStart"))
    found = await _command(csms, sent)
    assert (found["outcome"], found["followedBy"]) == ("DONE", "transaction started late")
    assert (await _command(csms, other))["outcome"] == "TIMED_OUT"
    [shown] = await csms.transactions()
    assert shown["remoteCommandId"] == sent["commandId"]
    await station.call("TransactionEvent", started(tx="T2", minutes=5, remoteStartId=77, evse={"id": 2}))
    second = next(found for found in await csms.transactions() if found["ocppId"] == "T2")
    assert second["remoteCommandId"] is None


async def test_a_late_start_without_a_number_is_nobodys(csms: Appliance, station: Station) -> None:
    sent = await _order(csms, "start", id_token="TAG1")
    csms.clock.forward(minutes=4)
    await csms.unit.run(commands.expire)
    await station.call("TransactionEvent", started())
    assert (await _command(csms, sent))["outcome"] == "TIMED_OUT"
    [shown] = await csms.transactions()
    assert shown["remoteCommandId"] is None


async def test_a_stop_is_done_when_the_transaction_has_ended(csms: Appliance, station: Station) -> None:
    await station.call("TransactionEvent", started())
    sent = await _order(csms, "stop", transaction="T1")
    assert station.asked[-1] == ("RequestStopTransaction", {"transactionId": "T1"})
    assert sent["outcome"] == "PENDING"
    await station.call("TransactionEvent", ended(1, stoppedReason="Remote", triggerReason="RemoteStop"))
    assert (await _command(csms, sent))["followedBy"] == "transaction stopped: Remote"


async def test_a_reset_is_done_when_the_station_has_booted(csms: Appliance, station: Station) -> None:
    station.answers["Reset"] = {"status": "Scheduled"}
    sent = await _order(csms, "reset")
    assert station.asked[-1] == ("Reset", {"type": "OnIdle"})
    await station.call("BootNotification", boot("RemoteReset"))
    assert (await _command(csms, sent))["outcome"] == "DONE"
    alone = await _send(csms, "Reset", type="Immediate", evseId=1)
    assert alone["outcome"] == "DONE"


SAID: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("unlock", {"evse_id": 2}, "UnlockConnector", {"evseId": 2, "connectorId": 1}),
    ("availability", {"available": False}, "ChangeAvailability", {"operationalStatus": "Inoperative"}),
    (
        "availability",
        {"available": True, "evse_id": 2},
        "ChangeAvailability",
        {"operationalStatus": "Operative", "evse": {"id": 2}},
    ),
    ("trigger", {"message": "Heartbeat"}, "TriggerMessage", {"requestedMessage": "Heartbeat"}),
    (
        "trigger",
        {"message": "StatusNotification", "evse_id": 2},
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}},
    ),
    ("schedule", {"evse_id": 1, "duration_s": 60}, "GetCompositeSchedule", {"evseId": 1, "duration": 60}),
    ("cache.clear", {}, "ClearCache", {}),
    (
        "data",
        {"vendor_id": "org.example", "data": "x"},
        "DataTransfer",
        {"vendorId": "org.example", "data": "x"},
    ),
    ("cancel", {"id": 4}, "CancelReservation", {"reservationId": 4}),
    (
        "firmware",
        {"url": "https://f.example/a"},
        "UpdateFirmware",
        {"requestId": 1, "firmware": {"location": "https://f.example/a", "retrieveDateTime": at(0)}},
    ),
    (
        "log",
        {"url": "https://f.example/a", "kind": "security"},
        "GetLog",
        {"requestId": 1, "logType": "SecurityLog", "log": {"remoteLocation": "https://f.example/a"}},
    ),
    ("report", {}, "GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}),
    ("config.get", {}, "GetBaseReport", {"requestId": 1, "reportBase": "ConfigurationInventory"}),
    (
        "reserve",
        {"id_token": "TAG1", "evse_id": 1},
        "ReserveNow",
        {
            "id": 1,
            "expiryDateTime": at(30),
            "idToken": TAG1,
            "evseId": 1,
            "groupIdToken": {"idToken": "FLEET", "type": "Central"},
        },
    ),
    (
        "limit",
        {"amps": 16, "evse_id": 1, "phases": 3},
        "SetChargingProfile",
        {
            "evseId": 1,
            "chargingProfile": {
                "id": 900_001,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": [
                    {
                        "id": 900_001,
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0, "numberPhases": 3}],
                    }
                ],
            },
        },
    ),
    (
        "limit.clear",
        {},
        "ClearChargingProfile",
        {
            "chargingProfileCriteria": {
                "evseId": 0,
                "chargingProfilePurpose": "ChargingStationMaxProfile",
                "stackLevel": 0,
            }
        },
    ),
]


@pytest.mark.parametrize(
    ("verb", "args", "action", "payload"), SAID, ids=[f"{row[0]}-{row[2]}" for row in SAID]
)
async def test_the_same_words_as_for_any_version(
    csms: Appliance, station: Station, verb: str, args: dict[str, Any], action: str, payload: dict[str, Any]
) -> None:
    answers = {"UnlockConnector": {"status": "Unlocked"}}
    station.answers |= answers
    sent = await _order(csms, verb, **args)
    assert station.asked == [(action, payload)]
    assert sent["status"] == "ANSWERED"
    assert sent["outcome"] in ("DONE", "PENDING")


async def test_a_status_is_triggered_of_a_connector(csms: Appliance, station: Station) -> None:
    with pytest.raises(Exception, match="name the EVSE"):
        await _order(csms, "trigger", message="StatusNotification")
    assert station.asked == []


async def test_a_limit_for_the_station_holds_from_midnight(csms: Appliance, station: Station) -> None:
    await _order(csms, "limit", amps=32)
    profile = station.asked[0][1]["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "ChargingStationMaxProfile"
    assert profile["chargingSchedule"][0]["startSchedule"] == "2026-03-02T00:00:00.000Z"


async def test_a_started_charge_may_be_bounded(csms: Appliance, station: Station) -> None:
    await _order(csms, "start", id_token="TAG1", evse_id=1, limit_a=10)
    profile = station.asked[0][1]["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in profile


async def test_availability_is_remembered_as_wanted(csms: Appliance, station: Station) -> None:
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    await _order(csms, "availability", available=False, evse_id=2)
    wanted = {evse: connector["availableIntent"] for evse, connector in (await csms.connectors()).items()}
    assert wanted == {0: True, 1: True, 2: False}


@case("X201-10")
async def test_x201_10_variables_are_read_in_parts_as_large_as_the_station_takes(
    csms: Appliance, station: Station
) -> None:
    station.answers |= _holds(**{f"V{number}": str(number) for number in range(9)})
    await csms.unit.run(
        lambda tx: tx.db.run(
            """INSERT INTO station_settings (station_key, name, value, readonly, reported_at)
               SELECT id, 'DeviceDataCtrlr.ItemsPerMessage[GetVariables]', '4', 1,
                 '2026' FROM stations"""
        )
    )
    done = await _order(csms, "config.get", names=[f"Ctrlr.V{number}" for number in range(9)])
    sizes = [len(payload["getVariableData"]) for _, payload in station.asked]
    assert sizes == [4, 4, 1]
    told = {entry["name"]: entry["value"] for entry in done["detail"]["settings"]}
    assert told == {f"Ctrlr.V{number}": str(number) for number in range(9)}


async def test_a_setting_is_written_by_its_name(csms: Appliance, station: Station) -> None:
    station.answers |= _holds(Interval="60")
    done = await _order(csms, "config.set", name="Ctrlr[x]@1/2.Interval", value="30")
    assert done["outcome"] == "DONE"
    assert station.asked[0] == (
        "SetVariables",
        {
            "setVariableData": [
                {
                    "component": {"name": "Ctrlr", "instance": "x", "evse": {"id": 1, "connectorId": 2}},
                    "variable": {"name": "Interval"},
                    "attributeValue": "30",
                }
            ]
        },
    )
    assert [entry["value"] for entry in done["detail"]["settings"]] == ["30"]
    refused = await _order(csms, "config.set", name="Ctrlr.Unknown", value="1")
    assert refused["outcome"] == "REFUSED"


@case("X201-21")
async def test_x201_21_a_new_password_is_taken_and_nowhere_to_be_read(
    csms: Appliance, station: Station
) -> None:
    station.answers |= _holds(BasicAuthPassword="")
    done = await _order(
        csms, "config.set", name="SecurityCtrlr.BasicAuthPassword", value="a-brand-new-secret"
    )
    assert done["outcome"] == "DONE"
    [row] = await csms.rows("SELECT password_hash, pending_password_hash FROM stations")
    assert row["pending_password_hash"] is None
    await csms.message_log.flush()
    for table in ("commands", "messages", "station_settings", "outbox", "audit"):
        assert "a-brand-new-secret" not in str(await csms.rows(f"SELECT * FROM {table}"))


async def test_the_local_list_is_brought_in_step(csms: Appliance, station: Station) -> None:
    station.answers["GetLocalListVersion"] = {"versionNumber": 0}
    done = await _order(csms, "local-list.sync")
    assert done["detail"]["version"] == 1
    info = {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}}
    assert station.asked[-1] == (
        "SendLocalList",
        {
            "versionNumber": 1,
            "updateType": "Full",
            "localAuthorizationList": [{"idToken": TAG1, "idTokenInfo": info}],
        },
    )


async def test_a_controller_that_is_not_there_is_not_bothered(csms: Appliance, station: Station) -> None:
    station.answers |= _holds(Available="false")
    await _order(csms, "config.get", names=["ReservationCtrlr.Available"])
    with pytest.raises(Exception, match="not available"):
        await _order(csms, "reserve", id_token="TAG1")


@pytest.mark.parametrize("name", ["VendorKey", "", ".", "A.", ".B", "A.B:Odd", "A[.B", "A@x.B"])
async def test_a_name_that_is_no_variable(csms: Appliance, station: Station, name: str) -> None:
    with pytest.raises(Exception, match=r"not a variable|attributes are"):
        await _order(csms, "config.get", names=[name])
    assert station.asked == []


def _answer(action: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda _payload: whole(f"{action}Response", "2.0.1")


@pytest.mark.parametrize("action", sorted(OUTBOUND))
async def test_every_action_can_be_sent_with_everything_it_may_hold(
    csms: Appliance, station: Station, action: str
) -> None:
    station.answers[action] = _answer(action)
    payload = whole(f"{action}Request", "2.0.1")
    sent = await _send(csms, action, **payload)
    assert sent["status"] == "ANSWERED"
    assert station.asked == [(action, payload)]

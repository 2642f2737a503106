"""Blocks D and H on the wire: local lists within the station's bounds, forgotten customers, reservations."""

import json
from datetime import timedelta
from typing import Any

import pytest
import trio

from csms.services import local_list_sync
from csms.services.rounds import Rounds
from tests.wire.appliance import Appliance
from tests.wire.payloads import at
from tests.wire.station import Payload, Station
from tests.wire.v201.payloads import TAG1, started, status


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test say when a round is done."""

    async def never(_rounds: Rounds[Any]) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(Rounds, "run", never)
    monkeypatch.setattr(local_list_sync, "SETTLED", timedelta(0))


async def order(csms: Appliance, verb: str, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb("station.command", station="CP1", verb=verb, args=args)
    return done


async def shown(csms: Appliance, number: int) -> dict[str, Any]:
    found: dict[str, Any] = await csms.verb("reservation.show", station="CP1", reservation=number)
    return found


def lists(station: Station) -> list[Payload]:
    return [payload for action, payload in station.asked if action == "SendLocalList"]


def keep_a_list(station: Station) -> None:
    """Let a station hold whatever list it is sent."""
    held = {"version": 0}

    def take(payload: Payload) -> Payload:
        held["version"] = payload["versionNumber"]
        return {"status": "Accepted"}

    station.answers["GetLocalListVersion"] = lambda _: {"versionNumber": held["version"]}
    station.answers["SendLocalList"] = take


async def tell(station: Station, variable: str, value: str, **traits: Any) -> None:
    """Let a station report a variable of its LocalAuthListCtrlr."""
    entry = {
        "component": {"name": "LocalAuthListCtrlr"},
        "variable": {"name": variable},
        "variableAttribute": [{"value": value}],
        "variableCharacteristics": {"dataType": "integer", "supportsMonitoring": False} | traits,
    }
    report = {"requestId": 1, "generatedAt": at(0), "seqNo": 0, "reportData": [entry]}
    assert await station.call("NotifyReport", report) == {}


async def test_no_part_has_more_bytes_than_the_station_reads(csms: Appliance, station: Station) -> None:
    keep_a_list(station)
    await tell(station, "BytesPerMessage", "700")
    await csms.verb("token.import", tokens=[{"uid": f"CARD-{n:04}", "group": "FLEET"} for n in range(9)])
    assert (await order(csms, "local-list.sync"))["outcome"] == "DONE"
    frames = [text for text in station.heard if '"SendLocalList"' in text]
    assert len(frames) >= 2
    assert max(len(frame) for frame in frames) <= 700
    assert [payload["updateType"] for payload in lists(station)] == ["Full"] + ["Differential"] * (
        len(frames) - 1
    )
    sent = [e["idToken"]["idToken"] for payload in lists(station) for e in payload["localAuthorizationList"]]
    assert len(sent) == len(set(sent)) == 10


async def test_no_part_has_more_items_than_the_station_reads(csms: Appliance, station: Station) -> None:
    keep_a_list(station)
    await tell(station, "ItemsPerMessage", "4")
    await csms.verb("token.import", tokens=[{"uid": f"T{n}"} for n in range(9)])
    await order(csms, "local-list.sync")
    assert [len(payload["localAuthorizationList"]) for payload in lists(station)] == [4, 4, 2]
    assert [payload["versionNumber"] for payload in lists(station)] == [1, 2, 3]


async def test_more_than_the_station_holds_is_not_begun(csms: Appliance, station: Station) -> None:
    keep_a_list(station)
    await tell(station, "Entries", "0", maxLimit=2)
    await csms.verb("token.import", tokens=[{"uid": "A"}, {"uid": "B"}])
    await csms.verb("tenant.local-lists", tenant="Default", follows=True)
    await local_list_sync.rounds(csms.house).once()
    state = await csms.verb("station.local-list", station="CP1")
    assert "holds at most 2 id tokens, there are 3" in state["problem"]
    assert lists(station) == []


async def forget(csms: Appliance, **whom: Any) -> None:
    payload = {"requestId": 1, "report": False, "clear": True} | whom
    await csms.verb("station.call", station="CP1", action="CustomerInformation", payload=payload)


async def test_a_forgotten_customer_leaves_the_list_until_somebody_changes_the_token(
    csms: Appliance, station: Station
) -> None:
    keep_a_list(station)
    await csms.verb("token.add", uid="OTHER")
    await order(csms, "local-list.sync")
    csms.clock.forward(seconds=1)
    await forget(csms, idToken=TAG1)
    await local_list_sync.rounds(csms.house).once()
    assert lists(station)[-1] == {
        "versionNumber": 2, "updateType": "Differential", "localAuthorizationList": [{"idToken": TAG1}]
    }  # fmt: skip
    await order(csms, "local-list.sync")
    assert len(lists(station)) == 2
    csms.clock.forward(seconds=1)
    await csms.verb("token.blocked", uid="TAG1", blocked=True)
    await order(csms, "local-list.sync")
    [entry] = lists(station)[-1]["localAuthorizationList"]
    assert entry["idTokenInfo"]["status"] == "Blocked"


async def test_a_list_that_we_did_not_send_is_replaced_by_one_without_the_customer(
    csms: Appliance, station: Station
) -> None:
    keep_a_list(station)
    await csms.verb("token.add", uid="OTHER")
    own = {
        "versionNumber": 7,
        "updateType": "Full",
        "localAuthorizationList": [{"idToken": TAG1, "idTokenInfo": {"status": "Accepted"}}],
    }
    await csms.verb("station.call", station="CP1", action="SendLocalList", payload=own)
    csms.clock.forward(seconds=1)
    await forget(csms, idToken=TAG1)
    await local_list_sync.rounds(csms.house).once()
    last = lists(station)[-1]
    assert (last["versionNumber"], last["updateType"]) == (8, "Full")
    assert [e["idToken"]["idToken"] for e in last["localAuthorizationList"]] == ["OTHER"]


@pytest.mark.parametrize("answer", ["Rejected", "Invalid"])
async def test_a_customer_that_is_not_forgotten_stays(csms: Appliance, station: Station, answer: str) -> None:
    keep_a_list(station)
    await order(csms, "local-list.sync")
    station.answers["CustomerInformation"] = {"status": answer}
    await forget(csms, idToken=TAG1)
    await local_list_sync.rounds(csms.house).once()
    assert len(lists(station)) == 1


async def test_a_station_without_a_list_is_sent_none(csms: Appliance, station: Station) -> None:
    await forget(csms, idToken=TAG1)
    await local_list_sync.rounds(csms.house).once()
    assert lists(station) == []


async def test_a_reservation_by_type_for_a_group(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="BOSS", group="FLEET")
    done = await order(csms, "reserve", id_token="BOSS", connector_type="cCCS2")
    number = done["detail"]["reservationId"]
    assert await station.until_asked("ReserveNow") == {
        "id": number,
        "expiryDateTime": at(30),
        "idToken": {"idToken": "BOSS", "type": "ISO14443"},
        "connectorType": "cCCS2",
        "groupIdToken": {"idToken": "FLEET", "type": "Central"},
    }
    found = await shown(csms, number)
    assert (found["evseId"], found["connectorType"], found["groupId"]) == (0, "cCCS2", "FLEET")


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("Expired", ("EXPIRED", "the station says Expired")),
        ("Removed", ("CANCELLED", "the station says Removed")),
    ],
)
async def test_the_station_ends_a_reservation(
    csms: Appliance, station: Station, said: str, ends: tuple[str, str]
) -> None:
    number = (await order(csms, "reserve", id_token="TAG1", evse_id=1))["detail"]["reservationId"]
    update = {"reservationId": number, "reservationUpdateStatus": said}
    assert await station.call("ReservationStatusUpdate", update) == {}
    found = await shown(csms, number)
    assert (found["status"], found["endedBecause"]) == ends
    assert await station.call("ReservationStatusUpdate", update | {"reservationId": 999}) == {}


async def test_tc_h_20_a_fault_ends_it_once(csms: Appliance, station: Station) -> None:
    number = (await order(csms, "reserve", id_token="TAG1", evse_id=1))["detail"]["reservationId"]
    csms.clock.forward(seconds=1)
    await station.call("StatusNotification", status("Faulted", minutes=0.01))
    await station.call(
        "ReservationStatusUpdate", {"reservationId": number, "reservationUpdateStatus": "Removed"}
    )
    found = await shown(csms, number)
    assert (found["status"], found["endedBecause"]) == ("CANCELLED", "EVSE 1 became faulted")
    told = await csms.rows("SELECT body FROM outbox WHERE kind = 'reservation.changed' ORDER BY id")
    assert [json.loads(row["body"])["status"] for row in told] == ["ACTIVE", "CANCELLED"]


async def test_the_event_that_names_it_uses_it(csms: Appliance, station: Station) -> None:
    number = (await order(csms, "reserve", id_token="TAG1"))["detail"]["reservationId"]
    await station.call("TransactionEvent", started(reservationId=number))
    [transaction] = await csms.transactions()
    found = await shown(csms, number)
    assert (found["status"], found["transactionId"]) == ("USED", transaction["id"])

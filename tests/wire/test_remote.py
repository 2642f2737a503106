"""What stations do because of us: remote starts and stops, resets, reservations (§5.11, §5.12, §5.13, §5.14)."""

from typing import Any

import pytest

from csms.services import commands, reservations
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import at, boot, start, status, stop
from tests.wire.station import Station


async def _send(csms: Appliance, action: str, **payload: Any) -> dict[str, Any]:
    result: dict[str, Any] = await csms.verb("station.call", station="CP1", action=action, payload=payload)
    return result


async def _command(csms: Appliance, result: dict[str, Any]) -> dict[str, Any]:
    found = await csms.verb("station.commands", station="CP1")
    return next(c for c in found if c["id"] == result["commandId"])


@pytest.mark.parametrize("connector", [None, 1])
async def test_tc_010_011_1_a_remote_start_is_done_when_a_transaction_follows(
    csms: Appliance, station: Station, connector: int | None
) -> None:
    where = {} if connector is None else {"connectorId": connector}
    sent = await _send(csms, "RemoteStartTransaction", idTag="tag1", **where)
    assert (sent["status"], sent["outcome"]) == ("ANSWERED", "PENDING")
    assert (await station.call("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"
    await station.call("StatusNotification", status("Preparing"))
    await station.call("StartTransaction", start())
    [shown] = await csms.transactions()
    assert shown["remoteCommandId"] == sent["commandId"]
    command = await _command(csms, sent)
    assert (command["outcome"], command["followedBy"]) == ("DONE", "transaction started")
    await station.call("StopTransaction", stop(int(shown["ocppId"])))
    [shown] = await csms.transactions()
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    assert cdr["document"]["auth_method"] == "COMMAND"


@pytest.mark.parametrize("other", [{"idTag": "TAG2"}, {"connectorId": 2}])
@ARITHMETIC
async def test_another_start_does_not_fulfil_it(
    csms: Appliance, station: Station, other: dict[str, Any]
) -> None:
    sent = await _send(csms, "RemoteStartTransaction", idTag="TAG1", connectorId=1)
    await station.call("StartTransaction", start(**other))
    [shown] = await csms.transactions()
    assert shown["remoteCommandId"] is None
    assert (await _command(csms, sent))["outcome"] == "PENDING"


async def test_a_repeated_start_does_not_fulfil_a_second_command(csms: Appliance, station: Station) -> None:
    await _send(csms, "RemoteStartTransaction", idTag="TAG1")
    await station.call("StartTransaction", start())
    second = await _send(csms, "RemoteStartTransaction", idTag="TAG1")
    await station.call("StartTransaction", start())
    assert (await _command(csms, second))["outcome"] == "PENDING"


async def test_the_start_may_come_before_the_answer_to_the_command(csms: Appliance, station: Station) -> None:
    async def first_start_then_answer(_: dict[str, Any]) -> dict[str, Any]:
        await station.call("StartTransaction", start())
        return {"status": "Accepted"}

    station.answers["RemoteStartTransaction"] = first_start_then_answer
    sent = await _send(csms, "RemoteStartTransaction", idTag="TAG1")
    assert (sent["status"], sent["outcome"]) == ("ANSWERED", "DONE")
    [shown] = await csms.transactions()
    assert shown["remoteCommandId"] == sent["commandId"]


async def test_tc_011_2_nobody_plugs_in(csms: Appliance, station: Station) -> None:
    sent = await _send(csms, "RemoteStartTransaction", idTag="TAG1")
    await station.call("StatusNotification", status("Preparing"))
    await station.call("StatusNotification", status("Available"))
    csms.clock.forward(minutes=5)
    await csms.unit.run(commands.expire)
    assert (await _command(csms, sent))["outcome"] == "TIMED_OUT"
    await station.call("StartTransaction", start(5))
    [shown] = await csms.transactions()
    assert shown["remoteCommandId"] is None


async def test_tc_026_a_remote_start_is_rejected(csms: Appliance, station: Station) -> None:
    station.answers["RemoteStartTransaction"] = {"status": "Rejected"}
    sent = await _send(csms, "RemoteStartTransaction", idTag="TAG1")
    assert (sent["status"], sent["outcome"], sent["response"]) == (
        "ANSWERED",
        "REFUSED",
        {"status": "Rejected"},
    )


async def test_tc_012_a_remote_stop_is_done_when_the_stop_arrives(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    sent = await _send(csms, "RemoteStopTransaction", transactionId=tid)
    assert sent["outcome"] == "PENDING"
    [shown] = await csms.transactions()
    assert shown["state"] == "ACTIVE"
    await station.call("StopTransaction", stop(tid, reason="Remote"))
    command = await _command(csms, sent)
    assert (command["outcome"], command["followedBy"]) == ("DONE", "transaction stopped: Remote")
    [shown] = await csms.transactions()
    assert (shown["state"], shown["stopReason"]) == ("ENDED", "Remote")


async def test_tc_028_a_rejected_remote_stop_leaves_the_transaction(
    csms: Appliance, station: Station
) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    station.answers["RemoteStopTransaction"] = {"status": "Rejected"}
    sent = await _send(csms, "RemoteStopTransaction", transactionId=tid)
    assert sent["outcome"] == "REFUSED"
    [shown] = await csms.transactions()
    assert shown["state"] == "ACTIVE"


@pytest.mark.parametrize("kind", ["Soft", "Hard"])
async def test_tc_013_014_a_reset_is_done_when_the_station_has_booted(
    csms: Appliance, station: Station, kind: str
) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    sent = await _send(csms, "Reset", type=kind)
    assert sent["outcome"] == "PENDING"
    if kind == "Soft":
        await station.call("StopTransaction", stop(tid, reason="SoftReset"))
    await station.drop()
    again = await csms.station()
    await again.call("BootNotification", boot())
    assert ((await _command(csms, sent))["outcome"], (await _command(csms, sent))["followedBy"]) == (
        "DONE",
        "booted",
    )
    if kind == "Hard":
        await again.call("StopTransaction", stop(tid, reason="HardReset"))
    [shown] = await csms.transactions()
    assert (shown["state"], shown["stopReason"]) == ("ENDED", f"{kind}Reset")


async def test_tc_018_1_unlocking_ends_the_transaction(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    station.answers["UnlockConnector"] = {"status": "Unlocked"}
    sent = await _send(csms, "UnlockConnector", connectorId=1)
    assert sent["outcome"] == "DONE"
    await station.call("StopTransaction", stop(tid, reason="UnlockCommand"))
    [shown] = await csms.transactions()
    assert shown["stopReason"] == "UnlockCommand"


RESERVE: dict[str, Any] = {"reservationId": 5, "connectorId": 1, "idTag": "TAG1", "expiryDate": at(60)}


async def _reservation(csms: Appliance) -> dict[str, Any]:
    [row] = await csms.rows("SELECT * FROM reservations")
    return row


@pytest.mark.parametrize("connector", [1, 0])
async def test_tc_046_049_a_start_uses_its_reservation(
    csms: Appliance, station: Station, connector: int
) -> None:
    await _send(csms, "ReserveNow", **RESERVE | {"connectorId": connector})
    await station.call("StatusNotification", status("Reserved"))
    assert (await _reservation(csms))["status"] == "ACTIVE"
    await station.call("StartTransaction", start(reservationId=5))
    [shown] = await csms.transactions()
    row = await _reservation(csms)
    assert (row["status"], row["transaction_id"], shown["reservationId"]) == ("USED", shown["id"], 5)


async def test_tc_053_another_tag_of_the_group_uses_it(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="TAG2", group="FLEET")
    await _send(csms, "ReserveNow", **RESERVE, parentIdTag="FLEET")
    info = (await station.call("Authorize", {"idTag": "TAG2"}))["idTagInfo"]
    assert info == {"status": "Accepted", "parentIdTag": "FLEET"}
    await station.call("StartTransaction", start(idTag="TAG2", reservationId=5))
    assert (await _reservation(csms))["status"] == "USED"


async def test_tc_047_a_reservation_expires_by_our_clock(csms: Appliance, station: Station) -> None:
    await _send(csms, "ReserveNow", **RESERVE)
    csms.clock.forward(minutes=60)
    assert await csms.unit.run(reservations.expire) == 1
    await station.call("StatusNotification", status("Available", minutes=60))
    assert (await _reservation(csms))["status"] == "EXPIRED"


@pytest.mark.parametrize("answer", ["Faulted", "Occupied", "Unavailable", "Rejected"])
@ARITHMETIC
async def test_tc_048_a_reservation_that_is_not_made(csms: Appliance, station: Station, answer: str) -> None:
    station.answers["ReserveNow"] = {"status": answer}
    sent = await _send(csms, "ReserveNow", **RESERVE)
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": answer})
    assert await csms.rows("SELECT * FROM reservations") == []


@pytest.mark.parametrize(("answer", "left"), [("Accepted", "CANCELLED"), ("Rejected", "ACTIVE")])
async def test_tc_051_052_a_reservation_is_cancelled(
    csms: Appliance, station: Station, answer: str, left: str
) -> None:
    await _send(csms, "ReserveNow", **RESERVE)
    station.answers["CancelReservation"] = {"status": answer}
    await _send(csms, "CancelReservation", reservationId=5)
    assert (await _reservation(csms))["status"] == left


async def test_a_reservation_id_used_again_begins_anew(csms: Appliance, station: Station) -> None:
    await _send(csms, "ReserveNow", **RESERVE)
    await station.call("StartTransaction", start(reservationId=5))
    await _send(csms, "ReserveNow", **RESERVE)
    row = await _reservation(csms)
    assert (row["status"], row["transaction_id"]) == ("ACTIVE", None)


@pytest.mark.parametrize("reservation", [0, -1, 99, 2**40, 10**30])
async def test_a_reservation_nobody_made(csms: Appliance, station: Station, reservation: int) -> None:
    answer = await station.call("StartTransaction", start(reservationId=reservation))
    assert answer["idTagInfo"]["status"] == "Accepted"
    [shown] = await csms.transactions()
    assert shown["reservationId"] == (reservation if abs(reservation) < 2**31 else None)


async def test_tc_054_what_is_triggered_arrives(csms: Appliance, station: Station) -> None:
    for wanted in ("Heartbeat", "StatusNotification"):
        sent = await _send(csms, "TriggerMessage", requestedMessage=wanted)
        assert sent["outcome"] == "DONE"
        await station.call(wanted, {} if wanted == "Heartbeat" else status("Charging"))
    assert (await csms.connectors())[1]["status"] == "CHARGING"

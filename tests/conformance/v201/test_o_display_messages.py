"""Block O: messages on the station's display (OCPP 2.0.1 Part 2 §O, Part 6 TC_O)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201
from tests.wire.payloads import at
from tests.wire.station import Payload


def _message(number: int = 1, **fields: Any) -> Payload:
    """Return a MessageInfoType."""
    content = {"format": "UTF8", "language": "en", "content": f"Message {number}"}
    return {"id": number, "priority": "AlwaysFront", "message": content} | fields


async def _set(site: Site, station: Station201, **message: Any) -> Payload:
    """Set a message and see that it arrives as it is."""
    asked = {"message": _message(**message)}
    sent = await site.call(station, "SetDisplayMessage", asked)
    assert station.asked_for("SetDisplayMessage")[-1] == asked
    return sent


async def _told(
    site: Site, station: Station201, request_id: int, *messages: Payload, tbc: bool = False
) -> None:
    said = {"requestId": request_id, "messageInfo": list(messages), "tbc": tbc}
    assert await station.call("NotifyDisplayMessages", said) == {}


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        row("TC_O_02_CSMS", {}, [_message(1), _message(2)]),
        row("TC_O_07_CSMS", {"id": [1]}, [_message(1)]),
        row("TC_O_08_CSMS", {"priority": "AlwaysFront"}, [_message(1)]),
        row("TC_O_09_CSMS", {"state": "Charging"}, [_message(1, state="Charging")]),
    ],
)
async def test_messages_are_reported(site: Site, criteria: Payload, told: list[Payload]) -> None:
    """Each message comes in a notification of its own; only with the last one it is done."""
    station = await site.station201()
    asked = {"requestId": 4} | criteria
    sent = await site.call(station, "GetDisplayMessages", asked)
    assert station.asked_for("GetDisplayMessages") == [asked]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "PENDING")
    for number, message in enumerate(told, start=1):
        assert (await site.result(sent))["outcome"] == "PENDING"
        await _told(site, station, 4, message, tbc=number < len(told))
    assert (await site.result(sent))["outcome"] == "DONE"
    reported = [event["messageInfo"] for event in await site.events(station, "display.messages")]
    assert reported == [[message] for message in told]


@case("TC_O_03_CSMS")
async def test_tc_o_03_no_messages(site: Site) -> None:
    station = await site.station201(answers={"GetDisplayMessages": {"status": "Unknown"}})
    sent = await site.call(station, "GetDisplayMessages", {"requestId": 4})
    assert station.asked_for("GetDisplayMessages") == [{"requestId": 4}]
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": "Unknown"})


@pytest.mark.parametrize(
    ("status", "outcome"),
    [row("TC_O_04_CSMS", "Accepted", "DONE"), row("TC_O_05_CSMS", "Unknown", "REFUSED")],
)
async def test_a_message_is_cleared(site: Site, status: str, outcome: str) -> None:
    station = await site.station201(answers={"ClearDisplayMessage": {"status": status}})
    sent = await site.call(station, "ClearDisplayMessage", {"id": 1})
    assert station.asked_for("ClearDisplayMessage") == [{"id": 1}]
    assert (sent["outcome"], sent["response"]) == (outcome, {"status": status})


@pytest.mark.parametrize(
    "fields",
    [
        row("TC_O_06_CSMS", {}),
        row("TC_O_27_CSMS", {"startDateTime": at(10)}),
        row("TC_O_28_CSMS", {"endDateTime": at(10)}),
    ],
)
async def test_a_message_for_a_transaction(site: Site, fields: Payload) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    sent = await _set(site, station, transactionId=station.charge().id, **fields)
    assert sent["outcome"] == "DONE"
    await site.forward(minutes=11)
    await station.ev_disconnected(end=True)
    [shown] = await site.transactions(station)
    assert shown["state"] == "ENDED"


@pytest.mark.parametrize(
    "fields", [row("TC_O_13_CSMS", {"startDateTime": at(10)}), row("TC_O_14_CSMS", {"endDateTime": at(10)})]
)
async def test_a_message_for_a_time(site: Site, fields: Payload) -> None:
    station = await site.station201()
    assert (await _set(site, station, **fields))["outcome"] == "DONE"


@case("TC_O_12_CSMS")
async def test_tc_o_12_a_message_replaces_the_one_of_its_id(site: Site) -> None:
    station = await site.station201()
    assert (await _set(site, station))["outcome"] == "DONE"
    assert (await _set(site, station, priority="InFront"))["outcome"] == "DONE"
    both = [asked["message"] for asked in station.asked_for("SetDisplayMessage")]
    assert [(message["id"], message["priority"]) for message in both] == [(1, "AlwaysFront"), (1, "InFront")]


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        row("TC_O_10_CSMS", "UnknownTransaction", {"transactionId": "none"}),
        row("TC_O_17_CSMS", "NotSupportedPriority", {"priority": "InFront"}),
        row("TC_O_18_CSMS", "NotSupportedState", {"state": "Faulted"}),
        row(
            "TC_O_19_CSMS",
            "NotSupportedMessageFormat",
            {"message": {"format": "URI", "content": "https://a.example"}},
        ),
    ],
)
async def test_a_message_is_refused(site: Site, status: str, fields: Payload) -> None:
    station = await site.station201(answers={"SetDisplayMessage": {"status": status}})
    sent = await _set(site, station, **fields)
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": status})

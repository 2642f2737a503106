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


async def _set(site: Site, station: Station201, words: Payload, **message: Any) -> Payload:
    """Set a message, by the standard's fields and by the operator's words, and see that both arrive as they are."""
    asked = {"message": _message(**message)}
    sent = await site.call(station, "SetDisplayMessage", asked)
    assert station.asked_for("SetDisplayMessage")[-1] == asked
    said = {"content": "Message 9", "id": 9, "priority": "AlwaysFront"} | words
    done = await site.command(station, "display.set", **said)
    wire = station.asked_for("SetDisplayMessage")[-1]["message"]
    fields = {name: wire.get(name) for name in message if name != "message"}
    assert fields == {name: value for name, value in message.items() if name != "message"}
    assert done["outcome"] == sent["outcome"]
    assert done["response"] == sent["response"]
    known = [each["id"] for each in await _known(site, station)]
    assert known == ([9] if done["outcome"] == "DONE" else [])
    return sent


async def _known(site: Site, station: Station201) -> list[Payload]:
    """Return the messages that the station is known to show."""
    found: list[Payload] = await site.verb("station.displays", station=station.id)
    return found


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
    known = await _known(site, station)
    assert [(each["id"], each["priority"], each["state"]) for each in known] == [
        (message["id"], message["priority"], message.get("state")) for message in told
    ]


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
    await site.command(station, "display.set", content="Message 1", id=1)
    done = await site.command(station, "display.clear", id=1)
    assert station.asked_for("ClearDisplayMessage") == [{"id": 1}]
    assert (done["outcome"], done["response"]) == (outcome, {"status": status})
    assert await _known(site, station) == []


LATER = [{"starts_at": at(10)}, {"startDateTime": at(10)}]
UNTIL = [{"ends_at": at(10)}, {"endDateTime": at(10)}]


@pytest.mark.parametrize(
    ("words", "fields"),
    [row("TC_O_06_CSMS", {}, {}), row("TC_O_27_CSMS", *LATER), row("TC_O_28_CSMS", *UNTIL)],
)
async def test_a_message_for_a_transaction(site: Site, words: Payload, fields: Payload) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    running = station.charge().id
    sent = await _set(site, station, words | {"transaction": running}, transactionId=running, **fields)
    assert sent["outcome"] == "DONE"
    assert "state" not in station.asked_for("SetDisplayMessage")[-1]["message"]
    await site.forward(minutes=11)
    await station.ev_disconnected(end=True)
    [shown] = await site.transactions(station)
    assert shown["state"] == "ENDED"


@pytest.mark.parametrize(("words", "fields"), [row("TC_O_13_CSMS", *LATER), row("TC_O_14_CSMS", *UNTIL)])
async def test_a_message_for_a_time(site: Site, words: Payload, fields: Payload) -> None:
    station = await site.station201()
    assert (await _set(site, station, words, **fields))["outcome"] == "DONE"


@case("TC_O_12_CSMS")
async def test_tc_o_12_a_message_replaces_the_one_of_its_id(site: Site) -> None:
    station = await site.station201()
    for priority in ("AlwaysFront", "InFront"):
        done = await site.command(station, "display.set", content=priority, id=1, priority=priority)
        assert done["outcome"] == "DONE"
    both = [asked["message"] for asked in station.asked_for("SetDisplayMessage")]
    assert [(message["id"], message["priority"]) for message in both] == [(1, "AlwaysFront"), (1, "InFront")]
    [known] = await _known(site, station)
    assert (known["content"], known["priority"]) == ("InFront", "InFront")


URI = {"format": "URI", "content": "https://a.example"}


@pytest.mark.parametrize(
    ("status", "words", "fields"),
    [
        row("TC_O_10_CSMS", "UnknownTransaction", {"transaction": "none"}, {"transactionId": "none"}),
        row("TC_O_17_CSMS", "NotSupportedPriority", {"priority": "InFront"}, {"priority": "InFront"}),
        row("TC_O_18_CSMS", "NotSupportedState", {"state": "Faulted"}, {"state": "Faulted"}),
        row("TC_O_19_CSMS", "NotSupportedMessageFormat", URI, {"message": URI}),
    ],
)
async def test_a_message_is_refused(site: Site, status: str, words: Payload, fields: Payload) -> None:
    station = await site.station201(answers={"SetDisplayMessage": {"status": status}})
    sent = await _set(site, station, words, **fields)
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": status})

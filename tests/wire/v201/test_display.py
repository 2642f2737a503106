"""Messages on displays, and what stations know of customers (2.0.1 blocks O, N09, N10)."""

from typing import Any

import pytest
import trio

from csms.errors import InvalidInput, NotFound
from csms.services import customer_information
from tests.wire.appliance import Appliance
from tests.wire.payloads import at
from tests.wire.station import Station
from tests.wire.v201.payloads import ended, started


async def _order(csms: Appliance, verb: str, wait_s: float | None = None, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb(
        "station.command", station="CP1", verb=verb, args=args, wait_s=wait_s
    )
    return done


async def _known(csms: Appliance) -> dict[int, str]:
    return {m["id"]: m["content"] for m in await csms.verb("station.displays", station="CP1")}


def _shown(number: int, content: str, **fields: Any) -> dict[str, Any]:
    text = {"format": "UTF8", "content": content}
    return {"id": number, "priority": "NormalCycle", "message": text} | fields


async def test_o01_a_message_is_set_and_known(csms: Appliance, station: Station) -> None:
    done = await _order(
        csms, "display.set", content="Grüß Gott", language="de", priority="InFront", state="Idle",
        ends_at="2026-03-03T00:00:00Z",
    )  # fmt: skip
    assert station.asked[-1] == (
        "SetDisplayMessage",
        {
            "message": {
                "id": 1,
                "priority": "InFront",
                "state": "Idle",
                "endDateTime": "2026-03-03T00:00:00.000Z",
                "message": {"format": "UTF8", "language": "de", "content": "Grüß Gott"},
            }
        },
    )
    assert (done["outcome"], done["detail"]["messageId"]) == ("DONE", 1)
    assert await _known(csms) == {1: "Grüß Gott"}
    await _order(csms, "display.set", content="Servus", id=1)
    assert await _known(csms) == {1: "Servus"}


@pytest.mark.parametrize(
    "status",
    [
        "NotSupportedMessageFormat",
        "Rejected",
        "NotSupportedPriority",
        "NotSupportedState",
        "UnknownTransaction",
    ],
)
async def test_what_a_station_does_not_show_is_not_known(
    csms: Appliance, station: Station, status: str
) -> None:
    station.answers["SetDisplayMessage"] = {"status": status}
    assert (await _order(csms, "display.set", content="x", transaction="T9"))["outcome"] == "REFUSED"
    assert await _known(csms) == {}


async def test_o03_messages_are_listed_in_parts(csms: Appliance, station: Station) -> None:
    await _order(csms, "display.set", content="forgotten by the station")
    csms.clock.forward(seconds=1)
    async with trio.open_nursery() as nursery:

        async def report() -> None:
            request = await station.until_asked("GetDisplayMessages")
            assert request.keys() == {"requestId"}
            first = {"requestId": request["requestId"], "tbc": True, "messageInfo": [_shown(7, "seven")]}
            await station.call("NotifyDisplayMessages", first)
            last = {
                "requestId": request["requestId"],
                "messageInfo": [_shown(8, "eight", transactionId="T1")],
            }
            await station.call("NotifyDisplayMessages", last)

        nursery.start_soon(report)
        done = await _order(csms, "display.list", wait_s=60)
    assert (done["outcome"], [m["id"] for m in done["detail"]["messages"]]) == ("DONE", [7, 8])
    assert await _known(csms) == {7: "seven", 8: "eight"}


async def test_a_list_of_some_does_not_forget_the_others(csms: Appliance, station: Station) -> None:
    await _order(csms, "display.set", content="stays")
    csms.clock.forward(seconds=1)
    await _order(csms, "display.list", priority="InFront")
    request = await station.until_asked("GetDisplayMessages")
    part = {"requestId": request["requestId"], "messageInfo": [_shown(7, "x", priority="InFront")]}
    await station.call("NotifyDisplayMessages", part)
    assert await _known(csms) == {1: "stays", 7: "x"}


async def test_o04_no_messages(csms: Appliance, station: Station) -> None:
    await _order(csms, "display.set", content="gone")
    csms.clock.forward(seconds=1)
    station.answers["GetDisplayMessages"] = {"status": "Unknown"}
    await _order(csms, "display.list")
    assert await _known(csms) == {}


async def test_messages_end_with_their_time_and_their_transaction(csms: Appliance, station: Station) -> None:
    await station.call("TransactionEvent", started())
    await _order(csms, "display.set", content="this hour", ends_at="2026-03-02T13:00:00Z")
    await _order(csms, "display.set", content="this charge", transaction="T1")
    await _order(csms, "display.set", content="for ever")
    assert await _known(csms) == {1: "this hour", 2: "this charge", 3: "for ever"}
    await station.call("TransactionEvent", ended())
    csms.clock.forward(hours=2)
    assert await _known(csms) == {3: "for ever"}


@pytest.mark.parametrize("status", ["Accepted", "Unknown"])
async def test_o05_a_cleared_message_is_forgotten(csms: Appliance, station: Station, status: str) -> None:
    await _order(csms, "display.set", content="x")
    station.answers["ClearDisplayMessage"] = {"status": status}
    await _order(csms, "display.clear", id=1)
    assert await _known(csms) == {}


@pytest.mark.parametrize(
    "args",
    [{"content": ""}, {"content": "x" * 513}, {"content": "x", "language": "english please"},
     {"content": "x", "ends_at": "2020-01-01T00:00:00Z"}, {"content": "x", "id": -1}],
)  # fmt: skip
async def test_messages_nobody_can_mean(csms: Appliance, station: Station, args: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await _order(csms, "display.set", **args)
    assert [action for action, _ in station.asked] == []


SECRET = "Erika Mustermann, card 04A2"


async def _tell(station: Station, number: int, seq_no: int, data: str, tbc: bool) -> None:
    part = {"requestId": number, "seqNo": seq_no, "tbc": tbc, "data": data, "generatedAt": at()}
    await station.call("NotifyCustomerInformation", part)


async def test_n09_customer_data_is_shown_once_and_kept_nowhere(csms: Appliance, station: Station) -> None:
    async with trio.open_nursery() as nursery:

        async def report() -> None:
            request = dict(await station.until_asked("CustomerInformation"))
            number = request.pop("requestId")
            token = {"idToken": "TAG1", "type": "ISO14443"}
            assert request == {"report": True, "clear": False, "idToken": token}
            await _tell(station, number, 1, SECRET[10:], tbc=False)
            await _tell(station, number, 0, SECRET[:10], tbc=True)

        nursery.start_soon(report)
        done = await _order(csms, "customer", wait_s=60, id_token="TAG1")
    assert (done["outcome"], done["detail"]["data"]) == ("DONE", SECRET)
    everything = [await csms.rows(f"SELECT * FROM {table}") for table in await _tables(csms)]
    told = repr([everything, await csms.messages()])
    assert SECRET[:10] not in told
    assert "Mustermann" not in told
    with pytest.raises(NotFound):
        await csms.verb("station.customer", station="CP1", request=done["detail"]["requestId"])


async def _tables(csms: Appliance) -> list[str]:
    if "sqlite" in type(csms.store).__name__.lower():
        found = await csms.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        found = await csms.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()")
    names = [row["name"] for row in found]
    assert "messages" in names
    return names


async def test_n09_what_comes_after_the_wait_can_be_fetched_once(csms: Appliance, station: Station) -> None:
    done = await _order(csms, "customer", identifier="C-7")
    number = done["detail"]["requestId"]
    assert "data" not in done["detail"]
    await _tell(station, number, 0, SECRET, tbc=False)
    shown = await csms.verb("station.customer", station="CP1", request=number)
    assert shown["data"] == SECRET
    with pytest.raises(NotFound):
        await csms.verb("station.customer", station="CP1", request=number)


async def test_n09_what_nobody_looks_at_is_forgotten(csms: Appliance, station: Station) -> None:
    done = await _order(csms, "customer", identifier="C-7")
    await _tell(station, done["detail"]["requestId"], 0, SECRET, tbc=False)
    await _tell(station, 4711, 0, SECRET, tbc=False)
    assert len(await csms.rows("SELECT * FROM customer_information")) == 1
    csms.clock.forward(minutes=61)
    await csms.unit.run(customer_information.forget)
    assert await csms.rows("SELECT * FROM customer_information") == []


async def test_n10_clear_without_report_is_done_with_the_answer(csms: Appliance, station: Station) -> None:
    done = await _order(csms, "customer", id_token="TAG1", clear=True, report=False)
    assert done["outcome"] == "DONE"
    station.answers["CustomerInformation"] = {"status": "Invalid"}
    assert (await _order(csms, "customer", id_token="TAG1", clear=True))["outcome"] == "REFUSED"


@pytest.mark.parametrize(
    "args", [{}, {"id_token": "a", "identifier": "b"}, {"id_token": "a", "report": False}]
)
async def test_a_customer_is_named_in_one_way(
    csms: Appliance, station: Station, args: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        await _order(csms, "customer", **args)

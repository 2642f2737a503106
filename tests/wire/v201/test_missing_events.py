"""What is missing of a transaction is asked for, once on each connection, until it has come (ocpp.md §2 E)."""

from typing import Any

from trio.testing import MockClock, wait_all_tasks_blocked

from csms.services.missing_events import AFTER_CONNECT_S
from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.station import Station
from tests.wire.v201.conftest import connected
from tests.wire.v201.payloads import boot, ended, started, updated

QUESTION = "GetTransactionStatus"
GAP = (started(tx="T9", evse={"id": 3}), updated(2, tx="T9", evse={"id": 3}))


async def _tell(station: Station, *events: dict[str, Any]) -> None:
    for said in events:
        await station.call("TransactionEvent", said)


def _questions(station: Station) -> list[Any]:
    return [payload["transactionId"] for action, payload in station.asked if action == QUESTION]


async def _until(station: Station, clock: MockClock, *transactions: str) -> None:
    """Let time pass until a station has been asked about these, once each, and about nothing else."""
    while len(_questions(station)) < len(transactions):
        await wait_all_tasks_blocked(0.01)
        clock.jump(AFTER_CONNECT_S + 1)
    await wait_all_tasks_blocked(0.01)
    assert sorted(_questions(station)) == sorted(transactions)


@case("X201-01")
async def test_x201_01_a_question_without_an_answer_is_asked_again_after_a_reconnect(
    csms: Appliance, station: Station, mock_clock: MockClock
) -> None:
    station.answers[QUESTION] = None
    await _tell(station, started(), updated(3, 30))
    await station.until_asked(QUESTION)
    await station.drop()
    back = await connected(csms)
    await _until(back, mock_clock, "T1")
    await back.call("BootNotification", boot())
    await wait_all_tasks_blocked(0.01)
    mock_clock.jump(AFTER_CONNECT_S)
    await _tell(back, updated(5, 40), *GAP)
    await _until(back, mock_clock, "T1", "T9")


async def test_a_station_is_asked_after_its_boot_by_the_next_process(
    csms: Appliance, station: Station, mock_clock: MockClock
) -> None:
    station.answers[QUESTION] = None
    await _tell(station, started(), ended(3))
    await station.until_asked(QUESTION)
    heir = await csms.restarted()
    back = await connected(heir)
    await back.call("BootNotification", boot())
    await _until(back, mock_clock, "T1")


async def test_what_has_come_is_not_asked_for(
    csms: Appliance, station: Station, mock_clock: MockClock
) -> None:
    await _tell(station, *GAP)
    await station.until_asked(QUESTION)
    csms.clock.forward(seconds=1)
    await _tell(station, started(), updated(2, 20), updated(1, 10), ended(3))
    other: dict[str, Any] = {"tx": "T2", "evse": {"id": 2}}
    await _tell(station, ended(2, **other), started(**other), updated(**other))
    await _until(station, mock_clock, "T9", "T1", "T2")
    await station.drop()
    back = await connected(csms)
    await _until(back, mock_clock, "T9")


async def test_an_end_without_a_start_is_asked_for_until_it_is_closed(
    csms: Appliance, station: Station, mock_clock: MockClock
) -> None:
    await _tell(station, *GAP)
    await station.until_asked(QUESTION)
    csms.clock.forward(seconds=1)
    await _tell(station, ended(2))
    await _until(station, mock_clock, "T9", "T1")
    await station.drop()
    back = await connected(csms)
    await back.call("BootNotification", boot())
    await _until(back, mock_clock, "T1", "T9")
    await csms.verb("transaction.close", transaction="T1")
    await back.drop()
    again = await connected(csms)
    await _until(again, mock_clock, "T9")


async def test_one_question_a_connection_whatever_more_is_missing(
    csms: Appliance, station: Station, mock_clock: MockClock
) -> None:
    await _tell(station, updated(2, 10))
    await station.until_asked(QUESTION)
    await _tell(station, started(), updated(5, 20), updated(9, 30), *GAP)
    await _until(station, mock_clock, "T1", "T9")


async def test_numbers_of_the_whole_station_are_no_gap(
    csms: Appliance, station: Station, mock_clock: MockClock
) -> None:
    await _tell(station, *GAP)
    await station.until_asked(QUESTION)
    csms.clock.forward(seconds=1)
    await _tell(station, started(7), updated(9), ended(15))
    await _tell(station, *(said(0, tx="T2", evse={"id": 2}) for said in (started, updated, ended)))
    await station.drop()
    back = await connected(csms)
    await _until(station, mock_clock, "T9")
    await _until(back, mock_clock, "T9")

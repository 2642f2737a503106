"""Numbered events in any order and any number of times: one transaction, one CDR, the same energy (2.0.1 block E)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.rulebook import Rulebook
from tests.wire.v201.payloads import ended, started, updated

SETTINGS = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
EVENTS = 5


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return Rulebook("2.0.1")


def event(number: int) -> dict[str, Any]:
    """Return one of the events of a charge of 10 kWh."""
    if number == 0:
        return started()
    if number == EVENTS - 1:
        return ended(number, 60)
    return updated(number, 10 * number, wh=1000 + 2000 * number)


@SETTINGS
@given(order=st.permutations(range(EVENTS)), again=st.lists(st.integers(0, EVENTS - 1), max_size=6))
def test_the_order_of_arrival_changes_nothing_that_is_billed(
    rulebook: Rulebook, order: list[int], again: list[int]
) -> None:
    with rulebook.page() as book:
        book.clock.forward(hours=2)
        answers: dict[int, Any] = {}
        for number in order:
            answers[number] = book.say("TransactionEvent", event(number))
            book.clock.forward(seconds=1)
        for number in again:
            repeated = book.say("TransactionEvent", event(number))
            assert repeated.get("idTokenInfo") == answers[number].get("idTokenInfo")
        [row] = book.rows("SELECT * FROM transactions")
        [cdr] = book.rows("SELECT * FROM cdrs")
        assert (row["state"], row["energy_wh"], cdr["energy_wh"]) == ("ENDED", 10_000, 10_000)
        assert (row["start_unseen"], row["id_token"], row["evse_id"]) == (0, "TAG1", 1)
        assert row["started_at"] < row["ended_at"]
        assert (cdr["total_cost"], cdr["total_cost_incl_vat"]) == ("3", "3.57")
        assert len(book.rows("SELECT id FROM meter_values")) == EVENTS
        kinds = [entry["kind"] for entry in book.rows("SELECT kind FROM corrections ORDER BY id")]
        assert ("sequence_gap" in kinds) == ("sequence_complete" in kinds)
        assert answers[0]["idTokenInfo"]["status"] == "Accepted"


@SETTINGS
@given(lost=st.sets(st.integers(1, EVENTS - 2)))
def test_lost_events_are_named_and_cost_nothing(rulebook: Rulebook, lost: set[int]) -> None:
    with rulebook.page() as book:
        book.clock.forward(hours=2)
        for number in range(EVENTS):
            if number not in lost:
                book.say("TransactionEvent", event(number))
        [cdr] = book.rows("SELECT * FROM cdrs")
        assert cdr["energy_wh"] == 10_000
        gaps = book.rows("SELECT detail FROM corrections WHERE kind = 'sequence_gap' ORDER BY id")
        assert bool(gaps) == bool(lost)
        if lost:
            assert gaps[-1]["detail"] == f'{{"missing":{sorted(lost)}}}'.replace(" ", "")

"""Parts of reports in whatever order, once or more often: the device model ends as the last whole report has it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csms.model.command import Command, Coverage, Outcome, Purpose
from csms.store import commands
from tests.services.rulebook import Rulebook

FIRST, SECOND = 1, 2
PARTS = {FIRST: 3, SECOND: 2}
"""How many parts the two reports of everything have; the second was asked for later."""


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return Rulebook("2.0.1")


def ask(book: Rulebook, request: int) -> None:
    """Note that a report of everything was asked for."""
    tx, ref = book.tx(), book.charge_point
    command = Command(
        id=f"c{request}",
        tenant_id=ref.tenant_id,
        station_key=ref.key,
        station_id=ref.station_id,
        action="GetBaseReport",
        purpose=Purpose.REPORT,
        request={},
        status=None,
        outcome=Outcome.PENDING,
        requested_at=tx.now,
        requested_by="test",
        expires_at=tx.now + timedelta(minutes=10),
        request_id=request,
        covers=Coverage.DEVICE_MODEL,
    )
    commands.insert(tx.db, command)


def part(request: int, seq_no: int) -> dict[str, Any]:
    """Return a part: each has a variable of its own and one that both reports have."""
    names = [f"Only{request}", "Both"] if seq_no == 0 else [f"Part{seq_no}"]
    data = [
        {
            "component": {"name": "Ctrlr"},
            "variable": {"name": name},
            "variableAttribute": [{"value": str(request)}],
        }
        for name in names
    ]
    about = {"requestId": request, "seqNo": seq_no, "tbc": seq_no + 1 < PARTS[request]}
    return about | {"generatedAt": "2026-03-02T12:00:00Z", "reportData": data}


EVERY = [(request, seq_no) for request, count in PARTS.items() for seq_no in range(count)]
TOLD = st.permutations(EVERY).flatmap(
    lambda order: st.lists(st.sampled_from(EVERY), max_size=4).map(lambda again: [*order, *again])
)


@given(told=TOLD, mixed=st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
def test_x201_09_the_model_is_that_of_the_last_report(
    book: Rulebook, told: list[tuple[int, int]], mixed: Any
) -> None:
    mixed.shuffle(told)
    with book.page():
        ask(book, FIRST)
        book.clock.forward(seconds=1)
        ask(book, SECOND)
        for request, seq_no in told:
            book.clock.forward(seconds=1)
            book.say("NotifyReport", part(request, seq_no))
        model = {row["variable"]: row["value"] for row in book.rows("SELECT * FROM device_variables")}
        assert model == {"Only2": "2", "Both": "2", "Part1": "2"}
        held = {row["name"] for row in book.rows("SELECT name FROM station_settings")}
        assert held == {"Ctrlr.Only2", "Ctrlr.Both", "Ctrlr.Part1"}
        ended = {row["outcome"] for row in book.rows("SELECT outcome FROM commands")}
        assert ended == {"DONE"}

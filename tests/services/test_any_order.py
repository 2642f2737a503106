"""Whatever comes twice, late or without an id: one transaction, one CDR, no energy out of nothing."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.rulebook import Rulebook
from tests.wire.payloads import meter_values, reading, start, stop

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
OURS = ("received_at", "at", "id", "created_at", "transaction_id", "ocpp_id", "document", "business_key")


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return Rulebook()


def result(book: Rulebook) -> dict[str, list[Any]]:
    """Return all that counts, without the ids we gave."""
    found: dict[str, list[Any]] = {}
    for table in ("transactions", "cdrs", "corrections"):
        rows = book.rows(f"SELECT * FROM {table}")
        kept = [{k: v for k, v in row.items() if k not in OURS} for row in rows]
        found[table] = sorted(kept, key=repr)
    found["meter_values"] = book.rows(
        "SELECT evse_id, taken_at, energy_wh FROM meter_values ORDER BY evse_id, taken_at, energy_wh"
    )
    return found


class Charge:
    """One charge on a connector: its messages in the order the station makes them."""

    def __init__(self, connector: int, registers: list[int]) -> None:
        self.connector = connector
        self.registers = registers
        self.transaction_id = 0
        self.length = len(registers)

    def message(self, number: int) -> tuple[str, dict[str, Any]]:
        first, last = self.registers[0], self.registers[-1]
        if number == 0:
            return "StartTransaction", start(connectorId=self.connector, meterStart=first)
        if number == self.length - 1:
            return "StopTransaction", stop(self.transaction_id, self.length, meterStop=last, idTag="TAG1")
        values = reading(number, self.registers[number])
        return "MeterValues", meter_values(self.transaction_id, values, connector=self.connector)

    def say(self, book: Rulebook, number: int, *, same_id: bool) -> None:
        action, payload = self.message(number)
        message_id = f"{self.connector}.{number}" if same_id else None
        answer = book.say(action, payload, message_id)
        if number == 0:
            assert self.transaction_id in (0, answer["transactionId"]), (
                "another transaction for the same start"
            )
            self.transaction_id = answer["transactionId"]


registers = st.lists(st.integers(0, 50_000), min_size=2, max_size=6)


deliveries = st.lists(
    st.tuples(st.integers(0, 1), st.booleans(), st.integers(0, 5), st.booleans()), max_size=20
)
"""Of which charge, whether again, what was delivered so many messages ago, under the same id or a new one."""


@SETTINGS
@given(deliveries=deliveries, one=registers, two=registers)
def test_any_repetition_of_the_messages_of_two_charges_gives_the_same(
    rulebook: Rulebook, deliveries: list[tuple[int, bool, int, bool]], one: list[int], two: list[int]
) -> None:
    """First deliveries keep the station's order; whatever was delivered may come again at any time."""
    with rulebook.page() as book:
        for charge in (Charge(1, one), Charge(2, two)):
            for number in range(charge.length):
                charge.say(book, number, same_id=True)
        expected = result(book)
    assert [len(expected["cdrs"]), len(expected["transactions"])] == [2, 2]
    with rulebook.page() as book:
        charges = [Charge(1, one), Charge(2, two)]
        delivered = [0, 0]
        for which, again, ago, same_id in deliveries:
            charge, done = charges[which], delivered[which]
            if again and done:
                charge.say(book, max(done - 1 - ago, 0), same_id=same_id)
            elif done < charge.length:
                charge.say(book, done, same_id=True)
                delivered[which] += 1
            book.clock.forward(seconds=1)
        for charge, done in zip(charges, delivered, strict=True):
            for number in range(done, charge.length):
                charge.say(book, number, same_id=True)
        assert result(book) == expected


@SETTINGS
@given(
    meter_start=st.integers(-10, 1_000_000),
    shown=st.lists(st.tuples(st.integers(-30, 90), st.integers(0, 1_000_000)), max_size=8),
    meter_stop=st.integers(-10, 1_000_000),
    end=st.integers(-60, 120),
    before=st.none() | st.integers(0, 1_000_000),
)
def test_energy_is_never_negative_nor_more_than_any_register_showed(
    rulebook: Rulebook,
    meter_start: int,
    shown: list[tuple[int, int]],
    meter_stop: int,
    end: int,
    before: int | None,
) -> None:
    with rulebook.page() as book:
        if before is not None:
            tid = book.say("StartTransaction", start(-60, meterStart=before))["transactionId"]
            book.say("StopTransaction", stop(tid, -50, meterStop=before))
        book.clock.forward(hours=2)
        tid = book.say("StartTransaction", start(meterStart=meter_start))["transactionId"]
        for minute, register in shown:
            book.say("MeterValues", meter_values(tid, reading(minute, register)))
        book.say("StopTransaction", stop(tid, end, meterStop=meter_stop))
        [row] = book.rows("SELECT * FROM transactions WHERE ocpp_id = :id", id=str(tid))
        [cdr] = book.rows("SELECT * FROM cdrs WHERE transaction_id = :id", id=row["id"])
        highest = max([meter_start, meter_stop, *(register for _, register in shown)])
        assert 0 <= row["energy_wh"] == cdr["energy_wh"]
        assert row["energy_wh"] <= max(highest, highest - min(meter_start, meter_stop)) + sum(
            r for _, r in shown
        )
        assert row["started_at"] <= row["ended_at"]
        assert float(cdr["total_cost"]) >= 0
        if 0 < meter_start <= meter_stop:
            assert row["energy_wh"] == meter_stop - meter_start


moments = st.integers(-120, 120)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.integers(0, 3), moments, st.sampled_from(["TAG1", "tag1", "TAG2"])),
        st.tuples(st.just("stop"), st.integers(-1, 5), moments, st.sampled_from([None, "TAG1", "TAG2"])),
        st.tuples(st.just("values"), st.integers(-1, 5), moments, st.integers(0, 2)),
    ),
    max_size=14,
)


@SETTINGS
@given(steps=steps)
def test_whatever_a_confused_station_says(rulebook: Rulebook, steps: list[tuple[Any, ...]]) -> None:
    """At any time: one CDR for each ended transaction and none else, never changed; one that runs on a connector."""
    with rulebook.page() as book:
        ids = [0]
        cdrs: dict[str, Any] = {}
        for kind, number, minute, extra in steps:
            known = -1 if number < 0 else ids[number % len(ids)] if number < 5 else 999
            if kind == "start":
                answer = book.say("StartTransaction", start(minute, connectorId=number, idTag=extra))
                assert 0 < answer["transactionId"] < 2**31
                ids.append(answer["transactionId"])
            elif kind == "stop":
                book.say("StopTransaction", stop(known, minute, idTag=extra))
            else:
                book.say("MeterValues", meter_values(known, reading(minute, 2000), connector=extra))
            cdrs = _check(book, cdrs)
            book.clock.forward(minutes=3)


def _check(book: Rulebook, before: dict[str, Any]) -> dict[str, Any]:
    cdrs = {row["transaction_id"]: row for row in book.rows("SELECT * FROM cdrs")}
    assert before.items() <= cdrs.items(), "a CDR has changed"
    rows = book.rows("SELECT * FROM transactions")
    assert set(cdrs) == {row["id"] for row in rows if row["state"] == "ENDED"}
    running = [row["evse_id"] for row in rows if row["state"] == "ACTIVE" and row["evse_id"]]
    assert len(running) == len(set(running))
    known = [row["ocpp_id"] for row in rows if row["state"] != "ORPHANED"]
    assert len(known) == len(set(known))
    assert all(
        row["ended_at"] is None or row["started_at"] <= row["ended_at"] for row in rows if row["started_at"]
    )
    orphans = [
        (r["ocpp_id"], r["reported_ended_at"], r["id_token_folded"]) for r in rows if r["state"] == "ORPHANED"
    ]
    assert len(orphans) == len(set(orphans)), "a stop was kept twice"
    return cdrs

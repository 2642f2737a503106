"""A POST under an Idempotency-Key is done once, whatever happens in between."""

import pytest
import trio

from tests.wire.appliance import Appliance, Rest, SetClock
from tests.wire.furniture import ARITHMETIC
from tests.wire.station import Station


async def test_an_idempotent_request_is_done_once(csms: Appliance, rest: Rest, clock: SetClock) -> None:
    key = {"Idempotency-Key": "order-1"}
    first = await rest.ask("POST", "/stations", {"stationId": "N1"}, headers=key)
    second = await rest.ask("POST", "/stations", {"stationId": "N1"}, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first.json() | {"password": None}
    other = await rest.ask("POST", "/stations", {"stationId": "N2"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    async with csms.rest() as somebody:
        answer = await somebody.ask("POST", "/stations", {"stationId": "N2"}, headers=key)
        assert answer.status_code == 201


async def test_a_failed_request_can_be_sent_again(rest: Rest) -> None:
    key = {"Idempotency-Key": "order-2"}
    for _ in range(2):
        answer = await rest.ask("POST", "/stations", {"stationId": "CP1"}, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_a_call_under_a_key_reaches_the_station_once(rest: Rest, station: Station) -> None:
    station.answers["Reset"] = {"status": "Accepted"}
    path, body, key = "/stations/CP1/calls/Reset", {"type": "Soft"}, {"Idempotency-Key": "reset-1"}
    answers = [(await rest.ask("POST", path, body, headers=key)).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert [action for action, _ in station.asked].count("Reset") == 1


async def test_two_at_once_under_one_key_are_done_once(csms: Appliance, rest: Rest) -> None:
    key = {"Idempotency-Key": "twice"}
    answers: list[int] = []

    async def ask() -> None:
        answers.append((await rest.ask("POST", "/tokens", {"uid": "NEW"}, headers=key)).status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(ask)
    assert answers == [201] * 8
    assert (
        len(await csms.rows("SELECT 1 AS n FROM audit WHERE action = 'token.add' AND subject = 'NEW'")) == 1
    )


async def test_a_call_whose_end_is_unknown_is_not_run_again(csms: Appliance, rest: Rest) -> None:
    """The process died between the call and its answer: nobody can say what the station did."""
    path, body, key = "/stations/CP1/calls/Reset", {"type": "Soft"}, {"Idempotency-Key": "lost"}
    assert (await rest.ask("POST", path, body, headers=key)).json()["status"] == "OFFLINE"
    await csms.store.write(lambda db: db.run("UPDATE idempotency_keys SET answer = NULL"))
    answer = await rest.ask("POST", path, body, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "unknown" in answer.json()["detail"]


@ARITHMETIC
@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_strange_idempotency_key_is_refused(rest: Rest, key: str) -> None:
    answer = await rest.ask("POST", "/tokens", {"uid": "X"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 400

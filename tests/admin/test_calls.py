"""`POST /api/v1/stations/{id}/calls/{Action}`: any OCPP action by its wire name."""

import pytest

from tests.wire.appliance import Appliance, Rest
from tests.wire.furniture import ARITHMETIC
from tests.wire.station import Station


async def test_a_call_is_answered_with_what_the_station_says(rest: Rest, station: Station) -> None:
    answer = await rest.call("GetConfiguration", {"key": ["HeartbeatInterval"]})
    assert (answer["status"], answer["outcome"]) == ("ANSWERED", "DONE")
    assert isinstance(answer["response"], dict)


async def test_a_station_that_is_not_connected_is_offline(rest: Rest) -> None:
    answer = await rest.call("Reset", {"type": "Soft"})
    assert (answer["status"], answer["response"]) == ("OFFLINE", None)


@ARITHMETIC
@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/stations/CP1/calls/Reset", {"type": "Purple"}, 400, "invalid_input"),
        ("/stations/CP1/calls/Resett", {}, 400, "invalid_input"),
        ("/stations/CP9/calls/Reset", {"type": "Soft"}, 404, "not_found"),
        ("/stations/CP1/calls/Reset", ["Soft"], 400, "invalid_input"),
    ],
)
async def test_what_is_wrong_is_a_problem_with_a_code(
    rest: Rest, path: str, body: object, status: int, code: str
) -> None:
    answer = await rest.ask("POST", path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["instance"] == f"/api/v1{path}"


async def test_a_viewer_may_not_call(csms: Appliance) -> None:
    async with csms.rest("VIEWER") as viewer:
        answer = await viewer.ask("POST", "/stations/CP1/calls/Reset", {"type": "Soft"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    "header", ["", "Basic YTpi", "Bearer", "Bearer csms_0123456789ab_00", "Bearer csms_"]
)
async def test_a_wrong_key_is_refused(rest: Rest, header: str) -> None:
    answer = await rest.ask(
        "POST", "/stations/CP1/calls/Reset", {"type": "Soft"}, headers={"Authorization": header}
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@ARITHMETIC
@pytest.mark.parametrize("timeout", ["-1", "nan", "inf", "1e9", "soon"])
async def test_a_time_that_nobody_waits_is_refused(rest: Rest, station: Station, timeout: str) -> None:
    path = f"/stations/CP1/calls/Reset?timeoutS={timeout}"
    answer = await rest.ask("POST", path, {"type": "Soft"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input"), answer.text


@ARITHMETIC
async def test_a_station_that_says_nothing_in_time_has_timed_out(rest: Rest, station: Station) -> None:
    station.answers["Reset"] = None
    answer = await rest.ask("POST", "/stations/CP1/calls/Reset?timeoutS=0.1", {"type": "Soft"})
    assert (answer.status_code, answer.json()["status"]) == (200, "TIMEOUT")

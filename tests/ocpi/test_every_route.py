"""What holds for every row of the table of routes, whoever wrote it."""

import re

import pytest

from csms.model.party import Module
from csms.ocpi.request import module_url
from csms.ocpi.v221.routes import ROUTES, Route
from tests.ocpi.partner import Partner
from tests.ocpi.site import Platform, data


def path_of(route: Route) -> str:
    """Return a path that the row answers, below /ocpi."""
    below = route.at or module_url("", route.module, route.interface) + route.path
    return re.sub(r"\{\w+\}", "x", below)


def test_no_two_rows_answer_the_same() -> None:
    shapes = [(route.method, path_of(route)) for route in ROUTES]
    assert len(set(shapes)) == len(shapes)


async def test_without_a_token_every_route_is_401_in_an_envelope(cpo: Platform) -> None:
    for route in ROUTES:
        answer = await cpo.ask(route.method, path_of(route), None, {} if route.method != "GET" else None)
        data(answer, http=401, status=2000)
        assert answer.headers["X-Request-ID"]


async def test_an_invitation_opens_no_functional_route(cpo: Platform) -> None:
    invited = (await cpo.verb("party.invite"))["token"]
    for route in ROUTES:
        if route.module is not Module.CREDENTIALS:
            data(await cpo.ask(route.method, path_of(route), invited), http=401, status=2000)


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"7", b"{}", b'{"last_updated": 5}'])
async def test_no_body_makes_a_route_fail_on_our_side(cpo: Platform, partner: Partner, body: bytes) -> None:
    """Valid JSON that is no such object is the partner's fault, never a bug of ours (3000)."""
    invited = (await cpo.verb("party.invite"))["token"]
    answer = await cpo.ask("POST", "/2.2.1/credentials", invited, partner.credentials())
    token = data(answer)["token"]
    for route in ROUTES:
        if route.method in ("POST", "PUT", "PATCH"):
            status = (await cpo.ask(route.method, path_of(route), token, body)).json()["status_code"]
            assert 1000 <= status < 3000, f"{route.method} {path_of(route)}: {status}"

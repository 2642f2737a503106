"""What stands before every route: rates, sizes, times, CORS, security headers, the request log."""

import math
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
import trio

from csms.admin import gateway, http
from csms.admin.gateway import GatewaySettings
from csms.config import Config, Http
from csms.store.connection import Dialect
from tests.wire.appliance import UNLIMITED, Appliance, Rest


@pytest.fixture
def dialect() -> Dialect:
    """No database sees the difference: one dialect is enough."""
    return "sqlite"


def few(**settings: Any) -> GatewaySettings:
    return GatewaySettings(**{"client_per_minute": 0, "tenant_per_minute": 0} | settings)


async def test_a_client_that_asks_too_often_waits(csms: Appliance) -> None:
    async with csms.rest(gateway=few(client_per_minute=5)) as rest:
        answers = [await rest.ask("GET", "/tokens") for _ in range(6)]
        assert [a.status_code for a in answers] == [200] * 5 + [429]
        assert answers[-1].json()["code"] == "too_many_requests"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert (await rest.client.get("/healthz")).status_code == 200
        unknown = await rest.client.get("/api/v1/tokens", headers={"Authorization": "Bearer no"})
        assert unknown.status_code == 429


async def test_a_tenant_that_asks_too_often_does_not_slow_another(csms: Appliance) -> None:
    await csms.verb("tenant.add", name="other", party_id="OTH")
    settings = few(tenant_per_minute=3)
    async with csms.rest("VIEWER", tenant="default", gateway=settings) as rest:
        other = await csms.unit.run(lambda tx: _program(tx))
        statuses = [(await rest.ask("GET", "/tokens")).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        bearer = {"Authorization": f"Bearer {other}"}
        assert (await rest.ask("GET", "/tokens", headers=bearer)).status_code == 200


def _program(tx: Any) -> str:
    from tests.wire.appliance import program

    return program(tx, "VIEWER", tenant="other")


async def test_a_costly_route_has_a_bound_of_its_own(
    csms: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with csms.rest(gateway=UNLIMITED) as rest:
        answers = [await rest.ask("POST", "/users", {"email": "x", "role": "VIEWER"}) for _ in range(61)]
    assert [a.status_code for a in answers] == [400] * 60 + [429]


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/api/v1/tokens", "/api/v1/docs", "/nothing", "/oauth2/token"]
)
async def test_every_answer_bears_the_security_headers(rest: Rest, path: str) -> None:
    rest.client.event_hooks = {}
    answer = await rest.client.get(path)
    for name, value in gateway.SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    assert len(answer.headers["x-request-id"]) == 16
    assert "server" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


async def test_no_other_site_may_read_answers_unless_it_is_named(csms: Appliance) -> None:
    origin = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    async with csms.rest(gateway=few(cors_origins=("https://app.example",))) as rest:
        before = await rest.client.request("OPTIONS", "/api/v1/stations", headers=origin)
        assert before.status_code == 204
        assert before.headers["access-control-allow-origin"] == "https://app.example"
        assert "Authorization" in before.headers["access-control-allow-headers"]
        answer = await rest.ask("GET", "/tokens", headers={"Origin": "https://app.example"})
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "origin" in answer.headers["vary"].lower()
        stranger = await rest.ask("GET", "/tokens", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers
        assert "access-control-allow-credentials" not in answer.headers


async def test_the_log_names_who_asked_what_and_no_secret(
    rest: Rest, logs: list[MutableMapping[str, Any]]
) -> None:
    await rest.ask("GET", "/tokens", params={"search": "hidden-in-the-query"})
    form = {"grant_type": "password", "username": "a@b", "password": "hidden-in-the-body"}
    rest.client.event_hooks = {}
    await rest.client.post("/oauth2/token", data=form)
    [asked, signed_in] = [entry for entry in logs if entry["event"] == "http_request"]
    assert (asked["method"], asked["path"], asked["status"]) == ("GET", "/api/v1/tokens", 200)
    assert asked["user"].endswith("@example.com")
    assert (signed_in["path"], signed_in["status"], signed_in["user"]) == ("/oauth2/token", 400, None)
    everything = repr(logs)
    assert "hidden" not in everything
    assert rest.api_key not in everything


async def test_an_error_nobody_foresaw_shows_a_reference_only(
    csms: Appliance, rest: Rest, logs: list[MutableMapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("the inside")

    monkeypatch.setattr(csms.sign_in, "caller", broken)
    rest.client.event_hooks = {}
    answer = await rest.ask("GET", "/tokens")
    [entry] = [entry for entry in logs if entry["event"] == "request_failed"]
    logs.remove(entry)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert entry["reference"] in answer.json()["detail"]
    assert "inside" not in answer.text


async def test_a_body_above_the_bound_is_refused(csms: Appliance) -> None:
    async with csms.rest(gateway=few(max_body_bytes=1024)) as rest:
        answer = await rest.ask("POST", "/tokens", {"uid": "x" * 2000})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/api/v1/tokens?search=" + "x" * 3000, "/" + "x" * 3000])
async def test_a_path_above_the_bound_is_refused(rest: Rest, path: str) -> None:
    rest.client.event_hooks = {}
    answer = await rest.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (431, "too_large")


async def test_too_many_headers_are_refused(rest: Rest) -> None:
    answer = await rest.ask("GET", "/tokens", headers={f"X-{n}": "x" for n in range(150)})
    assert answer.status_code == 431


async def test_a_request_that_takes_too_long_is_ended(csms: Appliance) -> None:
    station = await csms.station()
    station.answers["Reset"] = None
    async with csms.rest(gateway=few(request_timeout_s=0.2)) as rest:
        answer = await rest.ask("POST", "/stations/CP1/calls/Reset", {"type": "Soft"})
        assert (answer.status_code, answer.json()["code"]) == (503, "timeout")


async def _raw(rest: Rest, sent: bytes) -> bytes:
    """Send bytes and return what comes until the other side closes."""
    url = httpx.URL(rest.url)
    stream = await trio.open_tcp_stream(url.host, url.port or 0)
    got = b""
    async with stream:
        await stream.send_all(sent)
        with trio.fail_after(20):
            async for chunk in stream:
                got += chunk
    return got


async def test_a_body_that_never_ends_is_given_up(csms: Appliance) -> None:
    async with csms.rest(gateway=few(request_timeout_s=0.2)) as rest:
        head = (
            f"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {rest.api_key}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"
        )
        got = await _raw(rest, head.encode())
    assert got.startswith((b"HTTP/1.1 408", b"HTTP/1.1 503"))


async def test_a_head_that_never_ends_is_given_up(csms: Appliance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "KEEP_ALIVE_S", 0.2)
    async with csms.rest() as rest:
        assert await _raw(rest, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""


def test_settings_come_from_the_configuration(tmp_path: Any) -> None:
    given = Config(
        tmp_path, http=Http(cors_origins=" https://a.example, https://b.example ", max_body_bytes=2048)
    )
    settings = gateway.from_config(given).settings
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert (settings.max_body_bytes, settings.log_requests) == (2048, True)
    assert math.isclose(settings.request_timeout_s, 120)


@pytest.mark.parametrize(
    ("trusted", "said", "client"),
    [
        ((), "198.51.100.1", "127.0.0.1"),
        (("127.0.0.1",), "198.51.100.1", "198.51.100.1"),
        (("127.0.0.1",), "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        (("127.0.0.1", "198.51.100.1"), "203.0.113.9, 198.51.100.1", "203.0.113.9"),
        (("127.0.0.1",), "nonsense", "127.0.0.1"),
        (("127.0.0.1",), "", "127.0.0.1"),
    ],
)
async def test_only_a_trusted_proxy_says_who_asks(
    csms: Appliance, logs: list[MutableMapping[str, Any]], trusted: tuple[str, ...], said: str, client: str
) -> None:
    async with csms.rest(gateway=few(trusted_proxies=frozenset(trusted))) as rest:
        await rest.ask("GET", "/tokens", headers={"X-Forwarded-For": said})
    [entry] = [entry for entry in logs if entry["event"] == "http_request"]
    assert entry["client"] == client

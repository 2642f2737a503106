"""The management API over real HTTP: pages, tenants, idempotency, entity tags, and that a tenant sees only its own."""

import re
from typing import Any

import pytest

from csms.admin.rest.routes import ROUTES
from csms.services import stations
from csms.services.access import LOCAL_OPERATOR
from csms.services.unit import Tx
from csms.services.verbs import VERBS
from tests.wire import payloads
from tests.wire.appliance import Appliance, Rest, SetClock
from tests.wire.furniture import ARITHMETIC, TARIFF
from tests.wire.station import Station

KNOWN = {"stationId", "tenantId", "transactionId", "cdrId", "uid", "tariffId", "userId"}
READS = [
    route.path
    for route in ROUTES
    if route.method == "GET" and set(re.findall(r"{(\w+)}", route.path)) <= KNOWN
]
PAGES = [route.path for route in ROUTES if route.verb.endswith(".page")]


async def get(rest: Rest, path: str, **query: Any) -> dict[str, Any]:
    answer = await rest.ask("GET", path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_route_has_a_verb() -> None:
    assert [route.path for route in ROUTES if route.verb not in VERBS] == []
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


async def test_a_tenant_is_created_listed_and_suspended_as_specified(rest: Rest, clock: SetClock) -> None:
    clock.forward(hours=1)
    wanted = {
        "name": "Stadtwerke",
        "domain": "stadtwerke.example",
        "companyName": "Stadtwerke GmbH",
        "tenantType": "CPO",
        "countryCode": "de",
        "partyId": "swx",
        "settings": {"timezone": "Europe/Vienna", "defaultCurrency": "chf", "features": {"beta": True}},
    }
    answer = await rest.ask("POST", "/admin/tenants", wanted)
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/api/v1/admin/tenants/{made['id']}"
    assert (made["domain"], made["companyName"], made["status"]) == (
        "stadtwerke.example",
        "Stadtwerke GmbH",
        "ACTIVE",
    )
    assert (made["countryCode"], made["partyId"]) == ("DE", "SWX")
    assert made["settings"] == {
        "timezone": "Europe/Vienna",
        "defaultCurrency": "CHF",
        "defaultLanguage": None,
        "features": {"beta": True},
        "customProperties": None,
    }
    page = await get(rest, "/admin/tenants")
    assert set(page) == {"content", "page", "size", "totalElements", "totalPages"}
    assert [tenant["name"] for tenant in page["content"]] == ["Stadtwerke", "default"]
    assert (page["page"], page["size"], page["totalElements"], page["totalPages"]) == (0, 20, 2, 1)
    found = await get(rest, "/admin/tenants", search="STADT", status="ACTIVE")
    assert [tenant["id"] for tenant in found["content"]] == [made["id"]]
    status = {"status": "SUSPENDED", "reason": "unpaid"}
    answer = await rest.ask("PUT", f"/admin/tenants/{made['id']}/status", status)
    assert (answer.json()["status"], answer.json()["statusReason"]) == ("SUSPENDED", "unpaid")
    assert (await get(rest, "/admin/tenants", status="ACTIVE"))["totalElements"] == 1


@pytest.mark.parametrize("role", ["TENANT_ADMIN", "OPERATOR", "VIEWER", "DRIVER"])
@ARITHMETIC
async def test_only_a_super_admin_reads_tenants(csms: Appliance, role: str) -> None:
    async with csms.rest(role) as other:
        answer = await other.ask("GET", "/admin/tenants")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@ARITHMETIC
@pytest.mark.parametrize("path", PAGES)
async def test_every_list_has_the_same_shape(rest: Rest, station: Station, path: str) -> None:
    page = await get(rest, path, page=0, size=5)
    assert set(page) == {"content", "page", "size", "totalElements", "totalPages"}
    assert page["totalPages"] == -(-page["totalElements"] // 5)
    assert len(page["content"]) <= 5


async def _fill(csms: Appliance) -> None:
    def work(tx: Tx) -> None:
        for number in range(45):
            stations.add(
                tx, LOCAL_OPERATOR, station_id=f"A{number:02}", security_profile=0, name=f"50%_{number}"
            )

    await csms.unit.run(work)


async def test_pages_are_searched_sorted_and_counted(csms: Appliance, rest: Rest) -> None:
    await _fill(csms)
    third = await get(rest, "/stations", page=2, size=20, sort="stationId,asc")
    assert [s["stationId"] for s in third["content"]] == ["A40", "A41", "A42", "A43", "A44", "CP1"]
    assert (third["totalElements"], third["totalPages"]) == (46, 3)
    down = await get(rest, "/stations", size=1, sort="stationId,desc")
    assert [s["stationId"] for s in down["content"]] == ["CP1"]
    assert len(down["content"][0]["connectors"]) == 3
    assert (await get(rest, "/stations", search="a4"))["totalElements"] == 5
    assert (await get(rest, "/stations", search="50%_1"))["totalElements"] == 11
    assert (await get(rest, "/stations", search="5_%"))["totalElements"] == 0
    assert (await get(rest, "/stations", search="' OR 1=1 --"))["totalElements"] == 0
    assert (await get(rest, "/stations", registration="Pending"))["totalElements"] == 0
    assert (await get(rest, "/stations", page=99))["content"] == []


@ARITHMETIC
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/stations", {"size": 0}),
        ("/stations", {"size": 201}),
        ("/stations", {"page": -1}),
        ("/stations", {"page": 10**6}),
        ("/stations", {"page": 10**30}),
        ("/stations/CP1/commands", {"limit": 10**30}),
        ("/stations/CP1/commands", {"limit": -1}),
        ("/stations", {"page": "x"}),
        ("/stations", {"sort": "password_hash"}),
        ("/stations", {"sort": "name,sideways"}),
        ("/stations", {"search": "x" * 101}),
        ("/stations", {"search": "a\0b"}),
        ("/stations", {"colour": "red"}),
        ("/stations", {"registration": "Purple"}),
        ("/transactions", {"startedFrom": "yesterday"}),
        ("/transactions", {"startedFrom": "2026-01-01T00:00:00"}),
    ],
)
async def test_a_question_out_of_bounds_is_refused(rest: Rest, path: str, query: dict[str, Any]) -> None:
    answer = await rest.ask("GET", path, params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input"), answer.text


async def test_a_charge_is_found_by_time_token_and_station(rest: Rest, station: Station) -> None:
    started = await station.call("StartTransaction", payloads.start())
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    [found] = (await get(rest, "/transactions", idToken="tag1", station="CP1"))["content"]
    assert found["state"] == "ENDED"
    assert (await get(rest, "/transactions", startedBefore="2026-03-01T00:00:00Z"))["content"] == []
    whole = await get(rest, f"/transactions/{found['id']}")
    [cdr] = (await get(rest, "/cdrs", endedFrom="2026-03-01T00:00:00Z"))["content"]
    assert cdr["id"] == whole["cdrId"]
    assert (await get(rest, f"/cdrs/{cdr['id']}"))["document"]["currency"] == "EUR"
    assert (await get(rest, f"/transactions/{found['id']}/price"))["final"] is True


async def test_a_station_lives_through_the_api(rest: Rest) -> None:
    answer = await rest.ask("POST", "/stations", {"stationId": "N1", "connectors": 2, "securityProfile": 1})
    assert (answer.status_code, len(answer.json()["password"])) == (201, 20)
    assert answer.headers["location"] == "/api/v1/stations/N1"
    changed = await rest.ask("PATCH", "/stations/N1", {"name": "North", "registration": "Rejected"})
    assert (changed.json()["name"], changed.json()["registration"]) == ("North", "Rejected")
    again = await rest.ask("POST", "/stations", {"stationId": "N1"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert (await rest.ask("DELETE", "/stations/N1")).status_code == 200
    assert (await rest.ask("GET", "/stations/N1")).status_code == 404


async def test_tokens_and_tariffs_live_through_the_api(rest: Rest) -> None:
    assert (await rest.ask("POST", "/tokens", {"uid": "NEW", "group": "G"})).status_code == 201
    assert (await rest.ask("PUT", "/tokens/new/blocked", {"blocked": True})).json()["blocked"] is True
    assert (await get(rest, "/tokens", blocked=True))["totalElements"] == 1
    gone = await rest.ask("DELETE", "/tokens/NEW")
    assert (gone.status_code, gone.content) == (204, b"")
    added = await rest.ask("POST", "/tariffs", TARIFF | {"id": "night"})
    assert (added.status_code, added.json()["warnings"]) == (201, [])
    assigned = await rest.ask("POST", "/tariffs/night/assignments", {"station": "CP1", "evseId": 1})
    assert assigned.json() == {"id": "night", "appliesTo": "CP1 EVSE 1"}
    await rest.ask("PUT", "/tariffs/night/active", {"active": False})
    assert [t["id"] for t in (await get(rest, "/tariffs", active=False))["content"]] == ["night"]


async def test_a_command_reaches_the_station(rest: Rest, station: Station) -> None:
    station.answers["Reset"] = {"status": "Accepted"}
    answer = await rest.ask("POST", "/stations/CP1/commands", {"verb": "reset", "args": {}})
    assert (answer.status_code, answer.json()["status"]) == (200, "ANSWERED"), answer.text
    assert station.asked[-1][0] == "Reset"
    [sent] = (await rest.ask("GET", "/stations/CP1/commands")).json()
    assert sent["requestedBy"].endswith("@example.com")
    [entry] = (await get(rest, "/audit", action="station.call"))["content"]
    assert "API key" in entry["origin"]


async def test_an_entity_tag_saves_the_answer(rest: Rest) -> None:
    first = await rest.ask("GET", "/tokens")
    again = await rest.ask("GET", "/tokens", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await rest.ask("POST", "/tokens", {"uid": "NEW"})
    changed = await rest.ask("GET", "/tokens", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


@ARITHMETIC
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("PUT", "/stations", 405, "method_not_allowed"),
        ("GET", "/stations/NOPE", 404, "not_found"),
        ("GET", "/transactions/NOPE", 404, "not_found"),
        ("DELETE", "/users/nobody@example.com", 404, "not_found"),
        ("POST", "/certificates/ff/revoke", 404, "not_found"),
    ],
)
async def test_what_is_not_there_is_a_problem(
    rest: Rest, method: str, path: str, status: int, code: str
) -> None:
    answer = await rest.ask(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@ARITHMETIC
@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_input"),
        (b"[]", "application/json", 400, "invalid_input"),
        (b"[" * 100_000, "application/json", 400, "invalid_input"),
        (b'{"uid": "\xff"}', "application/json", 400, "invalid_input"),
        (b'{"uid": "a\\u0000b"}', "application/json", 400, "invalid_input"),
        (b'{"uid": "\\ud800"}', "application/json", 400, "invalid_input"),
        (b'{"uid": "X", "maxActive": 1e400}', "application/json", 400, "invalid_input"),
        (b'{"uid": "X", "maxActive": 99999999999999999999}', "application/json", 400, "invalid_input"),
        (b'{"uid": "X", "tenant": "default"}', "application/json", 400, "invalid_input"),
        (b"<uid>X</uid>", "application/xml", 415, "unsupported_media_type"),
        (b'{"uid": "' + b"x" * 5_000_000 + b'"}', "application/json", 413, "too_large"),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_problem(
    rest: Rest, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = await rest.client.post("/api/v1/tokens", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.parametrize("path", READS)
async def test_every_read_answers_what_is_described(
    csms: Appliance, rest: Rest, station: Station, path: str
) -> None:
    """The fixture `rest` compares every answer with the description."""
    started = await station.call("StartTransaction", payloads.start())
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    await rest.ask("PUT", "/desired-settings/HeartbeatInterval", {"value": "600"})
    [transaction] = await csms.transactions()
    there = {
        "stationId": "CP1",
        "tenantId": transaction["tenantId"],
        "transactionId": transaction["id"],
        "cdrId": transaction["cdrId"],
        "uid": "TAG1",
        "tariffId": "energy",
        "userId": (await get(rest, "/users"))["content"][0]["id"],
    }
    assert there.keys() == KNOWN
    for name, value in there.items():
        path = path.replace("{" + name + "}", value)
    answer = await rest.ask("GET", path)
    assert answer.status_code == 200, answer.text


async def test_errors_do_not_speak_of_the_command_line(csms: Appliance, rest: Rest) -> None:
    answer = await rest.ask("GET", "/stations/NOPE")
    assert answer.json()["detail"] == "no station NOPE"
    await csms.verb("tenant.add", name="other", party_id="OTH")
    answer = await rest.ask("POST", "/tokens", {"uid": "X"})
    assert answer.json()["detail"] == "name the tenant with tenant: default, other"

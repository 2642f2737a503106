"""Around every route: token forms, ids, envelopes, HTTP and OCPI status, slashes, limits (OCPI 2.2.1 §4, §5)."""

import base64
import json
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import replace
from typing import Any

import pytest

from csms.model.party import Interface, Module
from csms.ocpi import app as ocpi_app
from csms.ocpi.app import REFUSALS_PER_MINUTE
from csms.ocpi.request import OcpiRequest, Reply
from csms.ocpi.v221.routes import ROUTES, Route
from tests.ocpi.partner import Partner
from tests.ocpi.site import LAB, Platform, data, in_base64, listening

ABSENT = Module.TARIFFS
seen: list[OcpiRequest] = []


async def _notes(request: OcpiRequest) -> Reply:
    seen.append(request)
    return Reply(data=[request.body])


async def _breaks(_request: OcpiRequest) -> Reply:
    raise RuntimeError("a secret detail")


PROBES = (
    *ROUTES,
    Route(ABSENT, Interface.RECEIVER, "PUT", "/probe/{one}", _notes, "A probe"),
    Route(ABSENT, Interface.RECEIVER, "GET", "/probe/{one}", _breaks, "A probe that breaks"),
)
PROBE = "/2.2.1/receiver/tariffs/probe/it"


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Routes of a functional module whose handlers are the test's."""
    seen.clear()
    build = ocpi_app.build
    monkeypatch.setattr(ocpi_app, "build", lambda house: build(house, PROBES))


@pytest.fixture
async def listener(probed: None, cpo: Platform) -> AsyncIterator[Platform]:
    async with listening(cpo.csms) as made:
        yield made


@pytest.fixture
async def token(listener: Platform, partner: Partner) -> str:
    """The token of a registered partner."""
    invited = await listener.verb("party.invite")
    answer = await listener.ask("POST", "/2.2.1/credentials", invited["token"], partner.credentials())
    found: str = data(answer)["token"]
    return found


@pytest.mark.parametrize(
    "written",
    [
        lambda token: f"Token {in_base64(token)}",
        lambda token: f"token  {in_base64(token)}",
        lambda token: f"Token {token}",
        lambda token: f"Token {in_base64(token).rstrip('=')}",
        lambda token: f"Token {base64.urlsafe_b64encode(token.encode()).decode()}",
        lambda token: f"Token {in_base64(token + chr(10))}",
    ],
)
async def test_pitfall_01_token_forms_that_peers_send(listener: Platform, token: str, written: Any) -> None:
    data(await listener.ask("GET", "/versions", Authorization=written(token)))


@pytest.mark.parametrize(
    "header",
    ["", "Token", "Bearer x", "Token !!!", "Token " + "A" * 2000, "Basic eDp5"],
)
async def test_no_or_another_token_is_401_with_an_envelope(listener: Platform, header: str) -> None:
    sent = {"Authorization": header} if header else {}
    data(await listener.ask("GET", "/versions", **sent), http=401, status=2000)


async def test_an_invitation_opens_nothing_but_the_way_to_register(listener: Platform) -> None:
    invited = (await listener.verb("party.invite"))["token"]
    data(await listener.ask("PUT", PROBE, invited, {}), http=401, status=2000)
    assert seen == []


async def test_ids_are_repeated_and_made_where_they_are_missing(listener: Platform, token: str) -> None:
    answer = await listener.ask("GET", "/versions", token, **{"x-request-id": "r1", "X-Correlation-ID": "c1"})
    assert (answer.headers["X-Request-ID"], answer.headers["X-Correlation-ID"]) == ("r1", "c1")
    answer = await listener.ask("GET", "/versions", token)
    assert len(answer.headers["X-Request-ID"]) == 36
    assert answer.headers["X-Request-ID"] != answer.headers["X-Correlation-ID"]
    refused = await listener.ask("GET", "/versions", None, **{"X-Request-ID": "r2"})
    assert refused.headers["X-Request-ID"] == "r2"


async def test_pitfall_08_routing_headers_are_turned_round(listener: Platform, token: str) -> None:
    sent = {
        "OCPI-from-country-code": "nl", "ocpi-from-party-id": "MSP",
        "OCPI-to-country-code": "DE", "OCPI-to-party-id": "DEP",
    }  # fmt: skip
    answer = await listener.ask("PUT", PROBE, token, {}, **sent)
    names = ("from-country-code", "from-party-id", "to-country-code", "to-party-id")
    assert [answer.headers[f"OCPI-{name}"] for name in names] == ["DE", "DEP", "NL", "MSP"]
    opening = await listener.ask("GET", "/versions", token, **sent)
    assert not any(name.lower().startswith("ocpi-") for name in opening.headers)


async def test_without_routing_headers_the_token_says_who_asks(listener: Platform, token: str) -> None:
    answer = await listener.ask("PUT", PROBE, token, {})
    assert (answer.headers["OCPI-to-party-id"], answer.headers["OCPI-from-party-id"]) == ("MSP", "DEP")


async def test_nobody_speaks_for_a_party_that_is_none_of_its_roles(listener: Platform, token: str) -> None:
    sent = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "OTH"}
    data(await listener.ask("PUT", PROBE, token, {}, **sent), status=2001)
    assert seen == []


async def test_numbers_stay_exact(listener: Platform, token: str) -> None:
    answer = await listener.ask("PUT", PROBE, token, b'{"price": 0.10000000000000000001}')
    assert b"0.10000000000000000001" in answer.content


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b"<html>"])
async def test_a_body_that_is_no_json_is_400_and_2001(listener: Platform, token: str, body: bytes) -> None:
    data(await listener.ask("PUT", PROBE, token, body), http=400, status=2001)


async def test_pitfall_22_a_slash_at_the_end_is_the_same_and_redirects_nobody(
    listener: Platform, token: str
) -> None:
    for path in ("/versions/", "/2.2.1/", "/2.2.1/credentials/", "/versions"):
        assert (await listener.ask("GET", path, token)).status_code == 200
    data(await listener.ask("PUT", f"{PROBE}/", token, {}))


async def test_unknown_paths_and_methods_have_envelopes_too(listener: Platform, token: str) -> None:
    data(await listener.ask("GET", "/2.2.1/nothing", token), http=404, status=2000)
    answer = await listener.ask("POST", "/versions", token, {})
    data(answer, http=405, status=2000)
    assert "GET" in answer.headers["Allow"]


async def test_a_bug_of_ours_is_3000_and_shows_a_reference_only(
    listener: Platform, token: str, logs: list[MutableMapping[str, Any]]
) -> None:
    answer = await listener.ask("GET", PROBE, token)
    data(answer, http=200, status=3000)
    assert "secret" not in answer.text
    reference = json.loads(answer.content)["status_message"].rpartition(" ")[2]
    (entry,) = [each for each in logs if each.get("exc_info")]
    assert entry["reference"] == reference
    logs.clear()


async def test_secrets_are_not_logged(
    listener: Platform, token: str, logs: list[MutableMapping[str, Any]]
) -> None:
    await listener.ask("GET", f"/versions?token={token}", token)
    assert [each["event"] for each in logs].count("ocpi_request") >= 1
    assert token not in str(logs)


async def test_one_address_guesses_so_often_and_no_more(listener: Platform) -> None:
    answers = [
        (await listener.ask("GET", "/versions", f"guess-{n}")).status_code
        for n in range(REFUSALS_PER_MINUTE + 5)
    ]
    assert answers[:REFUSALS_PER_MINUTE] == [401] * REFUSALS_PER_MINUTE
    assert answers[-1] == 429


async def test_a_partner_that_floods_is_told_to_wait_and_stops_nobody_else(
    probed: None, cpo: Platform, partner: Partner
) -> None:
    async with listening(cpo.csms, replace(LAB, requests_per_minute=10)) as strict:
        invited, other = [(await strict.verb("party.invite"))["token"] for _ in range(2)]
        answers = [await strict.ask("GET", "/versions", invited) for _ in range(12)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
        assert int(answers[-1].headers["Retry-After"]) >= 1
        data(await strict.ask("GET", "/versions", other))


async def test_a_body_that_is_too_large_is_refused(probed: None, cpo: Platform, partner: Partner) -> None:
    async with listening(cpo.csms, replace(LAB, max_body_bytes=2_000)) as strict:
        invited = (await strict.verb("party.invite"))["token"]
        token = data(await strict.ask("POST", "/2.2.1/credentials", invited, partner.credentials()))["token"]
        data(await strict.ask("PUT", PROBE, token, {"a": "x" * 2_000}), http=413, status=2000)
        data(await strict.ask("PUT", PROBE, token, {"a": "x"}))


async def test_a_suspended_tenant_lets_no_partner_in(listener: Platform, token: str) -> None:
    await listener.verb("tenant.status", tenant="Depot", status="SUSPENDED")
    data(await listener.ask("GET", "/versions", token), http=403, status=2000)


async def test_addresses_are_told_as_configured(probed: None, cpo: Platform) -> None:
    async with listening(cpo.csms, replace(LAB, public_url="https://roam.example:9100")) as known:
        invited = await known.verb("party.invite")
        assert invited["versionsUrl"] == "https://roam.example:9100/ocpi/versions"
        (version,) = data(await known.ask("GET", "/versions", invited["token"]))
        assert version["url"] == "https://roam.example:9100/ocpi/2.2.1"

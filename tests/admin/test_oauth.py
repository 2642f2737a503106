"""`POST /oauth2/token`: grants, RFC 6749 errors, rotation with reuse detection, throttling and locks."""

import base64
import json
from typing import Any

import httpx
import pytest

from csms.services.sign_ins import TRIES
from tests.wire.appliance import Appliance, Rest, SetClock
from tests.wire.furniture import ARITHMETIC

EMAIL, PASSWORD = "ops@example.com", "correct horse battery"


async def ask(rest: Rest, **form: str) -> httpx.Response:
    return await rest.client.post("/oauth2/token", data=form, headers={"Authorization": ""})


async def sign_in(rest: Rest, password: str = PASSWORD, **more: str) -> httpx.Response:
    return await ask(rest, grant_type="password", username=EMAIL, password=password, **more)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def part(token: str, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


async def call(rest: Rest, token: str) -> httpx.Response:
    return await rest.ask("POST", "/stations/CP1/calls/Reset", {"type": "Soft"}, headers=bearer(token))


@pytest.fixture
async def user(csms: Appliance) -> dict[str, Any]:
    made: dict[str, Any] = await csms.verb("user.add", email=EMAIL, role="OPERATOR", password=PASSWORD)
    return made


async def test_a_password_gives_an_access_token_that_works_and_ends(
    user: Any, rest: Rest, clock: SetClock
) -> None:
    answer = await sign_in(rest)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 600)
    claims = part(tokens["access_token"], 1)
    assert (claims["role"], claims["email"]) == ("OPERATOR", EMAIL)
    assert (await call(rest, tokens["access_token"])).json()["status"] == "OFFLINE"
    clock.forward(minutes=11)
    late = await call(rest, tokens["access_token"])
    assert (late.status_code, late.json()["code"]) == (401, "unauthenticated")


async def test_the_published_keys_verify_a_token_and_rotate_before_they_retire(
    user: Any, rest: Rest, clock: SetClock
) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    token = (await sign_in(rest)).json()["access_token"]
    first = (await rest.client.get("/.well-known/jwks.json")).json()
    jwt.decode(token, KeySet.import_key_set(first), algorithms=["ES256"])
    assert all("d" not in key for key in first["keys"])
    clock.forward(days=6, hours=1)
    soon = (await rest.client.get("/.well-known/jwks.json")).json()
    assert len(soon["keys"]) == 2
    assert part((await sign_in(rest)).json()["access_token"], 0)["kid"] == first["keys"][0]["kid"]
    clock.forward(days=1)
    newest = part((await sign_in(rest)).json()["access_token"], 0)["kid"]
    assert newest != first["keys"][0]["kid"]
    assert newest in {key["kid"] for key in soon["keys"]}
    clock.forward(hours=2)
    last = (await rest.client.get("/.well-known/jwks.json")).json()
    assert [key["kid"] for key in last["keys"]] == [newest]


async def test_private_keys_are_encrypted_in_the_database(csms: Appliance, rest: Rest) -> None:
    await rest.client.get("/.well-known/jwks.json")
    [row] = await csms.rows("SELECT private_key FROM signing_keys")
    assert row["private_key"].startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_sign_in(
    user: Any, csms: Appliance, rest: Rest
) -> None:
    first = (await sign_in(rest)).json()
    second = (await ask(rest, grant_type="refresh_token", refresh_token=first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    again = await ask(rest, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    after = await ask(rest, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert after.json()["error"] == "invalid_grant"
    assert (await call(rest, second["access_token"])).status_code == 401
    [alert] = [a for a in await csms.verb("alert.list") if a["category"] == "SECURITY_ALERT"]
    assert alert["severity"] == "HIGH"


async def test_a_revoked_sign_in_is_over(user: Any, rest: Rest) -> None:
    tokens = (await sign_in(rest)).json()
    answer = await rest.client.post("/oauth2/revoke", data={"token": tokens["refresh_token"]})
    assert answer.status_code == 200
    assert (await call(rest, tokens["access_token"])).status_code == 401


async def test_a_refresh_token_ends_a_month_after_the_sign_in(user: Any, rest: Rest, clock: SetClock) -> None:
    token = (await sign_in(rest)).json()["refresh_token"]
    for _ in range(2):
        clock.forward(days=14)
        token = (await ask(rest, grant_type="refresh_token", refresh_token=token)).json()["refresh_token"]
    clock.forward(days=3)
    answer = await ask(rest, grant_type="refresh_token", refresh_token=token)
    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("change", "args"),
    [
        ("user.blocked", {"blocked": True}),
        ("user.password", {"password": "another horse battery"}),
        ("user.remove", {}),
        ("tenant.status", {"status": "SUSPENDED"}),
    ],
)
async def test_what_ends_a_user_ends_the_tokens_at_once(
    user: Any, csms: Appliance, rest: Rest, change: str, args: dict[str, Any]
) -> None:
    tokens = (await sign_in(rest)).json()
    await csms.verb(change, **({"tenant": "default"} if "status" in args else {"user": EMAIL}), **args)
    assert (await call(rest, tokens["access_token"])).status_code == 401
    answer = await ask(rest, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"
    assert (await sign_in(rest)).json()["error"] == "invalid_grant"


async def test_a_new_role_counts_at_once(user: Any, csms: Appliance, rest: Rest) -> None:
    token = (await sign_in(rest)).json()["access_token"]
    await csms.verb("user.role", user=EMAIL, role="VIEWER")
    assert (await call(rest, token)).status_code == 403


async def test_an_api_key_is_a_client(csms: Appliance, rest: Rest) -> None:
    client = rest.api_key.split("_")[1]
    answer = await ask(
        rest,
        grant_type="client_credentials",
        client_id=client,
        client_secret=rest.api_key,
        scope="station.read",
    )
    tokens = answer.json()
    assert (tokens["scope"], tokens.get("refresh_token")) == ("station.read", None)
    assert (await call(rest, tokens["access_token"])).json()["code"] == "not_allowed"
    basic = base64.b64encode(f"{client}:{rest.api_key}".encode()).decode()
    answer = await rest.client.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )
    token = answer.json()["access_token"]
    assert (await call(rest, token)).status_code == 200
    [row] = await csms.rows("SELECT email FROM users WHERE email <> 'x'")
    await csms.verb("user.api-key-remove", user=row["email"], key=client)
    assert (await call(rest, token)).status_code == 401


@ARITHMETIC
@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "invalid_request"),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "csmsr_1"}, 400, "invalid_grant"),
        (
            {"grant_type": "password", "username": "a@b", "password": "x", "scope": "moon"},
            400,
            "invalid_scope",
        ),
        ({"grant_type": "password", "username": "a@b", "password": "x"}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}, 401, "invalid_client"),
    ],
)
async def test_errors_are_those_of_rfc_6749(
    rest: Rest, form: dict[str, str], status: int, error: str
) -> None:
    answer = await ask(rest, **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("www-authenticate" in answer.headers) == (status == 401)


@ARITHMETIC
async def test_a_json_body_or_a_doubled_parameter_is_an_invalid_request(rest: Rest) -> None:
    answer = await rest.client.post("/oauth2/token", json={"grant_type": "password"})
    assert answer.json()["error"] == "invalid_request"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await rest.client.post("/oauth2/token", content=b"grant_type=a&grant_type=b", headers=kind)
    assert answer.json()["error"] == "invalid_request"


async def test_wrong_passwords_lock_the_account_for_a_while(
    user: Any, csms: Appliance, rest: Rest, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csms.sign_in, "_tries", type(csms.sign_in._tries)(0, "sign-ins"))
    for _ in range(TRIES):
        assert (await sign_in(rest, "wrong horse battery")).json()["error"] == "invalid_grant"
    locked = await sign_in(rest)
    unknown = await ask(rest, grant_type="password", username="who@example.com", password=PASSWORD)
    assert locked.json() == unknown.json()
    assert [a["category"] for a in await csms.verb("alert.list")] == ["SECURITY_ALERT"]
    clock.forward(minutes=2)
    assert (await sign_in(rest)).status_code == 200
    assert (await csms.verb("user.show", user=EMAIL))["failedLogins"] == 0


@ARITHMETIC
async def test_one_address_may_try_so_often_in_a_minute(csms: Appliance, rest: Rest) -> None:
    most = csms.sign_in.settings.tries_per_minute
    form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "csms_a_b"}
    answers = [await ask(rest, **form) for _ in range(most + 1)]
    assert [a.status_code for a in answers[:-1]] == [401] * most
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


@ARITHMETIC
@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[:-4] + "AAAA",
        lambda t: ".".join([t.split(".")[0], t.split(".")[1], ""]),
        lambda t: _with_header(t, {"alg": "none"}),
        lambda t: _with_header(t, {"alg": "HS256", "kid": part(t, 0)["kid"]}),
        lambda t: _with_header(t, {"alg": "ES256", "kid": "../../etc/passwd"}),
        lambda t: "a.b.c",
        lambda t: "é.é.é",
    ],
)
async def test_a_spoiled_token_is_refused(user: Any, rest: Rest, spoil: Any) -> None:
    token = (await sign_in(rest)).json()["access_token"]
    headers = {b"Authorization": b"Bearer " + spoil(token).encode()}
    answer = await rest.ask("POST", "/stations/CP1/calls/Reset", {"type": "Soft"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def _with_header(token: str, header: dict[str, str]) -> str:
    text = base64.urlsafe_b64encode(json.dumps(header | {"typ": "at+jwt"}).encode()).rstrip(b"=").decode()
    return ".".join([text, *token.split(".")[1:]])

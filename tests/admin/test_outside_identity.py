"""Tokens of an outside OpenID provider, here one on loopback that speaks discovery and publishes its keys."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import trio
from joserfc import jwt
from joserfc.jwk import ECKey
from quart import Response
from quart_trio import QuartTrio

from csms.admin import http
from csms.services import present
from csms.services.sign_in import SignIn, SignInSettings
from csms.services.token_keys import Keyring
from csms.store.connection import Dialect
from tests.wire.appliance import Appliance, Rest, SetClock

EMAIL = "ops@example.com"


@pytest.fixture
def dialect() -> Dialect:
    """No database sees the difference: one dialect is enough."""
    return "sqlite"


class Provider:
    """An OpenID provider; `asked` counts how often its keys were fetched."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self.published = [self.key]
        self.asked = 0
        self.says = url
        self.padding = ""

    def app(self) -> QuartTrio:
        app = QuartTrio("provider")

        async def discovery() -> Response:
            document = {"issuer": self.says, "jwks_uri": f"{self.url}/keys", "padding": self.padding}
            return Response(present.encode(document), content_type="application/json")

        async def keys() -> Response:
            self.asked += 1
            document = {"keys": [key.as_dict(private=False) for key in self.published]}
            return Response(present.encode(document), content_type="application/json")

        app.add_url_rule("/.well-known/openid-configuration", view_func=discovery)
        app.add_url_rule("/keys", view_func=keys)
        return app

    def token(self, clock: SetClock, key: Any = None, **claims: Any) -> str:
        now = int(clock.now().timestamp())
        said = {"iss": self.url, "aud": "csms", "sub": "1", "email": EMAIL, "exp": now + 300, "iat": now}
        signer = key or self.key
        return jwt.encode({"alg": "ES256", "kid": signer.kid}, said | claims, signer, algorithms=["ES256"])


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    sock = http.listen("127.0.0.1", 0)
    made = Provider(f"http://127.0.0.1:{sock.getsockname()[1]}")
    stopping = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(http.serve, made.app(), [sock], stopping.wait, 1.0)
        yield made
        stopping.set()


@pytest.fixture
async def outside(csms: Appliance, provider: Provider) -> AsyncIterator[Rest]:
    await csms.verb("user.add", email=EMAIL, role="VIEWER")
    settings = SignInSettings(oidc_issuer=provider.url, oidc_audience="csms")
    csms.sign_in = SignIn(csms.unit, Keyring(csms.unit, lambda: b"a secret for tests alone"), settings)
    async with csms.rest() as rest:
        yield rest


async def ask(rest: Rest, token: str) -> httpx.Response:
    return await rest.ask("GET", "/stations", headers={"Authorization": f"Bearer {token}"})


async def test_a_user_of_ours_comes_in_with_a_token_of_the_provider(
    outside: Rest, provider: Provider, clock: SetClock
) -> None:
    for _ in range(3):
        assert (await ask(outside, provider.token(clock))).status_code == 200
    assert provider.asked == 1
    answer = await outside.ask(
        "POST", "/tokens", {"uid": "X"}, headers={"Authorization": f"Bearer {provider.token(clock)}"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody else"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"email": "nobody@example.com"},
        {"email": None},
        {"email_verified": False},
        {"nbf": 99999999999},
    ],
)
async def test_what_is_not_for_us_is_refused(
    outside: Rest, provider: Provider, clock: SetClock, claims: dict[str, Any]
) -> None:
    answer = await ask(outside, provider.token(clock, **claims))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_key_it_does_not_publish_is_refused_and_does_not_make_us_ask_often(
    outside: Rest, provider: Provider, clock: SetClock
) -> None:
    stranger = ECKey.generate_key("P-256", auto_kid=True)
    for _ in range(5):
        assert (await ask(outside, provider.token(clock, stranger))).status_code == 401
    assert provider.asked == 1


async def test_a_new_key_is_fetched_after_a_minute(
    outside: Rest, provider: Provider, clock: SetClock
) -> None:
    assert (await ask(outside, provider.token(clock))).status_code == 200
    provider.key = ECKey.generate_key("P-256", auto_kid=True)
    provider.published.append(provider.key)
    assert (await ask(outside, provider.token(clock))).status_code == 401
    clock.forward(minutes=2)
    assert (await ask(outside, provider.token(clock))).status_code == 200


async def test_a_provider_that_is_another_or_talks_too_much_is_not_believed(
    outside: Rest, provider: Provider, clock: SetClock
) -> None:
    provider.says = "https://evil.example"
    assert (await ask(outside, provider.token(clock))).status_code == 401
    provider.says, provider.padding = provider.url, "x" * 300_000
    clock.forward(minutes=2)
    assert (await ask(outside, provider.token(clock))).status_code == 401
    provider.padding = ""
    clock.forward(minutes=2)
    assert (await ask(outside, provider.token(clock))).status_code == 200

"""Appliances with their OCPI listener on a real socket, and what a test needs to speak to one as a partner."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import httpx
import trio

from csms.admin import http
from csms.ocpi import app as ocpi_app
from csms.ocpi.client import PartnerClient
from csms.services.ocpi_policy import OcpiPolicy
from csms.store.connection import Store
from tests.wire.appliance import Appliance, SeededEntropy, SetClock, appliance

LAB = OcpiPolicy(secret=lambda: b"a secret for tests alone", allow_private=True, timeout_s=5.0)


def in_base64(token: str) -> str:
    return base64.b64encode(token.encode()).decode()


@dataclass
class Platform:
    """One appliance that partners can reach."""

    csms: Appliance
    url: str
    client: httpx.AsyncClient

    @property
    def versions_url(self) -> str:
        return f"{self.url}/ocpi/versions"

    async def verb(self, name: str, /, **args: Any) -> Any:
        return await self.csms.verb(name, **args)

    async def ask(
        self, method: str, path: str, token: str | None = None, body: Any = None, **headers: str
    ) -> httpx.Response:
        """Send one request as a partner with a token; `path` is below /ocpi, or an address."""
        sent = dict(headers)
        if token is not None:
            sent.setdefault("Authorization", f"Token {in_base64(token)}")
        url = path if path.startswith("http") else f"{self.url}/ocpi{path}"
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.request(method, url, headers=sent, content=content)

    async def only_party(self) -> dict[str, Any]:
        """Return the one partner there is."""
        (found,) = await self.verb("party.list")
        assert isinstance(found, dict)
        return found


def data(answer: httpx.Response, http: int = 200, status: int = 1000) -> Any:
    """Return the data of an answer that has this HTTP status and this status code."""
    assert answer.status_code == http, answer.text
    envelope = json.loads(answer.content, parse_float=Decimal)
    assert envelope["status_code"] == status, envelope
    assert envelope["timestamp"].endswith("Z")
    return envelope.get("data")


@asynccontextmanager
async def platform(
    store: Store,
    clock: SetClock,
    *,
    name: str,
    kind: str = "CPO",
    party_id: str = "CPO",
    seed: int = 1,
    policy: OcpiPolicy = LAB,
) -> AsyncIterator[Platform]:
    """Run an appliance with one tenant on a migrated store, with its OCPI listener on loopback."""
    async with appliance(store, clock, SeededEntropy(seed)) as csms:
        await csms.verb("tenant.add", name=name, tenant_type=kind, party_id=party_id)
        async with listening(csms, policy) as reached:
            yield reached


@asynccontextmanager
async def listening(csms: Appliance, policy: OcpiPolicy = LAB) -> AsyncIterator[Platform]:
    """Open the OCPI listener of an appliance on loopback until the block ends."""
    sock = http.listen("127.0.0.1", 0)
    address = f"127.0.0.1:{sock.getsockname()[1]}"
    csms.unit.policy = replace(csms.unit.policy, ocpi=policy)
    bound = [{"name": "ocpi", "addresses": [address]}]
    csms.house = replace(csms.house, partners=PartnerClient(policy), listeners=lambda: bound)
    stopping = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(http.serve, ocpi_app.build(csms.house), [sock], stopping.wait, 1.0)
        async with httpx.AsyncClient(timeout=30) as client:
            yield Platform(csms, f"http://{address}", client)
        stopping.set()

"""A server for stations, run anew for each test."""

import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
import trustme

from csms.ocpp.limits import Limits
from csms.ocpp.listener import Door, StationServer, open_door
from csms.ocpp.registry import Registry
from tests.ocpp.doors import Start
from tests.ocpp.station import Fixed, Office, Yard

MakeYard = Callable[..., Any]


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
async def yard(nursery: trio.Nursery, office: Office, limits: Limits) -> AsyncIterator[Yard]:
    made = Yard(nursery, office, limits)
    await nursery.start(made.server.run, [])
    yield made
    nursery.cancel_scope.cancel()


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
async def start(nursery: trio.Nursery, office: Office, registry: Registry) -> AsyncIterator[Start]:
    """Start a server on free ports of the loopback interface; the first door is without TLS."""

    async def begin(
        limits: Limits | None = None, tls: ssl.SSLContext | None = None
    ) -> tuple[StationServer, list[Door]]:
        server = StationServer(office, office, registry, limits or Limits(), clock=Fixed())
        doors = [open_door("127.0.0.1", 0)]
        if tls is not None:
            doors.append(open_door("127.0.0.1", 0, tls))
        await nursery.start(server.run, doors)
        return server, doors

    yield begin
    nursery.cancel_scope.cancel()


@pytest.fixture
def server_files(tmp_path: Path) -> tuple[trustme.CA, list[tuple[Path, Path]]]:
    authority = trustme.CA()
    chains = []
    for kind in (trustme.KeyType.ECDSA, trustme.KeyType.RSA):
        leaf = authority.issue_cert("localhost", key_type=kind)
        certificate, key = tmp_path / f"{kind.name}.pem", tmp_path / f"{kind.name}.key"
        for blob in leaf.cert_chain_pems:
            blob.write_to_path(str(certificate), append=True)
        leaf.private_key_pem.write_to_path(str(key))
        chains.append((certificate, key))
    return authority, chains

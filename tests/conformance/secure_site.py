"""A site with TLS and certificate authorities of its own; its time begins now, because TLS looks at the real clock."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import trio
from cryptography.hazmat.primitives.asymmetric import ec

from csms.config import Config
from csms.ocpp.listener import open_door
from csms.services.pki_policy import PkiPolicy
from csms.services.unit import Policy
from csms.store.connection import Store
from csms.tls_front import TlsFront
from tests.conformance.site import Site, run_appliance
from tests.conformance.station import CaseStation
from tests.pki import papers
from tests.wire.appliance import SetClock

Kind = TypeVar("Kind", bound=CaseStation)
OPERATOR = "Depot"
SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
)


@dataclass
class Identity:
    """A station's key, and the chain that was signed for it, as PEM."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    chain: str = ""

    def request(self, common_name: str) -> str:
        """Return a certificate signing request."""
        return papers.csr(common_name, OPERATOR, key=self.key)

    @property
    def key_pem(self) -> bytes:
        return papers.Paper(None, self.key).key_pem  # type: ignore[arg-type]


class SecureSite(Site):
    """A site with a second door that speaks TLS, at `tls_port`."""

    tls_port: int
    root: str

    async def dial_tls(
        self,
        kind: type[Kind],
        station_id: str,
        identity: Identity | None = None,
        *,
        suite: str | None = None,
        newest: ssl.TLSVersion | None = None,
    ) -> Kind:
        """Return a station on a fresh TLS connection that has said nothing yet; BrokenResourceError without one."""
        context = ssl.create_default_context(cadata=self.root)
        if newest is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = newest
        if suite is not None:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(suite)
        if identity is not None:
            _show(context, identity)
        plain = await trio.open_tcp_stream("127.0.0.1", self.tls_port)
        stream = trio.SSLStream(plain, context, server_hostname="localhost", https_compatible=True)
        await stream.do_handshake()
        return kind(stream, self.csms.nursery, station_id, 2, self.csms.clock.now)

    async def connected_tls(
        self, kind: type[Kind], station_id: str, identity: Identity | None = None, **headers: str
    ) -> Kind:
        """Return a station that has come over TLS, but has not booted."""
        station = await self.dial_tls(kind, station_id, identity)
        await station.connect(f"/ocpp/{station_id}", protocols=kind.subprotocol, **headers)
        return station

    async def certified(self, station_id: str, **station: Any) -> Identity:
        """Register a station of security profile 3 and return what it has to show."""
        await self.verb("station.add", station_id=station_id, security_profile=3, connectors=2, **station)
        identity = Identity()
        signed = await self.verb("pki.sign", csr=identity.request(station_id), station=station_id)
        identity.chain = signed["chain"]
        return identity

    async def certificate_requests(self) -> list[str]:
        """Return what became of stations' requests for certificates, oldest first."""
        found = await self.csms.rows("SELECT state FROM certificate_requests ORDER BY requested_at, id")
        return [row["state"] for row in found]


def _show(context: ssl.SSLContext, identity: Identity) -> None:
    from csms.tls_front import _as_file

    with _as_file(identity.chain.encode() + identity.key_pem) as path:
        context.load_cert_chain(path)


@asynccontextmanager
async def open_secure_site(store: Store) -> AsyncIterator[SecureSite]:
    """Run the appliance with authorities and a TLS door until the block ends."""
    doors = [open_door("127.0.0.1", 0), open_door("127.0.0.1", 0)]
    front = TlsFront(Config(Path("/")))
    front.guard(doors[1])
    policy = Policy(pki=PkiPolicy(secret=lambda: b"a secret for tests alone"))
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    async with run_appliance(SecureSite, store, clock, doors, policy) as site:
        await site.verb("pki.init", hosts=["localhost"], organization=OPERATOR)
        site.root = (await site.verb("pki.export"))["pem"]
        site.tls_port = doors[1].address[1]
        await front.load(site.csms.unit)
        yield site

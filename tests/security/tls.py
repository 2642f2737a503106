"""Real TLS over TCP to the appliance: a server certificate of a public authority, clients with what they are given."""

import socket
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio
import trustme
from trio.abc import Stream

from csms.ocpp.tls import server_context
from csms.ocpp.tls_stream import TlsStream
from csms.services import trust
from tests.ocpp.station import Reply
from tests.pki.papers import Paper
from tests.security.charger import Charger
from tests.wire.appliance import Appliance

AUTHORITY = trustme.CA()


async def listener(csms: Appliance) -> ssl.SSLContext:
    """Return the context of a listener that trusts whom the database trusts now."""
    roots = await csms.unit.read(trust.client_roots)
    return _context(b"".join(roots).decode() or None)


def _context(roots: str | None) -> ssl.SSLContext:
    with TemporaryDirectory() as directory:
        chain, key = Path(directory, "chain.pem"), Path(directory, "key.pem")
        issued = AUTHORITY.issue_cert("localhost")
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return server_context([(chain, key)], roots)


def client(chain: str | None = None, key: bytes | None = None) -> ssl.SSLContext:
    """Return the context of a station, with its certificates where it has some."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    if chain is not None and key is not None:
        with TemporaryDirectory() as directory:
            file = Path(directory, "client.pem")
            file.write_bytes(key + chain.encode())
            context.load_cert_chain(file)
    return context


async def open_stream(csms: Appliance, context: ssl.SSLContext) -> Stream:
    """Return a station's end of a TLS connection to the appliance."""
    server = await listener(csms)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        raw = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
    accepted.setblocking(False)
    raw.setblocking(False)
    shared = csms.server._shared
    assert shared is not None
    shared.nursery.start_soon(csms.server.serve_stream, TlsStream(accepted, server), "192.0.2.7")
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(raw))
    return trio.SSLStream(stream, context, server_hostname="localhost", https_compatible=True)


async def secure_line(
    csms: Appliance,
    version: str = "1.6",
    *,
    paper: Paper | None = None,
    chain: str | None = None,
    key: bytes | None = None,
) -> Charger:
    """Return a station that has done nothing yet on a TLS connection."""
    if paper is not None:
        chain, key = paper.chain, paper.key_pem
    charger = Charger(await open_stream(csms, client(chain, key)), csms.nursery)
    charger.version = version
    return charger


async def knock(
    csms: Appliance, version: str = "1.6", station_id: str = "CP1", *, headers: Any = None, **papers: Any
) -> Reply:
    """Ask for the upgrade over TLS and return what the gate says."""
    station = await secure_line(csms, version, **papers)
    return await station.handshake(f"/ocpp/{station_id}", protocols=f"ocpp{version}", **(headers or {}))


async def enter(
    csms: Appliance, version: str = "1.6", station_id: str = "CP1", *, headers: Any = None, **papers: Any
) -> Charger:
    """Return a station that has come in over TLS and has not booted."""
    station = await secure_line(csms, version, **papers)
    await station.connect(f"/ocpp/{station_id}", protocols=f"ocpp{version}", **(headers or {}))
    return station

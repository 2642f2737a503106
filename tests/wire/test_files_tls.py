"""Files over TLS: a station that comes by wss is given https, and its file arrives the same (ADR 0010)."""

import hashlib
import ssl
from pathlib import Path

import httpx
import trio
import trustme

from csms.ocpp.listener import open_door
from csms.ocpp.tls import server_context
from csms.store.connection import Store
from tests.wire import payloads
from tests.wire.site import site
from tests.wire.station import Station

LOG = bytes(range(256)) * 10_000


async def test_a_station_by_wss_leaves_its_log_by_https(store: Store, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    door = open_door("127.0.0.1", 0, server_context([(certificate, key)]))
    port = door.address[1]
    client = ssl.create_default_context()
    authority.configure_trust(client)
    async with site(store, tmp_path, door) as web, httpx.AsyncClient(verify=client, trust_env=False) as http:
        plain = await trio.open_tcp_stream("127.0.0.1", port)
        stream = trio.SSLStream(plain, client, server_hostname="localhost", https_compatible=True)
        station = Station(stream, web.csms.nursery)
        await station.connect("/ocpp/CP1", Host=f"localhost:{port}")
        await station.call("BootNotification", payloads.boot())
        station.answers["GetDiagnostics"] = {"fileName": "diag.log"}
        await web.csms.verb("station.command", station="CP1", verb="log", args={})
        location = (await station.until_asked("GetDiagnostics"))["location"]
        assert location.startswith(f"https://localhost:{port}/files/")
        assert (await http.put(location, content=LOG)).status_code == 201
        [file] = await web.csms.verb("station.logs")
        assert (file["state"], file["sha256"]) == ("RECEIVED", hashlib.sha256(LOG).hexdigest())
        assert (await http.put(location, content=LOG)).status_code == 410

"""The appliance behind a real socket, and stations that found it there: for what goes over HTTP beside OCPP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from csms.ocpp.limits import Limits
from csms.ocpp.listener import Door, open_door
from csms.store.connection import Store
from tests.wire import payloads
from tests.wire.appliance import Appliance, SeededEntropy, SetClock
from tests.wire.furniture import furnish
from tests.wire.station import Station
from tests.wire.v201 import payloads as payloads201


class Site:
    """One appliance on 127.0.0.1."""

    def __init__(self, csms: Appliance, port: int) -> None:
        self.csms = csms
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def station(self, version: str = "1.6") -> Station:
        """Return CP1 on a TCP connection, booted."""
        station = Station(await trio.open_tcp_stream("127.0.0.1", self.port), self.csms.nursery)
        await station.connect("/ocpp/CP1", protocols=f"ocpp{version}", Host=f"127.0.0.1:{self.port}")
        boot = payloads.boot() if version == "1.6" else payloads201.boot()
        await station.call("BootNotification", boot)
        return station

    async def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send raw bytes on a fresh connection; return status, headers and body of the answer."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with stream:
            await stream.send_all(request)
            received = b""
            while chunk := await stream.receive_some():
                received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        return int(line.split(" ")[1]), headers, body


@asynccontextmanager
async def site(store: Store, data_dir: Path, door: Door | None = None) -> AsyncIterator[Site]:
    """Run the appliance on a migrated store, behind a socket, with the usual furniture."""
    door = door or open_door("127.0.0.1", 0)
    async with trio.open_nursery() as nursery:
        csms = Appliance(nursery, store, SetClock(), SeededEntropy(), Limits(), [door], data_dir)
        await nursery.start(csms.run)
        await csms.unit.run(furnish)
        yield Site(csms, door.address[1])
        nursery.cancel_scope.cancel()

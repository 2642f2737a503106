"""Stations that speak to a running appliance over real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio
from trio.abc import HalfCloseableStream

from tests.appliance.machine import PASSWORD, Running
from tests.ocpp.station import basic
from tests.wire.station import Station


class Line(HalfCloseableStream):
    """A TCP stream on which several tasks may send: a station answers pings while it talks."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.socket = stream.socket
        self._stream = stream
        self._turn = trio.Lock()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        async with self._turn:
            await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(max_bytes)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()


class Street:
    """The stations of one test."""

    def __init__(self, running: Running, nursery: trio.Nursery) -> None:
        self._running = running
        self._nursery = nursery
        self._streams: list[Line] = []

    async def stream(self, listener: str = "ocpp") -> Line:
        """Return a fresh connection."""
        stream = Line(await trio.open_tcp_stream(*self._running.address(listener)))
        self._streams.append(stream)
        return stream

    async def dial(self) -> Station:
        """Return a station's end of a fresh connection on which nothing has been said."""
        return Station(await self.stream(), self._nursery)

    async def connect(self, name: str = "CP0", password: str = PASSWORD, **extra: Any) -> Station:
        """Return a station that is connected, but has not booted."""
        station = await self.dial()
        await station.connect(f"/ocpp/{name}", Authorization=basic(f"{name}:{password}".encode()), **extra)
        return station

    async def boot(self, name: str = "CP0", password: str = PASSWORD, **extra: Any) -> Station:
        """Return a station that is connected and has booted."""
        station = await self.connect(name, password, **extra)
        await station.call("BootNotification", {"chargePointVendor": "ABL", "chargePointModel": "eMH1"})
        return station

    async def verb(self, name: str, **args: Any) -> Any:
        """Do what an operator does, while the stations go on."""
        return await trio.to_thread.run_sync(partial(self._running.verb, name, **args))

    def close(self) -> None:
        """Cut every line."""
        for stream in self._streams:
            stream.socket.close()


@asynccontextmanager
async def street(running: Running) -> AsyncIterator[Street]:
    """Let stations stand before an appliance until the block ends."""
    async with trio.open_nursery() as nursery:
        made = Street(running, nursery)
        try:
            yield made
        finally:
            nursery.cancel_scope.cancel()
            made.close()

"""A proxy before PostgreSQL that loses connections at the moment a test chooses."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import trio

SOCKET = ".s.PGSQL.5432"
Loss = Literal["request", "answer", "client"]
"""What is lost at a COMMIT: the request, the answer, or the client while the server goes on waiting."""


class Proxy:
    """Forwards connections until told otherwise."""

    def __init__(self, server: Path, nursery: trio.Nursery) -> None:
        self.connections = 0
        self.lose_at_commit: list[Loss] = []
        """Consumed one a COMMIT."""
        self._server = server
        self._nursery = nursery
        self._open: set[trio.abc.AsyncResource] = set()
        self._refusing = False

    async def serve(self, client: trio.SocketStream) -> None:
        """Serve one connection."""
        self.connections += 1
        if self._refusing:
            await client.aclose()
            return
        server = await trio.open_unix_socket(str(self._server))
        self._open |= {client, server}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._to_server, client, server, nursery.cancel_scope)
            nursery.start_soon(self._to_client, server, client, nursery.cancel_scope)
        self._open -= {client, server}
        await trio.aclose_forcefully(client)
        await trio.aclose_forcefully(server)

    async def refuse(self, refusing: bool) -> None:
        """Drop what is connected and refuse what comes, or serve again."""
        self._refusing = refusing
        for stream in list(self._open) if refusing else ():
            await trio.aclose_forcefully(stream)

    async def _to_server(
        self, client: trio.SocketStream, server: trio.SocketStream, scope: trio.CancelScope
    ) -> None:
        try:
            async for data in client:
                if b"COMMIT\0" in data and self.lose_at_commit:
                    await self._lose(self.lose_at_commit.pop(0), bytes(data), client, server)
                    return
                await server.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()

    async def _to_client(
        self, server: trio.SocketStream, client: trio.SocketStream, scope: trio.CancelScope
    ) -> None:
        try:
            async for data in server:
                await client.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()

    async def _lose(
        self, loss: Loss, data: bytes, client: trio.SocketStream, server: trio.SocketStream
    ) -> None:
        await trio.aclose_forcefully(client)
        if loss == "request":
            await trio.aclose_forcefully(server)
        elif loss == "answer":
            await server.send_all(data)
        else:
            await trio.sleep_forever()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[str, Proxy]]:
    """Yield the URL of a proxy before the server of `url`, and the proxy."""
    host = parse_qs(urlsplit(url).query)["host"][0]
    directory = tempfile.mkdtemp(prefix="csms-proxy-")
    listening = trio.socket.socket(trio.socket.AF_UNIX)
    await listening.bind(f"{directory}/{SOCKET}")
    listening.listen()
    async with trio.open_nursery() as nursery:
        proxy = Proxy(Path(host) / SOCKET, nursery)
        nursery.start_soon(trio.serve_listeners, proxy.serve, [trio.SocketListener(listening)])
        yield url.replace(host, directory), proxy
        nursery.cancel_scope.cancel()
    shutil.rmtree(directory)

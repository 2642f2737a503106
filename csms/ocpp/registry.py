"""Who is connected: one connection per station, the newest wins (OCPP 2.0.1 Part 4 §3.1)."""

from collections.abc import Iterator, Sequence
from typing import Any

import trio
from websockets.frames import CloseCode

from csms.errors import StationOffline
from csms.ocpp.connection import Connection


class Registry:
    """The live connections of this appliance, by the station's key."""

    def __init__(self) -> None:
        """Start with nobody connected."""
        self._by_key: dict[str, Connection] = {}
        self._all: set[Connection] = set()
        self._generation = 0
        self._empty: trio.Event | None = None

    def __len__(self) -> int:
        """Count the connections, superseded ones included until they are closed."""
        return len(self._all)

    def next_generation(self) -> int:
        """Return a number greater than that of every connection before."""
        self._generation += 1
        return self._generation

    def register(self, connection: Connection) -> Connection | None:
        """Make a connection the one of its station; return the one it replaces, still to be closed."""
        older = self._by_key.get(connection.station.key)
        self._by_key[connection.station.key] = connection
        self._all.add(connection)
        return older

    def remove(self, connection: Connection) -> None:
        """Let a connection no longer be its station's; a newer one stays."""
        if self._by_key.get(connection.station.key) is connection:
            del self._by_key[connection.station.key]

    def forget(self, connection: Connection) -> None:
        """Count a connection no more: all that its end entails is done."""
        self._all.discard(connection)
        if not self._all and self._empty is not None:
            self._empty.set()

    def get(self, key: str) -> Connection | None:
        """Return the current connection of a station."""
        return self._by_key.get(key)

    def is_connected(self, key: str) -> bool:
        """Tell whether a station has a connection."""
        return key in self._by_key

    def connections(self) -> Sequence[Connection]:
        """Return the current connections."""
        return tuple(self._by_key.values())

    async def call(
        self, key: str, action: str, payload: dict[str, Any], timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Send a CALL and return the answer; raises StationOffline, StationTimeout or StationRefused."""
        connection = self._by_key.get(key)
        if connection is None:
            raise StationOffline("the station is not connected")
        return await connection.call(action, payload, timeout_s)

    async def drain(self, grace_s: float, reason: str = "the central system is stopping") -> None:
        """Close all connections, each after the answer it has in the making; give up after `grace_s`."""
        for connection in self._everyone():
            connection.close(reason, CloseCode.GOING_AWAY)
        with trio.move_on_after(grace_s):
            if self._all:
                self._empty = trio.Event()
                await self._empty.wait()
        for connection in self._everyone():
            connection.abort(reason)

    def _everyone(self) -> Iterator[Connection]:
        return iter(tuple(self._all))

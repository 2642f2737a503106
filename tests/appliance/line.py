"""Stations that speak to a running appliance over a real socket."""

from typing import Any

import trio

from tests.appliance.machine import PASSWORD, Running
from tests.ocpp.station import basic
from tests.wire.station import Station


async def dial(running: Running, nursery: trio.Nursery, listener: str = "ocpp") -> Station:
    """Return a station's end of a fresh connection on which nothing has been said."""
    return Station(await trio.open_tcp_stream(*running.address(listener)), nursery)


async def connect(running: Running, nursery: trio.Nursery, name: str = "CP0", **extra: Any) -> Station:
    """Return a station that is connected, but has not booted."""
    station = await dial(running, nursery)
    await station.connect(f"/ocpp/{name}", Authorization=basic(f"{name}:{PASSWORD}".encode()), **extra)
    return station


async def boot(running: Running, nursery: trio.Nursery, name: str = "CP0", **extra: Any) -> Station:
    """Return a station that is connected and has booted."""
    station = await connect(running, nursery, name, **extra)
    await station.call("BootNotification", {"chargePointVendor": "ABL", "chargePointModel": "eMH1"})
    return station

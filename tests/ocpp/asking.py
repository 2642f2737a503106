"""A CALL of ours whose outcome is collected, whatever it is."""

from typing import Any

from csms.errors import StationOffline, StationRefused, StationTimeout
from csms.ocpp.connection import Connection


async def ask(connection: Connection, into: list[Any], action: str = "ClearCache", **more: Any) -> None:
    try:
        into.append(await connection.call(action, {}, **more))
    except (StationOffline, StationRefused, StationTimeout) as error:
        into.append(error)

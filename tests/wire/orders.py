"""What operators order of CP1, what comes of it, and what CP1 says of itself, in either version."""

from typing import Any

import pytest

from tests.wire import payloads
from tests.wire.site import Site
from tests.wire.station import Station
from tests.wire.v201 import payloads as payloads201

VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


async def order(web: Site, verb: str, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await web.csms.verb("station.command", station="CP1", verb=verb, args=args)
    return done


async def outcome(web: Site, done: dict[str, Any]) -> tuple[str, str | None]:
    found = await web.csms.verb("station.commands", station="CP1", limit=200)
    command = next(each for each in found if each["id"] == done["commandId"])
    return command["outcome"], command["followedBy"]


async def status_of(web: Site, station: Station, version: str, connector: int, status: str) -> None:
    at = payloads.at((web.csms.clock.now() - payloads.NOON).total_seconds() / 60)
    if version == "1.6":
        payload = {"connectorId": connector, "status": status, "errorCode": "NoError", "timestamp": at}
    else:
        payload = {"evseId": connector, "connectorId": 1, "connectorStatus": status, "timestamp": at}
    await station.call("StatusNotification", payload)


async def boot(station: Station, version: str, **fields: Any) -> None:
    if version == "1.6":
        fields.pop("reason", None)
        await station.call("BootNotification", payloads.boot(**fields))
    else:
        reason = fields.pop("reason", "PowerUp")
        await station.call("BootNotification", payloads201.boot(reason, **fields))

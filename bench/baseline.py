"""The baseline: the `ocpp` package's ChargePoint on `websockets`, validating and storing nothing.

What most Python central systems are built on, measured in the same run and with the same load as the appliance.
"""

import asyncio
import itertools
import sys
from datetime import UTC, datetime
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import AuthorizationStatus, RegistrationStatus
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call_result as results201

IDS = itertools.count(1)
PROTOCOLS: list[Any] = ["ocpp1.6", "ocpp2.0.1"]
ACCEPTED_201 = {"status": "Accepted"}
ACCEPTED = IdTagInfo(status=AuthorizationStatus.accepted)


class Central(ChargePoint):  # type: ignore[misc]
    """Answers what a charge needs."""

    @on("BootNotification")
    def boot(self, **_: Any) -> Any:
        """Accept."""
        now = datetime.now(UTC).isoformat()
        return call_result.BootNotification(
            current_time=now, interval=300, status=RegistrationStatus.accepted
        )

    @on("Authorize")
    def authorize(self, **_: Any) -> Any:
        """Accept."""
        return call_result.Authorize(id_tag_info=ACCEPTED)

    @on("StartTransaction")
    def start_transaction(self, **_: Any) -> Any:
        """Give the next number."""
        return call_result.StartTransaction(transaction_id=next(IDS), id_tag_info=ACCEPTED)

    @on("MeterValues")
    def meter_values(self, **_: Any) -> Any:
        """Forget."""
        return call_result.MeterValues()

    @on("StopTransaction")
    def stop_transaction(self, **_: Any) -> Any:
        """Forget."""
        return call_result.StopTransaction(id_tag_info=ACCEPTED)


class Central201(ChargePoint201):  # type: ignore[misc]
    """Answers what a charge in OCPP 2.0.1 needs."""

    @on("BootNotification")
    def boot(self, **_: Any) -> Any:
        """Accept."""
        now = datetime.now(UTC).isoformat()
        return results201.BootNotification(current_time=now, interval=300, status="Accepted")

    @on("Authorize")
    def authorize(self, **_: Any) -> Any:
        """Accept."""
        return results201.Authorize(id_token_info=ACCEPTED_201)

    @on("TransactionEvent")
    def transaction_event(self, id_token: Any = None, **_: Any) -> Any:
        """Forget."""
        return results201.TransactionEvent(id_token_info=ACCEPTED_201 if id_token else None)


async def serve() -> None:
    """Listen on a free port of the loopback, print it, and serve until killed."""

    async def connected(socket: Any) -> None:
        try:
            kind = Central201 if socket.subprotocol == "ocpp2.0.1" else Central
            await kind(socket.request.path.rsplit("/", 1)[-1], socket).start()
        except websockets.ConnectionClosed:
            return

    async with websockets.serve(connected, "127.0.0.1", 0, subprotocols=PROTOCOLS) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    import logging

    logging.getLogger("ocpp").setLevel(logging.ERROR)
    sys.exit(asyncio.run(serve()))

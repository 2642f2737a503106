"""Stations that charge whatever happens to the CSMS: what is not acknowledged they keep and send again.

Everything a station decides comes from the seed. `Fleet.ledger` is what an auditor would hold against the database:
every charge with what was sent, what was acknowledged, and the transaction id that was given.
"""

import base64
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import trio

from csms.clock import to_wire
from tests.appliance.machine import PASSWORD, TOKEN, Running
from tests.ocpp.station import KEY, TEXT, frame

BOOT = {"chargePointVendor": "Fleet", "chargePointModel": "One", "firmwareVersion": "1.0"}
RETRY_S = 0.01
ANSWER_WITHIN_S = 30.0
LOST = (OSError, EOFError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)


@dataclass
class Charge:
    """One charge as its station knows it."""

    station_id: str
    connector: int
    started_at: datetime
    meter_start_wh: int
    readings: dict[datetime, int] = field(default_factory=dict)
    """Registers by moment, of MeterValues that were acknowledged."""
    transaction_id: int | None = None
    """As given in the first acknowledgement of the start."""
    ended_at: datetime | None = None
    meter_stop_wh: int | None = None
    stop_acknowledged: bool = False


@dataclass
class Message:
    """Something that must reach the CSMS."""

    action: str
    payload: dict[str, Any]
    charge: Charge
    message_id: str
    sent: int = 0


class Refused(Exception):
    """The CSMS answered CALLERROR."""


class Station:
    """One station; its queue outlives its connections, as on flash memory."""

    def __init__(self, fleet: "Fleet", station_id: str, seed: str) -> None:
        self.station_id = station_id
        self._fleet = fleet
        self._random = Random(seed)
        self._at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)
        self._register_wh = self._random.randrange(1_000, 1_000_000)
        self._queue: deque[Message] = deque()
        self._plan: deque[tuple[str, Charge]] = deque()
        self._count = 0
        self._last: tuple[Message, Any] | None = None
        self._buffer = b""

    async def run(self) -> None:
        """Charge until the fleet is told to finish and nothing is left to say."""
        while not self._done():
            try:
                await self._connection()
            except LOST:
                await trio.sleep(RETRY_S)

    def _done(self) -> bool:
        return self._fleet.finishing and not self._queue and not self._plan

    async def _connection(self) -> None:
        running = self._fleet.running
        if running is None:
            await trio.sleep(RETRY_S)
            return
        stream = await trio.open_tcp_stream(*running.address())
        async with stream:
            self._buffer = b""
            await self._shake_hands(stream)
            await self._exchange(stream, [("boot", "BootNotification", BOOT)])
            self._fleet.connections += 1
            await self._resend_what_was_acknowledged(stream)
            self._renew_ids()
            while not self._done():
                await self._next(stream)

    async def _shake_hands(self, stream: trio.SocketStream) -> None:
        credentials = base64.b64encode(f"{self.station_id}:{PASSWORD}".encode()).decode()
        request = (
            f"GET /ocpp/{self.station_id} HTTP/1.1\r\nHost: csms\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
            f"Authorization: Basic {credentials}\r\n\r\n"
        )
        await stream.send_all(request.encode())
        with trio.fail_after(ANSWER_WITHIN_S):
            while b"\r\n\r\n" not in self._buffer:
                await self._more(stream)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise EOFError(head.decode())

    async def _next(self, stream: trio.SocketStream) -> None:
        """Say what is due: a few messages ahead of their answers where nothing depends on an answer."""
        if not self._queue:
            if not self._plan:
                self._plan_charge()
            self._fill_queue()
        window = list(self._queue)[: self._random.choice((1, 1, 3))]
        calls = [(message.message_id, message.action, message.payload) for message in window]
        for message in window:
            message.sent += 1
        for message, answer in zip(window, await self._exchange(stream, calls), strict=True):
            if isinstance(answer, Refused):
                self._fleet.refusals.append(str(answer))
                await trio.sleep(RETRY_S * 10)
                return
            self._queue.popleft()
            self._acknowledge(message, answer)

    async def _exchange(
        self, stream: trio.SocketStream, calls: list[tuple[str, str, dict[str, Any]]]
    ) -> list[Any]:
        """Send calls back to back and return their answers."""
        answers: dict[str, Any] = {}
        texts = [json.dumps([2, message_id, action, payload]) for message_id, action, payload in calls]
        with trio.fail_after(ANSWER_WITHIN_S):
            await stream.send_all(b"".join(frame(TEXT, text.encode()) for text in texts))
            while len(answers) < len(calls):
                kind, message_id, *rest = json.loads(await self._message(stream))
                if kind == 2:  # what a station that knows nothing says to whatever it is asked
                    refusal = json.dumps([4, message_id, "NotImplemented", "", {}])
                    await stream.send_all(frame(TEXT, refusal.encode()))
                    continue
                answers[message_id] = rest[0] if kind == 3 else Refused(f"{rest[0]}: {rest[1]}")
        return [answers[message_id] for message_id, _, _ in calls]

    async def _message(self, stream: trio.SocketStream) -> bytes:
        """Return the next text message; a close frame is the end."""
        while True:
            if len(self._buffer) >= 2:
                size, at = self._buffer[1] & 0x7F, 2
                if size == 126:
                    size, at = int.from_bytes(self._buffer[2:4], "big"), 4
                if len(self._buffer) >= at + size and (at == 2 or len(self._buffer) >= 4):
                    opcode, payload = self._buffer[0] & 0x0F, self._buffer[at : at + size]
                    self._buffer = self._buffer[at + size :]
                    if opcode == TEXT:
                        return payload
                    if opcode == 8:
                        raise EOFError
                    continue
            await self._more(stream)

    async def _more(self, stream: trio.SocketStream) -> None:
        data = await stream.receive_some(65536)
        if not data:
            raise EOFError
        self._buffer += data

    def _plan_charge(self) -> None:
        """Decide the next charge: a start, some meter values, a stop."""
        charge = Charge(self.station_id, self._random.choice((1, 2)), self._forward(60), self._register_wh)
        self._fleet.ledger.append(charge)
        readings = self._random.randrange(0, 6)
        self._plan.extend([("start", charge), *[("reading", charge)] * readings, ("stop", charge)])

    def _fill_queue(self) -> None:
        """Put into the queue what can be said now: after a start nothing, for the others need its answer."""
        while self._plan:
            kind, charge = self._plan.popleft()
            self._queue.append(self._message_of(kind, charge))
            if kind != "reading":
                return

    def _message_of(self, kind: str, charge: Charge) -> Message:
        if kind == "start":
            payload = {
                "connectorId": charge.connector,
                "idTag": TOKEN,
                "timestamp": to_wire(charge.started_at),
                "meterStart": charge.meter_start_wh,
            }
            return Message("StartTransaction", payload, charge, self._new_id())
        self._register_wh += self._random.randrange(1, 900)
        at = self._forward(30)
        if kind == "reading":
            samples = [
                {"value": str(self._register_wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
                {"value": "11000.5", "measurand": "Power.Active.Import", "unit": "W"},
            ]
            payload = {
                "connectorId": charge.connector,
                "transactionId": charge.transaction_id,
                "meterValue": [{"timestamp": to_wire(at), "sampledValue": samples}],
            }
            return Message("MeterValues", payload, charge, self._new_id())
        charge.ended_at, charge.meter_stop_wh = at, self._register_wh
        payload = {
            "transactionId": charge.transaction_id,
            "timestamp": to_wire(at),
            "meterStop": self._register_wh,
            "reason": "Local",
        }
        return Message("StopTransaction", payload, charge, self._new_id())

    def _acknowledge(self, message: Message, answer: dict[str, Any]) -> None:
        charge = message.charge
        if message.action == "StartTransaction":
            assert answer["idTagInfo"]["status"] == "Accepted", answer
            charge.transaction_id = answer["transactionId"]
        elif message.action == "MeterValues":
            [value] = message.payload["meterValue"]
            at = datetime.fromisoformat(value["timestamp"])
            charge.readings[at] = int(value["sampledValue"][0]["value"])
        else:
            charge.stop_acknowledged = True
        self._last = message, answer
        self._fleet.resent += message.sent - 1
        self._fleet.count()

    async def _resend_what_was_acknowledged(self, stream: trio.SocketStream) -> None:
        """Now and then say again what has been answered, as a station does that lost the answer in its own crash."""
        if self._last is None or self._random.random() < 0.5:
            return
        message, answer = self._last
        [again] = await self._exchange(stream, [(message.message_id, message.action, message.payload)])
        if not isinstance(again, Refused):
            assert again == answer, (message, answer, again)
            self._fleet.repeated += 1

    def _renew_ids(self) -> None:
        """Some stations send a kept message again under its id, some under a new one."""
        if self._random.random() < 0.5:
            for message in self._queue:
                message.message_id = self._new_id()

    def _new_id(self) -> str:
        self._count += 1
        return f"{self.station_id}-{self._count}"

    def _forward(self, seconds: int) -> datetime:
        self._at += timedelta(seconds=self._random.randrange(1, seconds))
        return self._at


class Fleet:
    """Several stations and what they have experienced."""

    def __init__(self, seed: str, station_ids: list[str]) -> None:
        self.ledger: list[Charge] = []
        self.running: Running | None = None
        self.finishing = False
        self.acknowledged = self.connections = self.resent = self.repeated = 0
        self.refusals: list[str] = []
        self._goal, self._reached = 0, trio.Event()
        self._stations = [Station(self, name, f"{seed}/{name}") for name in station_ids]

    async def run(self) -> None:
        """Charge until `finishing` is set and everything is acknowledged."""
        async with trio.open_nursery() as nursery:
            for station in self._stations:
                nursery.start_soon(station.run)

    def count(self) -> None:
        """Note that one more message has been acknowledged."""
        self.acknowledged += 1
        if self.acknowledged >= self._goal:
            self._reached.set()

    async def until_acknowledged(self, more: int, timeout_s: float = 30.0) -> None:
        """Wait until so many more messages have been acknowledged."""
        self._goal, self._reached = self.acknowledged + more, trio.Event()
        with trio.fail_after(timeout_s):
            await self._reached.wait()

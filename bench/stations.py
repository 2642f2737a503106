"""The load: charging stations reduced to what costs the least, in a process of their own.

Frames are masked with zeros, so that they are built by joining bytes; answers are only counted and timed, and the
next request leaves in the callback that brought the answer: what the load spends takes the server's core its pace.
Each run is bounded in messages and in time, and speaks to 127.0.0.1 only.
"""

import argparse
import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable, Generator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from bench import charges201

HANDSHAKE = (
    "GET /ocpp/{id} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: {protocol}\r\nAuthorization: Basic {auth}\r\n\r\n"
)
SAMPLES = (
    '{"value":"%d","measurand":"Energy.Active.Import.Register","unit":"Wh","context":"Sample.Periodic"},'
    '{"value":"10943.5","measurand":"Power.Active.Import","unit":"W","context":"Sample.Periodic"},'
    '{"value":"15.9","measurand":"Current.Import","unit":"A","phase":"L1","context":"Sample.Periodic"},'
    '{"value":"15.8","measurand":"Current.Import","unit":"A","phase":"L2","context":"Sample.Periodic"},'
    '{"value":"16.0","measurand":"Current.Import","unit":"A","phase":"L3","context":"Sample.Periodic"},'
    '{"value":"229.7","measurand":"Voltage","unit":"V","phase":"L1-N","context":"Sample.Periodic"},'
    '{"value":"230.1","measurand":"Voltage","unit":"V","phase":"L2-N","context":"Sample.Periodic"},'
    '{"value":"54","measurand":"SoC","unit":"Percent","context":"Sample.Periodic"}'
)
PASSWORD = "bench-password-0000"


def frame(text: str) -> bytes:
    """Return a masked text frame whose mask is zero."""
    payload = text.encode()
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


Requests = Generator[tuple[str, str], bytes, None]
"""Yields action and payload of each request and is sent its answer."""


class Station(asyncio.Protocol):
    """One connected station: `ask` sends a CALL and waits for the next answer, `go_through` sends many."""

    _transport: asyncio.WriteTransport

    def __init__(self, identity: str, number: int) -> None:
        self.identity = identity
        self.number = number
        self.messages = 0
        self.latencies: list[float] = []
        self._buffer = b""
        self._open = False
        self._waiting: asyncio.Future[bytes] | None = None
        self._requests: Requests | None = None
        self._begun = 0.0

    @classmethod
    async def connect(cls, port: int, identity: str, number: int, protocol: str) -> "Station":
        """Connect, shake hands, and return the station."""
        loop = asyncio.get_running_loop()
        transport, station = await loop.create_connection(lambda: cls(identity, number), "127.0.0.1", port)
        station._transport = transport
        auth = base64.b64encode(f"{identity}:{PASSWORD}".encode()).decode()
        answer = await station._send(HANDSHAKE.format(id=identity, auth=auth, protocol=protocol).encode())
        if b" 101 " not in answer:
            raise ConnectionError(f"{identity}: {answer[:200]!r}")
        station._open = True
        return station

    async def ask(self, action: str, payload: str) -> bytes:
        """Send a CALL and return its answer's payload text."""
        self.messages += 1
        started = time.perf_counter()
        answer = await self._send(frame(f'[2,"{self.number}-{self.messages}","{action}",{payload}]'))
        self.latencies.append(time.perf_counter() - started)
        if answer[:2] != b"[3":
            raise RuntimeError(f"{self.identity} {action}: {answer[:300]!r}")
        return answer

    async def go_through(self, requests: Requests) -> None:
        """Send one request after the other, each as soon as the one before is answered."""
        self._requests = requests
        done = self._waiting = asyncio.get_running_loop().create_future()
        self._request(next(requests))
        await done

    def _request(self, request: tuple[str, str]) -> None:
        self.messages += 1
        self._begun = time.perf_counter()
        self._transport.write(frame(f'[2,"{self.number}-{self.messages}","{request[0]}",{request[1]}]'))

    def _answered(self, answer: bytes, requests: Requests) -> None:
        self.latencies.append(time.perf_counter() - self._begun)
        try:
            if answer[:2] != b"[3":
                raise RuntimeError(f"{self.identity}: {answer[:300]!r}")
            self._request(requests.send(answer))
        except StopIteration:
            self._requests = None
            self._settle(b"")
        except RuntimeError as error:
            self._requests = None
            if self._waiting is not None:
                self._waiting.set_exception(error)

    def _send(self, data: bytes) -> "asyncio.Future[bytes]":
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        """Cut messages out of what arrives."""
        self._buffer += data
        if not self._open:
            if b"\r\n\r\n" in self._buffer:
                head, self._buffer = self._buffer, b""
                self._settle(head)
            return
        while len(self._buffer) >= 2:
            size, start = self._buffer[1] & 0x7F, 2
            if size == 126:
                size, start = int.from_bytes(self._buffer[2:4], "big"), 4
            if len(self._buffer) < start + size:
                return
            opcode, body = self._buffer[0] & 0x0F, self._buffer[start : start + size]
            self._buffer = self._buffer[start + size :]
            if opcode == 9:
                self._transport.write(bytes((0x8A, 0x80 | size)) + b"\0\0\0\0" + body)
            elif opcode == 1 and self._requests is not None:
                self._answered(body, self._requests)
            elif opcode == 1:
                self._settle(body)

    def connection_lost(self, _: Exception | None) -> None:
        """Wake whoever waits."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError(f"{self.identity}: connection lost"))

    def _settle(self, answer: bytes) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)


BOOT = '{"chargePointVendor":"Bench","chargePointModel":"One","firmwareVersion":"1.0"}'
BEGAN = datetime.now(UTC)


@lru_cache(maxsize=8192)
def moment(seconds: int) -> str:
    """Return a timestamp some seconds after the load began."""
    return (BEGAN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def start(at: int, meter: int) -> tuple[str, str]:
    """Return the request that starts a transaction."""
    return (
        "StartTransaction",
        f'{{"connectorId":1,"idTag":"BENCH","meterStart":{meter},"timestamp":"{moment(at)}"}}',
    )


def transaction_id(answer: bytes) -> int:
    """Return the id that a start was answered with."""
    return int(json.loads(answer)[2]["transactionId"])


def meter_values(transaction: int, at: int, meter: int) -> str:
    """Return a MeterValues payload with eight samples."""
    sampled = SAMPLES % meter
    return (
        f'{{"connectorId":1,"transactionId":{transaction},"meterValue":'
        f'[{{"timestamp":"{moment(at)}","sampledValue":[{sampled}]}}]}}'
    )


def meter_loop(messages: int) -> Requests:
    """MeterValues one after the other, in one transaction."""
    transaction = transaction_id((yield start(0, 1000)))
    for n in range(messages):
        yield "MeterValues", meter_values(transaction, n + 1, 1000 + n)


def charge_loop(messages: int) -> Requests:
    """Whole charges: Authorize, Start, 5 MeterValues, Stop."""
    at = 0
    for n in range(max(1, messages // 8)):
        meter = 1000 + n * 600
        yield "Authorize", '{"idTag":"BENCH"}'
        transaction = transaction_id((yield start(at, meter)))
        for k in range(1, 6):
            yield "MeterValues", meter_values(transaction, at + k, meter + k * 100)
        stop = f'{{"transactionId":{transaction},"meterStop":{meter + 600},"timestamp":"{moment(at + 6)}"}}'
        yield "StopTransaction", stop
        at += 10


def charge201_loop(number: int, begun: int, messages: int) -> Requests:
    """Whole charges in OCPP 2.0.1: Authorize, TransactionEvent Started, 5 Updated, Ended."""
    at = 0
    for n in range(max(1, messages // 8)):
        yield "Authorize", charges201.AUTHORIZE
        moments = [moment(at + k) for k in range(charges201.UPDATES + 2)]
        for payload in charges201.charge(f"{number}-{begun}-{n}", 1000 + n * 600, moments):
            yield "TransactionEvent", payload
        at += 10


async def paced_loop(station: Station, messages: int, interval_s: float) -> None:
    """MeterValues at a fixed pace, whatever the answers take."""
    transaction = transaction_id(await station.ask(*start(0, 1000)))
    station.latencies.clear()  # a hundred starts at once are not the pace that is measured
    begin = 1.0 + time.perf_counter() + (station.number % 100) / 100 * interval_s
    for n in range(messages):
        await asyncio.sleep(max(0.0, begin + n * interval_s - time.perf_counter()))
        await station.ask("MeterValues", meter_values(transaction, n + 1, 1000 + n))


async def connect_all(
    port: int, count: int, at_once: int, protocol: str
) -> tuple[list[Station], int, list[float]]:
    """Connect and boot `count` stations, `at_once` at a time; returns stations, failures and seconds each took."""
    gate = asyncio.Semaphore(at_once)
    stations: list[Station] = []
    took: list[float] = []
    failed = 0
    boot = BOOT if protocol == "ocpp1.6" else charges201.BOOT

    async def one(number: int) -> None:
        nonlocal failed
        async with gate:
            begun = time.perf_counter()
            try:
                station = await asyncio.wait_for(
                    Station.connect(port, f"BENCH-{number}", number, protocol), 30
                )
                await asyncio.wait_for(station.ask("BootNotification", boot), 30)
            except (OSError, RuntimeError, TimeoutError):
                failed += 1
                return
            took.append(time.perf_counter() - begun)
            stations.append(station)

    await asyncio.gather(*(one(number) for number in range(count)))
    return stations, failed, took


def quantile(values: list[float], share: float) -> float:
    """Return a quantile of measured values, 0 for none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0


async def run(options: argparse.Namespace) -> None:
    """Connect, say `connected`, wait for a line on stdin, do the work, print what came of it."""
    begun = time.perf_counter()
    protocol = "ocpp2.0.1" if options.work.endswith("201") else "ocpp1.6"
    stations, failed, took = await connect_all(options.port, options.stations, options.at_once, protocol)
    connected_s = time.perf_counter() - begun
    first = {
        "connected": len(stations),
        "failed": failed,
        "seconds": connected_s,
        "p99": quantile(took, 0.99),
    }
    print(json.dumps(first), flush=True)
    loops: dict[str, Callable[[Station], Awaitable[None]]] = {
        "meter": lambda s: s.go_through(meter_loop(options.messages)),
        "charge": lambda s: s.go_through(charge_loop(options.messages)),
        "charge201": lambda s: s.go_through(charge201_loop(s.number, s.messages, options.messages)),
        "paced": lambda s: paced_loop(s, options.messages, options.interval),
    }
    while await asyncio.to_thread(input) == "go":
        for station in stations:
            station.latencies.clear()
        begun = time.perf_counter()
        if options.work != "idle":
            await asyncio.gather(*(loops[options.work](station) for station in stations))
        latencies = [latency for station in stations for latency in station.latencies]
        result = {
            "messages": len(latencies),
            "seconds": time.perf_counter() - begun,
            "p50": quantile(latencies, 0.5),
            "p99": quantile(latencies, 0.99),
        }
        print(json.dumps(result), flush=True)
        global BEGAN
        BEGAN = datetime.now(UTC)
        moment.cache_clear()


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description="Load of charging stations on a server of this machine.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stations", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=200)
    parser.add_argument("--work", choices=("meter", "charge", "charge201", "paced", "idle"), default="meter")
    parser.add_argument("--messages", type=int, default=100, help="of each station")
    parser.add_argument("--interval", type=float, default=2.0, help="seconds between paced messages")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()

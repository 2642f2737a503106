"""A central system of OCPP 1.6J that knows just enough to test stations against: it speaks the wire, validates every
frame with the standard's schemas, and misbehaves on demand.
"""

import itertools
import json
from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import trio
from trio.testing import memory_stream_pair
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Payload = dict[str, Any]


class Fail(Exception):
    """Answer with this CALLERROR."""


class Silence(Exception):
    """Do not answer."""


@cache
def schema(name: str, folder: str) -> jsonschema_rs.Validator:
    text = (files("ocpp") / folder / "schemas" / f"{name}.json").read_text("utf-8-sig")
    return jsonschema_rs.validator_for(json.loads(text))


def fault(name: str, payload: Payload, folder: str = "v16") -> str | None:
    errors = [error.message for error in schema(name, folder).iter_errors(payload)]
    return f"{name}: {errors[0]}" if errors else None


class FakeCsms:
    """Everything it received is in `calls`: (identity, message id, action, payload), in order of arrival."""

    folder = "v16"  # of the package with the schemas
    request = ""  # how the name of a request's schema ends
    subprotocol = "ocpp1.6"

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._numbers = itertools.count(1)
        self._call_numbers = itertools.count(1)
        self._waiting: dict[str, tuple[trio.Event, list[Any]]] = {}
        self._came = trio.Event()
        self.calls: list[tuple[str, str, str, Payload]] = []
        self.frames: dict[str, list[str]] = defaultdict(list)
        self.faults: list[str] = []
        self.handshakes: list[tuple[str, dict[str, str]]] = []
        self.sockets: dict[str, WebSocketConnection] = {}
        self.answers: dict[str, Callable[[str, Payload], Payload]] = {}
        self.refuse_with: int | None = None
        self.choose_subprotocol: str | None = self.subprotocol
        self.deaf = False
        self.interval_s = 300
        self.now = lambda: NOON + timedelta(seconds=trio.current_time())

    # The station's side

    def dial(self, _: str = "") -> Callable[[], Any]:
        """Return what gives a station its stream."""

        async def connect() -> trio.abc.Stream:
            ours, theirs = memory_stream_pair()
            self._nursery.start_soon(self.serve, ours)
            return theirs

        return connect

    async def serve(self, stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as nursery:
            request = await wrap_server_stream(nursery, stream)
            identity = request.path.rsplit("/", 1)[-1]
            headers = {name.decode().lower(): value.decode() for name, value in request.headers}
            headers["sec-websocket-protocol"] = ", ".join(request.proposed_subprotocols)
            self.handshakes.append((request.path, headers))
            if self.refuse_with is not None:
                await request.reject(self.refuse_with, body=b"not you")
                nursery.cancel_scope.cancel()
                return
            socket = await request.accept(subprotocol=self.choose_subprotocol)
            self.sockets[identity] = socket
            if self.deaf:
                nursery.cancel_scope.cancel()  # the stream stays open, and nobody reads it
                return
            try:
                while True:
                    await self._take(identity, socket, str(await socket.get_message()))
            except ConnectionClosed:
                pass  # the library's reader ends with the stream

    async def _take(self, identity: str, socket: WebSocketConnection, text: str) -> None:
        self.frames[identity].append(text)
        frame = json.loads(text)
        if frame[0] != 2:
            waiting = self._waiting.pop(frame[1], None)
            if waiting is not None:
                waiting[1].append(frame)
                waiting[0].set()
            return
        _, message_id, action, payload = frame
        problem = fault(action + self.request, payload, self.folder)
        if problem:
            self.faults.append(problem)
        try:
            answer = self._answer(identity, action, payload)
            text = json.dumps([3, message_id, answer])
        except Fail as failure:
            text = json.dumps([4, message_id, str(failure), "on demand", {}])
        except Silence:
            text = ""
        self.calls.append((identity, message_id, action, payload))
        came, self._came = self._came, trio.Event()
        came.set()
        if text:
            await socket.send_message(text)

    def _answer(self, identity: str, action: str, payload: Payload) -> Payload:
        if action in self.answers:
            return self.answers[action](identity, payload)
        now = self.now().replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
        match action:
            case "BootNotification":
                return {"status": "Accepted", "currentTime": now, "interval": self.interval_s}
            case "Heartbeat":
                return {"currentTime": now}
            case "Authorize":
                return {"idTagInfo": {"status": "Accepted"}}
            case "StartTransaction":
                return {"transactionId": next(self._numbers), "idTagInfo": {"status": "Accepted"}}
            case "DataTransfer" | "SignCertificate":
                return {"status": "Accepted"}
        return {}

    # The central system's side

    async def call(self, identity: str, action: str, payload: Payload) -> Payload:
        """Send a CALL; return the answer's payload, schema-checked, or raise Fail with the error code."""
        problem = fault(action + self.request, payload, self.folder)
        assert problem is None, problem
        message_id = f"csms-{next(self._call_numbers)}"
        arrived: list[Any] = []
        event = trio.Event()
        self._waiting[message_id] = (event, arrived)
        await self.sockets[identity].send_message(json.dumps([2, message_id, action, payload]))
        with trio.fail_after(60):
            await event.wait()
        frame = arrived[0]
        if frame[0] == 4:
            raise Fail(frame[2])
        problem = fault(f"{action}Response", frame[2], self.folder)
        assert problem is None, problem
        return frame[2]

    async def until(self, action: str, number: int = 1, timeout_s: float = 86_400) -> Payload:
        """Return the payload of the n-th CALL of an action, waiting for it."""
        with trio.fail_after(timeout_s):
            while True:
                payloads = self.payloads(action)
                if len(payloads) >= number:
                    return payloads[number - 1]
                await self._came.wait()

    def payloads(self, action: str) -> list[Payload]:
        return [payload for _, _, name, payload in self.calls if name == action]

    def actions(self) -> list[str]:
        return [action for _, _, action, _ in self.calls]

    def statuses(self, connector_id: int = 1) -> list[str]:
        return [p["status"] for p in self.payloads("StatusNotification") if p["connectorId"] == connector_id]


def basic(headers: dict[str, str]) -> bytes:
    return b64decode(headers["authorization"].removeprefix("Basic "))


def once(failure: Exception, times: int = 1) -> Callable[[str, Payload], Payload]:
    """Raise the failure the first times, then answer with nothing."""
    left = [times]

    def answer(identity: str, payload: Payload) -> Payload:
        if left[0] > 0:
            left[0] -= 1
            raise failure
        return {}

    return answer

"""A charging station on one connection, with a mind of the test's own: it says anything and notices everything."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from trio.abc import Stream

from tests.ocpp import station as wire
from tests.ocpp.station import Reply

Payload = dict[str, Any]


class CallError(Exception):
    """A CALLERROR, of the CSMS or of the station."""

    def __init__(self, code: str, description: str, details: Any) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.details = details


Answer = Payload | None | CallError | Callable[[Payload], Payload | Awaitable[Payload | None] | None]
"""To a CALL of the CSMS; None is silence."""


class Gone(Exception):
    """The connection ended before the answer came."""


class Station:
    """One connection. `answers` says what CALLs of the CSMS get; `asked` holds them."""

    def __init__(self, stream: Stream, nursery: trio.Nursery) -> None:
        self._line = wire.Station(stream)
        self._nursery = nursery
        self._waiting: dict[str, tuple[trio.Event, list[Any]]] = {}
        self._strays: list[list[Any]] = []
        self._news = trio.Event()
        self._sending = trio.Lock()
        self._count = 0
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, Payload]] = []
        self.heard: list[str] = []
        """Every text message of the CSMS, as it came."""
        self.ended = trio.Event()
        self.close_frame: tuple[int, str] | None = None

    async def handshake(self, path: str, **request: Any) -> Reply:
        """Ask for the upgrade and return the response, whatever it is."""
        return await self._line.request(path, **request)

    async def connect(self, path: str, **request: Any) -> None:
        """Ask for the upgrade, get it, and listen from then on."""
        reply = await self.handshake(path, **request)
        assert reply.status == 101, reply
        self.listen()

    def listen(self) -> None:
        self._nursery.start_soon(self._listen)

    async def call(
        self, action: str, payload: Payload | None = None, *, message_id: str | None = None
    ) -> Any:
        """Send a CALL and return the payload of its answer; CallError is a refusal."""
        self._count += 1
        message_id = message_id or f"m{self._count}"
        event, slot = self._waiting[message_id] = trio.Event(), []
        await self.raw(json.dumps([2, message_id, action, {} if payload is None else payload]))
        await event.wait()
        if not slot:
            raise Gone
        kind, _, *rest = slot
        if kind == 4:
            raise CallError(*rest)
        return rest[0]

    async def error(self, action: str, payload: Payload | None = None) -> str:
        """Send a CALL that must be refused and return the code of the CALLERROR."""
        try:
            answer = await self.call(action, payload)
        except CallError as refusal:
            return refusal.code
        raise AssertionError(f"{action} was answered {answer}")

    async def raw(self, text: str | bytes) -> None:
        """Send a text message as it is."""
        async with self._sending:
            await self._line.send(text)

    async def stray(self) -> list[Any]:
        """Return the next message that is neither a CALL nor the answer to one of `call`."""
        while not self._strays:
            if self.ended.is_set():
                raise Gone
            self._news = trio.Event()
            await self._news.wait()
        return self._strays.pop(0)

    async def until_asked(self, action: str) -> Payload:
        """Return the payload of a CALL of the CSMS, once it has come."""
        while True:
            for name, payload in self.asked:
                if name == action:
                    return payload
            self._news = trio.Event()
            await self._news.wait()

    async def drop(self) -> None:
        """Be gone without a closing handshake, as stations are."""
        await self._line.stream.aclose()
        await self.ended.wait()

    async def _listen(self) -> None:
        try:
            while True:
                opcode, payload = await self._line.frame()
                if opcode == wire.TEXT:
                    await self._take(payload.decode())
                elif opcode == wire.PING:
                    await self._line.send_frame(wire.frame(wire.PONG, payload))
                elif opcode == wire.CLOSE:
                    self.close_frame = int.from_bytes(payload[:2], "big"), payload[2:].decode()
                    await self._line.send_frame(wire.frame(wire.CLOSE, payload))
        except (EOFError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self.ended.set()
            self._news.set()
            for event, _ in self._waiting.values():
                event.set()

    async def _take(self, text: str) -> None:
        self.heard.append(text)
        message = json.loads(text)
        if message[0] == 2:
            self.asked.append((message[2], message[3]))
            self._nursery.start_soon(self._answer, *message[1:])
        elif message[1] in self._waiting:
            event, slot = self._waiting.pop(message[1])
            slot.extend(message)
            event.set()
        else:
            self._strays.append(message)
        self._news.set()

    async def _answer(self, message_id: str, action: str, payload: Payload) -> None:
        answer: Any = self.answers.get(action, {"status": "Accepted"})
        if callable(answer):
            answer = answer(payload)
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer is None or self.ended.is_set():
            return
        if isinstance(answer, CallError):
            await self.raw(json.dumps([4, message_id, answer.code, answer.description, answer.details]))
        else:
            await self.raw(json.dumps([3, message_id, answer]))

"""A partner made of nothing but the wire: an HTTP server on loopback whose answers a test chooses."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import trio

from tests.ocpi.site import in_base64

Answer = tuple[int, dict[str, str], bytes]
"""HTTP status, headers, body."""


@dataclass
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def enveloped(data: Any = None, status: int = 1000, http: int = 200, **headers: str) -> Answer:
    """Return an answer as the standard wants it."""
    envelope: dict[str, Any] = {"status_code": status, "timestamp": "2026-03-02T12:00:00Z"}
    if data is not None:
        envelope["data"] = data
    return http, headers, json.dumps(envelope).encode()


ROLE = {
    "role": "EMSP",
    "party_id": "MSP",
    "country_code": "NL",
    "business_details": {"name": "Fake Mobility"},
}
MODULES = (
    ("credentials", "RECEIVER"),
    ("locations", "RECEIVER"),
    ("sessions", "RECEIVER"),
    ("cdrs", "RECEIVER"),
    ("tariffs", "RECEIVER"),
    ("tokens", "SENDER"),
    ("commands", "SENDER"),
)


@dataclass
class Partner:
    """A fake eMSP. `answers` overrides what is said at a path; None is silence."""

    token: str = "token-b-of-the-partner"
    """What we must send it."""
    roles: list[dict[str, Any]] = field(default_factory=lambda: [ROLE])
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Callable[[Asked], Answer | None] | Answer | None] = field(default_factory=dict)
    wants_plain: bool = False
    checks_token: bool = True
    port: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def url(self, path: str = "/versions") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def credentials(self, token: str | None = None) -> dict[str, Any]:
        return {"token": token or self.token, "url": self.url(), "roles": self.roles}

    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._serve, listeners)

    async def _serve(self, stream: trio.SocketStream) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            asked = await self._read(stream)
            if asked is None:
                return
            self.asked.append(asked)
            answer = self._answer(asked)
            if answer is None:
                while await stream.receive_some():
                    pass  # silent until the other side has gone
                return
            http, headers, body = answer
            given = {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers
            lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
            await stream.send_all(f"HTTP/1.1 {http} X\r\nConnection: close\r\n{lines}\r\n".encode() + body)
        except trio.BrokenResourceError:
            return
        finally:
            self.at_once -= 1
            await trio.aclose_forcefully(stream)

    async def _read(self, stream: trio.SocketStream) -> Asked | None:
        content = b""
        while b"\r\n\r\n" not in content:
            piece = await stream.receive_some(65536)
            if not piece:
                return None
            content += piece
        head, _, body = content.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += await stream.receive_some(65536)
        method, path, _ = first.split(" ")
        return Asked(method, path, headers, body)

    def _answer(self, asked: Asked) -> Answer | None:
        path = asked.path.partition("?")[0]
        for name in (f"{asked.method} {path}", path):
            if name in self.answers:
                chosen = self.answers[name]
                return chosen(asked) if callable(chosen) else chosen
        sent = self.token if self.wants_plain else in_base64(self.token)
        if self.checks_token and asked.headers.get("authorization") != f"Token {sent}":
            return enveloped(status=2000, http=401)
        if path == "/versions":
            return enveloped([{"version": "2.2.1", "url": self.url("/2.2.1")}])
        if path == "/2.2.1":
            endpoints = [
                {"identifier": name, "role": side, "url": self.url(f"/2.2.1/{name}")}
                for name, side in MODULES
            ]
            return enveloped({"version": "2.2.1", "endpoints": endpoints})
        if path == "/2.2.1/credentials" and asked.method in ("POST", "PUT"):
            return enveloped(self.credentials())
        return enveloped()

"""The outside world on loopback: an HTTP server that counts who asked, an OCSP responder, a contract provider."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import trio

Answer = tuple[int, bytes]
Handler = Callable[[bytes, dict[str, str]], Answer]


@dataclass
class Outside:
    """One server; `handler` answers, None is silence."""

    handler: Handler | None = None
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._serve, listeners)

    async def _serve(self, stream: trio.SocketStream) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = await stream.receive_some(65536)
            if not piece:
                return
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += await stream.receive_some(65536)
        self.asked.append((headers, body))
        if self.handler is None:
            await trio.sleep_forever()
            return
        status, answer = self.handler(body, headers)
        location = "Location: http://127.0.0.1:1/\r\n" if status in (301, 302, 307) else ""
        await stream.send_all(
            f"HTTP/1.1 {status} X\r\n{location}Connection: close\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
            + answer
        )
        await stream.aclose()


def provider(body: bytes, headers: dict[str, str]) -> Answer:
    """The reference contract certificate provider of docs/how-to/plug-and-charge.md."""
    if headers.get("authorization") not in (None, "Bearer open-sesame"):
        return 401, b""
    asked = json.loads(body)
    if asked["action"] not in ("Install", "Update") or not asked["exiRequest"]:
        return 200, json.dumps({"status": "Failed"}).encode()
    answer = {"status": "Accepted", "exiResponse": f"EXI for {asked['stationId']} {asked['exiRequest']}"}
    return 200, json.dumps(answer).encode()

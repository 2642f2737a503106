"""Serving an ASGI application on sockets of ours, so that an address in use is noticed before anything runs."""

import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

from hypercorn.config import Config as HypercornConfig
from hypercorn.trio import serve as hypercorn_serve
from quart_trio import QuartTrio

MOST_HEADER_BYTES = 32 * 1024
KEEP_ALIVE_S = 30
SILENCE = "CSMS_SILENCE_S"
"""Key of an application's config: after so many seconds without a byte of the client its connection ends."""
TLS_HANDSHAKE_S = 10


def listen(host: str, port: int) -> socket.socket:
    """Bind a TCP listening socket; raises OSError. Port 0 picks a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(256)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


class _Config(HypercornConfig):
    """Hypercorn's settings with a TLS context of ours, whose certificates may be renewed while it serves."""

    tls: ssl.SSLContext | None = None

    @property
    def ssl_enabled(self) -> bool:
        """Whether the sockets speak TLS."""
        return self.tls is not None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        """Return our context."""
        return self.tls


async def serve(
    app: QuartTrio,
    sockets: Sequence[socket.socket],
    stop: Callable[[], Awaitable[None]],
    grace_s: float,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve until `stop` returns, then let running requests end for `grace_s` seconds; with TLS given a context."""
    config = _Config()
    config.tls = tls
    config.ssl_handshake_timeout = TLS_HANDSHAKE_S
    config.bind = [f"fd://{sock.detach()}" for sock in sockets]  # hypercorn owns and closes them from here on
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.h11_max_incomplete_size = MOST_HEADER_BYTES
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.read_timeout = app.config.get(SILENCE)
    config.graceful_timeout = grace_s
    config.shutdown_timeout = grace_s
    await hypercorn_serve(app, config, shutdown_trigger=stop)

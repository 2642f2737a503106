"""Doors to dial: on real sockets, in the clear and over TLS."""

import ssl
from collections.abc import Callable
from typing import Any

import trio
import trio.testing
import trustme

from csms.ocpp.listener import Door
from tests.ocpp.station import Station

Start = Callable[..., Any]


async def dial(door: Door) -> Station:
    return Station(await trio.open_tcp_stream(*door.address))


async def dial_tls(door: Door, authority: trustme.CA, certificate: trustme.LeafCert | None = None) -> Station:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if certificate is not None:
        certificate.configure_cert(context)
    stream = trio.SSLStream(
        await trio.open_tcp_stream(*door.address), context, server_hostname="localhost", https_compatible=True
    )
    return Station(stream)

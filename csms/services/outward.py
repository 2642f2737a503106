"""HTTP to addresses that others name: bounded in time and size, and never to a machine behind our walls (SSRF).

An address comes from a certificate or from a station, so anybody may have written it. The name is resolved once, every
address it has must be public, and the connection goes to the very address that was checked: a name that answers
differently a moment later reaches nothing else (DNS rebinding). Redirects are not followed.
"""

import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Final

import trio

from csms.errors import FarEndFailed

AT_ONCE: Final = 50
LONGEST_URL: Final = 512
_NOT_OURS: Final = tuple(
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""IPv6 ranges that carry an IPv4 address inside: a translator could lead to a private one."""

_RESOLVERS: Final = trio.CapacityLimiter(8)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a request may go, how long it may take, and how much may come back."""

    timeout_s: float
    largest: int
    hosts: tuple[str, ...] = ()
    """Host names that are allowed, or with a leading dot everything below one; empty allows any."""
    private: bool = False
    """Whether loopback and private addresses are allowed: for labs."""
    tls_only: bool = False
    longest_url: int = LONGEST_URL


class Late(FarEndFailed):
    """The other side did not answer in time; what was asked may have been done."""

    code = "far_end_late"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, on threads of its own: a name server that is slow delays nobody else."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await trio.to_thread.run_sync(ask, limiter=_RESOLVERS, abandon_on_cancel=True)
    return [str(entry[4][0]) for entry in found]


class Outward:
    """Requests to the outside; `transport` and `resolve` are for streams that are not sockets."""

    def __init__(self, transport: Any = None, resolve: Resolve = resolve) -> None:
        """Take the outside as it is, unless told otherwise; httpx is loaded when it is first needed."""
        self._transport = transport
        self._resolve = resolve
        self._limiter = trio.CapacityLimiter(AT_ONCE)

    async def post(
        self, url: str, body: bytes, content_type: str, bounds: Bounds, *, bearer: str | None = None
    ) -> bytes:
        """Send bytes and return the answer's body; raises FarEndFailed, whatever the reason."""
        headers = {"Content-Type": content_type, "Accept": "*/*"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        answered = await self.request("POST", url, bounds, headers, body)
        if answered.status != 200:
            raise FarEndFailed(f"answered {answered.status}")
        return answered.body

    async def request(
        self, method: str, url: str, bounds: Bounds, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answered:
        """Send a request and return the answer of any status; raises Late, or FarEndFailed for all else."""
        import httpx

        try:
            with trio.fail_after(bounds.timeout_s):
                async with self._limiter:
                    return await self._request(method, url, bounds, headers, body)
        except trio.TooSlowError:
            raise Late(f"no answer within {bounds.timeout_s:g} s") from None
        except httpx.TimeoutException:
            raise Late(f"no answer within {bounds.timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise FarEndFailed(f"cannot be reached: {str(error)[:200] or type(error).__name__}") from None

    async def _request(
        self, method: str, url: str, bounds: Bounds, headers: Mapping[str, str], body: bytes | None
    ) -> Answered:
        import httpx

        asked = httpx.URL(url) if len(url) <= bounds.longest_url else httpx.URL("")
        address = await self._checked(asked, bounds)
        sent = {"Host": asked.netloc.decode(), "Accept-Encoding": "identity"} | dict(headers)
        client = httpx.AsyncClient(transport=self._transport, verify=_trust(), timeout=bounds.timeout_s)
        async with (
            client,
            client.stream(
                method,
                asked.copy_with(host=address),
                content=body,
                headers=sent,
                extensions={"sni_hostname": asked.host},
            ) as response,
        ):
            found = bytearray()
            async for piece in response.aiter_raw():
                found += piece
                if len(found) > bounds.largest:
                    raise FarEndFailed(f"the answer is longer than {bounds.largest} bytes")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise FarEndFailed("the answer is compressed, which was not asked for")
            return Answered(response.status_code, _lower(response.headers.multi_items()), bytes(found))

    async def _checked(self, url: Any, bounds: Bounds) -> str:
        """Return the address to connect to; FarEndFailed where it is none of ours to reach."""
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise FarEndFailed("not an http:// or https:// address that may be asked")
        if bounds.tls_only and url.scheme != "https":
            raise FarEndFailed("not an https:// address: a token would go over the line in the clear")
        if bounds.hosts and not any(is_host(url.host, allowed) for allowed in bounds.hosts):
            raise FarEndFailed(f"{url.host[:100]} is not among the hosts that may be asked (pnc.ocsp_hosts)")
        found = await self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        if not found:
            raise FarEndFailed(f"{url.host[:100]} has no address")
        if not bounds.private and not all(is_public(address) for address in found):
            raise FarEndFailed(f"{url.host[:100]} leads to an address that is not public")
        return found[0]


def _lower(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name; of one that stands there twice, the first."""
    return {name.lower(): value for name, value in reversed(headers)}


def is_host(host: str, allowed: str) -> bool:
    """Whether a host name is the one that is allowed, or stands below it where that begins with a dot."""
    name = host.casefold().rstrip(".")
    return name.endswith(allowed) if allowed.startswith(".") else name == allowed


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet, in whatever way it is written."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if any(found in net for net in _NOT_OURS):
            return False
    return found.is_global and not found.is_multicast


@cache
def _trust() -> ssl.SSLContext:
    """The roots of the operating system: reading them costs more than a request."""
    return ssl.create_default_context()

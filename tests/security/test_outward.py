"""Requests to addresses that others name: where they may go, how long they may take, how much may come back."""

from collections.abc import Sequence

import pytest
import trio

from csms.errors import FarEndFailed
from csms.services import outward
from csms.services.outward import Bounds, Outward
from tests.security.outside import Outside

PUBLIC = Bounds(2.0, 1000)
PRIVATE = Bounds(2.0, 1000, private=True)


@pytest.fixture
async def outside(nursery: trio.Nursery) -> Outside:
    made = Outside(lambda body, _headers: (200, body[::-1]))
    await nursery.start(made.run)
    return made


async def ask(url: str, bounds: Bounds = PUBLIC, client: Outward | None = None) -> bytes:
    return await (client or Outward()).post(url, b"abc", "text/plain", bounds)


async def fails(url: str, why: str, bounds: Bounds = PUBLIC, client: Outward | None = None) -> None:
    with pytest.raises(FarEndFailed, match=why):
        await ask(url, bounds, client)


async def test_where_it_is_allowed_a_request_gets_its_answer(outside: Outside) -> None:
    assert await ask(outside.url(), PRIVATE) == b"cba"
    assert await ask(outside.url(host="localhost"), PRIVATE) == b"cba"
    assert [headers["host"].split(":")[0] for headers, _ in outside.asked] == ["127.0.0.1", "localhost"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_loopback_is_never_asked_however_it_is_written(outside: Outside, host: str) -> None:
    with pytest.raises(FarEndFailed):
        await ask(outside.url(host=host))
    assert outside.asked == []


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "fe80::1", "fd00::1", "ff02::1", "::", "::1", "::ffff:10.0.0.1"),
        *("64:ff9b::a00:1", "2002:a00:1::1", "2001:0:a00:1::1", "no address"),
    ],
)
def test_addresses_behind_walls_are_not_public(address: str) -> None:
    assert not outward.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_others_are_public(address: str) -> None:
    assert outward.is_public(address)


async def test_one_private_address_of_a_name_spoils_all(outside: Outside) -> None:
    async def two(_host: str, _port: int) -> Sequence[str]:
        return ["8.8.8.8", "127.0.0.1"]

    await fails(outside.url(host="ocsp.example"), "not public", client=Outward(resolve=two))
    assert outside.asked == []


async def test_a_name_is_resolved_once_and_that_address_is_asked(outside: Outside) -> None:
    """A name that answers differently the second time (DNS rebinding) is not asked a second time."""
    resolved = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        resolved.append(host)
        return ["127.0.0.1"] if len(resolved) == 1 else ["10.0.0.1"]

    assert await ask(outside.url(host="ocsp.example"), PRIVATE, Outward(resolve=rebinding)) == b"cba"
    assert resolved == ["ocsp.example"]
    assert outside.asked[0][0]["host"] == f"ocsp.example:{outside.port}"


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "http://", "", "http://user@example.com/", "x" * 600, "//x"],
)
async def test_other_addresses_are_none(url: str) -> None:
    await fails(url, "not an http|cannot be reached")


async def test_only_the_hosts_that_are_named_are_asked(outside: Outside) -> None:
    named = Bounds(2.0, 1000, (".example", "localhost"), private=True)
    assert await ask(outside.url(host="localhost"), named) == b"cba"
    await fails(outside.url(), "not among the hosts", named)
    assert outward.is_host("OCSP.Example.", ".example")
    assert not outward.is_host("ocspexample", ".example")
    assert not outward.is_host("example.evil", "example")


async def test_a_redirect_is_not_followed(outside: Outside) -> None:
    outside.handler = lambda _body, _headers: (302, b"")
    await fails(outside.url(), "answered 302", PRIVATE)


async def test_an_answer_is_bounded(outside: Outside) -> None:
    outside.handler = lambda _body, _headers: (200, b"x" * 1001)
    await fails(outside.url(), "longer than 1000", PRIVATE)


async def test_a_silent_host_is_given_up(outside: Outside) -> None:
    outside.handler = None
    await fails(outside.url(), "no answer within 0.05 s", Bounds(0.05, 1000, private=True))


async def test_a_host_that_is_not_there_is_told(outside: Outside) -> None:
    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        return []

    await fails("http://ocsp.example/", "no address", client=Outward(resolve=nowhere))
    await fails("http://127.0.0.1:1/", "cannot be reached", PRIVATE)

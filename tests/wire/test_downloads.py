"""Firmware of stations over real HTTP: whole and in parts, to whom it was offered (ADR 0010)."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from csms.store.connection import Store
from tests.wire.site import Site, site
from tests.wire.station import Station

FIRMWARE = bytes(range(256)) * 4_000


@pytest.fixture
async def web(store: Store, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(store, tmp_path) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def _add_firmware(web: Site, content: bytes = FIRMWARE, **more: Any) -> dict[str, Any]:
    arriving = web.csms.room.arriving("f1")
    arriving.write(content)
    arriving.keep()
    sha256, md5 = hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
    return dict(
        await web.csms.verb(
            "firmware.add", file_id="f1", name="fw 2.1.bin", size_bytes=len(content), sha256=sha256, md5=md5, **more
        )
    )  # fmt: skip


async def _offered(web: Site, station: Station) -> str:
    station.answers["UpdateFirmware"] = {}
    await web.csms.verb("station.command", station="CP1", verb="firmware", args={"name": "fw 2.1.bin"})
    return str((await station.until_asked("UpdateFirmware"))["location"])


async def test_firmware_goes_out_whole_and_in_parts(web: Site, http: httpx.AsyncClient) -> None:
    await _add_firmware(web)
    location = await _offered(web, await web.station())
    assert location.endswith("/fw%202.1.bin")
    whole = await http.get(location)
    assert (whole.status_code, whole.content, whole.headers["accept-ranges"]) == (200, FIRMWARE, "bytes")
    size = len(FIRMWARE)
    for wanted, begin, end in [
        ("bytes=0-0", 0, 1),
        ("bytes=100-", 100, size),
        ("bytes=-256", size - 256, size),
        ("bytes=500000-99999999", 500_000, size),
    ]:
        part = await http.get(location, headers={"Range": wanted})
        assert (part.status_code, part.content) == (206, FIRMWARE[begin:end]), wanted
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
    for odd in ("bytes=0-1,5-6", "bytes=5-1", "lines=1-2", "bytes=-"):
        assert (await http.get(location, headers={"Range": odd})).status_code == 200, odd
    beyond = await http.get(location, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    changed = await http.get(location, headers={"Range": "bytes=0-0", "If-Range": '"other"'})
    assert changed.status_code == 200
    head = await http.head(location)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))
    assert (await http.put(location, content=b"x")).status_code == 405


async def test_firmware_that_was_removed_is_gone(web: Site, http: httpx.AsyncClient) -> None:
    await _add_firmware(web)
    location = await _offered(web, await web.station())
    await web.csms.verb("firmware.remove", name="fw 2.1.bin")
    assert (await http.get(location)).status_code == 404
    assert await web.csms.rows("SELECT * FROM file_addresses") == []


async def test_a_station_holds_a_few_transfers_at_most(web: Site) -> None:
    station = await web.station()
    await _add_firmware(web, FIRMWARE * 20)
    offered = (await _offered(web, station)).removeprefix(web.url)
    streams = []
    for _ in range(5):
        stream = await trio.open_tcp_stream("127.0.0.1", web.port)
        await stream.send_all(f"GET {offered} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        streams.append((stream, await stream.receive_some(64)))
    assert [first[9:12] for _, first in streams] == [b"200"] * 4 + [b"503"]
    for stream, _ in streams:
        await stream.aclose()

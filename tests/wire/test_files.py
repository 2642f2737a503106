"""Logs of stations over real HTTP: whole, once, bounded, and nothing left of what breaks off (ADR 0010)."""

import hashlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from csms.errors import StationOffline
from csms.services import commands, files
from csms.services.file_room import RESERVE_BYTES, FileRoom
from csms.services.unit import Policy
from csms.store.connection import Store
from tests.wire.site import Site, site
from tests.wire.station import Station

FORM = "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b"
LOG = b"2026-03-02 12:00:00 all is well\n" * 40_000


@pytest.fixture
async def web(store: Store, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(store, tmp_path) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def _ask_for_log(web: Site, station: Station, **args: Any) -> tuple[dict[str, Any], str]:
    """Order a log of a 1.6 station; return how that went and the address the station was given."""
    station.answers["GetDiagnostics"] = {"fileName": "diag.log"}
    done = await web.csms.verb("station.command", station="CP1", verb="log", args=args)
    [location] = [p["location"] for action, p in station.asked if action == "GetDiagnostics"][-1:]
    return done, location


async def _file(web: Site) -> dict[str, Any]:
    [found] = await web.csms.verb("station.logs")
    return dict(found)


async def _outcome(web: Site) -> tuple[str, str | None]:
    command = (await web.csms.verb("station.commands", station="CP1"))[0]
    return command["outcome"], command["followedBy"]


def _on_disk(web: Site) -> list[str]:
    folder = web.csms.room.folder
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _stored(web: Site, file: dict[str, Any]) -> bytes:
    return web.csms.room.place(file["id"]).read_bytes()


@pytest.mark.parametrize("how", ["put", "put under a name", "post", "form", "chunked"])
async def test_a_log_comes_in_once(web: Site, http: httpx.AsyncClient, how: str) -> None:
    station = await web.station()
    done, location = await _ask_for_log(web, station)
    assert location.startswith(f"{web.url}/files/")
    assert (done["outcome"], (await _file(web))["state"]) == ("PENDING", "EXPECTED")

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(LOG), 10_000):
            yield LOG[at : at + 10_000]

    async def send() -> httpx.Response:
        if how == "form":
            return await http.post(location, files={"file": ("../../etc/pass wd.zip", LOG)}, data={"a": "b"})
        if how == "post":
            return await http.post(location, content=LOG)
        if how == "chunked":
            return await http.put(location, content=pieces())
        return await http.put(location + ("/sub/x.log" if "name" in how else ""), content=LOG)

    assert (await send()).status_code == 201
    file = await _file(web)
    assert (file["state"], file["sizeBytes"]) == ("RECEIVED", len(LOG))
    assert (file["sha256"], _stored(web, file)) == (hashlib.sha256(LOG).hexdigest(), LOG)
    names = {"form": "pass wd.zip", "put under a name": "x.log"}
    assert file["fileName"] == names.get(how, "diag.log")
    assert await _outcome(web) == ("PENDING", "file received")
    assert (await http.put(location, content=b"other")).status_code == 410
    assert _stored(web, file) == LOG
    await station.call("DiagnosticsStatusNotification", {"status": "Uploaded"})
    assert await _outcome(web) == ("DONE", "Uploaded")


async def test_uploaded_without_a_file_is_a_failure(web: Site) -> None:
    station = await web.station()
    await _ask_for_log(web, station)
    await station.call("DiagnosticsStatusNotification", {"status": "Uploaded"})
    assert await _outcome(web) == ("FAILED", "Uploaded, but no file has arrived")


async def test_a_file_that_came_is_no_failure(web: Site, http: httpx.AsyncClient) -> None:
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    await http.put(location, content=b"x")
    await station.call("DiagnosticsStatusNotification", {"status": "UploadFailed"})
    assert await _outcome(web) == ("DONE", "UploadFailed, but the file has arrived")


async def test_a_station_that_says_nothing_of_its_upload(web: Site, http: httpx.AsyncClient) -> None:
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    await http.put(location, content=b"x")
    web.csms.clock.forward(seconds=31)
    await web.csms.unit.run(commands.expire)
    assert await _outcome(web) == ("DONE", "file received")


async def test_a_log_of_a_2_0_1_station(web: Site, http: httpx.AsyncClient) -> None:
    station = await web.station("2.0.1")
    station.answers["GetLog"] = {"status": "Accepted", "filename": "cp1.log"}
    done = await web.csms.verb("station.command", station="CP1", verb="log", args={"kind": "security"})
    payload = await station.until_asked("GetLog")
    assert (payload["logType"], payload["requestId"]) == ("SecurityLog", done["detail"]["requestId"])
    await station.call("LogStatusNotification", {"status": "Uploading", "requestId": payload["requestId"]})
    assert (await http.put(payload["log"]["remoteLocation"], content=LOG)).status_code == 201
    await station.call("LogStatusNotification", {"status": "Uploaded", "requestId": payload["requestId"]})
    assert await _outcome(web) == ("DONE", "Uploaded")
    file = await _file(web)
    assert (file["id"], file["kind"], file["fileName"]) == (done["detail"]["fileId"], "security", "cp1.log")


async def test_a_second_log_ends_the_first(web: Site) -> None:
    station = await web.station("2.0.1")
    station.answers["GetLog"] = {"status": "Accepted"}
    first = await web.csms.verb("station.command", station="CP1", verb="log", args={})
    station.answers["GetLog"] = {"status": "AcceptedCanceled"}
    second = await web.csms.verb("station.command", station="CP1", verb="log", args={})
    found = {c["id"]: c for c in await web.csms.verb("station.commands", station="CP1")}
    assert found[first["commandId"]]["outcome"] == "FAILED"
    assert found[first["commandId"]]["followedBy"] == "canceled by a later one"
    assert found[second["commandId"]]["outcome"] == "PENDING"


async def test_a_refused_log_leaves_no_file(web: Site) -> None:
    station = await web.station("2.0.1")
    station.answers["GetLog"] = {"status": "Rejected"}
    done = await web.csms.verb("station.command", station="CP1", verb="log", args={})
    assert done["outcome"] == "REFUSED"
    assert await web.csms.verb("station.logs") == []


async def test_no_record_shows_the_address(web: Site) -> None:
    station = await web.station("2.0.1")
    station.answers["GetLog"] = {"status": "Accepted"}
    await web.csms.verb("station.command", station="CP1", verb="log", args={})
    location = (await station.until_asked("GetLog"))["log"]["remoteLocation"]
    secret = location.rpartition("/")[2]
    assert len(secret) == 48
    kept = await web.csms.verb("station.commands", station="CP1")
    assert kept[0]["request"]["log"]["remoteLocation"] == f"{web.url}/files/********"
    told = [*kept, *await web.csms.messages(), *await web.csms.rows("SELECT * FROM file_addresses")]
    assert secret not in repr(told)


async def test_addresses_that_lead_nowhere(web: Site, http: httpx.AsyncClient) -> None:
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    assert (await http.put(f"{web.url}/files/{'0' * 48}", content=b"x")).status_code == 404
    assert (await http.get(f"{web.url}/files/")).status_code == 404
    assert (await web.ask(b"GET /files/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"))[0] == 404
    wrong = await http.get(location)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "PUT, POST")
    web.csms.clock.forward(hours=25)
    assert (await http.put(location, content=b"x")).status_code == 410
    await web.csms.unit.run(files.end_addresses)
    assert (await _file(web))["state"] == "EXPIRED"


async def test_what_is_too_large_is_cut_off(web: Site, http: httpx.AsyncClient) -> None:
    web.csms.unit.policy = Policy(max_upload_bytes=100_000)
    station = await web.station()
    _, location = await _ask_for_log(web, station)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b"x" * 65_536

    declared = await web.ask(
        f"PUT {location.removeprefix(web.url)} HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n"
        "Expect: 100-continue\r\n\r\n".encode()
    )
    assert declared[0] == 413
    try:
        status = (await http.put(location, content=endless())).status_code
    except httpx.WriteError:
        status = 413  # we hung up on it
    assert status == 413
    assert (await http.post(location, files={"file": ("a", b"x" * 100_001)})).status_code == 413
    file = await _file(web)
    assert (file["state"], file["reason"]) == ("EXPECTED", "a file has at most 100000 bytes")
    assert _on_disk(web) == []
    assert (await http.put(location, content=b"x" * 100_000)).status_code == 201


async def test_a_full_disk_is_said_so_and_the_station_may_try_again(
    web: Site, http: httpx.AsyncClient, logs: Any
) -> None:
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    web.csms.room._free = lambda _folder: RESERVE_BYTES + 1_000
    full = await http.put(location, content=LOG)
    assert (full.status_code, full.text) == (507, "there is no room for it\n")
    assert (await _file(web))["reason"] == "there is no room for it"
    assert _on_disk(web) == []
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["file_not_written"]
    [alert] = await web.csms.verb("alert.list")
    assert (alert["key"], alert["severity"]) == ("files.disk_full", "HIGH")
    web.csms.room._free = FileRoom(web.csms.data_dir)._free
    assert (await http.put(location, content=LOG)).status_code == 201
    assert await web.csms.verb("alert.list") == []


async def test_a_connection_that_breaks_leaves_nothing(web: Site) -> None:
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    head = f"PUT {location.removeprefix(web.url)} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
    stream = await trio.open_tcp_stream("127.0.0.1", web.port)
    await stream.send_all(head.encode() + b"x" * 300_000)
    await stream.aclose()
    while (await _file(web))["reason"] is None:
        await trio.lowlevel.checkpoint()
    assert _on_disk(web) == []
    assert (await _file(web))["state"] == "EXPECTED"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 400),
        ("PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        ("PUT {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("PUT {path} HTTP/1.1\r\n\r\n", 400),
        ("DELETE {path} HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data\r\nContent-Length: 1\r\n\r\nx",
            400,
        ),
        (
            FORM + "\r\nContent-Length: 9\r\n\r\nnonsense!",
            400,
        ),
        ("PUT http://elsewhere{path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 201),
        ("PUT {path} HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", 201),
    ],
)
async def test_requests_as_odd_clients_write_them(web: Site, request_: str, status: int) -> None:
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    request = request_.replace("{path}", location.removeprefix(web.url))
    assert (await web.ask(request.encode()))[0] == status
    assert (await station.call("Heartbeat"))["currentTime"]


async def test_a_station_is_asked_to_go_on(web: Site) -> None:
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    path = location.removeprefix(web.url)
    stream = await trio.open_tcp_stream("127.0.0.1", web.port)
    async with stream:
        head = f"PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        await stream.send_all(head.encode())
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 100")
        await stream.send_all(b"abc")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 201")


async def test_a_websocket_under_files_is_a_station_still(web: Site) -> None:
    stream = await trio.open_tcp_stream("127.0.0.1", web.port)
    station = Station(stream, web.csms.nursery)
    reply = await station.handshake("/files/CP1")
    assert (reply.status, "CP1" in reply.body) == (404, True)  # no tenant is called files


async def test_a_station_off_line_has_no_address_for_its_log(web: Site) -> None:
    with pytest.raises(StationOffline, match=r"ocpp\.public_url"):
        await web.csms.verb("station.command", station="CP1", verb="log", args={})


async def test_the_address_is_as_configured(web: Site) -> None:
    web.csms.unit.policy = Policy(public_url="https://charge.example/")
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    assert location.startswith("https://charge.example/files/")


async def test_a_station_is_told_the_address_that_its_proxy_has(web: Site) -> None:
    stream = await trio.open_tcp_stream("127.0.0.1", web.port)
    station = Station(stream, web.csms.nursery)
    await station.connect("/ocpp/CP1", Host="charge.example", X_Forwarded_Proto="https")
    station.answers["GetDiagnostics"] = {"fileName": "d"}
    await web.csms.verb("station.command", station="CP1", verb="log", args={})
    location = (await station.until_asked("GetDiagnostics"))["location"]
    assert location.startswith("https://charge.example/files/")


async def test_a_url_of_the_operators_own_goes_as_it_is(web: Site) -> None:
    station = await web.station()
    done, location = await _ask_for_log(web, station, url="ftp://user:pw@files.example/up")
    assert location == "ftp://user:pw@files.example/up"
    assert "fileId" not in done["detail"]
    assert await web.csms.verb("station.logs") == []


async def test_what_no_record_speaks_of_is_swept(web: Site, http: httpx.AsyncClient) -> None:
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    await http.put(location, content=LOG)
    file = await _file(web)
    room = web.csms.room
    for name in ("stray", "ab.1234.part", "young"):
        (room.folder / name).write_bytes(b"x")
    old = time.time() - 100_000
    for name in ("stray", "ab.1234.part", file["id"]):
        os.utime(room.folder / name, (old, old))
    known = await web.csms.unit.read(files.known_ids)
    assert room.sweep(known) == 2
    assert sorted(_on_disk(web)) == sorted([file["id"], "young"])


async def test_a_station_that_is_removed_takes_its_records_along(web: Site, http: httpx.AsyncClient) -> None:
    station = await web.station()
    _, location = await _ask_for_log(web, station)
    await web.csms.verb("station.remove", station="CP1")
    assert (await http.put(location, content=b"x")).status_code == 404
    assert await web.csms.verb("station.logs") == []

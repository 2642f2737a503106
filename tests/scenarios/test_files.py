"""Simulated stations leave logs and fetch firmware at the appliance itself, by the standards' own messages."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from csms.simulator import Station16, Station201, StationSettings
from csms.simulator.clock import JumpingClock
from csms.store.connection import Store
from tests.wire.appliance import NOON
from tests.wire.maker import CONTENT, EC_KEY, add, signed
from tests.wire.site import Site, site

SETTINGS = StationSettings(transfers=True, connectors=1, restart_s=0.05, reconnect_first_s=0.05)
BOTH = pytest.mark.parametrize("kind", [Station16, Station201])


@pytest.fixture
def dialect() -> str:
    """What is seen here no database sees the difference of."""
    return "sqlite"


@pytest.fixture
async def web(store: Store, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(store, tmp_path) as running:
        yield running


def _station(web: Site, kind: Any) -> Any:
    url = f"ws://127.0.0.1:{web.port}/ocpp"
    return kind.connect(url, "CP1", settings=SETTINGS, clock=JumpingClock(NOON + timedelta(minutes=1)))


async def _order(web: Site, verb: str, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await web.csms.verb(
        "station.command", station="CP1", verb=verb, args=args, wait_s=30
    )
    return done


@BOTH
async def test_a_log_from_the_order_to_the_file(web: Site, kind: Any) -> None:
    async with _station(web, kind) as station:
        await station.boot()
        done = await _order(web, "log")
        assert (done["outcome"], done["followedBy"]) == ("DONE", "Uploaded")
        [file] = await web.csms.verb("station.logs")
        content = web.csms.room.place(file["id"]).read_bytes()
        assert b"CP1 a log of a simulated station" in content
        assert (file["sizeBytes"], file["state"]) == (len(content), "RECEIVED")
        assert file["fileName"].startswith("CP1-")
        assert station.tally.violations == []


@BOTH
@pytest.mark.parametrize("proof", ["signed", "unsigned"])
async def test_firmware_from_the_catalogue_to_the_boot(web: Site, kind: Any, proof: str) -> None:
    await add(web, *(signed(EC_KEY, "ecdsa") if proof == "signed" else ()))
    async with _station(web, kind) as station:
        await station.boot()
        before = station.firmware_version
        done = await _order(web, "firmware", name="fw.bin")
        assert (done["outcome"], done["followedBy"]) == ("DONE", "Installed")
        [shown] = await web.csms.verb("station.list")
        assert shown["firmwareVersion"] == station.firmware_version != before
        assert station.tally.violations == []


@BOTH
async def test_a_station_checks_the_signature_itself(web: Site, kind: Any) -> None:
    """The file is exchanged after it was checked here, as somebody on the way might."""
    await add(web, *signed(EC_KEY, "ecdsa"))
    async with _station(web, kind) as station:
        await station.boot()

        def exchange(payload: dict[str, Any]) -> Any:
            web.csms.room.place("f1").write_bytes(bytes(len(CONTENT)))
            return station.answer(action, payload)

        action = "SignedUpdateFirmware" if kind is Station16 else "UpdateFirmware"
        station.on(action, exchange)
        done = await _order(web, "firmware", name="fw.bin")
        assert (done["outcome"], done["followedBy"]) == ("FAILED", "InvalidSignature")


@BOTH
async def test_firmware_that_is_gone_fails(web: Site, kind: Any) -> None:
    async with _station(web, kind) as station:
        await station.boot()
        done = await _order(web, "firmware", url=f"{web.url}/files/{'0' * 48}/fw.bin")
        assert (done["outcome"], done["followedBy"]) == ("FAILED", "DownloadFailed")

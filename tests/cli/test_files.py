"""csms firmware and csms station log: files in, files out, and what operators are told of them."""

import hashlib
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from csms.services import files
from tests.cli.conftest import Cli
from tests.wire.appliance import Appliance
from tests.wire.maker import CONTENT, EC_KEY, signed
from tests.wire.station import Payload, Station

ORDER = ("station", "command", "CP1")
LOG = b"all is well\n" * 1_000


@pytest.fixture
def maker(tmp_path: Path) -> Path:
    """A folder as a maker sends it: firmware, its signature in both forms, the certificate."""
    folder = tmp_path / "maker"
    folder.mkdir()
    signature, certificate = signed(EC_KEY, "ecdsa")
    (folder / "fw-2.1.bin").write_bytes(CONTENT)
    (folder / "fw.sig.b64").write_text(signature + "\n")
    (folder / "fw.sig").write_bytes(b64decode(signature))
    (folder / "maker.pem").write_text(certificate)
    return folder


async def _uploaded(csms: Appliance, station: Station, *args: str, cli: Cli) -> str:
    """Have a log uploaded and return the file's id."""
    station.answers["GetDiagnostics"] = {"fileName": "CP1 diag.log"}
    asked = await cli(*ORDER, "log", *args)
    assert (asked.code, asked.err) == (0, "")
    location = [p["location"] for action, p in station.asked if action == "GetDiagnostics"][-1]
    secret = location.rpartition("/")[2]
    offer = await csms.unit.read(lambda tx: files.look_up(tx, secret))
    assert isinstance(offer, files.Offer)
    arriving = csms.room.arriving(offer.address.file_id)
    arriving.write(LOG)
    arriving.keep()
    digest = hashlib.sha256(LOG).hexdigest()
    await csms.unit.run(
        lambda tx: files.received(tx, offer.address, file_name=None, size_bytes=len(LOG), sha256=digest)
    )
    return offer.address.file_id


async def test_a_log_is_copied_out(
    csms: Appliance, station: Station, cli: Cli, stopped: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await _uploaded(csms, station, cli=cli)
    listed = await cli("station", "log", "list", "CP1")
    assert (listed.code, file[:12] in listed.out, "RECEIVED" in listed.out) == (0, True, True)
    monkeypatch.chdir(tmp_path)
    got = await cli("station", "log", "get", file[:8])
    assert (got.code, got.out) == (0, f"CP1: {len(LOG)} bytes in CP1 diag.log\n")
    assert (tmp_path / "CP1 diag.log").read_bytes() == LOG
    again = await cli("station", "log", "get", file)
    assert (again.code, again.err) == (5, "csms: CP1 diag.log exists already: say --out FILE\n")
    assert (await cli("station", "log", "get", file, "--out", str(tmp_path / "x"))).code == 0
    assert (tmp_path / "x").read_bytes() == LOG
    assert (await cli("station", "log", "get", file, "--out", "-")).out.encode() == LOG
    assert (await cli("station", "log", "get", "ffff")).code == 3
    assert (await cli("station", "log", "remove", file)).code == 2
    elsewhere = await stopped("station", "log", "get", file, "--out", "-")
    assert (elsewhere.code, "on the disk of the node that took it" in elsewhere.err) == (3, True)
    assert (await cli("station", "log", "remove", file, "--yes")).code == 0
    assert (await cli("station", "log", "list")).out == "no log: csms station command ID log\n"
    assert not csms.room.place(file).exists()


async def test_a_log_that_has_not_come(csms: Appliance, station: Station, cli: Cli) -> None:
    station.answers["GetDiagnostics"] = {"fileName": "d"}
    done = await cli(*ORDER, "log", "--json")
    file = done.json["detail"]["fileId"]
    got = await cli("station", "log", "get", file)
    assert (got.code, got.err) == (5, "csms: the file has not arrived (expected): csms station log list\n")


async def test_waiting_for_a_log_tells_where_it_is(csms: Appliance, station: Station, cli: Cli) -> None:
    async def answer(payload: Payload) -> Payload:
        csms.nursery.start_soon(_tell, csms, station, payload["location"].rpartition("/")[2])
        return {"fileName": "d"}

    station.answers["GetDiagnostics"] = answer
    done = await cli(*ORDER, "log", "--wait", "20")
    assert (done.code, done.out.splitlines()[0]) == (0, "CP1: Uploaded")
    assert done.out.splitlines()[1].startswith("csms station log get ")


async def _tell(csms: Appliance, station: Station, secret: str) -> None:
    """Upload and say so, once the command knows its file."""
    offer = await csms.unit.read(lambda tx: files.look_up(tx, secret))
    assert isinstance(offer, files.Offer)
    while not await csms.rows("SELECT * FROM station_files WHERE command_id IS NOT NULL"):
        pass
    await csms.unit.run(
        lambda tx: files.received(tx, offer.address, file_name=None, size_bytes=1, sha256="0" * 64)
    )
    await station.call("DiagnosticsStatusNotification", {"status": "Uploaded"})


@pytest.mark.parametrize("signature", ["fw.sig", "fw.sig.b64"])
async def test_signed_firmware_from_the_makers_folder_to_the_station(
    csms: Appliance, station: Station, cli: Cli, maker: Path, signature: str
) -> None:
    proof = ("--signature", str(maker / signature), "--certificate", str(maker / "maker.pem"))
    added = await cli("firmware", "add", str(maker / "fw-2.1.bin"), "--version", "2.1", *proof)
    assert (added.code, added.out) == (
        0, f"firmware fw-2.1.bin: {len(CONTENT)} bytes, its signature fits\n"
    )  # fmt: skip
    [listed] = (await cli("firmware", "list", "--json")).json
    assert (listed["version"], listed["sha256"]) == ("2.1", hashlib.sha256(CONTENT).hexdigest())
    stored = csms.room.place(listed["id"])
    assert stored.read_bytes() == CONTENT
    sent = await cli(*ORDER, "firmware", "fw-2.1.bin", "--install-at", "2026-03-03T00:00:00Z", "--yes")
    assert sent.code == 0
    firmware = (await station.until_asked("SignedUpdateFirmware"))["firmware"]
    assert firmware["signature"] == b64encode((maker / "fw.sig").read_bytes()).decode()
    assert firmware["installDateTime"] == "2026-03-03T00:00:00.000Z"
    refused = await cli("firmware", "remove", "fw-2.1.bin")
    assert (refused.code, refused.err.endswith("add --yes to do it without being asked\n")) == (2, True)
    assert (await cli("firmware", "remove", "fw-2.1.bin", "--yes")).code == 0
    assert not stored.exists()
    assert (await cli("firmware", "show", "fw-2.1.bin")).code == 3


async def test_firmware_that_cannot_be_taken(csms: Appliance, cli: Cli, maker: Path) -> None:
    fw = maker / "fw-2.1.bin"
    (maker / "empty").write_bytes(b"")
    (maker / "other.bin").write_bytes(b"other")
    proof = ("--signature", str(maker / "fw.sig"), "--certificate", str(maker / "maker.pem"))
    assert (await cli("firmware", "add", str(maker / "missing"))).code == 1
    assert (await cli("firmware", "add", str(maker / "empty"))).code == 2
    spoiled = await cli("firmware", "add", str(maker / "other.bin"), *proof)
    assert (spoiled.code, spoiled.err) == (2, "csms: the signature does not fit the file\n")
    alone = await cli("firmware", "add", str(fw), "--signature", str(maker / "fw.sig"))
    assert (alone.code, alone.err) == (2, "csms: a signature and its certificate belong together\n")
    assert (await cli("firmware", "add", str(fw), "--name", "../x")).code == 2
    assert list(csms.room.folder.iterdir()) == []
    assert (await cli("firmware", "add", str(fw))).code == 0
    assert (await cli("firmware", "add", str(fw))).code == 5
    assert len(list(csms.room.folder.iterdir())) == 1


async def test_firmware_is_added_while_nothing_runs(stopped: Cli, maker: Path) -> None:
    assert (await stopped("firmware", "add", str(maker / "fw-2.1.bin"))).code == 0
    assert (await stopped("firmware", "list")).out.splitlines()[1].startswith("fw-2.1.bin")


async def test_displays_and_customers_are_asked_before_what_cannot_be_undone(
    station: Station, cli: Cli
) -> None:
    cleared = await cli(*ORDER, "customer", "--token", "TAG1", "--clear")
    assert (cleared.code, cleared.err.endswith("add --yes to do it without being asked\n")) == (2, True)
    assert (await cli(*ORDER, "display", "set", "hello")).code == 6  # it speaks 1.6
    assert (await cli(*ORDER, "display", "list", "--known")).out == "no messages\n"
    assert (await cli(*ORDER, "customer", "--certificate", "{")).code == 2
    assert (await cli(*ORDER, "unlock", "--connector", "one")).code == 2
    assert (await cli(*ORDER, "customer", "--request", "7")).code == 3

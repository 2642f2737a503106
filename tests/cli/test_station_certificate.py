"""csms station certificate, secure and security, as an operator types them."""

from pathlib import Path
from typing import Any

import pytest

from csms.cli import station_certificate
from csms.pki import hash_data
from csms.services import upgrade_steps
from tests.cli.conftest import Cli
from tests.ocpp.station import basic
from tests.pki import papers
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Station

ROOT = papers.certify("Root", ca=True)
CERTIFICATE = ("station", "certificate", "CP1")
SERIAL = f"{ROOT.certificate.serial_number:x}"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station_certificate, "POLL_S", 0.02)
    monkeypatch.setattr(upgrade_steps, "LEAVES_WITHIN_S", 0.2)


async def test_certificates_come_and_go(cli: Cli, station: Station, tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    file.write_text(ROOT.pem)
    done = await cli(*CERTIFICATE, "install", "manufacturer-root", str(file))
    assert (done.code, done.out) == (0, "CP1: Accepted\n")
    known = await cli(*CERTIFICATE, "list", "--known", "--json")
    assert [each["serialNumber"] for each in known.json] == [SERIAL]
    held = hash_data.of(ROOT.certificate, ROOT.certificate).to_wire()
    station.answers["GetInstalledCertificateIds"] = lambda payload: (
        {"status": "Accepted", "certificateHashData": [held]}
        if payload["certificateType"] == "ManufacturerRootCertificate"
        else {"status": "NotFound"}
    )
    listed = await cli(*CERTIFICATE, "list")
    assert listed.code == 0
    assert SERIAL in listed.out
    gone = await cli(*CERTIFICATE, "delete", SERIAL, "--yes")
    assert (gone.code, gone.out) == (0, "CP1: Accepted\n")
    assert (await cli(*CERTIFICATE, "list", "--known")).out == "nothing reported yet\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("install", "oem-root"), 2, "certificates are for csms-root"),
        (("install", "manufacturer-root"), 2, "name a file"),
        (("delete", "abc", "--yes"), 3, "not known to hold abc"),
        (("renew", "--kind", "nonsense"), 2, "of kind station, v2g, combined"),
        (("renew", "--kind", "combined"), 6, "OCPP 1.6 has no"),
        (("list", "--use", "mo-root"), 6, "ISO15118PnCEnabled"),
    ],
)
async def test_what_cannot_be_is_one_line(
    cli: Cli, station: Station, words: tuple[str, ...], code: int, said: str
) -> None:
    done = await cli(*CERTIFICATE, *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


async def test_a_renewal_and_a_password_are_asked_for(cli: Cli, station: Station) -> None:
    assert (await cli(*CERTIFICATE, "renew")).out == "CP1: Accepted\n"
    assert ("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}) in station.asked
    assert (await cli("station", "command", "CP1", "password")).out == "CP1: Accepted\n"
    assert station.asked[-1][1]["key"] == "AuthorizationKey"


async def test_each_step_is_shown_and_the_way_can_be_taken_up_again(
    csms: Appliance, cli: Cli, station: Station
) -> None:
    station.answers["ChangeConfiguration"] = {"status": "Rejected"}
    stopped = await cli("station", "secure", "CP1", "--profile", "1")
    assert stopped.code == 6
    assert "password  ChangeConfiguration: the station says Rejected" in stopped.out
    assert stopped.err == "csms: CP1 stopped at step password: csms station secure CP1 --profile 1\n"
    station.answers["ChangeConfiguration"] = {"status": "Accepted"}
    going = await cli("station", "secure", "CP1", "--profile", "1", "--wait", "0.5")
    assert going.code == 6
    assert "the station was told to come with profile 1" in going.out
    assert "goes on" in going.err
    key = next(p["value"] for _, p in reversed(station.asked) if p.get("key") == "AuthorizationKey")
    await station.drop()
    await _come(csms, bytes.fromhex(key))
    done = await cli("station", "security", "CP1", "--json")
    assert done.json["securityProfile"] == 1
    for _ in range(100):
        shown = await cli("station", "security", "CP1")
        if "never goes back" in shown.out:
            break
    assert "security profile  1" in shown.out
    refused = await cli("station", "secure", "CP1", "--profile", "1")
    assert (refused.code, "no way leads down" in refused.err) == (5, True)


async def _come(csms: Appliance, password: bytes) -> None:
    headers: dict[str, Any] = {"Authorization": basic(b"CP1:" + password)}
    back = await csms.station(**headers)
    await back.call("BootNotification", payloads.boot())


async def test_a_serial_number_is_registered(csms: Appliance, cli: Cli) -> None:
    assert (await cli("station", "update", "CP1", "--serial", "SN-1")).code == 0
    assert (await cli("station", "security", "CP1", "--json")).json["registeredSerial"] == "SN-1"
    await csms.verb("station.add", station_id="CP2")
    done = await cli("station", "update", "CP2", "--serial", "SN-1")
    assert (done.code, "that of station CP1" in done.err) == (5, True)
    assert (await cli("station", "update", "CP2", "--serial", "\n")).code == 2

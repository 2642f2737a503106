"""What stations report of jobs, of security and of their vendors' own matters (§4.3–4.5, security whitepaper §4)."""

import json
from typing import Any

import pytest

from csms.model.event import KINDS
from csms.services import commands
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import at, boot, start, status, stop
from tests.wire.station import Station

UPDATE = ("UpdateFirmware", {"location": "https://example.org/f", "retrieveDate": at()})
SIGNED = (
    "SignedUpdateFirmware",
    {
        "requestId": 7,
        "firmware": {
            "location": "https://example.org/f", "retrieveDateTime": at(), "signingCertificate": "c", "signature": "s"
        },
    },
)  # fmt: skip
DIAGNOSTICS = ("GetDiagnostics", {"location": "https://example.org/d"})
LOG = (
    "GetLog",
    {"logType": "SecurityLog", "requestId": 8, "log": {"remoteLocation": "https://example.org/l"}},
)


async def _send(csms: Appliance, station: Station, action: str, payload: dict[str, Any]) -> str:
    """Give the station a job that it accepts, and return the command's id."""
    if action in ("UpdateFirmware", "GetDiagnostics"):
        station.answers[action] = {} if action == "UpdateFirmware" else {"fileName": "d.zip"}
    result = await csms.verb("station.call", station="CP1", action=action, payload=payload)
    assert (result["status"], result["outcome"]) == ("ANSWERED", "PENDING")
    return str(result["commandId"])


async def _command(csms: Appliance, command_id: str) -> tuple[str, str]:
    [found] = [c for c in await csms.verb("station.commands", station="CP1") if c["id"] == command_id]
    return found["outcome"], found["followedBy"]


@pytest.mark.parametrize(
    ("job", "report", "said", "outcome"),
    [
        (
            UPDATE,
            "FirmwareStatusNotification",
            ["Downloading", "Downloaded", "Installing", "Installed"],
            "DONE",
        ),
        (UPDATE, "FirmwareStatusNotification", ["Downloading", "DownloadFailed"], "FAILED"),
        (UPDATE, "FirmwareStatusNotification", ["Downloaded", "Installing", "InstallationFailed"], "FAILED"),
        (UPDATE, "FirmwareStatusNotification", ["Downloading"], "PENDING"),
        (
            SIGNED,
            "SignedFirmwareStatusNotification",
            ["Downloaded", "SignatureVerified", "Installed"],
            "DONE",
        ),
        (SIGNED, "SignedFirmwareStatusNotification", ["Downloaded", "InvalidSignature"], "FAILED"),
        (DIAGNOSTICS, "DiagnosticsStatusNotification", ["Uploading", "Uploaded"], "DONE"),
        (DIAGNOSTICS, "DiagnosticsStatusNotification", ["Uploading", "UploadFailed"], "FAILED"),
        (LOG, "LogStatusNotification", ["Uploading", "Uploaded"], "DONE"),
        (LOG, "LogStatusNotification", ["PermissionDenied"], "FAILED"),
    ],
)
@ARITHMETIC
async def test_tc_044_045_079_080_081_jobs_end_as_the_station_says(
    csms: Appliance,
    station: Station,
    job: tuple[str, dict[str, Any]],
    report: str,
    said: list[str],
    outcome: str,
) -> None:
    command_id = await _send(csms, station, *job)
    for word in said:
        extra = {"requestId": job[1]["requestId"]} if report.startswith(("Signed", "Log")) else {}
        assert await station.call(report, {"status": word, **extra}) == {}
    assert await _command(csms, command_id) == (outcome, said[-1])


async def test_idle_is_no_news_of_a_job(csms: Appliance, station: Station) -> None:
    command_id = await _send(csms, station, *UPDATE)
    await station.call("FirmwareStatusNotification", {"status": "Idle"})
    await station.call("DiagnosticsStatusNotification", {"status": "Idle"})
    await station.call("LogStatusNotification", {"status": "Idle"})
    assert await _command(csms, command_id) == ("PENDING", None)


async def test_reports_of_jobs_nobody_gave(csms: Appliance, station: Station) -> None:
    await station.call("FirmwareStatusNotification", {"status": "Installed"})
    await station.call("DiagnosticsStatusNotification", {"status": "Uploaded"})
    kinds = [r["kind"] for r in await csms.rows("SELECT kind FROM station_events ORDER BY id")]
    assert kinds == ["firmware.status", "diagnostics.status"]


async def test_a_job_that_nothing_follows_times_out(csms: Appliance, station: Station) -> None:
    command_id = await _send(csms, station, *DIAGNOSTICS)
    csms.clock.forward(hours=3)
    await csms.unit.run(commands.expire)
    assert (await _command(csms, command_id))[0] == "TIMED_OUT"


@pytest.mark.parametrize(
    "type", ["InvalidChargePointCertificate", "InvalidCentralSystemCertificate", "MadeUpHere"]
)
async def test_tc_077_078_security_events_are_kept(csms: Appliance, station: Station, type: str) -> None:
    event = {"type": type, "timestamp": "2026-03-02T10:00:00+01:00", "techInfo": "why"}
    assert await station.call("SecurityEventNotification", event) == {}
    [kept] = await csms.rows("SELECT * FROM station_events WHERE kind = 'security.event'")
    assert json.loads(kept["body"]) == event
    assert kept["reported_at"] == "2026-03-02T09:00:00.000000Z"


async def test_a_security_event_with_a_long_story(csms: Appliance, station: Station) -> None:
    event = {"type": "StartupOfTheDevice", "timestamp": "long ago", "techInfo": "x" * 300}
    assert await station.call("SecurityEventNotification", event) == {}
    [kept] = await csms.rows("SELECT * FROM station_events WHERE kind = 'security.event'")
    assert kept["reported_at"] == "2026-03-02T12:00:00.000000Z"


async def test_tc_064_a_vendor_nobody_knows(csms: Appliance, station: Station) -> None:
    transfer = {"vendorId": "org.example", "messageId": "m", "data": '{"a": 1}'}
    assert await station.call("DataTransfer", transfer) == {"status": "UnknownVendorId"}
    [kept] = await csms.rows("SELECT body FROM station_events WHERE kind = 'data.transfer'")
    assert json.loads(kept["body"]) == transfer


@pytest.mark.parametrize("data", [{"a": [1, {"b": None}]}, [1, 2], 7, True, None, 10**400, "x\x00y"])
async def test_data_that_should_have_been_text(csms: Appliance, station: Station, data: Any) -> None:
    answer = await station.call("DataTransfer", {"vendorId": "org.example", "data": data})
    assert answer == {"status": "UnknownVendorId"}
    assert len(await csms.rows("SELECT body FROM station_events WHERE kind = 'data.transfer'")) == 1


async def test_sign_certificate_is_answered_and_kept(csms: Appliance, station: Station) -> None:
    assert await station.call("SignCertificate", {"csr": "-----BEGIN"}) == {"status": "Rejected"}
    [kept] = await csms.rows("SELECT body FROM station_events WHERE kind = 'certificate.requested'")
    body = json.loads(kept["body"])
    assert (body["csr"], body["accepted"]) == ("-----BEGIN", False)
    assert "PKCS #10" in body["reason"]


async def test_every_event_is_of_a_kind_that_is_declared(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status())
    tid = (await station.call("StartTransaction", start(timestamp="1970-01-01T00:00:00Z")))["transactionId"]
    await station.call("StopTransaction", stop(tid))
    for action, payload in (
        ("FirmwareStatusNotification", {"status": "Idle"}),
        ("DiagnosticsStatusNotification", {"status": "Idle"}),
        ("LogStatusNotification", {"status": "Idle"}),
        ("SignedFirmwareStatusNotification", {"status": "Idle"}),
        ("SecurityEventNotification", {"type": "T", "timestamp": at()}),
        ("DataTransfer", {"vendorId": "v"}),
        ("SignCertificate", {"csr": "c"}),
        ("BootNotification", boot()),
    ):
        await station.call(action, payload)
    await csms.verb("station.call", station="CP1", action="ClearCache", payload={})
    await csms.verb("tenant.status", tenant="default", status="SUSPENDED")
    kinds = {row["kind"] for row in await csms.rows("SELECT DISTINCT kind FROM outbox")}
    assert kinds <= set(KINDS)
    assert len(kinds) >= 12

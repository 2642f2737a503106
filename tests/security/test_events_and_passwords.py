"""Security events become alerts; passwords change by the station's own protocol (A01, A04; TC_073, TC_077, TC_A_09)."""

from typing import Any

import pytest

from tests.ocpp.station import basic
from tests.security.charger import VERSIONS, Charger, connected
from tests.wire.appliance import Appliance

BOTH = pytest.mark.parametrize("version", VERSIONS)
OLD = "the-Password-of-CP9-a"


def event(kind: str, info: str | None = None) -> dict[str, str]:
    body = {"type": kind, "timestamp": "2026-03-02T12:00:00.000Z"}
    return body | ({"techInfo": info} if info else {})


@BOTH
@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("InvalidChargePointCertificate", "HIGH"),
        ("InvalidCentralSystemCertificate", "HIGH"),
        ("InvalidChargingStationCertificate", "HIGH"),
        ("TamperDetectionActivated", "CRITICAL"),
        ("InvalidFirmwareSignature", "CRITICAL"),
        ("StartupOfTheDevice", "LOW"),
        ("MaintenanceLoginAccepted", None),
        ("x" * 50, None),
    ],
)
async def test_critical_events_are_alerts(
    csms: Appliance, version: str, kind: str, severity: str | None
) -> None:
    station = await connected(csms, version)
    for _ in range(2):
        assert await station.call("SecurityEventNotification", event(kind, "door 3")) == {}
    kept = await csms.rows("SELECT body, reported_at FROM station_events WHERE kind = 'security.event'")
    assert len(kept) == 2
    alerts = await csms.verb("alert.list")
    assert [alert["severity"] for alert in alerts] == ([severity] if severity else [])
    for alert in alerts:
        assert (alert["category"], alert["count"], alert["stationId"]) == ("SECURITY_ALERT", 2, "CP1")
        assert "door 3" in alert["message"]


@pytest.fixture
async def secured(csms: Appliance) -> Appliance:
    await csms.verb("station.add", station_id="CP9", security_profile=1, password=OLD)
    return csms


async def come(csms: Appliance, version: str, password: bytes) -> Charger:
    return await connected(csms, version, "CP9", Authorization=basic(b"CP9:" + password))


async def opens(csms: Appliance, version: str, password: bytes) -> bool:
    headers = {"Authorization": basic(b"CP9:" + password)}
    reply = await csms.line().handshake("/ocpp/CP9", protocols=f"ocpp{version}", **headers)
    return reply.status == 101


def sent(station: Charger) -> bytes:
    """Return the password a station was told last, as it will sign on with it."""
    for action, payload in reversed(station.asked):
        if action == "ChangeConfiguration":
            return bytes.fromhex(payload["value"])
        if action == "SetVariables":
            return str(payload["setVariableData"][0]["attributeValue"]).encode()
    raise AssertionError("no password was sent")


def says(status: str) -> dict[str, Any]:
    def result(payload: Any) -> dict[str, Any]:
        names = {name: payload["setVariableData"][0][name] for name in ("component", "variable")}
        return {"setVariableResult": [{"attributeStatus": status} | names]}

    return {"ChangeConfiguration": {"status": status}, "SetVariables": result}


async def change(csms: Appliance) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb("station.command", station="CP9", verb="password", timeout_s=0.1)
    return done


@BOTH
async def test_a_new_password_counts_at_once_and_is_written_nowhere(secured: Appliance, version: str) -> None:
    station = await come(secured, version, OLD.encode())
    station.answers |= says("Accepted")
    assert (await change(secured))["outcome"] == "DONE"
    new = sent(station)
    assert 16 <= len(new) <= 40
    assert not await opens(secured, version, OLD.encode())
    assert await opens(secured, version, new)
    await secured.message_log.flush()
    for table in (
        "messages",
        "commands",
        "audit",
        "outbox",
        "station_settings",
        "stations",
        "station_events",
    ):
        dump = str(await secured.rows(f"SELECT * FROM {table}"))
        assert new.decode() not in dump
        assert new.hex() not in dump


@BOTH
async def test_a_refused_password_changes_nothing(secured: Appliance, version: str) -> None:
    station = await come(secured, version, OLD.encode())
    station.answers |= says("Rejected")
    assert (await change(secured))["outcome"] == "REFUSED"
    assert await opens(secured, version, OLD.encode())
    assert not await opens(secured, version, sent(station))


@BOTH
async def test_without_an_answer_the_first_use_settles_it(secured: Appliance, version: str) -> None:
    station = await come(secured, version, OLD.encode())
    station.answers |= {"ChangeConfiguration": None, "SetVariables": None}
    await change(secured)
    new = sent(station)
    assert await opens(secured, version, OLD.encode())
    heir = await secured.restarted()
    assert await opens(heir, version, OLD.encode())
    await come(heir, version, new)
    assert not await opens(heir, version, OLD.encode())

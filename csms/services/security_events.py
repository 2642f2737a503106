"""Security events: those that stations report and those we notice ourselves; critical ones become alerts (A04).

An alert is one per station and kind of event: what comes again counts it up.
"""

from typing import Any, Final

from csms.model.alert import AlertCategory, AlertSeverity
from csms.model.station import StationRef
from csms.model.station_security import CRITICAL_EVENTS, ROUTINE_EVENTS, URGENT_EVENTS
from csms.services import alerts, stations
from csms.services.unit import Tx

LONGEST_TYPE: Final = 50
INVALID_CERTIFICATE: Final = "InvalidChargingStationCertificate"
KIND: Final = "security.event"


def reported(tx: Tx, station: StationRef, body: dict[str, Any], reported_at: str) -> None:
    """Keep a security event of a station as it came; the type is an open list."""
    stations.record(tx, station, KIND, body, reported_at=reported_at)
    kind = str(body.get("type", ""))[:LONGEST_TYPE]
    if kind in CRITICAL_EVENTS:
        info = body.get("techInfo")
        said = f"{station.station_id} reports {kind}" + (f": {info}" if info else "")
        _alert(tx, station, kind, said)


def invalid_certificate(tx: Tx, station: StationRef, reason: str) -> None:
    """Keep that a station came with a certificate that is not good (A00.FR.408)."""
    noticed(tx, station, INVALID_CERTIFICATE, reason)


def noticed(tx: Tx, station: StationRef, kind: str, reason: str) -> None:
    """Keep a security event that we noticed ourselves."""
    body = {"type": kind, "techInfo": reason, "noticedBy": "CSMS"}
    stations.record(tx, station, KIND, body)
    if kind in CRITICAL_EVENTS:
        _alert(tx, station, kind, f"{station.station_id}: {kind}: {reason}")


def _alert(tx: Tx, station: StationRef, kind: str, text: str) -> None:
    severity = AlertSeverity.HIGH
    if kind in URGENT_EVENTS:
        severity = AlertSeverity.CRITICAL
    elif kind in ROUTINE_EVENTS:
        severity = AlertSeverity.LOW
    alerts.raise_alert(
        tx,
        tenant_id=station.tenant_id,
        station_id=station.station_id,
        severity=severity,
        category=AlertCategory.SECURITY_ALERT,
        key=f"security/{station.key}/{kind}",
        text=text,
        detail={"event": kind},
    )

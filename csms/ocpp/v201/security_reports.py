"""OCPP 2.0.1: what stations report of their security, and what they want signed (block A)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from csms.clock import to_text
from csms.model.certificate import CertificateKind
from csms.model.station import StationRef
from csms.ocpp.moments import read_moment
from csms.ocpp.v201.translate import verbatim
from csms.services import security_events
from csms.services.station_security import Wish
from csms.services.unit import Tx

Payload = Mapping[str, Any]


def read_event(payload: Payload, now: datetime, notes: list[str]) -> tuple[datetime, dict[str, Any]]:
    """SecurityEventNotificationRequest (A04), with its moment: the type is an open list."""
    return read_moment(payload.get("timestamp"), now, notes), verbatim(payload, now, notes)


def event(tx: Tx, station: StationRef, event: tuple[datetime, dict[str, Any]]) -> None:
    """SecurityEventNotification (A04)."""
    security_events.reported(tx, station, event[1], to_text(event[0]))


def read_request(payload: Payload, now: datetime, notes: list[str]) -> Wish:
    """SignCertificateRequest (A02, A03): without a type the certificate serves for both (A02.FR.13)."""
    kind = payload.get("certificateType")
    if kind is not None and kind not in (CertificateKind.STATION, CertificateKind.V2G):
        notes.append(f"certificateType {str(kind)[:50]} is not known")
        kind = None
    wanted = None if kind is None else CertificateKind(kind)
    return Wish(str(payload["csr"]), wanted, verbatim(payload, now, notes))


def request_answer(accepted: bool) -> dict[str, Any]:
    """SignCertificateResponse."""
    return {"status": "Accepted" if accepted else "Rejected"}

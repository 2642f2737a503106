"""OCPP 1.6: what stations report of their security, and what they want signed (security whitepaper §4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from csms.clock import to_text
from csms.model.station import StationRef
from csms.ocpp.moments import read_moment
from csms.ocpp.v16.translate import verbatim
from csms.services import security_events
from csms.services.station_security import Wish
from csms.services.unit import Tx

Payload = Mapping[str, Any]


def read_event(payload: Payload, now: datetime, notes: list[str]) -> tuple[datetime, dict[str, Any]]:
    """SecurityEventNotification.req (§4.11), with its moment: the type is an open list."""
    return read_moment(payload.get("timestamp"), now, notes), verbatim(payload, now, notes)


def event(tx: Tx, station: StationRef, event: tuple[datetime, dict[str, Any]]) -> None:
    """SecurityEventNotification (§4.11)."""
    security_events.reported(tx, station, event[1], to_text(event[0]))


def read_request(payload: Payload, now: datetime, notes: list[str]) -> Wish:
    """SignCertificate.req (§4.13): 1.6 has one kind of certificate."""
    return Wish(str(payload["csr"]), said=verbatim(payload, now, notes))


def request_answer(accepted: bool) -> dict[str, Any]:
    """SignCertificate.conf."""
    return {"status": "Accepted" if accepted else "Rejected"}

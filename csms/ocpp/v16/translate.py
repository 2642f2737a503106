"""OCPP 1.6 payloads to the domain and back (OCPP 1.6 §6 messages, §7 types; security whitepaper §4).

Connector N is EVSE N, connector 1; connector 0 is the station itself. Readers are lenient: what the schema let pass
in tolerant mode is taken as far as it can be understood, and `notes` says what was not.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from csms.clock import to_wire
from csms.model.id_token import Authorization
from csms.model.meter import MeterReading, MeterSample
from csms.model.station import ConnectorStatus
from csms.model.transaction import ReportKind, Started, Stopped, TransactionReport
from csms.ocpp.moments import read_moment
from csms.services.stations import Booted, BootReport, StatusReport

Payload = Mapping[str, Any]
Answer = dict[str, Any]

STATUSES: Final = {
    "Available": ConnectorStatus.AVAILABLE,
    "Preparing": ConnectorStatus.PREPARING,
    "Charging": ConnectorStatus.CHARGING,
    "SuspendedEVSE": ConnectorStatus.SUSPENDED_EVSE,
    "SuspendedEV": ConnectorStatus.SUSPENDED_EV,
    "Finishing": ConnectorStatus.FINISHING,
    "Reserved": ConnectorStatus.RESERVED,
    "Unavailable": ConnectorStatus.UNAVAILABLE,
    "Faulted": ConnectorStatus.FAULTED,
}
_SAMPLES: Final = tuple[MeterSample, ...]
_SAMPLE_FIELDS: Final = frozenset({"value", "measurand", "unit", "context", "location", "phase", "format"})


def boot(payload: Payload, now: datetime, notes: list[str]) -> BootReport:
    """BootNotification.req."""
    return BootReport(
        vendor=payload["chargePointVendor"],
        model=payload["chargePointModel"],
        serial_number=payload.get("chargePointSerialNumber") or payload.get("chargeBoxSerialNumber"),
        firmware_version=payload.get("firmwareVersion"),
        ocpp_version="1.6",
        details=dict(payload),
    )


def boot_answer(booted: Booted) -> Answer:
    """BootNotification.conf."""
    return {
        "status": booted.registration.value,
        "currentTime": to_wire(booted.at),
        "interval": booted.interval_s,
    }


def authorize(payload: Payload, now: datetime, notes: list[str]) -> str:
    """Authorize.req."""
    return str(payload["idTag"])


def authorize_answer(verdict: Authorization) -> Answer:
    """Authorize.conf."""
    return {"idTagInfo": id_tag_info(verdict)}


def start(payload: Payload, now: datetime, notes: list[str]) -> TransactionReport:
    """StartTransaction.req."""
    return TransactionReport(
        kind=ReportKind.STARTED,
        at=read_moment(payload.get("timestamp"), now, notes),
        evse_id=int(payload["connectorId"]),
        connector_id=1,
        id_token=payload["idTag"],
        meter_wh=int(payload["meterStart"]),
        reservation_id=payload.get("reservationId"),
    )


def start_answer(started: Started) -> Answer:
    """StartTransaction.conf: a transaction id even for a refused tag (§4.8)."""
    return {"transactionId": int(started.ocpp_id), "idTagInfo": id_tag_info(started.authorization)}


def stop(payload: Payload, now: datetime, notes: list[str]) -> TransactionReport:
    """StopTransaction.req; a missing reason means Local (§4.10)."""
    return TransactionReport(
        kind=ReportKind.ENDED,
        at=read_moment(payload.get("timestamp"), now, notes),
        ocpp_id=str(payload["transactionId"]),
        id_token=payload.get("idTag"),
        meter_wh=int(payload["meterStop"]),
        reason=payload.get("reason", "Local"),
        readings=_readings(payload.get("transactionData"), now, notes),
    )


def stop_answer(stopped: Stopped) -> Answer:
    """StopTransaction.conf: idTagInfo only where an idTag was sent."""
    return {} if stopped.authorization is None else {"idTagInfo": id_tag_info(stopped.authorization)}


def meter_values(payload: Payload, now: datetime, notes: list[str]) -> TransactionReport:
    """MeterValues.req; connector 0 is the station's main meter."""
    ocpp_id = payload.get("transactionId")
    return TransactionReport(
        kind=ReportKind.UPDATED,
        at=now,
        ocpp_id=None if ocpp_id is None else str(ocpp_id),
        evse_id=int(payload["connectorId"]),
        connector_id=1,
        readings=_readings(payload.get("meterValue"), now, notes),
    )


def status(payload: Payload, now: datetime, notes: list[str]) -> StatusReport:
    """StatusNotification.req."""
    connector = int(payload["connectorId"])
    error = payload.get("errorCode")
    return StatusReport(
        evse_id=connector,
        connector_id=1 if connector else 0,
        status=STATUSES[payload["status"]],
        at=read_moment(payload.get("timestamp"), now, notes),
        error_code=None if error == "NoError" else error,
        info=payload.get("info"),
        vendor_error_code=payload.get("vendorErrorCode"),
    )


def verbatim(payload: Payload, now: datetime, notes: list[str]) -> dict[str, Any]:
    """Any request whose content is kept as it came."""
    return dict(payload)


def empty(_result: object) -> Answer:
    """A response without fields."""
    return {}


def id_tag_info(verdict: Authorization) -> Answer:
    """IdTagInfo (§7.27); optional fields are left out, never null."""
    info: Answer = {"status": verdict.status.value}
    if verdict.expires_at is not None:
        info["expiryDate"] = to_wire(verdict.expires_at)
    if verdict.group_id is not None:
        info["parentIdTag"] = verdict.group_id[:20]
    return info


def _readings(values: Any, now: datetime, notes: list[str]) -> tuple[MeterReading, ...]:
    """Read MeterValue lists (§7.32); a reading without samples says nothing and is left out."""
    found = []
    for value in values or ():
        samples = _samples(value.get("sampledValue") or [])
        if samples:
            found.append(MeterReading(read_moment(value.get("timestamp"), now, notes), samples))
    return tuple(found)


def _samples(sampled: list[Payload]) -> tuple[MeterSample, ...]:
    """Read SampledValues (§7.43): the fields bear the standard's names, so the conversion is the decoder's."""
    try:
        return msgspec.convert(sampled, _SAMPLES)
    except msgspec.ValidationError:  # a number where the standard wants text, and the like
        return tuple(_lenient(sample) for sample in sampled)


def _lenient(sample: Payload) -> MeterSample:
    """Read one SampledValue whose types are not the standard's."""
    known = {name: str(value) for name, value in sample.items() if name in _SAMPLE_FIELDS and value is not None}
    return msgspec.convert({"value": ""} | known, MeterSample)

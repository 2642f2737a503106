"""OCPP 1.6 payloads to the domain and back (OCPP 1.6 §6 messages, §7 types; security whitepaper §4).

Connector N is EVSE N, connector 1; connector 0 is the station itself. Readers are lenient: what the schema let pass
in tolerant mode is taken as far as it can be understood, and `notes` says what was not.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from csms.clock import to_wire
from csms.model.id_token import Authorization, AuthorizationStatus
from csms.model.meter import MeterReading, MeterSample
from csms.model.station import ConnectorStatus
from csms.model.transaction import ReportKind, Started, Stopped, TransactionReport
from csms.ocpp.moments import read_moment
from csms.ocpp.relaxed import storable
from csms.ocpp.route import Unusable
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
_OF_STATION: Final = frozenset({"Available", "Unavailable", "Faulted"})
"""What connector 0 may be."""
_MOST_CONNECTORS: Final = 65_535
_LARGEST_INTEGER: Final = 2**31 - 1
_LARGEST_REGISTER_WH: Final = 10**15
_CLOCK_TOLERANCE_S: Final = 60
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
        details=storable(dict(payload)),
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
        evse_id=_connector(payload),
        connector_id=1,
        id_token=payload["idTag"],
        meter_wh=_register(payload, "meterStart", notes),
        reservation_id=_reservation(payload, notes),
    )


def start_answer(started: Started) -> Answer:
    """StartTransaction.conf: a transaction id even for a refused tag (§4.8)."""
    return {"transactionId": int(started.ocpp_id), "idTagInfo": id_tag_info(started.authorization)}


def stop(payload: Payload, now: datetime, notes: list[str]) -> TransactionReport:
    """StopTransaction.req; a missing reason means Local (§4.10)."""
    return TransactionReport(
        kind=ReportKind.ENDED,
        at=read_moment(payload.get("timestamp"), now, notes),
        ocpp_id=_transaction(payload, notes),
        id_token=payload.get("idTag"),
        meter_wh=_register(payload, "meterStop", notes),
        reason=payload.get("reason", "Local"),
        readings=_readings(payload.get("transactionData"), now, notes),
    )


def stop_answer(stopped: Stopped) -> Answer:
    """StopTransaction.conf: idTagInfo only where an idTag was sent."""
    return {} if stopped.authorization is None else {"idTagInfo": id_tag_info(stopped.authorization)}


def meter_values(payload: Payload, now: datetime, notes: list[str]) -> TransactionReport:
    """MeterValues.req; connector 0 is the station's main meter."""
    return TransactionReport(
        kind=ReportKind.UPDATED,
        at=now,
        ocpp_id=_transaction(payload, notes),
        evse_id=_connector(payload),
        connector_id=1,
        readings=_readings(payload.get("meterValue"), now, notes),
    )


def status(payload: Payload, now: datetime, notes: list[str]) -> StatusReport:
    """StatusNotification.req."""
    connector = _connector(payload)
    error = payload.get("errorCode")
    if connector == 0 and payload["status"] not in _OF_STATION:
        notes.append(f"connector 0 cannot be {payload['status']} (§4.9)")
    at = read_moment(payload.get("timestamp"), now, notes)
    _compare_clocks(at, now, notes)
    return StatusReport(
        evse_id=connector,
        connector_id=1 if connector else 0,
        status=STATUSES[payload["status"]],
        at=at,
        error_code=None if error == "NoError" else error,
        info=payload.get("info"),
        vendor_error_code=payload.get("vendorErrorCode"),
    )


def verbatim(payload: Payload, now: datetime, notes: list[str]) -> dict[str, Any]:
    """Any request whose content is kept as it came."""
    return dict(storable(payload))


def empty(_result: object) -> Answer:
    """A response without fields."""
    return {}


def id_tag_info(verdict: Authorization) -> Answer:
    """IdTagInfo (§7.27); optional fields are left out, never null. 1.6 has no word for a tag of another place."""
    elsewhere = verdict.status is AuthorizationStatus.NOT_AT_THIS_LOCATION
    status = AuthorizationStatus.INVALID if elsewhere else verdict.status
    info: Answer = {"status": status.value}
    if verdict.expires_at is not None:
        info["expiryDate"] = to_wire(verdict.expires_at)
    if verdict.group_id is not None:
        info["parentIdTag"] = verdict.group_id[:20]
    return info


def _connector(payload: Payload) -> int:
    """Return a connector number; one that no station has would make connectors out of nothing."""
    number = payload["connectorId"]
    if not 0 <= number <= _MOST_CONNECTORS or number != int(number):
        raise Unusable(f"connectorId: connectors are numbered 0 to {_MOST_CONNECTORS}")
    return int(number)


def _transaction(payload: Payload, notes: list[str]) -> str | None:
    """Return a transaction id as text, None when absent; what no transaction id can be counts as never given (-1)."""
    number = payload.get("transactionId")
    if number is None:
        return None
    if abs(number) > _LARGEST_INTEGER or number != int(number):
        notes.append("transactionId is no 32-bit integer, taken for -1")
        return "-1"
    return str(int(number))


def _register(payload: Payload, name: str, notes: list[str]) -> int | None:
    """Return an energy register in Wh, None for what no meter can show."""
    number = payload[name]
    if abs(number) > _LARGEST_REGISTER_WH:
        notes.append(f"{name} is no register of any meter, left out")
        return None
    return int(number)


def _reservation(payload: Payload, notes: list[str]) -> int | None:
    number = payload.get("reservationId")
    if number is not None and (abs(number) > _LARGEST_INTEGER or number != int(number)):
        notes.append("reservationId is no 32-bit integer, left out")
        return None
    return None if number is None else int(number)


def _compare_clocks(at: datetime, now: datetime, notes: list[str]) -> None:
    """Note a clock that is wrong, as far as a message shows it that stations do not keep while offline."""
    ahead_s = round((at - now).total_seconds())
    if abs(ahead_s) > _CLOCK_TOLERANCE_S:
        notes.append(f"the station's clock is {abs(ahead_s)} s {'ahead' if ahead_s > 0 else 'behind'}")


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
    known = {
        name: str(storable(value))
        for name, value in sample.items()
        if name in _SAMPLE_FIELDS and value is not None
    }
    return msgspec.convert({"value": ""} | known, MeterSample)

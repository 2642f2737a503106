"""OCPP 2.0.1 payloads to the domain and back (OCPP 2.0.1 Part 2 §1 messages, §2 types).

EVSE 0 is the station itself. Readers are lenient: what the schema let pass in tolerant mode is taken as far as it can
be understood, and `notes` says what was not.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any, Final

import msgspec

from csms.clock import to_wire
from csms.model import meter
from csms.model.driver_text import PersonalMessage
from csms.model.id_token import Authorization
from csms.model.meter import ENERGY_REGISTER, MeterReading, MeterSample, SignedValue
from csms.model.station import ConnectorStatus
from csms.model.transaction import Noted, ReportKind, TransactionReport
from csms.ocpp.moments import read_moment
from csms.ocpp.relaxed import storable
from csms.ocpp.route import Unusable
from csms.services.stations import Booted, BootReport, StatusReport

Payload = Mapping[str, Any]
Answer = dict[str, Any]

STATUSES: Final = {
    "Available": ConnectorStatus.AVAILABLE,
    "Occupied": ConnectorStatus.OCCUPIED,
    "Reserved": ConnectorStatus.RESERVED,
    "Unavailable": ConnectorStatus.UNAVAILABLE,
    "Faulted": ConnectorStatus.FAULTED,
}
_CHARGING_STATES: Final = {
    "Charging": ConnectorStatus.CHARGING,
    "EVConnected": ConnectorStatus.PREPARING,
    "SuspendedEV": ConnectorStatus.SUSPENDED_EV,
    "SuspendedEVSE": ConnectorStatus.SUSPENDED_EVSE,
}
"""Idle says of no connector what it is: nothing is plugged in."""
_BEGIN: Final = "Transaction.Begin"
_MOST_EVSES: Final = 65_535
_LARGEST_INTEGER: Final = 2**31 - 1
_LARGEST_MULTIPLIER: Final = 99
_LONGEST_CONTENT: Final = 512
_SIGNED: Final = ("signedMeterData", "signingMethod", "encodingMethod", "publicKey")
_encoder: Final = msgspec.json.Encoder()


class _Unit(msgspec.Struct, frozen=True, gc=False):
    """UnitOfMeasureType (§2.45); without a unit the measurand's own is meant."""

    unit: str | None = None
    multiplier: Annotated[int, msgspec.Meta(ge=-_LARGEST_MULTIPLIER, le=_LARGEST_MULTIPLIER)] = 0


class _Sampled(msgspec.Struct, frozen=True, gc=False):
    """SampledValueType (§2.39) as nearly all of them are: not signed, all types as the standard has them."""

    value: int | float
    measurand: str = ENERGY_REGISTER
    context: str = "Sample.Periodic"
    location: str = "Outlet"
    phase: str | None = None
    unitOfMeasure: _Unit = _Unit()  # noqa: N815 (the wire's name)
    signedMeterValue: None = None  # noqa: N815


_SAMPLED: Final = list[_Sampled]


def boot(payload: Payload, now: datetime, notes: list[str]) -> BootReport:
    """BootNotificationRequest."""
    station = payload["chargingStation"]
    return BootReport(
        vendor=station["vendorName"],
        model=station["model"],
        serial_number=station.get("serialNumber"),
        firmware_version=station.get("firmwareVersion"),
        ocpp_version="2.0.1",
        details=storable(dict(payload)),
        restarted=payload.get("reason") != "Triggered",
    )


def boot_answer(booted: Booted) -> Answer:
    """BootNotificationResponse."""
    return {
        "status": booted.registration.value,
        "currentTime": to_wire(booted.at),
        "interval": booted.interval_s,
    }


def transaction_event(payload: Payload, now: datetime, notes: list[str]) -> TransactionReport:
    """TransactionEventRequest; a missing stoppedReason means Local (E06)."""
    info = payload["transactionInfo"]
    evse_id, connector_id = _evse(payload.get("evse"))
    token = payload.get("idToken")
    kind = ReportKind(payload["eventType"])
    read = readings(payload.get("meterValue"), now, notes)
    begin_wh = _begin_register(read)
    reason = info.get("stoppedReason", "Local") if kind is ReportKind.ENDED else None
    return TransactionReport(
        kind=kind,
        at=read_moment(payload.get("timestamp"), now, notes),
        ocpp_id=_transaction_id(info, notes),
        evse_id=evse_id,
        connector_id=connector_id,
        id_token=None if token is None else str(token.get("idToken", "")),
        id_token_type=None if token is None else token.get("type"),
        meter_wh=_event_register(kind, read, begin_wh),
        begin_wh=begin_wh,
        reason=reason,
        reservation_id=_integer(payload, "reservationId", notes),
        readings=read,
        seq_no=_integer(payload, "seqNo", notes) or 0,
        digest=_digest(payload),
        charging_state=_CHARGING_STATES.get(info.get("chargingState")),
        trigger=payload.get("triggerReason"),
        offline=bool(payload.get("offline")),
        request_id=_integer(info, "remoteStartId", notes),
    )


def transaction_answer(noted: Noted) -> Answer:
    """TransactionEventResponse: idTokenInfo only and always where an id token was shown (E01.FR.12, C12.FR.03)."""
    answer: Answer = {}
    if noted.total_cost is not None:
        answer["totalCost"] = noted.total_cost
    if noted.authorization is not None:
        answer["idTokenInfo"] = id_token_info(noted.authorization)
    return answer


def meter_values(payload: Payload, now: datetime, notes: list[str]) -> TransactionReport:
    """MeterValuesRequest, outside of transactions; EVSE 0 is the main meter (J01)."""
    return TransactionReport(
        kind=ReportKind.UPDATED,
        at=now,
        evse_id=evse_number(payload["evseId"], "evseId"),
        connector_id=1,
        readings=readings(payload.get("meterValue"), now, notes),
    )


def status(payload: Payload, now: datetime, notes: list[str]) -> StatusReport:
    """StatusNotificationRequest."""
    return StatusReport(
        evse_id=evse_number(payload["evseId"], "evseId"),
        connector_id=evse_number(payload["connectorId"], "connectorId"),
        status=STATUSES[payload["connectorStatus"]],
        at=read_moment(payload.get("timestamp"), now, notes),
    )


def verbatim(payload: Payload, now: datetime, notes: list[str]) -> dict[str, Any]:
    """Any request whose content is kept as it came."""
    return dict(storable(payload))


def empty(_result: object) -> Answer:
    """A response without fields."""
    return {}


def id_token_info(verdict: Authorization) -> Answer:
    """IdTokenInfoType (§2.28): the group wherever there is one (C09.FR.09); nothing is null."""
    info: Answer = {"status": verdict.status.value}
    if verdict.expires_at is not None:
        info["cacheExpiryDateTime"] = to_wire(verdict.expires_at)
    if verdict.evse_ids:
        info["evseId"] = list(verdict.evse_ids)
    if verdict.group_id is not None:
        info["groupIdToken"] = {"idToken": verdict.group_id[:36], "type": "Central"}
    if verdict.language is not None:
        info["language1"] = verdict.language
    if verdict.message is not None:
        info["personalMessage"] = _message(verdict.message)
    return info


def _message(message: PersonalMessage) -> Answer:
    """MessageContentType (§2.29)."""
    content: Answer = {"format": "UTF8", "content": message.content[:_LONGEST_CONTENT]}
    return content | ({"language": message.language[:8]} if message.language else {})


def readings(values: Any, now: datetime, notes: list[str]) -> tuple[MeterReading, ...]:
    """Read MeterValueTypes (§2.32); a reading without samples says nothing and is left out."""
    found = []
    for value in values or ():
        samples = _samples(value.get("sampledValue") or [])
        if samples:
            found.append(MeterReading(read_moment(value.get("timestamp"), now, notes), samples))
    return tuple(found)


def evse_number(number: Any, name: str) -> int:
    """Return the number of an EVSE or connector; one that no station has would make connectors out of nothing."""
    if not isinstance(number, int | float) or not 0 <= number <= _MOST_EVSES or number != int(number):
        raise Unusable(f"{name}: EVSEs and connectors are numbered 0 to {_MOST_EVSES}")
    return int(number)


def _samples(sampled: list[Payload]) -> tuple[MeterSample, ...]:
    """Read SampledValueTypes (§2.39); a value is kept as the shortest text that means the same number."""
    try:
        plain = msgspec.convert(sampled, _SAMPLED)
    except msgspec.ValidationError:  # signed, or of types that are not the standard's
        return tuple([_lenient(sample) for sample in sampled])
    return tuple(
        [
            MeterSample(
                repr(sample.value),
                sample.measurand,
                sample.unitOfMeasure.unit,
                sample.context,
                sample.location,
                sample.phase,
                "Raw",
                sample.unitOfMeasure.multiplier,
            )
            for sample in plain
        ]
    )


def _lenient(sampled: Payload) -> MeterSample:
    """Read one SampledValueType by hand."""
    value = sampled.get("value", "")
    unit = sampled.get("unitOfMeasure")
    signed = sampled.get("signedMeterValue")
    multiplier = int(unit.get("multiplier", 0)) if unit else 0
    return MeterSample(
        value=repr(value) if type(value) is float else str(storable(value)),
        measurand=sampled.get("measurand", ENERGY_REGISTER),
        unit=unit.get("unit") if unit else None,
        context=sampled.get("context", "Sample.Periodic"),
        location=sampled.get("location", "Outlet"),
        phase=sampled.get("phase"),
        multiplier=max(-_LARGEST_MULTIPLIER, min(multiplier, _LARGEST_MULTIPLIER)),
        signed=SignedValue(*[str(signed.get(name, "")) for name in _SIGNED]) if signed else None,
    )


def _begin_register(read: tuple[MeterReading, ...]) -> int | None:
    """Return the register at the begin of the transaction, where a sample is marked so, in Wh."""
    for reading in read:
        for sample in reading.samples:
            if sample.context == _BEGIN and sample.measurand == ENERGY_REGISTER and sample.phase is None:
                return meter.energy_wh(sample)
    return None


def _event_register(kind: ReportKind, read: tuple[MeterReading, ...], begin_wh: int | None) -> int | None:
    """Return the register at a start (the first) or an end (the last that is not the begin's), in Wh."""
    if kind is ReportKind.UPDATED or not read:
        return None
    in_time = sorted(read, key=lambda reading: reading.taken_at)
    if kind is ReportKind.STARTED:
        registers = [meter.summarize(reading).energy_wh for reading in in_time]
        return begin_wh if begin_wh is not None else next((wh for wh in registers if wh is not None), None)
    for reading in reversed(in_time):
        later = tuple(sample for sample in reading.samples if sample.context != _BEGIN)
        wh = meter.summarize(MeterReading(reading.taken_at, later)).energy_wh
        if wh is not None:
            return wh
    return None


def _digest(payload: Payload) -> str:
    """Return what tells two events apart that bear one number; `offline` may change when an event is sent again."""
    said = {name: value for name, value in payload.items() if name != "offline"}
    return blake2b(_encoder.encode(said), digest_size=12).hexdigest()


def _transaction_id(info: Payload, notes: list[str]) -> str:
    ocpp_id = str(info["transactionId"])
    if not ocpp_id.strip():
        notes.append("transactionId is empty, taken for '-'")
        return "-"
    return ocpp_id


def _evse(evse: Payload | None) -> tuple[int | None, int | None]:
    """Return EVSE and connector, None for what is not said."""
    if not evse:
        return None, None
    connector = evse.get("connectorId")
    number = None if connector is None else evse_number(connector, "evse.connectorId")
    return evse_number(evse["id"], "evse.id") or None, number or None


def _integer(payload: Payload, name: str, notes: list[str]) -> int | None:
    """Return a 32-bit integer, None where there is none or it is none."""
    number = payload.get(name)
    if number is not None and (abs(number) > _LARGEST_INTEGER or number != int(number)):
        notes.append(f"{name} is no 32-bit integer, left out")
        return None
    return None if number is None else int(number)

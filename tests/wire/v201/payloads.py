"""What a well-behaved OCPP 2.0.1 station says; keyword arguments change or, with None, leave out a field."""

from typing import Any

from tests.wire.payloads import at

Payload = dict[str, Any]
TAG1 = {"idToken": "TAG1", "type": "ISO14443"}
NOBODY = {"idToken": "", "type": "NoAuthorization"}


def _with(usual: Payload, fields: Payload) -> Payload:
    return {name: value for name, value in (usual | fields).items() if value is not None}


def boot(reason: str = "PowerUp", **station: Any) -> Payload:
    usual = {"vendorName": "ABL", "model": "eM4", "serialNumber": "S1", "firmwareVersion": "2.0"}
    return {"reason": reason, "chargingStation": _with(usual, station)}


def status(status: str = "Available", evse: int = 1, connector: int = 1, minutes: float = 0) -> Payload:
    return {"evseId": evse, "connectorId": connector, "connectorStatus": status, "timestamp": at(minutes)}


def event(kind: str, seq_no: int, minutes: float, tx: str, trigger: str, **fields: Any) -> Payload:
    """Return a TransactionEvent; fields of TransactionType go there, the others to the event itself."""
    inner = {"chargingState", "timeSpentCharging", "stoppedReason", "remoteStartId"}
    info = {name: value for name, value in fields.items() if name in inner and value is not None}
    usual = {
        "eventType": kind,
        "timestamp": at(minutes),
        "triggerReason": trigger,
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": tx} | info,
        "evse": {"id": 1, "connectorId": 1},
    }
    return _with(usual, {name: value for name, value in fields.items() if name not in inner})


def started(
    seq_no: int = 0, minutes: float = 0, tx: str = "T1", wh: float | None = 1000, **fields: Any
) -> Payload:
    meter = None if wh is None else [reading(minutes, value(wh, context="Transaction.Begin"))]
    usual: Payload = {"idToken": TAG1, "meterValue": meter, "chargingState": "Charging"}
    return event("Started", seq_no, minutes, tx, "Authorized", **usual | fields)


def updated(
    seq_no: int = 1, minutes: float = 30, tx: str = "T1", wh: float | None = 6000, **fields: Any
) -> Payload:
    meter = None if wh is None else [reading(minutes, value(wh))]
    return event("Updated", seq_no, minutes, tx, "MeterValuePeriodic", **{"meterValue": meter} | fields)


def ended(
    seq_no: int = 2, minutes: float = 60, tx: str = "T1", wh: float | None = 11000, **fields: Any
) -> Payload:
    meter = None if wh is None else [reading(minutes, value(wh, context="Transaction.End"))]
    return event("Ended", seq_no, minutes, tx, "EVDeparted", **{"meterValue": meter} | fields)


def value(number: float, **fields: Any) -> Payload:
    return {"value": number, **fields}


def reading(minutes: float, *samples: Payload) -> Payload:
    return {"timestamp": at(minutes), "sampledValue": list(samples)}

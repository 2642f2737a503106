"""What a well-behaved OCPP 1.6 station says; keyword arguments change or, with None, leave out a field."""

from datetime import datetime, timedelta
from typing import Any

from csms.clock import to_wire
from tests.wire.appliance import NOON

Payload = dict[str, Any]


def at(minutes: float = 0) -> str:
    """Return a moment as stations write it, so many minutes after the test's noon."""
    return to_wire(NOON + timedelta(minutes=minutes))


def _with(usual: Payload, fields: Payload) -> Payload:
    return {name: value for name, value in (usual | fields).items() if value is not None}


def boot(**fields: Any) -> Payload:
    return _with({"chargePointVendor": "ABL", "chargePointModel": "eMH1", "firmwareVersion": "1.2"}, fields)


def status(status: str = "Available", connector: int = 1, minutes: float = 0, **fields: Any) -> Payload:
    usual = {"connectorId": connector, "errorCode": "NoError", "status": status, "timestamp": at(minutes)}
    return _with(usual, fields)


def start(minutes: float = 0, **fields: Any) -> Payload:
    return _with({"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": at(minutes)}, fields)


def stop(transaction_id: int, minutes: float = 60, **fields: Any) -> Payload:
    return _with({"transactionId": transaction_id, "meterStop": 11000, "timestamp": at(minutes)}, fields)


def sample(value: str, **fields: Any) -> Payload:
    return {"value": value, **fields}


def reading(minutes: float | datetime, *samples: Payload | str | int) -> Payload:
    """Return one MeterValue; a bare number is the energy register in Wh."""
    moment = to_wire(minutes) if isinstance(minutes, datetime) else at(minutes)
    sampled = [entry if isinstance(entry, dict) else {"value": str(entry)} for entry in samples]
    return {"timestamp": moment, "sampledValue": sampled}


def meter_values(transaction_id: int | None, *readings: Payload, connector: int = 1) -> Payload:
    usual = {"connectorId": connector, "transactionId": transaction_id, "meterValue": list(readings)}
    return _with(usual, {})

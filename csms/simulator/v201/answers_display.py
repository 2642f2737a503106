"""How a 2.0.1 station answers display messages (OCPP 2.0.1 O)."""

from csms.simulator.frames import Payload
from csms.simulator.v201.device import Device201


def set_display_message(station: Device201, payload: Payload) -> Payload:
    """Answer O01, O02 and O06: the same id replaces; a transaction must run for its message."""
    message, model = payload["message"], station.model
    formats = model.text("DisplayMessageCtrlr", "SupportedFormats").split(",")
    if message["message"]["format"] not in formats:
        return {"status": "NotSupportedMessageFormat"}
    if "transactionId" in message and station.transaction(message["transactionId"]) is None:
        return {"status": "UnknownTransaction"}
    most = model.most("DisplayMessageCtrlr", "DisplayMessages")
    if message["id"] not in station.displayed and len(station.displayed) >= most:
        return {"status": "Rejected", "statusInfo": {"reasonCode": "TooManyElements"}}
    station.displayed[message["id"]] = message
    _count(station)
    return {"status": "Accepted"}


def get_display_messages(station: Device201, payload: Payload) -> Payload:
    """Answer O03 and O04: NotifyDisplayMessages follows."""
    ids = payload.get("id")
    found = [
        message
        for number, message in station.displayed.items()
        if (ids is None or number in ids)
        and payload.get("priority", message["priority"]) == message["priority"]
        and payload.get("state", message.get("state")) == message.get("state")
    ]
    if not found:
        return {"status": "Unknown"}
    station.afterwards(_notify, station, payload["requestId"], found)
    return {"status": "Accepted"}


async def _notify(station: Device201, request_id: int, found: list[Payload]) -> None:
    most = station.settings.report_items
    for first in range(0, len(found), most):
        part = {"messageInfo": found[first : first + most], "tbc": first + most < len(found)}
        await station.call("NotifyDisplayMessages", {"requestId": request_id, **part})


def clear_display_message(station: Device201, payload: Payload) -> Payload:
    """Answer O05."""
    known = station.displayed.pop(payload["id"], None) is not None
    _count(station)
    return {"status": "Accepted" if known else "Unknown"}


def _count(station: Device201) -> None:
    station.model.set("DisplayMessageCtrlr", "DisplayMessages", str(len(station.displayed)))

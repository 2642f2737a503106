"""OCPP 2.0.1 block O and N09, N10: messages on displays and what stations know of customers, to the domain and back."""

from datetime import datetime
from typing import Any, Final

from csms.clock import to_wire
from csms.errors import InvalidInput
from csms.model.customer_request import CustomerInformation
from csms.model.display_message import (
    ClearDisplayMessage,
    DisplayMessage,
    GetDisplayMessages,
    MessageFormat,
    MessagePriority,
    MessageState,
    SetDisplayMessage,
)
from csms.model.station_command import Abilities
from csms.ocpp.moments import read_moment
from csms.ocpp.relaxed import storable
from csms.ocpp.v201.abilities import LONGEST_ID_TOKEN
from csms.ocpp.v201.reports import Payload, report_reader
from csms.services.device_reports import Part

Request = tuple[str, dict[str, Any]]
_messages: Final = report_reader("display.messages")
_customer: Final = report_reader("customer.information")


def set_message(command: SetDisplayMessage, _: Abilities) -> Request:
    """SetDisplayMessageRequest (O01, O02, O06)."""
    message = command.message
    content = {"format": message.format.value, "language": message.language, "content": message.content}
    fields = {
        "id": message.id,
        "priority": message.priority.value,
        "state": None if message.state is None else message.state.value,
        "startDateTime": None if message.starts_at is None else to_wire(message.starts_at),
        "endDateTime": None if message.ends_at is None else to_wire(message.ends_at),
        "transactionId": message.transaction_id,
        "message": _present(content),
    }
    return "SetDisplayMessage", {"message": _present(fields)}


def get_messages(command: GetDisplayMessages, _: Abilities) -> Request:
    """GetDisplayMessagesRequest (O03, O04)."""
    fields = {
        "requestId": command.number,
        "id": list(command.ids) or None,
        "priority": None if command.priority is None else command.priority.value,
        "state": None if command.state is None else command.state.value,
    }
    return "GetDisplayMessages", _present(fields)


def clear_message(command: ClearDisplayMessage, _: Abilities) -> Request:
    """ClearDisplayMessageRequest (O05)."""
    return "ClearDisplayMessage", {"id": command.id}


def customer(command: CustomerInformation, _: Abilities) -> Request:
    """CustomerInformationRequest (N09, N10)."""
    if command.id_token is not None and len(command.id_token) > LONGEST_ID_TOKEN:
        raise InvalidInput(f"OCPP 2.0.1 id tokens have at most {LONGEST_ID_TOKEN} characters")
    token = {"idToken": command.id_token, "type": command.id_token_type}
    fields = {
        "requestId": command.number,
        "report": command.report,
        "clear": command.clear,
        "idToken": None if command.id_token is None else token,
        "customerIdentifier": command.identifier,
        "customerCertificate": command.certificate,
    }
    return "CustomerInformation", _present(fields)


def read_messages(payload: Payload, now: datetime, notes: list[str]) -> tuple[Part, list[DisplayMessage]]:
    """NotifyDisplayMessagesRequest; a message that cannot be understood is noted and left out."""
    found = []
    for info in payload.get("messageInfo") or ():
        try:
            found.append(_message(storable(info), now, notes))
        except (KeyError, TypeError, ValueError):
            notes.append(f"message {str(info.get('id'))[:20]} cannot be understood, left out")
    return _messages(payload, now, notes), found


def _message(info: Payload, now: datetime, notes: list[str]) -> DisplayMessage:
    content, state = info["message"], info.get("state")
    starts, ends = info.get("startDateTime"), info.get("endDateTime")
    return DisplayMessage(
        station_key="",
        id=int(info["id"]),
        content=str(content["content"]),
        priority=MessagePriority(info["priority"]),
        format=MessageFormat(content["format"]),
        language=content.get("language"),
        state=None if state is None else MessageState(state),
        starts_at=None if starts is None else read_moment(starts, now, notes),
        ends_at=None if ends is None else read_moment(ends, now, notes),
        transaction_id=info.get("transactionId"),
    )


def read_customer(payload: Payload, now: datetime, notes: list[str]) -> tuple[Part, str]:
    """NotifyCustomerInformationRequest: what is said of the customer goes apart from what is kept of the message."""
    bare = {name: value for name, value in payload.items() if name != "data"}
    return _customer(bare, now, notes), str(storable(payload.get("data", "")))


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}

"""What requests to stations and their answers mean in every OCPP version alike."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from csms.model.command import AvailabilityWanted, EarlierCanceled, Fact, Purpose, Reply, Shape
from csms.services.files import PATH

Payload = dict[str, Any]

AVAILABLE_WITHIN: Final = timedelta(hours=24)
"""How long a running transaction may keep a connector from going out of service."""
HIDDEN: Final = "********"
_ADDRESS: Final = re.compile(re.escape(PATH) + "[0-9a-f]{48}(?=/|$)")
_AGREED: Final = frozenset(
    {"Accepted", "Scheduled", "RebootRequired", "Unlocked", "AcceptedCanceled", "Unpublished"}
)


def plain(request: Payload) -> Shape:
    """A request whose answer is its end."""
    return Shape(request)


def agreed(request: Payload, response: Payload) -> Reply:
    """An answer that agrees or not by its status; an answer without status agrees."""
    return Reply(response, str(response.get("status", "Accepted")) in _AGREED)


def with_fact(request: Payload, response: Payload, fact: Fact) -> Reply:
    """An answer that, where it agrees, says something of the station."""
    reply = agreed(request, response)
    return Reply(response, True, (fact,)) if reply.agreed else reply


def promise(purpose: Purpose, within: timedelta) -> Any:
    """Return the shape of requests whose acceptance is only a promise, kept within a time.

    Their `requestId`, where they have one, is how what follows names them.
    """

    def shape(request: Payload) -> Shape:
        return Shape(without_addresses(request), purpose, within, request_id=request.get("requestId"))

    return shape


def without_addresses(value: Any) -> Any:
    """Return a payload as it may be kept: whoever knows an address of ours for a file may use it."""
    if isinstance(value, dict):
        return {name: without_addresses(item) for name, item in value.items()}
    return _ADDRESS.sub(PATH + HIDDEN, value) if isinstance(value, str) else value


def availability_changed(request: Payload, response: Payload, wanted: AvailabilityWanted) -> Reply:
    """Return what the answer to ChangeAvailability says: Scheduled only promises it, Accepted has done it."""
    reply = with_fact(request, response, wanted)
    return replace(reply, final=response.get("status") != "Scheduled")


def begun(request: Payload, response: Payload) -> Reply:
    """Return what the answer to an order says that takes the place of an earlier one (AcceptedCanceled)."""
    reply = agreed(request, response)
    canceled = response.get("status") == "AcceptedCanceled"
    return replace(reply, facts=(EarlierCanceled(),)) if canceled else reply


def password_bytes(value: str) -> bytes:
    """Return the password that an AuthorizationKey means: the bytes of a hex number, else the text (whitepaper §2)."""
    try:
        return bytes.fromhex(value) if value.isalnum() else value.encode()
    except ValueError:
        return value.encode()

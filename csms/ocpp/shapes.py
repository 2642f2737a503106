"""What requests to stations and their answers mean in every OCPP version alike."""

from datetime import timedelta
from typing import Any, Final

from csms.model.command import Fact, Purpose, Reply, Shape

Payload = dict[str, Any]

HIDDEN: Final = "********"
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
        return Shape(request, purpose, within, request_id=request.get("requestId"))

    return shape


def password_bytes(value: str) -> bytes:
    """Return the password that an AuthorizationKey means: the bytes of a hex number, else the text (whitepaper §2)."""
    try:
        return bytes.fromhex(value) if value.isalnum() else value.encode()
    except ValueError:
        return value.encode()

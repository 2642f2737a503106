"""Id tokens as 2.0.1 has them: a text and a type, compared without regard to case (OCPP 2.0.1 C, IdTokenType)."""

from typing import Final

from csms.simulator.frames import Payload

DEFAULT_TYPE: Final = "ISO14443"

IdToken = str | Payload
"""The text of an ISO14443 token, or a whole IdTokenType."""


def as_payload(id_token: IdToken) -> Payload:
    """Return the IdTokenType; a mere text is an ISO14443 token."""
    return {"idToken": id_token, "type": DEFAULT_TYPE} if isinstance(id_token, str) else id_token


def key_of(id_token: Payload) -> tuple[str, str]:
    """Return what two notations of the same token have in common."""
    return (id_token["idToken"].lower(), id_token["type"])


def needs_no_answer(id_token: Payload) -> bool:
    """Say whether the token is one that nobody is asked about (OCPP 2.0.1 C02)."""
    return bool(id_token["type"] == "NoAuthorization")


def same_group(one: Payload | None, other: Payload | None) -> bool:
    """Say whether two groupIdTokens are there and the same."""
    return one is not None and other is not None and key_of(one) == key_of(other)

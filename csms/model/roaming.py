"""Charging sessions and their tokens as partners know them (OCPI 2.2.1 §9.3, §10.4)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from csms.model.transaction import TransactionState

Json = dict[str, Any]


class SessionStatus(StrEnum):
    """Life of a session (§9.4.6)."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class AuthMethod(StrEnum):
    """How a driver was let in (§10.4.1)."""

    AUTH_REQUEST = "AUTH_REQUEST"
    COMMAND = "COMMAND"
    WHITELIST = "WHITELIST"


_TYPES: Final = {
    "ISO14443": "RFID",
    "ISO15693": "RFID",
    "Central": "APP_USER",
    "NoAuthorization": "AD_HOC_USER",
}


def token_type(id_token_type: str | None) -> str:
    """Return the type of a token in OCPI's words (§12.4.4) for that of an id token (2.0.1 IdTokenEnumType)."""
    return "RFID" if id_token_type is None else _TYPES.get(id_token_type, "OTHER")


@dataclass(frozen=True, slots=True)
class CdrToken:
    """The token of a session and whose it is (§10.4.5); `own` where it is our own tenant's."""

    country_code: str
    party_id: str
    uid: str
    type: str
    contract_id: str
    own: bool

    def document(self) -> Json:
        """Return the CdrToken object."""
        return {
            "country_code": self.country_code,
            "party_id": self.party_id,
            "uid": self.uid,
            "type": self.type,
            "contract_id": self.contract_id,
        }


def status(state: str, charging_state: str | None, authorized: bool, energy_wh: int) -> SessionStatus:
    """Return the state of a session; one whose token was refused and that gave no energy will not be billed."""
    if not authorized and not energy_wh:
        return SessionStatus.INVALID
    if state == TransactionState.ENDED:
        return SessionStatus.COMPLETED
    if charging_state == "PREPARING" and not energy_wh:
        return SessionStatus.PENDING
    return SessionStatus.ACTIVE


def kwh(energy_wh: int) -> Decimal:
    """Return an energy in kWh, exact."""
    return Decimal(energy_wh) / 1000

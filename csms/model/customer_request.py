"""What is asked of a station about a customer: what it knows, that it forgets it, or both (OCPP 2.0.1 N09, N10)."""

from dataclasses import dataclass
from typing import Any

from csms.model.id_token import ISO14443


@dataclass(frozen=True, slots=True)
class CustomerInformation:
    """Report on a customer in a report with this number, forget the customer, or both.

    The customer is named in exactly one way; `certificate` is the hash data of a certificate as stations name it.
    """

    number: int
    report: bool
    clear: bool
    id_token: str | None = None
    identifier: str | None = None
    certificate: dict[str, Any] | None = None
    id_token_type: str = ISO14443

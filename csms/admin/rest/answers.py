"""What each verb answers, where its function's annotation does not say it: dataclasses of pages, schemas of objects.

A schema names the keys that are always there; more may come.
"""

from typing import Any, Final

from csms.model.alert import Alert
from csms.model.cdr import Cdr
from csms.model.id_token import IdToken
from csms.model.reservation import Reservation
from csms.model.tenant import Tenant
from csms.model.transaction import Transaction
from csms.model.user import User
from csms.services.locations import LocationView
from csms.services.stations import StationView

TEXT: Final = {"type": "string"}
MAYBE_TEXT: Final = {"type": ["string", "null"]}
WHOLE: Final = {"type": "integer"}
MAYBE_WHOLE: Final = {"type": ["integer", "null"]}
TRUTH: Final = {"type": "boolean"}
OBJECT: Final = {"type": "object"}
ANYTHING: Final[dict[str, Any]] = {}


def record(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has at least these keys."""
    return {"type": "object", "required": list(properties), "properties": properties}


def list_of(item: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an array."""
    return {"type": "array", "items": item}


TARIFF: Final = record(
    id=TEXT, tenantId=TEXT, currency=TEXT, active=TRUTH, appliesTo=MAYBE_TEXT, updatedAt=TEXT, document=OBJECT
)
EQUIPMENT: Final = record(stationId=TEXT, evseId=WHOLE, connectorId=MAYBE_WHOLE, equipment=OBJECT)
CERTIFICATE: Final = record(
    id=TEXT, kind=TEXT, state=TEXT, stationId=MAYBE_TEXT, tenantId=MAYBE_TEXT, commonName=TEXT, names=list_of(TEXT),
    algorithm=TEXT, serialNumber=TEXT, fingerprint=TEXT, notBefore=TEXT, notAfter=TEXT, external=TRUTH,
    revokedAt=MAYBE_TEXT, revocationReason=MAYBE_TEXT,
)  # fmt: skip
AUDIT: Final = record(
    id=WHOLE,
    tenantId=MAYBE_TEXT,
    at=TEXT,
    actor=TEXT,
    action=TEXT,
    subject=TEXT,
    origin=TEXT,
    detail=ANYTHING,
)
MESSAGE: Final = record(
    id=WHOLE, tenantId=TEXT, stationId=TEXT, direction=TEXT, messageId=TEXT, action=TEXT, at=TEXT, request=ANYTHING,
    response=ANYTHING, note=MAYBE_TEXT,
)  # fmt: skip

PAGES: Final[dict[str, Any]] = {
    "tenant.page": Tenant,
    "station.page": StationView,
    "transaction.page": Transaction,
    "cdr.page": Cdr,
    "token.page": IdToken,
    "tariff.page": ("Tariff", TARIFF),
    "location.page": LocationView,
    "user.page": User,
    "certificate.page": ("Certificate", CERTIFICATE),
    "reservation.page": Reservation,
    "audit.page": ("AuditEntry", AUDIT),
    "message.page": ("OcppMessage", MESSAGE),
    "alert.page": Alert,
}
"""What stands in `content`."""

ANSWERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "status": (
        "Status",
        record(
            version=TEXT, startedAt=TEXT, store=TEXT, stations=WHOLE, connected=WHOLE, activeTransactions=WHOLE,
            listeners=list_of(OBJECT),
        ),
    ),
    "tariff.add": ("NewTariff", TARIFF | {"properties": TARIFF["properties"] | {"warnings": list_of(ANYTHING)}}),
    "tariff.show": ("Tariff", TARIFF),
    "tariff.active": ("TariffSwitch", record(id=TEXT, active=TRUTH)),
    "tariff.assign": ("TariffAssignment", record(id=TEXT, appliesTo=TEXT)),
    "tariff.explain": ("PriceExplanation", record(transactionId=TEXT, lines=list_of(OBJECT))),
    "transaction.show": (
        "TransactionWithReadings",
        record(id=TEXT, stationId=TEXT, ocppId=TEXT, state=TEXT, cdrId=MAYBE_TEXT, meterValues=list_of(OBJECT)),
    ),
    "transaction.close": ("ClosedTransaction", record(id=TEXT, state=TEXT)),
    "pki.revoke": ("Certificate", CERTIFICATE),
    "location.published": ("PublishedLocation", record(id=TEXT, country_code=TEXT, last_updated=TEXT)),
    "location.evse": ("Equipment", EQUIPMENT),
    "location.connector": ("Equipment", EQUIPMENT),
}  # fmt: skip

"""What can be paged through, one row each: the table, what a search looks at, what sorts it, and its filters."""

from typing import Final

from csms.store.pages import Listing

TENANTS: Final = Listing(
    "tenants",
    search=("name", "company_name", "domain", "party_id"),
    sort={"createdAt": "created_at", "updatedAt": "updated_at", "name": "name", "status": "status"},
    newest="created_at",
    filters={"status": "status = :status"},
)
STATIONS: Final = Listing(
    "stations",
    search=("station_id", "name", "vendor", "model", "serial_number", "location_id"),
    sort={
        "createdAt": "created_at",
        "stationId": "station_id",
        "name": "name",
        "lastSeenAt": "last_seen_at",
        "registration": "registration",
    },
    newest="created_at",
    filters={"registration": "registration = :registration", "vendor": "vendor = :vendor"},
)
TRANSACTIONS: Final = Listing(
    "transactions",
    search=("ocpp_id", "station_id", "id_token"),
    sort={
        "startedAt": "started_at",
        "endedAt": "ended_at",
        "energyWh": "energy_wh",
        "stationId": "station_id",
    },
    newest="COALESCE(started_at, ended_at)",
    filters={
        "station": "station_id = :station",
        "state": "state = :state",
        "id_token": "id_token_folded = :id_token",
        "started_from": "started_at >= :started_from",
        "started_before": "started_at < :started_before",
    },
)
CDRS: Final = Listing(
    "cdrs",
    search=("station_id", "id_token", "id", "tariff_id"),
    sort={
        "endedAt": "ended_at",
        "startedAt": "started_at",
        "energyWh": "energy_wh",
        "stationId": "station_id",
    },
    newest="ended_at",
    filters={
        "station": "station_id = :station",
        "ended_from": "ended_at >= :ended_from",
        "ended_before": "ended_at < :ended_before",
    },
)
TOKENS: Final = Listing(
    "id_tokens",
    search=("uid", "group_id", "type"),
    sort={
        "uid": "uid_folded",
        "createdAt": "created_at",
        "lastUsedAt": "last_used_at",
        "useCount": "use_count",
    },
    newest="created_at",
    filters={"blocked": "blocked = :blocked", "group": "group_id = :group"},
)
TARIFFS: Final = Listing(
    "tariffs",
    search=("id", "currency"),
    sort={"id": "id", "createdAt": "created_at", "updatedAt": "updated_at"},
    newest="created_at",
    filters={"active": "active = :active"},
)
LOCATIONS: Final = Listing(
    "locations",
    search=("id", "name", "address", "city"),
    sort={
        "id": "id_folded",
        "name": "name",
        "city": "city",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    },
    newest="created_at",
    key="id_folded",
    filters={"publish": "publish = :publish", "country": "country = :country"},
    only="removed_at IS NULL",
)
USERS: Final = Listing(
    "users",
    search=("email",),
    sort={"email": "email", "createdAt": "created_at", "lastLoginAt": "last_login_at", "role": "role"},
    newest="created_at",
    filters={"role": "role = :role", "status": "status = :status"},
)
CERTIFICATES: Final = Listing(
    "pki_certificates",
    search=("common_name", "station_id", "serial_number", "fingerprint"),
    sort={"notAfter": "not_after", "notBefore": "not_before", "commonName": "common_name"},
    newest="not_before",
    filters={"station": "station_id = :station", "kind": "kind = :kind", "state": "state = :state"},
)
RESERVATIONS: Final = Listing(
    "reservations",
    search=("station_id", "id_token"),
    sort={"createdAt": "created_at", "expiresAt": "expires_at", "stationId": "station_id"},
    newest="created_at",
    filters={"station": "station_id = :station", "status": "status = :status"},
)
AUDIT: Final = Listing(
    "audit",
    search=("actor", "action", "subject"),
    sort={"at": "id"},
    newest="id",
    filters={"actor": "actor = :actor", "action": "action = :action", "subject": "subject = :subject"},
)
MESSAGES: Final = Listing(
    "messages",
    search=("station_id", "action", "message_id"),
    sort={"at": "id"},
    newest="id",
    filters={
        "station": "station_id = :station",
        "action": "action = :action",
        "direction": "direction = :direction",
    },
)
ALERTS: Final = Listing(
    "alerts",
    search=("message", "station_id", "key"),
    sort={"raisedAt": "raised_at", "lastAt": "last_at", "severity": "severity", "count": "count"},
    newest="raised_at",
    filters={
        "station": "station_id = :station",
        "severity": "severity = :severity",
        "category": "category = :category",
        "open": "(CASE WHEN cleared_at IS NULL THEN 1 ELSE 0 END) = :open",
    },
)

BY_VERB: Final[dict[str, Listing]] = {
    "tenant.page": TENANTS,
    "station.page": STATIONS,
    "transaction.page": TRANSACTIONS,
    "cdr.page": CDRS,
    "token.page": TOKENS,
    "tariff.page": TARIFFS,
    "location.page": LOCATIONS,
    "user.page": USERS,
    "certificate.page": CERTIFICATES,
    "reservation.page": RESERVATIONS,
    "audit.page": AUDIT,
    "message.page": MESSAGES,
    "alert.page": ALERTS,
}

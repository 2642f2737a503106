"""Every route of the management API, one row each: method, path, and the verb of services.verbs that answers.

What stands in braces in the path is an argument of the verb (`{stationId}` is `station`); the others come from the
query, or from the JSON body where there is one, by their names in camelCase. `tenant` always stands in the query: who
belongs to a tenant need not name it, and gets nothing of another.
"""

from dataclasses import dataclass
from typing import Final

BASE: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `payload` names the argument that is the whole body, `created` the key of the answer that names
    what was made (for Location). `per_minute` bounds one user's requests, 0 leaves that to the listener's limits.
    """

    method: str
    path: str
    verb: str
    summary: str
    payload: str | None = None
    created: str | None = None
    per_minute: int = 0

    @property
    def has_body(self) -> bool:
        """Whether arguments come in a JSON body."""
        return self.method in ("POST", "PUT", "PATCH")


def argument(name: str) -> str:
    """Return the verb's argument for a name in a path: `{stationId}` is `station`."""
    return name.removesuffix("Id")


ROUTES: Final[tuple[Route, ...]] = (
    # The specification's tenant endpoints.
    Route("GET", "/admin/tenants", "tenant.page", "List tenants, newest first"),
    Route("POST", "/admin/tenants", "tenant.add", "Create a tenant", created="id"),
    Route("GET", "/admin/tenants/{tenantId}", "tenant.admin-show", "Show a tenant, by id or name"),
    Route(
        "PUT", "/admin/tenants/{tenantId}/status", "tenant.status", "Activate, suspend or terminate a tenant"
    ),
    # Charging stations.
    Route("GET", "/stations", "station.page", "List charging stations with their connectors"),
    Route(
        "POST",
        "/stations",
        "station.add",
        "Register a station; its password is shown once",
        created="stationId",
    ),
    Route("GET", "/stations/{stationId}", "station.show", "Show a station with its connectors"),
    Route("PATCH", "/stations/{stationId}", "station.update", "Change what an operator may set of a station"),
    Route(
        "DELETE",
        "/stations/{stationId}",
        "station.remove",
        "Remove a station; its transactions and CDRs stay",
    ),
    Route(
        "POST",
        "/stations/{stationId}/password",
        "station.password",
        "Give a station a new password, shown once",
    ),
    Route(
        "GET", "/stations/{stationId}/settings", "station.config", "List what a station said of its settings"
    ),
    Route(
        "GET",
        "/stations/{stationId}/commands",
        "station.commands",
        "List the latest commands sent to a station",
    ),
    Route(
        "POST",
        "/stations/{stationId}/commands",
        "station.command",
        "Order something of a station: reset, unlock, start, stop, availability, trigger, reserve …",
    ),
    Route(
        "POST",
        "/stations/{stationId}/calls/{action}",
        "station.call",
        "Send any OCPP action to a station by its wire name; the body is the wire payload",
        payload="payload",
    ),
    Route(
        "GET",
        "/stations/{stationId}/monitors",
        "station.monitors",
        "List the monitors set in a 2.0.1 station",
    ),
    Route(
        "GET", "/stations/{stationId}/profiles", "station.profiles", "Show the charging profiles of a station"
    ),
    Route(
        "GET",
        "/stations/{stationId}/local-list",
        "station.local-list",
        "Show how far a station's local list is",
    ),
    Route(
        "GET",
        "/stations/{stationId}/displays",
        "station.displays",
        "List the messages on a station's display",
    ),
    Route("GET", "/stations/{stationId}/files", "station.logs", "List the logs a station has uploaded"),
    Route(
        "GET", "/stations/{stationId}/certificates", "station.certificates", "List what certificates it holds"
    ),
    Route(
        "GET", "/stations/{stationId}/security", "station.security", "Show security profile and certificates"
    ),
    Route(
        "POST",
        "/stations/{stationId}/security",
        "station.secure",
        "Bring a station to a higher security profile",
    ),
    Route("GET", "/desired-settings", "desired.list", "List the settings that stations are to have"),
    Route(
        "PUT",
        "/desired-settings/{name}",
        "desired.set",
        "Let stations have a setting: all, of a model, or one",
    ),
    Route("DELETE", "/desired-settings/{name}", "desired.remove", "No longer ask stations for a setting"),
    Route("GET", "/firmware", "firmware.list", "List the firmware files that stations may fetch"),
    Route("GET", "/firmware/{name}", "firmware.show", "Show a firmware file"),
    # Where stations stand, as partners see it.
    Route("GET", "/locations", "location.page", "List locations with the ids of their stations"),
    Route(
        "POST",
        "/locations",
        "location.add",
        "Add a location: an OCPI Location object without EVSEs",
        payload="document",
        created="id",
    ),
    Route("GET", "/locations/{locationId}", "location.show", "Show a location"),
    Route(
        "PATCH",
        "/locations/{locationId}",
        "location.update",
        "Change some fields of a location, in OCPI's words",
        payload="document",
    ),
    Route(
        "DELETE",
        "/locations/{locationId}",
        "location.remove",
        "Remove a location; partners see its EVSEs as REMOVED",
    ),
    Route("POST", "/locations/{locationId}/stations", "location.assign", "Let stations stand at a location"),
    Route(
        "GET",
        "/locations/{locationId}/published",
        "location.published",
        "Show the Location object that partners are shown",
    ),
    Route("DELETE", "/stations/{stationId}/location", "location.unassign", "Let a station stand nowhere"),
    Route(
        "PUT",
        "/stations/{stationId}/evses/{evse}",
        "location.evse",
        "Say how an EVSE is called and what it can do",
        payload="equipment",
    ),
    Route(
        "PUT",
        "/stations/{stationId}/evses/{evse}/connectors/{connector}",
        "location.connector",
        "Say what a connector fits and gives",
        payload="equipment",
    ),
    # Who may charge, and at what price.
    Route("GET", "/tokens", "token.page", "List id tokens"),
    Route("POST", "/tokens", "token.add", "Register an id token", created="uid"),
    Route("GET", "/tokens/{uid}", "token.show", "Show an id token"),
    Route("PUT", "/tokens/{uid}/blocked", "token.blocked", "Block or unblock an id token"),
    Route("DELETE", "/tokens/{uid}", "token.remove", "Remove an id token"),
    Route("GET", "/tariffs", "tariff.page", "List tariffs and where each applies"),
    Route(
        "POST",
        "/tariffs",
        "tariff.add",
        "Add an OCPI 2.2.1 tariff, or replace the one of the same id",
        payload="document",
        created="id",
    ),
    Route("GET", "/tariffs/{tariffId}", "tariff.show", "Show a tariff"),
    Route("PUT", "/tariffs/{tariffId}/active", "tariff.active", "Switch a tariff on or off"),
    Route(
        "POST",
        "/tariffs/{tariffId}/assignments",
        "tariff.assign",
        "Let a tariff apply to all, a station or an EVSE",
    ),
    # What was charged.
    Route("GET", "/transactions", "transaction.page", "List transactions, newest first"),
    Route("GET", "/transactions/{transactionId}", "transaction.show", "Show a transaction with meter values"),
    Route("GET", "/transactions/{transactionId}/price", "tariff.explain", "Explain every line of the price"),
    Route(
        "POST", "/transactions/{transactionId}/close", "transaction.close", "End one whose stop never comes"
    ),
    Route("GET", "/cdrs", "cdr.page", "List charge detail records, newest first"),
    Route("GET", "/cdrs/{cdrId}", "cdr.show", "Show a charge detail record with its OCPI document"),
    Route("GET", "/reservations", "reservation.page", "List reservations, newest first"),
    # Users and their keys.
    Route("GET", "/users", "user.page", "List users"),
    Route(
        "POST",
        "/users",
        "user.add",
        "Create a user; a generated password is shown once",
        created="id",
        per_minute=60,
    ),
    Route("GET", "/users/{userId}", "user.show", "Show a user, by id or e-mail address"),
    Route("PUT", "/users/{userId}/role", "user.role", "Give a user another role"),
    Route("PUT", "/users/{userId}/blocked", "user.blocked", "Block a user or let the user in again"),
    Route("POST", "/users/{userId}/password", "user.password", "Give a user a new password", per_minute=60),
    Route("DELETE", "/users/{userId}", "user.remove", "Remove a user with all API keys"),
    Route("GET", "/users/{userId}/api-keys", "user.api-keys", "List the API keys of a user, without secrets"),
    Route(
        "POST", "/users/{userId}/api-keys", "user.api-key", "Make an API key; it is shown once", created="id"
    ),
    Route("DELETE", "/users/{userId}/api-keys/{key}", "user.api-key-remove", "Remove an API key"),
    # Certificates.
    Route("GET", "/certificates", "certificate.page", "List the certificates we issued"),
    Route("POST", "/certificates/{certificateId}/revoke", "pki.revoke", "Revoke a certificate"),
    Route("GET", "/trust-anchors", "trust.list", "List the roots that are trusted, and for what"),
    # What happened.
    Route("GET", "/alerts", "alert.page", "List alerts, newest first"),
    Route("POST", "/alerts/{alertId}/acknowledge", "alert.acknowledge", "Say that an alert was seen"),
    Route("POST", "/alerts/{alertId}/clear", "alert.clear", "End an alert"),
    Route("GET", "/audit", "audit.page", "List who did what, newest first", per_minute=600),
    Route("GET", "/messages", "message.page", "List OCPP messages, newest first", per_minute=600),
    Route("GET", "/status", "status", "Show the running appliance at a glance"),
)

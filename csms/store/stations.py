"""Charging stations, connectors, what stations report about themselves, and refused handshakes."""

from typing import Any

from csms.model.station import ChargingStation, Connector, ConnectorStatus
from csms.store import rows
from csms.store.connection import Database, Row

_OF_A_STATION = (
    "connectors",
    "station_settings",
    "local_lists",
    "local_list_contents",
    "station_counters",
    "unknown_actions",
    "tariff_assignments",
    "reservations",
    "local_list_syncs",
    "local_list_exclusions",
    "charging_profiles",
    "profile_reports",
    "external_limits",
    "charging_needs",
    "device_variables",
    "report_parts",
    "device_monitors",
    "inventories",
    "station_jobs",
    "setting_outcomes",
    "station_security",
    "certificate_requests",
    "installed_certificates",
    "security_upgrades",
    "station_files",
    "equipment",
    "file_addresses",
    "display_messages",
    "customer_information",
    "pki_root_installs",
)


def insert(db: Database, station: ChargingStation, password_hash: str | None) -> None:
    """Insert a station."""
    rows.insert(db, "stations", rows.dump(station) | {"password_hash": password_hash})


def get(db: Database, tenant_id: str, station_id: str) -> ChargingStation | None:
    """Return one station of a tenant by the id it connects with."""
    row = db.one(
        "SELECT * FROM stations WHERE tenant_id = :tenant AND station_id = :station",
        {"tenant": tenant_id, "station": station_id},
    )
    return rows.load(ChargingStation, row) if row else None


def by_key(db: Database, key: str) -> ChargingStation | None:
    """Return one station by its internal id."""
    row = db.one("SELECT * FROM stations WHERE id = :key", {"key": key})
    return rows.load(ChargingStation, row) if row else None


def candidates(db: Database, station_id: str) -> list[Row]:
    """Return the stations of all tenants that use this id, with their credentials and the state of their tenant."""
    return db.all(
        """SELECT s.*, t.name AS tenant_name, t.status AS tenant_status, x.registered_serial, x.next_profile,
             x.highest_profile, x.restricted
           FROM stations s JOIN tenants t ON t.id = s.tenant_id
             LEFT JOIN station_security x ON x.station_key = s.id WHERE s.station_id = :station""",
        {"station": station_id},
    )


def named(db: Database, tenant_id: str | None, station_id: str) -> list[ChargingStation]:
    """Return the stations of one tenant (or all, for None) that use this id."""
    found = db.all(
        "SELECT * FROM stations WHERE station_id = :station AND tenant_id = COALESCE(:tenant, tenant_id)",
        {"station": station_id, "tenant": tenant_id},
    )
    return [rows.load(ChargingStation, row) for row in found]


def count_waiting(db: Database) -> int:
    """Return how many stations came by themselves and wait for an operator."""
    row = db.one(
        "SELECT count(*) AS n FROM stations WHERE onboarded_at IS NOT NULL AND registration = 'Pending'"
    )
    return int(row["n"]) if row else 0


def select(db: Database, tenant_id: str | None) -> list[ChargingStation]:
    """Return the stations of one tenant (or all, for None) by id."""
    found = db.all(
        "SELECT * FROM stations WHERE tenant_id = COALESCE(:tenant, tenant_id) ORDER BY station_id",
        {"tenant": tenant_id},
    )
    return [rows.load(ChargingStation, row) for row in found]


def update(db: Database, key: str, at: str, **columns: Any) -> None:
    """Change columns of one station."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    db.run(f"UPDATE stations SET {sets}, updated_at = :at WHERE id = :key", columns | {"key": key, "at": at})


def drop_pending_password(db: Database, key: str, pending_hash: str, at: str) -> None:
    """Forget a password that a station was to take, unless another one is waiting by now."""
    db.run(
        """UPDATE stations SET pending_password_hash = NULL, updated_at = :at
           WHERE id = :key AND pending_password_hash = :pending""",
        {"key": key, "pending": pending_hash, "at": at},
    )


def delete(db: Database, key: str) -> None:
    """Remove a station with its connectors and settings; its transactions and CDRs stay."""
    for table in _OF_A_STATION:
        db.run(f"DELETE FROM {table} WHERE station_key = :key", {"key": key})
    db.run("DELETE FROM stations WHERE id = :key", {"key": key})


def seen(db: Database, moments: list[dict[str, str]]) -> None:
    """Write when stations were last heard; `moments` hold `key` and `at`."""
    db.many("UPDATE stations SET last_seen_at = :at WHERE id = :key", moments)


def silent(db: Database, before: str) -> list[ChargingStation]:
    """Return the accepted stations that were last heard before a moment, the longest silent last."""
    found = db.all(
        """SELECT * FROM stations WHERE registration = 'Accepted' AND last_seen_at < :before
           ORDER BY last_seen_at DESC""",
        {"before": before},
    )
    return [rows.load(ChargingStation, row) for row in found]


def connectors(db: Database, station_key: str) -> list[Connector]:
    """Return the connectors of a station; EVSE 0 stands for the station itself."""
    found = db.all(
        "SELECT * FROM connectors WHERE station_key = :key ORDER BY evse_id, connector_id",
        {"key": station_key},
    )
    return [rows.load(Connector, row) for row in found]


def all_connectors(db: Database, tenant_id: str | None) -> list[Connector]:
    """Return the connectors of every station of a tenant (or of all, for None)."""
    found = db.all(
        """SELECT c.* FROM connectors c JOIN stations s ON s.id = c.station_key
           WHERE s.tenant_id = COALESCE(:tenant, s.tenant_id) ORDER BY c.station_key, c.evse_id, c.connector_id""",
        {"tenant": tenant_id},
    )
    return [rows.load(Connector, row) for row in found]


def ensure_connector(db: Database, station_key: str, evse_id: int, connector_id: int) -> None:
    """Create a connector that is not known yet."""
    db.run(
        """INSERT INTO connectors (station_key, evse_id, connector_id, status)
           VALUES (:key, :evse, :connector, 'UNKNOWN') ON CONFLICT DO NOTHING""",
        {"key": station_key, "evse": evse_id, "connector": connector_id},
    )


def set_status(db: Database, connector: Connector) -> bool:
    """Write what a station says of a connector unless something newer is known; returns whether it was written."""
    return bool(
        db.run(
            """INSERT INTO connectors
                 (station_key, evse_id, connector_id, status, status_at, error_code, info, vendor_error_code)
               VALUES (:station_key, :evse_id, :connector_id, :status, :status_at, :error_code, :info,
                 :vendor_error_code)
               ON CONFLICT (station_key, evse_id, connector_id) DO UPDATE SET status = excluded.status,
                 status_at = excluded.status_at, error_code = excluded.error_code, info = excluded.info,
                 vendor_error_code = excluded.vendor_error_code
               WHERE connectors.status_at IS NULL OR connectors.status_at <= excluded.status_at""",
            rows.dump(connector),
        )
    )


def add_history(db: Database, station_key: str, evse_id: int, at: str, status: str) -> None:
    """Keep a state a connector was in from a moment on."""
    db.run(
        "INSERT INTO connector_history (station_key, evse_id, at, status) VALUES (:key, :evse, :at, :status)",
        {"key": station_key, "evse": evse_id, "at": at, "status": status},
    )


def history(db: Database, station_key: str, evse_id: int, since: str, until: str) -> list[Row]:
    """Return the states of an EVSE in a span, the one it began with included, in order of time."""
    return db.all(
        """SELECT at, status FROM connector_history WHERE station_key = :key AND evse_id = :evse AND at < :until
             AND at >= COALESCE((SELECT max(at) FROM connector_history WHERE station_key = :key AND evse_id = :evse
                                 AND at <= :since), :since)
           ORDER BY at, id""",
        {"key": station_key, "evse": evse_id, "since": since, "until": until},
    )


def assume_status(
    db: Database, station_key: str, evse_id: int, status: ConnectorStatus, unless_after: str
) -> None:
    """Show what follows from a transaction, without overruling a newer word of the station itself."""
    db.run(
        """UPDATE connectors SET status = :status, status_at = :at
           WHERE station_key = :key AND evse_id = :evse AND (status_at IS NULL OR status_at < :at)
             AND status IN ('UNKNOWN', 'AVAILABLE', 'OCCUPIED')""",
        {"key": station_key, "evse": evse_id, "status": status.value, "at": unless_after},
    )


def after_charge(
    db: Database, station_key: str, evse_id: int, status: ConnectorStatus, unless_after: str
) -> None:
    """Show that a charge is over where the station says no more of a connector than that it is occupied."""
    db.run(
        """UPDATE connectors SET status = :status, status_at = :at
           WHERE station_key = :key AND evse_id = :evse AND (status_at IS NULL OR status_at <= :at)
             AND status IN ('UNKNOWN', 'PREPARING', 'CHARGING', 'SUSPENDED_EV', 'SUSPENDED_EVSE', 'FINISHING')""",
        {"key": station_key, "evse": evse_id, "status": status.value, "at": unless_after},
    )


def charge_state(db: Database, station_key: str, evse_id: int) -> str | None:
    """Return the charging state of the transaction that runs on an EVSE, None where none runs or says it."""
    row = db.one(
        """SELECT charging_state FROM transactions
           WHERE station_key = :key AND evse_id = :evse AND ended_at IS NULL AND charging_state IS NOT NULL
           ORDER BY started_at DESC LIMIT 1""",
        {"key": station_key, "evse": evse_id},
    )
    return row["charging_state"] if row else None


def set_intent(db: Database, station_key: str, evse_id: int, connector_id: int, available: bool) -> None:
    """Remember what availability the operator wants; EVSE 0 means the whole station, connector 0 the whole EVSE."""
    db.run(
        """UPDATE connectors SET available_intent = :available
           WHERE station_key = :key AND :evse IN (0, evse_id) AND :connector IN (0, connector_id)""",
        {"key": station_key, "evse": evse_id, "connector": connector_id, "available": int(available)},
    )


def out_of_service(db: Database, booted_since: str) -> list[ChargingStation]:
    """Return the stations, of all tenants, that booted lately and have a connector to be out of service."""
    found = db.all(
        """SELECT * FROM stations WHERE booted_at >= :since AND id IN
             (SELECT station_key FROM connectors WHERE available_intent = 0) ORDER BY id""",
        {"since": booted_since},
    )
    return [rows.load(ChargingStation, row) for row in found]


def write_list_version(db: Database, station_key: str, version: int, at: str) -> None:
    """Write which version of the local authorization list a station holds."""
    db.run(
        """INSERT INTO local_lists (station_key, version, synced_at) VALUES (:key, :version, :at)
           ON CONFLICT (station_key) DO UPDATE SET version = excluded.version, synced_at = excluded.synced_at""",
        {"key": station_key, "version": version, "at": at},
    )


def list_version(db: Database, station_key: str) -> int:
    """Return the version of the local authorization list a station is known to hold; 0 for none."""
    row = db.one("SELECT version FROM local_lists WHERE station_key = :key", {"key": station_key})
    return int(row["version"]) if row else 0


def write_settings(db: Database, settings: list[dict[str, Any]]) -> None:
    """Write settings as the station reported them, unless something newer is known."""
    db.many(
        """INSERT INTO station_settings (station_key, name, value, readonly, reported_at)
           VALUES (:station_key, :name, :value, :readonly, :reported_at)
           ON CONFLICT (station_key, name) DO UPDATE SET value = excluded.value, readonly = excluded.readonly,
             reported_at = excluded.reported_at
           WHERE station_settings.reported_at <= excluded.reported_at""",
        settings,
    )


def settings(db: Database, station_key: str) -> list[Row]:
    """Return the configuration keys a station has reported."""
    return db.all(
        "SELECT * FROM station_settings WHERE station_key = :key ORDER BY name", {"key": station_key}
    )


def setting(db: Database, station_key: str, name: str) -> str | None:
    """Return one configuration key as the station last reported it, by its exact name."""
    row = db.one(
        "SELECT value FROM station_settings WHERE station_key = :key AND name = :name",
        {"key": station_key, "name": name},
    )
    return row["value"] if row else None


def add_event(db: Database, values: dict[str, Any]) -> None:
    """Keep something a station reported that has no table of its own."""
    rows.insert(db, "station_events", values)


def events(db: Database, station_key: str, kind: str, limit: int) -> list[Row]:
    """Return the latest station events of one kind, newest first."""
    return db.all(
        "SELECT * FROM station_events WHERE station_key = :key AND kind = :kind ORDER BY id DESC LIMIT :limit",
        {"key": station_key, "kind": kind, "limit": limit},
    )


def add_refusal(db: Database, values: dict[str, Any]) -> None:
    """Keep a refused handshake; only the newest hundred of one station id are kept."""
    rows.insert(db, "refusals", values)
    db.run(
        """DELETE FROM refusals WHERE station_id = :station_id AND id <=
             (SELECT max(id) FROM refusals WHERE station_id = :station_id) - 100""",
        {"station_id": values["station_id"]},
    )


def refusals(db: Database, tenant_id: str | None, station_id: str, limit: int) -> list[Row]:
    """Return the latest refused handshakes of a station id, newest first; of nobody's station only for all tenants."""
    return db.all(
        """SELECT * FROM refusals WHERE station_id = :station
             AND (CAST(:tenant AS TEXT) IS NULL OR tenant_id = CAST(:tenant AS TEXT))
           ORDER BY id DESC LIMIT :limit""",
        {"station": station_id, "tenant": tenant_id, "limit": limit},
    )

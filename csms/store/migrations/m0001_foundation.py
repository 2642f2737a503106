"""Tenants, users, stations, tokens, tariffs, transactions, CDRs, messages, commands, outbox, audit."""

from typing import Final

STATEMENTS: Final = (
    "CREATE TABLE readiness (id BIGINT PRIMARY KEY, at TEXT NOT NULL)",
    """CREATE TABLE tenants (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, tenant_type TEXT NOT NULL, status TEXT NOT NULL,
        country_code TEXT NOT NULL, party_id TEXT NOT NULL, currency TEXT NOT NULL, time_zone TEXT NOT NULL,
        created_at TEXT NOT NULL, updated_at TEXT NOT NULL)""",
    """CREATE TABLE users (
        id TEXT PRIMARY KEY, tenant_id TEXT REFERENCES tenants(id), email TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
        password_hash TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL)""",
    """CREATE TABLE stations (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants(id), station_id TEXT NOT NULL,
        registration TEXT NOT NULL, security_profile BIGINT NOT NULL, created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL, name TEXT, location_id TEXT, vendor TEXT, model TEXT, serial_number TEXT,
        firmware_version TEXT,
        ocpp_version TEXT, quirks TEXT NOT NULL DEFAULT '{}', booted_at TEXT, last_seen_at TEXT,
        password_hash TEXT, pending_password_hash TEXT, boot TEXT,
        UNIQUE (tenant_id, station_id))""",
    "CREATE INDEX stations_by_station_id ON stations (station_id)",
    """CREATE TABLE connectors (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, evse_id BIGINT NOT NULL,
        connector_id BIGINT NOT NULL, status TEXT NOT NULL, status_at TEXT, error_code TEXT, info TEXT,
        vendor_error_code TEXT, tariff_id TEXT, available_intent BIGINT NOT NULL DEFAULT 1,
        PRIMARY KEY (station_key, evse_id, connector_id))""",
    """CREATE TABLE station_settings (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, name TEXT NOT NULL, value TEXT,
        readonly BIGINT NOT NULL, reported_at TEXT NOT NULL, PRIMARY KEY (station_key, name))""",
    """CREATE TABLE station_events (
        id {serial}, tenant_id TEXT NOT NULL, station_key TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL,
        reported_at TEXT, body TEXT NOT NULL)""",
    "CREATE INDEX station_events_by_station ON station_events (station_key, kind, id)",
    """CREATE TABLE refusals (
        id {serial}, tenant_id TEXT, station_id TEXT NOT NULL, at TEXT NOT NULL, http_status BIGINT NOT NULL,
        reason TEXT NOT NULL, handshake TEXT NOT NULL)""",
    "CREATE INDEX refusals_by_station ON refusals (station_id, id)",
    """CREATE TABLE id_tokens (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants(id), uid TEXT NOT NULL,
        uid_folded TEXT NOT NULL, type TEXT NOT NULL, group_id TEXT, expires_at TEXT, blocked BIGINT NOT NULL,
        max_active BIGINT,
        created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_used_at TEXT, use_count BIGINT NOT NULL DEFAULT 0,
        UNIQUE (tenant_id, uid_folded))""",
    """CREATE TABLE local_lists (
        station_key TEXT PRIMARY KEY REFERENCES stations(id) ON DELETE CASCADE, version BIGINT NOT NULL,
        synced_at TEXT NOT NULL)""",
    """CREATE TABLE tariffs (
        tenant_id TEXT NOT NULL REFERENCES tenants(id), id TEXT NOT NULL, currency TEXT NOT NULL,
        active BIGINT NOT NULL, document TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
        PRIMARY KEY (tenant_id, id))""",
    """CREATE TABLE tariff_assignments (
        tenant_id TEXT NOT NULL REFERENCES tenants(id), station_key TEXT NOT NULL, evse_id BIGINT NOT NULL,
        tariff_id TEXT NOT NULL, assigned_at TEXT NOT NULL, PRIMARY KEY (tenant_id, station_key, evse_id))""",
    """CREATE TABLE transactions (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, station_key TEXT NOT NULL, station_id TEXT NOT NULL,
        ocpp_id TEXT NOT NULL, state TEXT NOT NULL, evse_id BIGINT, connector_id BIGINT, id_token TEXT,
        id_token_folded TEXT, "authorization" TEXT, started_at TEXT, reported_started_at TEXT, ended_at TEXT,
        reported_ended_at TEXT, meter_start_wh BIGINT, meter_stop_wh BIGINT, energy_wh BIGINT, stop_reason TEXT,
        reservation_id BIGINT, remote_command_id TEXT, tariff_id TEXT, tariff TEXT, time_zone TEXT, currency TEXT,
        suspect_at TEXT, business_key TEXT, received_at TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX transactions_by_ocpp_id ON transactions (ocpp_id, station_key) WHERE state <> 'ORPHANED'",
    "CREATE UNIQUE INDEX transactions_by_business_key ON transactions (business_key, station_key)",
    "CREATE INDEX transactions_by_start ON transactions (tenant_id, started_at)",
    "CREATE INDEX transactions_open ON transactions (station_key, evse_id) WHERE ended_at IS NULL",
    "CREATE INDEX transactions_orphaned ON transactions (station_key) WHERE state = 'ORPHANED'",
    """CREATE INDEX transactions_by_token ON transactions (tenant_id, id_token_folded)
        WHERE state = 'ACTIVE'""",
    "CREATE INDEX transactions_by_stop ON transactions (reported_ended_at, station_key)",
    """CREATE INDEX transactions_by_connector ON transactions (station_key, evse_id, ended_at)
        WHERE ended_at IS NOT NULL""",
    """CREATE TABLE corrections (
        id {serial}, tenant_id TEXT NOT NULL, transaction_id TEXT NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL,
        at TEXT NOT NULL)""",
    "CREATE INDEX corrections_by_transaction ON corrections (transaction_id, id)",
    """CREATE TABLE meter_values (
        id {rowid}, tenant_id TEXT NOT NULL, station_key TEXT NOT NULL, subject TEXT NOT NULL,
        evse_id BIGINT NOT NULL, taken_at TEXT NOT NULL, received_at TEXT NOT NULL, signature TEXT NOT NULL,
        energy_wh BIGINT, power_w BIGINT, current_a TEXT, samples TEXT NOT NULL,
        UNIQUE (subject, taken_at, signature))""",
    """CREATE TABLE cdrs (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, transaction_id TEXT NOT NULL UNIQUE, station_id TEXT NOT NULL,
        evse_id BIGINT, connector_id BIGINT, id_token TEXT, started_at TEXT NOT NULL, ended_at TEXT NOT NULL,
        energy_wh BIGINT NOT NULL, currency TEXT NOT NULL, total_cost TEXT NOT NULL, total_cost_incl_vat TEXT,
        tariff_id TEXT, created_at TEXT NOT NULL, document TEXT NOT NULL)""",
    "CREATE INDEX cdrs_by_end ON cdrs (tenant_id, ended_at)",
    """CREATE TABLE messages (
        id {rowid}, tenant_id TEXT NOT NULL, station_key TEXT NOT NULL, station_id TEXT NOT NULL,
        direction TEXT NOT NULL, message_id TEXT NOT NULL, action TEXT NOT NULL, digest TEXT NOT NULL,
        at TEXT NOT NULL, request TEXT NOT NULL, response TEXT, note TEXT)""",
    "CREATE INDEX messages_replayed ON messages (station_key, message_id) WHERE digest <> ''",
    """CREATE TABLE commands (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, station_key TEXT NOT NULL, station_id TEXT NOT NULL,
        action TEXT NOT NULL, purpose TEXT NOT NULL, request TEXT NOT NULL, status TEXT, outcome TEXT NOT NULL,
        requested_at TEXT NOT NULL, requested_by TEXT NOT NULL, expires_at TEXT NOT NULL, id_token TEXT,
        evse_id BIGINT, ocpp_id TEXT, answered_at TEXT, response TEXT, error TEXT, followed_by TEXT)""",
    "CREATE INDEX commands_by_station ON commands (station_key, requested_at)",
    "CREATE INDEX commands_open ON commands (station_key, purpose, requested_at) WHERE outcome = 'PENDING'",
    "CREATE INDEX commands_by_expiry ON commands (expires_at) WHERE outcome = 'PENDING'",
    """CREATE TABLE reservations (
        id BIGINT NOT NULL, tenant_id TEXT NOT NULL, station_key TEXT NOT NULL, station_id TEXT NOT NULL,
        evse_id BIGINT NOT NULL, id_token TEXT NOT NULL, group_id TEXT, expires_at TEXT NOT NULL, status TEXT NOT NULL,
        created_at TEXT NOT NULL, updated_at TEXT NOT NULL, transaction_id TEXT, PRIMARY KEY (station_key, id))""",
    """CREATE TABLE outbox (
        id {serial}, tenant_id TEXT NOT NULL, station_id TEXT, kind TEXT NOT NULL, subject TEXT NOT NULL,
        at TEXT NOT NULL, body TEXT NOT NULL)""",
    """CREATE TABLE audit (
        id {serial}, tenant_id TEXT, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
        origin TEXT NOT NULL, detail TEXT NOT NULL)""",
)

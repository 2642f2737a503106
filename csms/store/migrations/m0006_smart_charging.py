"""Local lists that follow the id tokens, how reservations end, charging profiles, outside limits, needs of vehicles."""

from typing import Final

STATEMENTS: Final = (
    "ALTER TABLE tenants ADD COLUMN local_list_sync BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE tenants ADD COLUMN token_changes BIGINT NOT NULL DEFAULT 0",
    """CREATE TABLE local_list_syncs (
        station_key TEXT PRIMARY KEY REFERENCES stations(id) ON DELETE CASCADE, token_changes BIGINT NOT NULL,
        forced BIGINT NOT NULL, attempts BIGINT NOT NULL, due_at TEXT NOT NULL, tried_at TEXT, synced_at TEXT,
        problem TEXT)""",
    """CREATE TABLE local_list_exclusions (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, uid TEXT NOT NULL,
        excluded_at TEXT NOT NULL, PRIMARY KEY (station_key, uid))""",
    "ALTER TABLE reservations ADD COLUMN connector_type TEXT",
    "ALTER TABLE reservations ADD COLUMN ended_because TEXT",
    "CREATE INDEX reservations_open ON reservations (station_key) WHERE status = 'ACTIVE'",
    "CREATE INDEX reservations_due ON reservations (expires_at) WHERE status = 'ACTIVE'",
    """CREATE TABLE charging_profiles (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, id BIGINT NOT NULL,
        evse_id BIGINT NOT NULL, purpose TEXT NOT NULL, stack_level BIGINT NOT NULL, transaction_id TEXT,
        source TEXT NOT NULL, document TEXT NOT NULL, installed_at TEXT, reported_at TEXT,
        PRIMARY KEY (station_key, id))""",
    """CREATE TABLE profile_reports (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, request_id BIGINT NOT NULL,
        scope TEXT NOT NULL, asked_at TEXT NOT NULL, PRIMARY KEY (station_key, request_id))""",
    """CREATE TABLE external_limits (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, evse_id BIGINT NOT NULL,
        source TEXT NOT NULL, grid_critical BIGINT, schedules TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (station_key, evse_id, source))""",
    """CREATE TABLE charging_needs (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, evse_id BIGINT NOT NULL,
        transaction_id TEXT, needs TEXT NOT NULL, received_at TEXT NOT NULL, asked_at TEXT NOT NULL,
        due_at TEXT NOT NULL, status TEXT NOT NULL, attempts BIGINT NOT NULL, renegotiations BIGINT NOT NULL,
        profile_id BIGINT, problem TEXT, updated_at TEXT NOT NULL, PRIMARY KEY (station_key, evse_id))""",
    "CREATE INDEX charging_needs_open ON charging_needs (due_at) WHERE status = 'PENDING'",
)

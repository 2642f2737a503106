"""Alerts, what is known of the device model and by which question, monitors, desired settings and their outcome."""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE alerts (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, station_id TEXT, transaction_id TEXT, severity TEXT NOT NULL,
        category TEXT NOT NULL, key TEXT NOT NULL, message TEXT NOT NULL, metadata TEXT NOT NULL,
        raised_at TEXT NOT NULL, last_at TEXT NOT NULL, count BIGINT NOT NULL, acknowledged_at TEXT,
        acknowledged_by TEXT, cleared_at TEXT)""",
    "CREATE UNIQUE INDEX alerts_open ON alerts (tenant_id, key) WHERE cleared_at IS NULL",
    "CREATE INDEX alerts_by_time ON alerts (tenant_id, raised_at)",
    "ALTER TABLE device_variables ADD COLUMN asked_at TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE commands ADD COLUMN covers TEXT",
    "CREATE INDEX commands_by_request ON commands (station_key, request_id) WHERE request_id IS NOT NULL",
    "CREATE INDEX report_parts_by_time ON report_parts (received_at)",
    "ALTER TABLE station_settings ADD COLUMN needs_reboot BIGINT NOT NULL DEFAULT 0",
    """CREATE TABLE device_monitors (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, monitor_id BIGINT NOT NULL,
        variable TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, severity BIGINT NOT NULL,
        in_transaction BIGINT NOT NULL, custom BIGINT NOT NULL, asked_at TEXT NOT NULL,
        PRIMARY KEY (station_key, monitor_id))""",
    """CREATE TABLE inventories (
        station_key TEXT PRIMARY KEY REFERENCES stations(id) ON DELETE CASCADE, firmware TEXT NOT NULL,
        taken_at TEXT NOT NULL)""",
    """CREATE TABLE station_jobs (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, kind TEXT NOT NULL,
        firmware TEXT NOT NULL, due_at TEXT NOT NULL, attempts BIGINT NOT NULL, PRIMARY KEY (station_key, kind))""",
    "CREATE INDEX station_jobs_due ON station_jobs (due_at)",
    """CREATE TABLE desired_settings (
        tenant_id TEXT NOT NULL, scope TEXT NOT NULL, subject TEXT NOT NULL, name_folded TEXT NOT NULL,
        name TEXT NOT NULL, value TEXT NOT NULL, updated_at TEXT NOT NULL, updated_by TEXT NOT NULL,
        PRIMARY KEY (tenant_id, scope, subject, name_folded))""",
    """CREATE TABLE setting_outcomes (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, name_folded TEXT NOT NULL,
        name TEXT NOT NULL, value TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT, attempts BIGINT NOT NULL,
        at TEXT NOT NULL, PRIMARY KEY (station_key, name_folded))""",
)

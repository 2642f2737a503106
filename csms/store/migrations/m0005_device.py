"""Alerts."""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE alerts (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, station_id TEXT, transaction_id TEXT, severity TEXT NOT NULL,
        category TEXT NOT NULL, key TEXT NOT NULL, message TEXT NOT NULL, metadata TEXT NOT NULL,
        raised_at TEXT NOT NULL, last_at TEXT NOT NULL, count BIGINT NOT NULL, acknowledged_at TEXT,
        acknowledged_by TEXT, cleared_at TEXT)""",
    "CREATE UNIQUE INDEX alerts_open ON alerts (tenant_id, key) WHERE cleared_at IS NULL",
    "CREATE INDEX alerts_by_time ON alerts (tenant_id, raised_at)",
)

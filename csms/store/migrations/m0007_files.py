"""Files of stations and firmware, addresses to fetch and leave them at, display messages, customer data, languages."""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE station_files (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, station_key TEXT NOT NULL, station_id TEXT NOT NULL,
        kind TEXT NOT NULL, state TEXT NOT NULL, command_id TEXT, request_id BIGINT, file_name TEXT,
        size_bytes BIGINT, sha256 TEXT, reason TEXT, created_at TEXT NOT NULL, received_at TEXT)""",
    "CREATE INDEX station_files_by_tenant ON station_files (tenant_id, created_at)",
    "CREATE INDEX station_files_by_station ON station_files (station_key, created_at)",
    "CREATE INDEX station_files_by_command ON station_files (command_id)",
    """CREATE TABLE firmware_files (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants(id), name TEXT NOT NULL, version TEXT,
        vendor TEXT, model TEXT, size_bytes BIGINT NOT NULL, sha256 TEXT NOT NULL, md5 TEXT NOT NULL,
        signature TEXT, signing_certificate TEXT, created_at TEXT NOT NULL, UNIQUE (tenant_id, name))""",
    """CREATE TABLE file_addresses (
        address_hash TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, station_key TEXT NOT NULL, direction TEXT NOT NULL,
        file_id TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL, spent_at TEXT)""",
    "CREATE INDEX file_addresses_by_end ON file_addresses (expires_at)",
    """CREATE TABLE display_messages (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, id BIGINT NOT NULL,
        priority TEXT NOT NULL, state TEXT, starts_at TEXT, ends_at TEXT, transaction_id TEXT, format TEXT NOT NULL,
        language TEXT, content TEXT NOT NULL, set_at TEXT, reported_at TEXT, PRIMARY KEY (station_key, id))""",
    """CREATE TABLE customer_information (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, request_id BIGINT NOT NULL,
        seq_no BIGINT NOT NULL, data TEXT NOT NULL, received_at TEXT NOT NULL,
        PRIMARY KEY (station_key, request_id, seq_no))""",
    "ALTER TABLE id_tokens ADD COLUMN language TEXT",
    "CREATE INDEX connectors_out_of_service ON connectors (station_key) WHERE available_intent = 0",
    "CREATE INDEX commands_open_by_purpose ON commands (purpose, requested_at) WHERE outcome = 'PENDING'",
)

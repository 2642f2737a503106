"""What OCPP 2.0.1 adds: events of a transaction by their number, the numbers of requests, the device model."""

from typing import Final

STATEMENTS: Final = (
    "ALTER TABLE transactions ADD COLUMN start_unseen BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE transactions ADD COLUMN charging_state TEXT",
    "ALTER TABLE commands ADD COLUMN request_id BIGINT",
    """CREATE TABLE transaction_events (
        id {serial}, transaction_id TEXT NOT NULL, seq_no BIGINT NOT NULL, digest TEXT NOT NULL,
        event_type TEXT NOT NULL, reported_at TEXT NOT NULL, received_at TEXT NOT NULL, trigger_reason TEXT,
        offline BIGINT NOT NULL, UNIQUE (transaction_id, seq_no, digest))""",
    """CREATE TABLE device_variables (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, component TEXT NOT NULL,
        component_instance TEXT NOT NULL, evse_id BIGINT NOT NULL, connector_id BIGINT NOT NULL,
        variable TEXT NOT NULL, variable_instance TEXT NOT NULL, attribute TEXT NOT NULL, value TEXT,
        mutability TEXT, persistent BIGINT, constant BIGINT, data_type TEXT, unit TEXT, min_limit TEXT,
        max_limit TEXT, values_list TEXT, supports_monitoring BIGINT, generated_at TEXT NOT NULL,
        PRIMARY KEY (station_key, component, component_instance, evse_id, connector_id, variable,
            variable_instance, attribute))""",
    """CREATE TABLE report_parts (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, kind TEXT NOT NULL,
        request_id BIGINT NOT NULL, seq_no BIGINT NOT NULL, is_last BIGINT NOT NULL, generated_at TEXT NOT NULL,
        received_at TEXT NOT NULL, PRIMARY KEY (station_key, kind, request_id, seq_no))""",
)

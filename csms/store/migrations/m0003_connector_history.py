"""What connectors' states have been, for as long as meter values are kept: parking is billed by it."""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE connector_history (
        id {serial}, station_key TEXT NOT NULL, evse_id BIGINT NOT NULL, at TEXT NOT NULL, status TEXT NOT NULL)""",
    "CREATE INDEX connector_history_by_evse ON connector_history (station_key, evse_id, at)",
)

"""Where id tokens are valid that are not valid everywhere."""

from typing import Final

STATEMENTS: Final = (
    # Says that the token has places: one without is valid everywhere, and costs no look at them.
    "ALTER TABLE id_tokens ADD COLUMN bound BIGINT NOT NULL DEFAULT 0",
    # `evse_id` 0 is the whole station.
    """CREATE TABLE token_places (
        tenant_id TEXT NOT NULL REFERENCES tenants(id), uid_folded TEXT NOT NULL,
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, evse_id BIGINT NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL, PRIMARY KEY (tenant_id, uid_folded, station_key, evse_id))""",
    "CREATE INDEX token_places_by_station ON token_places (station_key)",
)

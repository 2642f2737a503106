"""Locations, what is installed there, and what of locations and charging sessions partners are shown."""

from typing import Final

STATEMENTS: Final = (
    # stations.location_id names the location: whatever was written there before stays, and a location that is
    # added under that name or id takes these stations up.
    """CREATE TABLE locations (
        tenant_id TEXT NOT NULL REFERENCES tenants(id), id_folded TEXT NOT NULL, id TEXT NOT NULL, name TEXT,
        address TEXT, city TEXT, postal_code TEXT, state TEXT, country TEXT, latitude TEXT, longitude TEXT,
        time_zone TEXT NOT NULL, publish BIGINT NOT NULL, details TEXT NOT NULL DEFAULT '{}',
        created_at TEXT NOT NULL, updated_at TEXT NOT NULL, published_at TEXT, removed_at TEXT, document TEXT,
        last_updated TEXT, PRIMARY KEY (tenant_id, id_folded))""",
    # Partners count and skip within the index alone, for the rows are long.
    """CREATE INDEX locations_shown ON locations (tenant_id, published_at, id_folded, last_updated)
        WHERE published_at IS NOT NULL""",
    """CREATE INDEX stations_by_location ON stations (tenant_id, location_id, station_id)
        WHERE location_id IS NOT NULL""",
    # Every uid an EVSE ever had; the one that has no removed_at is in use.
    """CREATE TABLE evses (
        tenant_id TEXT NOT NULL REFERENCES tenants(id), uid_folded TEXT NOT NULL, uid TEXT NOT NULL,
        location_folded TEXT NOT NULL, station_key TEXT NOT NULL, evse_id BIGINT NOT NULL, placed_at TEXT NOT NULL,
        removed_at TEXT, PRIMARY KEY (tenant_id, uid_folded))""",
    "CREATE INDEX evses_by_station ON evses (station_key, evse_id)",
    "CREATE INDEX evses_by_location ON evses (tenant_id, location_folded)",
    """CREATE TABLE equipment (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, evse_id BIGINT NOT NULL,
        connector_id BIGINT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (station_key, evse_id, connector_id))""",
    # What is frozen when a transaction starts, and the Session object that partners are shown of it.
    """CREATE TABLE ocpi_sessions (
        transaction_id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, station_key TEXT NOT NULL, location TEXT,
        token TEXT, token_country TEXT NOT NULL DEFAULT '', token_party TEXT NOT NULL DEFAULT '', auth_method TEXT,
        authorization_reference TEXT, document TEXT, created_at TEXT NOT NULL, last_updated TEXT)""",
    """CREATE INDEX ocpi_sessions_shown ON ocpi_sessions
        (tenant_id, token_country, token_party, created_at, transaction_id, last_updated)
        WHERE last_updated IS NOT NULL""",
    "ALTER TABLE cdrs ADD COLUMN token_country TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE cdrs ADD COLUMN token_party TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX cdrs_by_token_party ON cdrs (tenant_id, token_country, token_party, created_at, id)",
)

"""Counters and abilities of stations, what their local lists hold, and who waits in the onboarding queue."""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE station_counters (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, name TEXT NOT NULL,
        value BIGINT NOT NULL, PRIMARY KEY (station_key, name))""",
    """CREATE TABLE unknown_actions (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, action TEXT NOT NULL,
        answered_at TEXT NOT NULL, PRIMARY KEY (station_key, action))""",
    """CREATE TABLE local_list_contents (
        station_key TEXT PRIMARY KEY REFERENCES stations(id) ON DELETE CASCADE, version BIGINT NOT NULL,
        entries TEXT NOT NULL)""",
    "ALTER TABLE stations ADD COLUMN onboarded_at TEXT",
)

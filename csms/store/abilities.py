"""What stations can do as far as their answers have shown, their counters, and what their local lists hold."""

from collections.abc import Mapping

from csms.store import rows
from csms.store.connection import Database


def unknown_actions(db: Database, station_key: str) -> frozenset[str]:
    """Return the actions that a station answered it does not know."""
    found = db.all("SELECT action FROM unknown_actions WHERE station_key = :key", {"key": station_key})
    return frozenset(row["action"] for row in found)


def set_unknown(db: Database, station_key: str, action: str, at: str) -> None:
    """Remember that a station does not know an action."""
    db.run(
        """INSERT INTO unknown_actions (station_key, action, answered_at) VALUES (:key, :action, :at)
           ON CONFLICT (station_key, action) DO UPDATE SET answered_at = excluded.answered_at""",
        {"key": station_key, "action": action, "at": at},
    )


def set_known(db: Database, station_key: str, action: str | None = None) -> None:
    """Forget that a station did not know an action, or (None) any action."""
    db.run(
        "DELETE FROM unknown_actions WHERE station_key = :key AND action = COALESCE(:action, action)",
        {"key": station_key, "action": action},
    )


def count(db: Database, station_key: str, name: str) -> int:
    """Return the next number of a station's counter; the first is 1."""
    row = db.one(
        """INSERT INTO station_counters (station_key, name, value) VALUES (:key, :name, 1)
           ON CONFLICT (station_key, name) DO UPDATE SET value = station_counters.value + 1 RETURNING value""",
        {"key": station_key, "name": name},
    )
    return int(row["value"]) if row else 1


def most_entries(db: Database, station_key: str) -> list[tuple[str, str]]:
    """Return how many entries a station's lists hold at most, by the name of the variable that counts them."""
    found = db.all(
        """SELECT component, variable, variable_instance, max_limit FROM device_variables
           WHERE station_key = :key AND variable = 'Entries' AND max_limit IS NOT NULL""",
        {"key": station_key},
    )
    return [
        (f"{row['component']}.{row['variable']}" + _instance(row["variable_instance"]), row["max_limit"])
        for row in found
    ]


def _instance(name: str) -> str:
    return f"[{name}]" if name else ""


def list_contents(db: Database, station_key: str) -> tuple[int, dict[str, str]]:
    """Return version and entries (folded uid to fingerprint) of the local list a station has accepted; 0 for none."""
    row = db.one("SELECT * FROM local_list_contents WHERE station_key = :key", {"key": station_key})
    return (int(row["version"]), rows.from_json(row["entries"])) if row else (0, {})


def write_list_contents(db: Database, station_key: str, version: int, entries: Mapping[str, str]) -> None:
    """Write what the local list that a station has accepted holds."""
    db.run(
        """INSERT INTO local_list_contents (station_key, version, entries) VALUES (:key, :version, :entries)
           ON CONFLICT (station_key) DO UPDATE SET version = excluded.version, entries = excluded.entries""",
        {"key": station_key, "version": version, "entries": rows.to_json(entries)},
    )

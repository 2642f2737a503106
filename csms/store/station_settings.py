"""Settings one by one, as answers tell them: their spelling may differ from the station's own."""

from typing import Any

from csms.store.connection import Database


def put(db: Database, values: dict[str, Any]) -> None:
    """Write one setting; `readonly` None leaves what is known of it, and so does `needs_reboot`."""
    written = db.run(
        """UPDATE station_settings SET value = :value, readonly = COALESCE(:readonly, readonly),
             needs_reboot = COALESCE(:needs_reboot, needs_reboot), reported_at = :reported_at
           WHERE station_key = :station_key AND lower(name) = lower(:name)""",
        values,
    )
    if not written:
        db.run(
            """INSERT INTO station_settings (station_key, name, value, readonly, needs_reboot, reported_at)
               VALUES (:station_key, :name, :value, COALESCE(:readonly, 0), COALESCE(:needs_reboot, 0),
                 :reported_at)""",
            values,
        )


def booted(db: Database, station_key: str) -> None:
    """Note that a reboot has happened: whatever needed one has taken effect."""
    db.run(
        "UPDATE station_settings SET needs_reboot = 0 WHERE station_key = :key AND needs_reboot = 1",
        {"key": station_key},
    )


def forget_variables(db: Database, station_key: str, reported_before: str) -> None:
    """Remove the variables that a whole report no longer has; keys of OCPP 1.6 have no dot in their name."""
    db.run(
        """DELETE FROM station_settings WHERE station_key = :key AND reported_at < :before
             AND name LIKE '%.%'""",
        {"key": station_key, "before": reported_before},
    )

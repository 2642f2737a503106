"""Settings as operators want them, and what came of them at each station."""

from typing import Any

from csms.model.desired_setting import DesiredSetting, OutcomeAtStation, Scope, SettingOutcome
from csms.store import rows
from csms.store.connection import Database


def put(db: Database, desired: DesiredSetting) -> None:
    """Write a desired setting."""
    db.run(
        """INSERT INTO desired_settings (tenant_id, scope, subject, name_folded, name, value, updated_at, updated_by)
           VALUES (:tenant_id, :scope, :subject, :name_folded, :name, :value, :updated_at, :updated_by)
           ON CONFLICT (tenant_id, scope, subject, name_folded) DO UPDATE SET name = excluded.name,
             value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by""",
        rows.dump(desired) | {"name_folded": desired.name.casefold()},
    )


def remove(db: Database, tenant_id: str, scope: Scope, subject: str, name: str | None) -> int:
    """Remove a desired setting, or (None) all of a scope; returns how many."""
    return db.run(
        """DELETE FROM desired_settings WHERE tenant_id = :tenant AND scope = :scope AND subject = :subject
             AND name_folded = COALESCE(:name, name_folded)""",
        {
            "tenant": tenant_id,
            "scope": scope.value,
            "subject": subject,
            "name": None if name is None else name.casefold(),
        },
    )


def select(db: Database, tenant_id: str | None) -> list[DesiredSetting]:
    """Return the desired settings of a tenant (or of all, for None)."""
    found = db.all(
        """SELECT * FROM desired_settings WHERE tenant_id = COALESCE(:tenant, tenant_id)
           ORDER BY tenant_id, scope, subject, name_folded""",
        {"tenant": tenant_id},
    )
    return [rows.load(DesiredSetting, row) for row in found]


def outcomes(db: Database, station_key: str) -> dict[str, OutcomeAtStation]:
    """Return what came of the desired settings at a station, by case-folded name."""
    found = db.all(
        "SELECT * FROM setting_outcomes WHERE station_key = :key ORDER BY name_folded", {"key": station_key}
    )
    return {row["name_folded"]: rows.load(OutcomeAtStation, row) for row in found}


def begin(db: Database, station_key: str, name: str, value: str, at: str) -> None:
    """Note that a station is to have a value; what came of another value is forgotten."""
    db.run(
        """INSERT INTO setting_outcomes (station_key, name_folded, name, value, outcome, attempts, at)
           VALUES (:key, :folded, :name, :value, 'WAITING', 0, :at)
           ON CONFLICT (station_key, name_folded) DO UPDATE SET name = excluded.name, value = excluded.value,
             outcome = excluded.outcome, detail = NULL, attempts = 0, at = excluded.at""",
        {"key": station_key, "folded": name.casefold(), "name": name, "value": value, "at": at},
    )


def settle(
    db: Database, station_key: str, name: str, outcome: SettingOutcome, at: str, detail: str | None = None
) -> None:
    """Write what came of a desired setting."""
    db.run(
        """UPDATE setting_outcomes SET outcome = :outcome, detail = :detail, at = :at
           WHERE station_key = :key AND name_folded = :folded""",
        {
            "key": station_key,
            "folded": name.casefold(),
            "outcome": outcome.value,
            "detail": detail,
            "at": at,
        },
    )


def count_attempts(db: Database, station_key: str, names: list[str]) -> None:
    """Count that settings are being sent."""
    db.many(
        """UPDATE setting_outcomes SET attempts = attempts + 1 WHERE station_key = :key AND name_folded = :folded""",
        [{"key": station_key, "folded": name.casefold()} for name in names],
    )


def forget(db: Database, station_key: str, name: str | None = None) -> None:
    """Forget what came of a desired setting, or (None) of all of them."""
    values: dict[str, Any] = {"key": station_key, "folded": None if name is None else name.casefold()}
    db.run(
        """DELETE FROM setting_outcomes WHERE station_key = :key
             AND name_folded = COALESCE(:folded, name_folded)""",
        values,
    )


def are_there_any(db: Database, tenant_id: str) -> bool:
    """Whether a tenant desires any setting at all."""
    row = db.one(
        "SELECT 1 AS one FROM desired_settings WHERE tenant_id = :tenant LIMIT 1", {"tenant": tenant_id}
    )
    return row is not None

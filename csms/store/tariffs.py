"""Tariffs (OCPI 2.2.1 objects kept as JSON) and what they are assigned to."""

from typing import Any

from csms.store.connection import Database, Row

EVERY_STATION = ""
EVERY_EVSE = -1


def upsert(db: Database, values: dict[str, Any]) -> None:
    """Insert a tariff or replace its document; running transactions keep the one they began with."""
    db.run(
        """INSERT INTO tariffs (tenant_id, id, currency, active, document, created_at, updated_at)
           VALUES (:tenant_id, :id, :currency, :active, :document, :at, :at)
           ON CONFLICT (tenant_id, id) DO UPDATE SET currency = excluded.currency, document = excluded.document,
             updated_at = excluded.updated_at""",
        values,
    )


def get(db: Database, tenant_id: str, tariff_id: str) -> Row | None:
    """Return one tariff row."""
    return db.one(
        "SELECT * FROM tariffs WHERE tenant_id = :tenant AND id = :id", {"tenant": tenant_id, "id": tariff_id}
    )


def select(db: Database, tenant_id: str | None) -> list[Row]:
    """Return the tariffs of a tenant (or all, for None)."""
    return db.all(
        "SELECT * FROM tariffs WHERE tenant_id = COALESCE(:tenant, tenant_id) ORDER BY id",
        {"tenant": tenant_id},
    )


def set_active(db: Database, tenant_id: str, tariff_id: str, active: bool, at: str) -> int:
    """Switch a tariff on or off; returns how many rows changed."""
    return db.run(
        """UPDATE tariffs SET active = :active, updated_at = :at
           WHERE tenant_id = :tenant AND id = :id AND active <> :active""",
        {"tenant": tenant_id, "id": tariff_id, "active": int(active), "at": at},
    )


def assign(db: Database, tenant_id: str, station_key: str, evse_id: int, tariff_id: str, at: str) -> None:
    """Let a tariff apply to an EVSE, a station (EVERY_EVSE) or the whole tenant (EVERY_STATION)."""
    values = {"tenant": tenant_id, "station": station_key, "evse": evse_id, "tariff": tariff_id, "at": at}
    db.run(
        """INSERT INTO tariff_assignments (tenant_id, station_key, evse_id, tariff_id, assigned_at)
           VALUES (:tenant, :station, :evse, :tariff, :at)
           ON CONFLICT (tenant_id, station_key, evse_id) DO UPDATE SET tariff_id = excluded.tariff_id,
             assigned_at = excluded.assigned_at""",
        values,
    )


def assignments(db: Database, tenant_id: str | None) -> list[Row]:
    """Return what is assigned where, with the station's id."""
    return db.all(
        """SELECT a.*, s.station_id FROM tariff_assignments a LEFT JOIN stations s ON s.id = a.station_key
           WHERE a.tenant_id = COALESCE(:tenant, a.tenant_id) ORDER BY a.tariff_id, s.station_id, a.evse_id""",
        {"tenant": tenant_id},
    )


def applying(db: Database, tenant_id: str, station_key: str, evse_id: int) -> list[Row]:
    """Return the active tariffs that apply to an EVSE, the nearest assignment first."""
    return db.all(
        """SELECT t.* FROM tariff_assignments a JOIN tariffs t ON t.tenant_id = a.tenant_id AND t.id = a.tariff_id
           WHERE a.tenant_id = :tenant AND a.station_key IN (:station, '') AND a.evse_id IN (:evse, -1)
             AND t.active = 1
           ORDER BY CASE WHEN a.station_key = '' THEN 1 ELSE 0 END, a.evse_id DESC""",
        {"tenant": tenant_id, "station": station_key, "evse": evse_id},
    )

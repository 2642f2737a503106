"""Alerts: one open row for a tenant and a key, however often it is raised."""

from csms.model.alert import Alert
from csms.store import rows
from csms.store.connection import Database


def open_one(db: Database, tenant_id: str, key: str) -> Alert | None:
    """Return the open alert of a key."""
    row = db.one(
        "SELECT * FROM alerts WHERE tenant_id = :tenant AND key = :key AND cleared_at IS NULL",
        {"tenant": tenant_id, "key": key},
    )
    return rows.load(Alert, row) if row else None


def put(db: Database, alert: Alert) -> Alert:
    """Insert an alert, or count one up that is open under the same key; returns it as it stands now."""
    row = db.one(
        """INSERT INTO alerts (id, tenant_id, station_id, transaction_id, severity, category, key, message, metadata,
             raised_at, last_at, count)
           VALUES (:id, :tenant_id, :station_id, :transaction_id, :severity, :category, :key, :message, :metadata,
             :raised_at, :last_at, 1)
           ON CONFLICT (tenant_id, key) WHERE cleared_at IS NULL DO UPDATE SET severity = excluded.severity,
             message = excluded.message, metadata = excluded.metadata, last_at = excluded.last_at,
             count = alerts.count + 1
           RETURNING *""",
        rows.dump(alert),
    )
    return rows.load(Alert, row) if row else alert


def get(db: Database, tenant_id: str | None, alert_id: str) -> Alert | None:
    """Return one alert of a tenant (or of all, for None)."""
    row = db.one(
        "SELECT * FROM alerts WHERE tenant_id = COALESCE(:tenant, tenant_id) AND id = :id",
        {"tenant": tenant_id, "id": alert_id},
    )
    return rows.load(Alert, row) if row else None


def acknowledge(db: Database, alert_id: str, at: str, by: str) -> None:
    """Write who has taken note of an alert."""
    db.run(
        "UPDATE alerts SET acknowledged_at = :at, acknowledged_by = :by WHERE id = :id",
        {"id": alert_id, "at": at, "by": by},
    )


def clear(db: Database, tenant_id: str, key: str, at: str) -> list[Alert]:
    """End the open alert of a key and return it, as a list of none or one."""
    found = db.all(
        """UPDATE alerts SET cleared_at = :at WHERE tenant_id = :tenant AND key = :key AND cleared_at IS NULL
           RETURNING *""",
        {"tenant": tenant_id, "key": key, "at": at},
    )
    return [rows.load(Alert, row) for row in found]


def open_keys(db: Database, tenant_id: str, prefix: str) -> list[str]:
    """Return the keys of the open alerts that begin with `prefix`."""
    found = db.all(
        """SELECT key FROM alerts WHERE tenant_id = :tenant AND cleared_at IS NULL
             AND substr(key, 1, :length) = :prefix ORDER BY key""",
        {"tenant": tenant_id, "prefix": prefix, "length": len(prefix)},
    )
    return [row["key"] for row in found]


def open_with_prefix(db: Database, prefix: str) -> list[tuple[str, str]]:
    """Return tenant and key of the open alerts of every tenant whose key begins with `prefix`."""
    found = db.all(
        "SELECT tenant_id, key FROM alerts WHERE cleared_at IS NULL AND substr(key, 1, :size) = :prefix",
        {"prefix": prefix, "size": len(prefix)},
    )
    return [(row["tenant_id"], row["key"]) for row in found]


def all_open_keys(db: Database, prefix: str) -> list[tuple[str, str]]:
    """Return tenant and key of the open alerts of all tenants whose key begins with `prefix`."""
    found = db.all(
        """SELECT tenant_id, key FROM alerts WHERE cleared_at IS NULL AND substr(key, 1, :length) = :prefix""",
        {"prefix": prefix, "length": len(prefix)},
    )
    return [(row["tenant_id"], row["key"]) for row in found]


def select(
    db: Database,
    tenant_id: str | None,
    *,
    station_id: str | None = None,
    severity: str | None = None,
    cleared: bool = False,
    limit: int = 100,
) -> list[Alert]:
    """Return the open alerts (with `cleared`, also those that are over), newest first."""
    found = db.all(
        """SELECT * FROM alerts WHERE tenant_id = COALESCE(:tenant, tenant_id)
             AND COALESCE(station_id, '') = COALESCE(:station, station_id, '')
             AND severity = COALESCE(:severity, severity) AND (cleared_at IS NULL OR :cleared = 1)
           ORDER BY raised_at DESC, id LIMIT :limit""",
        {
            "tenant": tenant_id,
            "station": station_id,
            "severity": severity,
            "cleared": int(cleared),
            "limit": limit,
        },
    )
    return [rows.load(Alert, row) for row in found]

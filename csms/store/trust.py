"""Trust anchors, the way to a new root, and which stations have taken it."""

from csms.model.certificate import Rollover, TrustAnchor, TrustStore
from csms.store import rows
from csms.store.connection import Database, Row


def insert(db: Database, anchor: TrustAnchor) -> None:
    """Insert an anchor."""
    rows.insert(db, "trust_anchors", rows.dump(anchor))


def find(db: Database, tenant_id: str | None, store: TrustStore, fingerprint: str) -> TrustAnchor | None:
    """Return the anchor that stands in a store of exactly this tenant, or of all tenants for None."""
    row = db.one(
        """SELECT * FROM trust_anchors WHERE store = :store AND fingerprint = :fingerprint
             AND COALESCE(tenant_id, '') = COALESCE(CAST(:tenant AS TEXT), '')""",
        {"store": store.value, "fingerprint": fingerprint, "tenant": tenant_id},
    )
    return rows.load(TrustAnchor, row) if row else None


def trusted(db: Database, tenant_id: str, store: TrustStore) -> list[TrustAnchor]:
    """Return the anchors that a tenant trusts: its own and those of all tenants."""
    found = db.all(
        """SELECT * FROM trust_anchors WHERE store = :store AND (tenant_id IS NULL OR tenant_id = :tenant)
           ORDER BY added_at, id""",
        {"store": store.value, "tenant": tenant_id},
    )
    return [rows.load(TrustAnchor, row) for row in found]


def select(db: Database, tenant_id: str | None, store: TrustStore | None = None) -> list[TrustAnchor]:
    """Return the anchors a tenant sees (for None, those of every tenant), by store."""
    found = db.all(
        """SELECT * FROM trust_anchors
           WHERE (CAST(:tenant AS TEXT) IS NULL OR tenant_id IS NULL OR tenant_id = CAST(:tenant AS TEXT))
             AND (CAST(:store AS TEXT) IS NULL OR store = CAST(:store AS TEXT))
           ORDER BY store, subject, id""",
        {"tenant": tenant_id, "store": store.value if store else None},
    )
    return [rows.load(TrustAnchor, row) for row in found]


def delete(db: Database, anchor_id: str) -> None:
    """Remove an anchor."""
    db.run("DELETE FROM trust_anchors WHERE id = :id", {"id": anchor_id})


def insert_rollover(db: Database, rollover: Rollover) -> None:
    """Begin a rollover."""
    rows.insert(db, "pki_rollovers", rows.dump(rollover))


def rollover(db: Database) -> Rollover | None:
    """Return the rollover that is under way."""
    row = db.one("SELECT * FROM pki_rollovers WHERE ended_at IS NULL ORDER BY started_at DESC LIMIT 1")
    return rows.load(Rollover, row) if row else None


def set_rollover(db: Database, rollover_id: str, state: str, at: str, *, ended: bool) -> None:
    """Write where a rollover stands."""
    db.run(
        "UPDATE pki_rollovers SET state = :state, updated_at = :at, ended_at = :ended WHERE id = :id",
        {"id": rollover_id, "state": state, "at": at, "ended": at if ended else None},
    )


def write_install(db: Database, tenant_id: str, station_key: str, values: dict[str, str | None]) -> None:
    """Write whether a station has taken a root; `values` are authority_id, state, detail and at."""
    db.run(
        """INSERT INTO pki_root_installs (authority_id, station_key, tenant_id, state, detail, at)
           VALUES (:authority_id, :station_key, :tenant_id, :state, :detail, :at)
           ON CONFLICT (authority_id, station_key) DO UPDATE SET state = excluded.state, detail = excluded.detail,
             at = excluded.at""",
        values | {"tenant_id": tenant_id, "station_key": station_key},
    )


def missing_installs(db: Database, authority_id: str, tried_before: str, limit: int) -> list[Row]:
    """Return the stations with TLS that have not taken a root and were not asked to since a moment."""
    return db.all(
        """SELECT s.id AS station_key, s.tenant_id, s.station_id, i.state, i.detail, i.at
           FROM stations s LEFT JOIN pki_root_installs i ON i.station_key = s.id AND i.authority_id = :authority
           WHERE s.security_profile >= 2 AND (i.state IS NULL OR (i.state <> 'ACCEPTED' AND i.at <= :tried))
           ORDER BY i.at IS NOT NULL, i.at, s.station_id LIMIT :limit""",
        {"authority": authority_id, "tried": tried_before, "limit": limit},
    )


def count_installs(db: Database, authority_id: str) -> tuple[int, int]:
    """Return how many stations with TLS there are, and how many of them have taken a root."""
    row = db.one(
        """SELECT count(*) AS stations, COALESCE(sum(CASE WHEN i.state = 'ACCEPTED' THEN 1 ELSE 0 END), 0) AS taken
           FROM stations s LEFT JOIN pki_root_installs i ON i.station_key = s.id AND i.authority_id = :authority
           WHERE s.security_profile >= 2""",
        {"authority": authority_id},
    )
    return (int(row["stations"]), int(row["taken"])) if row else (0, 0)

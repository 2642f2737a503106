"""Locations, the uids of their EVSEs, what is installed there, and the objects that partners are shown."""

from dataclasses import dataclass
from typing import Any

from csms.model.location import Location, fold
from csms.store import rows
from csms.store.connection import Database, Row


@dataclass(frozen=True, slots=True)
class Window:
    """Which objects of a list: changed in [since, until) as the database writes it, `size` after `offset`."""

    since: str
    until: str
    offset: int
    size: int


def insert(db: Database, location: Location) -> None:
    """Insert a location."""
    rows.insert(db, "locations", rows.dump(location) | {"id_folded": fold(location.id)})


def replace(db: Database, location: Location) -> None:
    """Write everything an operator may have changed of a location, and that it is there again."""
    values = rows.dump(location) | {"folded": fold(location.id)}
    for fixed in ("tenant_id", "created_at", "published_at"):
        del values[fixed]
    sets = ", ".join(f"{name} = :{name}" for name in values if name != "folded")
    db.run(
        f"UPDATE locations SET {sets} WHERE tenant_id = :tenant AND id_folded = :folded",
        values | {"tenant": location.tenant_id},
    )


def get(db: Database, tenant_id: str, location_id: str) -> Location | None:
    """Return one location, whatever the case of its id; one that was removed too."""
    row = row_of(db, tenant_id, fold(location_id))
    return rows.load(Location, row) if row else None


def row_of(db: Database, tenant_id: str, folded: str) -> Row | None:
    """Return the whole row of a location with what partners are shown of it."""
    return db.one(
        "SELECT * FROM locations WHERE tenant_id = :tenant AND id_folded = :id",
        {"tenant": tenant_id, "id": folded},
    )


def select(db: Database, tenant_id: str | None) -> list[Location]:
    """Return the locations of a tenant (or of all, for None) that are there, by id."""
    found = db.all(
        """SELECT * FROM locations WHERE tenant_id = COALESCE(:tenant, tenant_id) AND removed_at IS NULL
           ORDER BY id_folded""",
        {"tenant": tenant_id},
    )
    return [rows.load(Location, row) for row in found]


def remove(db: Database, tenant_id: str, folded: str, at: str) -> None:
    """Note that a location is no more; stations that stood there stand nowhere."""
    db.run(
        """UPDATE locations SET removed_at = :at, updated_at = :at, publish = 0
           WHERE tenant_id = :tenant AND id_folded = :id""",
        {"tenant": tenant_id, "id": folded, "at": at},
    )


def keys(db: Database, tenant_id: str | None = None) -> list[tuple[str, str]]:
    """Return tenant and folded id of every location of a tenant (or of all)."""
    found = db.all(
        "SELECT tenant_id, id_folded FROM locations WHERE tenant_id = COALESCE(:tenant, tenant_id)",
        {"tenant": tenant_id},
    )
    return [(row["tenant_id"], row["id_folded"]) for row in found]


def of_station(db: Database, station_key: str) -> Location | None:
    """Return the location at which a station stands."""
    row = db.one(
        """SELECT l.* FROM stations s JOIN locations l ON l.tenant_id = s.tenant_id AND l.id = s.location_id
           WHERE s.id = :key AND l.removed_at IS NULL""",
        {"key": station_key},
    )
    return rows.load(Location, row) if row else None


def stations_at(db: Database, tenant_id: str, location_id: str) -> list[Row]:
    """Return the stations that stand at a location, by their ids."""
    return db.all(
        """SELECT id AS key, tenant_id, station_id FROM stations
           WHERE tenant_id = :tenant AND location_id = :location ORDER BY station_id""",
        {"tenant": tenant_id, "location": location_id},
    )


def move(db: Database, tenant_id: str, before: str, after: str | None, at: str) -> int:
    """Let the stations that stand at `before` stand at `after`; returns how many."""
    return db.run(
        """UPDATE stations SET location_id = :after, updated_at = :at
           WHERE tenant_id = :tenant AND location_id = :before""",
        {"tenant": tenant_id, "before": before, "after": after, "at": at},
    )


def station_ids(db: Database, tenant_id: str | None) -> dict[tuple[str, str], list[str]]:
    """Return the ids of the stations that stand somewhere, by tenant and the location's id."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in db.all(
        """SELECT tenant_id, location_id, station_id FROM stations
           WHERE location_id IS NOT NULL AND tenant_id = COALESCE(:tenant, tenant_id) ORDER BY station_id""",
        {"tenant": tenant_id},
    ):
        found.setdefault((row["tenant_id"], row["location_id"]), []).append(row["station_id"])
    return found


def named_places(db: Database, tenant_id: str) -> list[Row]:
    """Return what stands as location with stations of a tenant: `location_id` and how many `stations`."""
    return db.all(
        """SELECT location_id, count(*) AS stations FROM stations
           WHERE tenant_id = :tenant AND location_id IS NOT NULL GROUP BY location_id ORDER BY location_id""",
        {"tenant": tenant_id},
    )


def evses_at(db: Database, tenant_id: str, folded: str) -> list[Row]:
    """Return the EVSEs that are at a location."""
    return db.all(
        """SELECT * FROM evses WHERE tenant_id = :tenant AND location_folded = :location AND removed_at IS NULL
           ORDER BY station_key, evse_id""",
        {"tenant": tenant_id, "location": folded},
    )


def evse_of(db: Database, station_key: str, evse_id: int) -> Row | None:
    """Return the EVSE of a station that is in use, None where it never stood at a location."""
    return db.one(
        "SELECT * FROM evses WHERE station_key = :key AND evse_id = :evse AND removed_at IS NULL",
        {"key": station_key, "evse": evse_id},
    )


def evse_named(db: Database, tenant_id: str, uid: str) -> Row | None:
    """Return the EVSE of a tenant that has or had this uid."""
    return db.one(
        "SELECT * FROM evses WHERE tenant_id = :tenant AND uid_folded = :uid",
        {"tenant": tenant_id, "uid": fold(uid)},
    )


def place(db: Database, values: dict[str, Any]) -> None:
    """Insert an EVSE with a new uid."""
    rows.insert(db, "evses", values)


def retire(db: Database, tenant_id: str, uid_folded: str, at: str) -> None:
    """Note that an EVSE is at its location no more."""
    db.run(
        "UPDATE evses SET removed_at = :at WHERE tenant_id = :tenant AND uid_folded = :uid",
        {"tenant": tenant_id, "uid": uid_folded, "at": at},
    )


def set_equipment(db: Database, station_key: str, evse_id: int, connector_id: int, document: str) -> None:
    """Write what is installed; connector 0 is the EVSE itself."""
    db.run(
        """INSERT INTO equipment (station_key, evse_id, connector_id, document)
           VALUES (:key, :evse, :connector, :document)
           ON CONFLICT (station_key, evse_id, connector_id) DO UPDATE SET document = excluded.document""",
        {"key": station_key, "evse": evse_id, "connector": connector_id, "document": document},
    )


def equipment(db: Database, station_key: str) -> dict[tuple[int, int], dict[str, Any]]:
    """Return what operators said of the equipment of a station, by EVSE and connector (0: the EVSE itself)."""
    found = db.all("SELECT * FROM equipment WHERE station_key = :key", {"key": station_key})
    return {(row["evse_id"], row["connector_id"]): rows.from_json(row["document"]) for row in found}


def show(db: Database, tenant_id: str, folded: str, document: str, at: str, published: bool) -> None:
    """Write what partners are shown of a location and when that changed."""
    db.run(
        """UPDATE locations SET document = :document, last_updated = :at,
             published_at = CASE WHEN :published = 1 THEN COALESCE(published_at, :at) ELSE published_at END
           WHERE tenant_id = :tenant AND id_folded = :id""",
        {
            "tenant": tenant_id,
            "id": folded,
            "document": document,
            "at": at,
            "published": int(published),
        },
    )


def shown(db: Database, tenant_id: str, folded: str) -> str | None:
    """Return the Location object that partners are shown, None where they are shown none."""
    row = db.one(
        """SELECT document FROM locations
           WHERE tenant_id = :tenant AND id_folded = :id AND published_at IS NOT NULL""",
        {"tenant": tenant_id, "id": folded},
    )
    return row["document"] if row else None


def shown_page(db: Database, tenant_id: str, window: Window) -> tuple[list[str], int]:
    """Return a page of the Location objects that partners are shown, the first published first, and how many match."""
    matching = """FROM locations WHERE tenant_id = :tenant AND published_at IS NOT NULL
                    AND last_updated >= :since AND last_updated < :until"""
    values = _values(tenant_id, window)
    total = db.one(f"SELECT count(*) AS n {matching}", values)
    found = db.all(
        f"""SELECT document FROM locations WHERE tenant_id = :tenant AND id_folded IN
              (SELECT id_folded {matching} ORDER BY published_at, id_folded LIMIT :size OFFSET :offset)
            ORDER BY published_at, id_folded""",
        values,
    )
    return [row["document"] for row in found], int(total["n"]) if total else 0


def tariffs_page(db: Database, tenant_id: str, window: Window) -> tuple[list[Row], int]:
    """Return a page of the tariffs that apply somewhere or may, oldest first, and how many match."""
    matching = """FROM tariffs WHERE tenant_id = :tenant AND active = 1
                    AND updated_at >= :since AND updated_at < :until"""
    values = _values(tenant_id, window)
    total = db.one(f"SELECT count(*) AS n {matching}", values)
    found = db.all(
        f"SELECT document, updated_at {matching} ORDER BY created_at, id LIMIT :size OFFSET :offset", values
    )
    return found, int(total["n"]) if total else 0


def _values(tenant_id: str, window: Window) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "since": window.since,
        "until": window.until,
        "size": window.size,
        "offset": window.offset,
    }


def touched(db: Database, after: int, until: int) -> list[tuple[str, str]]:
    """Return tenant and folded id of the locations that the events in (after, until] of the outbox concern."""
    found = db.all(
        """SELECT l.tenant_id, l.id_folded FROM outbox o
             JOIN stations s ON s.tenant_id = o.tenant_id AND s.station_id = o.station_id
             JOIN locations l ON l.tenant_id = s.tenant_id AND l.id = s.location_id
           WHERE o.id > :after AND o.id <= :until
             AND o.kind IN ('connector.status', 'station.changed', 'transaction.started', 'transaction.ended')
           UNION
           SELECT e.tenant_id, e.location_folded FROM outbox o
             JOIN evses e ON e.station_key = o.subject AND e.removed_at IS NULL
           WHERE o.id > :after AND o.id <= :until AND o.kind = 'station.changed'
           UNION
           SELECT l.tenant_id, l.id_folded FROM outbox o JOIN locations l ON l.tenant_id = o.tenant_id
           WHERE o.id > :after AND o.id <= :until AND o.kind = 'tariff.changed'""",
        {"after": after, "until": until},
    )
    return [(row["tenant_id"], row["id_folded"]) for row in found]

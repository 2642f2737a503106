"""Where bound id tokens are valid: stations, or EVSEs of stations (`evse_id` 0: the whole station)."""

from csms.model.id_token import fold
from csms.store.connection import Database, Row


def at_station(db: Database, tenant_id: str, uid: str, station_key: str) -> frozenset[int]:
    """Return the EVSEs of a station that an id token is valid at; 0 among them is the whole station."""
    found = db.all(
        """SELECT evse_id FROM token_places
           WHERE tenant_id = :tenant AND uid_folded = :uid AND station_key = :station""",
        {"tenant": tenant_id, "uid": fold(uid), "station": station_key},
    )
    return frozenset(row["evse_id"] for row in found)


def by_token(db: Database, tenant_id: str, station_key: str) -> dict[str, frozenset[int]]:
    """Return what `at_station` says of all id tokens (folded) that are valid somewhere at a station."""
    found = db.all(
        "SELECT uid_folded, evse_id FROM token_places WHERE tenant_id = :tenant AND station_key = :station",
        {"tenant": tenant_id, "station": station_key},
    )
    places: dict[str, set[int]] = {}
    for row in found:
        places.setdefault(row["uid_folded"], set()).add(row["evse_id"])
    return {uid: frozenset(evses) for uid, evses in places.items()}


def of_token(db: Database, tenant_id: str, uid: str) -> list[Row]:
    """Return the places of an id token with the ids of their stations."""
    return db.all(
        """SELECT s.station_id, p.evse_id, p.created_at FROM token_places p JOIN stations s ON s.id = p.station_key
           WHERE p.tenant_id = :tenant AND p.uid_folded = :uid ORDER BY s.station_id, p.evse_id""",
        {"tenant": tenant_id, "uid": fold(uid)},
    )


def add(db: Database, tenant_id: str, uid: str, station_key: str, evse_id: int, at: str) -> int:
    """Add a place; returns 0 where it is one already."""
    return db.run(
        """INSERT INTO token_places (tenant_id, uid_folded, station_key, evse_id, created_at)
           VALUES (:tenant, :uid, :station, :evse, :at) ON CONFLICT DO NOTHING""",
        {"tenant": tenant_id, "uid": fold(uid), "station": station_key, "evse": evse_id, "at": at},
    )


def remove(db: Database, tenant_id: str, uid: str, station_key: str, evse_id: int) -> int:
    """Remove a place; returns how many rows went."""
    return db.run(
        """DELETE FROM token_places
           WHERE tenant_id = :tenant AND uid_folded = :uid AND station_key = :station AND evse_id = :evse""",
        {"tenant": tenant_id, "uid": fold(uid), "station": station_key, "evse": evse_id},
    )


def clear(db: Database, tenant_id: str, uid: str) -> int:
    """Remove all places of an id token; returns how many rows went."""
    return db.run(
        "DELETE FROM token_places WHERE tenant_id = :tenant AND uid_folded = :uid",
        {"tenant": tenant_id, "uid": fold(uid)},
    )

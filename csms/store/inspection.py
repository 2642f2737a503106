"""What a database looks like from outside: schema, size, how many rows, how old the oldest message is."""

from dataclasses import dataclass
from pathlib import Path

from csms.store import catalog, migrate
from csms.store.database import Database, Dialect
from csms.store.direct import PostgresDirect, SqliteDirect, open_direct, transaction


@dataclass(frozen=True, slots=True)
class Inspection:
    """The state of a database, as of one moment."""

    dialect: Dialect
    schema: migrate.SchemaStatus
    size_bytes: int
    wal_bytes: int | None
    """Size of SQLite's write-ahead log; None on PostgreSQL."""
    rows: dict[str, int]
    """Rows of every table, the biggest first."""
    oldest_message_at: str | None


def has_server_certificates(url: str) -> bool:
    """Whether a migrated database holds certificates for listeners; raises `StoreUnavailable`."""
    sql = "SELECT 1 AS there FROM pki_certificates WHERE kind = 'SERVER' AND state = 'ACTIVE' LIMIT 1"
    with open_direct(url) as direct, transaction(direct, exclusive=False) as db:
        return db.one(sql) is not None


def inspect(url: str) -> Inspection:
    """Look at a database while the appliance works; raises `StoreUnavailable` when there is none."""
    schema = migrate.status(url)
    with open_direct(url) as direct, transaction(direct, exclusive=False) as db:
        counts = {table.name: _count(db, table.name) for table in catalog.tables(direct)}
        oldest = db.one("SELECT MIN(at) AS at FROM messages") if "messages" in counts else None
        return Inspection(
            dialect=db.dialect,
            schema=schema,
            size_bytes=_size_bytes(direct),
            wal_bytes=_wal_bytes(direct),
            rows=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
            oldest_message_at=oldest["at"] if oldest else None,
        )


def _count(db: Database, table: str) -> int:
    row = db.one(f'SELECT COUNT(*) AS n FROM "{table}"')
    return int(row["n"]) if row else 0


def _size_bytes(direct: SqliteDirect | PostgresDirect) -> int:
    if isinstance(direct, SqliteDirect):
        return direct.path.stat().st_size
    row = direct.database.one("SELECT pg_database_size(current_database()) AS bytes")
    return int(row["bytes"]) if row else 0


def _wal_bytes(direct: SqliteDirect | PostgresDirect) -> int | None:
    if not isinstance(direct, SqliteDirect):
        return None
    wal = Path(f"{direct.path}-wal")
    return wal.stat().st_size if wal.exists() else 0

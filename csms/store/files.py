"""Files of stations, firmware, and the addresses that lead to both."""

from typing import Any

from csms.model.station_file import FileAddress, FirmwareFile, StationFile
from csms.store import rows
from csms.store.connection import Database


def insert(db: Database, file: StationFile) -> None:
    """Insert a file that a station is to upload."""
    rows.insert(db, "station_files", rows.dump(file))


def get(db: Database, tenant_id: str | None, file_id: str) -> StationFile | None:
    """Return one file of a tenant (or of any, for None) by its id or an unambiguous beginning of it."""
    found = db.all(
        """SELECT * FROM station_files WHERE tenant_id = COALESCE(:tenant, tenant_id)
             AND id >= :id AND id < :after ORDER BY id LIMIT 2""",
        {"tenant": tenant_id, "id": file_id, "after": f"{file_id}~"},
    )
    return rows.load(StationFile, found[0]) if len(found) == 1 else None


def select(db: Database, tenant_id: str | None, station_id: str | None, limit: int) -> list[StationFile]:
    """Return the files of a tenant (or of all, for None), or of one station of it, newest first."""
    found = db.all(
        """SELECT * FROM station_files WHERE tenant_id = COALESCE(:tenant, tenant_id)
             AND station_id = COALESCE(:station, station_id) ORDER BY created_at DESC, id LIMIT :limit""",
        {"tenant": tenant_id, "station": station_id, "limit": limit},
    )
    return [rows.load(StationFile, row) for row in found]


def of_command(db: Database, command_id: str) -> StationFile | None:
    """Return the file that a command asked for at an address of ours."""
    row = db.one("SELECT * FROM station_files WHERE command_id = :command", {"command": command_id})
    return rows.load(StationFile, row) if row else None


def update(db: Database, file_id: str, **columns: Any) -> None:
    """Change columns of one file."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    db.run(f"UPDATE station_files SET {sets} WHERE id = :id", columns | {"id": file_id})


def receive(db: Database, file_id: str, values: dict[str, Any]) -> bool:
    """Note that a file has arrived; False where it has before."""
    return bool(
        db.run(
            """UPDATE station_files SET state = 'RECEIVED', file_name = COALESCE(:file_name, file_name),
                 size_bytes = :size_bytes, sha256 = :sha256, received_at = :at, reason = NULL
               WHERE id = :id AND state <> 'RECEIVED'""",
            values | {"id": file_id},
        )
    )


def delete(db: Database, file_id: str) -> None:
    """Forget a file of a station."""
    db.run("DELETE FROM station_files WHERE id = :id", {"id": file_id})


def insert_address(db: Database, address: FileAddress) -> None:
    """Insert an address."""
    rows.insert(db, "file_addresses", rows.dump(address))


def address(db: Database, address_hash: str) -> FileAddress | None:
    """Return what an address leads to."""
    row = db.one("SELECT * FROM file_addresses WHERE address_hash = :hash", {"hash": address_hash})
    return rows.load(FileAddress, row) if row else None


def spend(db: Database, address_hash: str, at: str) -> None:
    """Let an address be good for nothing more."""
    db.run(
        "UPDATE file_addresses SET spent_at = :at WHERE address_hash = :hash",
        {"hash": address_hash, "at": at},
    )


def delete_addresses(db: Database, tenant_id: str, file_id: str) -> None:
    """Forget the addresses that lead to a file."""
    db.run(
        "DELETE FROM file_addresses WHERE tenant_id = :tenant AND file_id = :id",
        {"tenant": tenant_id, "id": file_id},
    )


def end_addresses(db: Database, now: str, forget_before: str) -> int:
    """Give up the files whose address has expired, and forget old addresses; returns how many files were given up."""
    ended = db.run(
        """UPDATE station_files SET state = 'EXPIRED' WHERE state = 'EXPECTED' AND id IN
             (SELECT file_id FROM file_addresses WHERE expires_at < :now)""",
        {"now": now},
    )
    db.run("DELETE FROM file_addresses WHERE expires_at < :before", {"before": forget_before})
    return ended


def prune(db: Database, before: str, most: int) -> int:
    """Forget files of stations older than a moment; what stands on the disk is swept."""
    return db.run(
        """DELETE FROM station_files WHERE created_at < :before AND id IN
             (SELECT id FROM station_files WHERE created_at < :before ORDER BY created_at LIMIT :most)""",
        {"before": before, "most": most},
    )


def known_ids(db: Database) -> frozenset[str]:
    """Return the ids of all files that a disk should hold, of all tenants."""
    found = db.all("SELECT id FROM station_files UNION ALL SELECT id FROM firmware_files")
    return frozenset(row["id"] for row in found)


def insert_firmware(db: Database, file: FirmwareFile) -> None:
    """Insert firmware."""
    rows.insert(db, "firmware_files", rows.dump(file))


def firmware(db: Database, tenant_id: str, name: str) -> FirmwareFile | None:
    """Return one firmware of a tenant by its name."""
    row = db.one(
        "SELECT * FROM firmware_files WHERE tenant_id = :tenant AND name = :name",
        {"tenant": tenant_id, "name": name},
    )
    return rows.load(FirmwareFile, row) if row else None


def firmware_by_id(db: Database, tenant_id: str, file_id: str) -> FirmwareFile | None:
    """Return one firmware of a tenant by its id."""
    row = db.one(
        "SELECT * FROM firmware_files WHERE tenant_id = :tenant AND id = :id",
        {"tenant": tenant_id, "id": file_id},
    )
    return rows.load(FirmwareFile, row) if row else None


def select_firmware(db: Database, tenant_id: str | None) -> list[FirmwareFile]:
    """Return the firmware of a tenant (or of all, for None) by name."""
    found = db.all(
        """SELECT * FROM firmware_files WHERE tenant_id = COALESCE(:tenant, tenant_id)
           ORDER BY name, tenant_id""",
        {"tenant": tenant_id},
    )
    return [rows.load(FirmwareFile, row) for row in found]


def delete_firmware(db: Database, tenant_id: str, file_id: str) -> None:
    """Forget firmware and the addresses that lead to it."""
    delete_addresses(db, tenant_id, file_id)
    db.run(
        "DELETE FROM firmware_files WHERE tenant_id = :tenant AND id = :id",
        {"tenant": tenant_id, "id": file_id},
    )

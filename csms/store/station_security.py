"""Stations' security in the database: profiles, certificate requests, what they hold, upgrades, OCSP answers."""

from collections.abc import Sequence
from typing import Any

from csms.model.station_security import CertificateRequest, InstalledCertificate, Security, Upgrade
from csms.store import rows
from csms.store.connection import Database

OF_A_STATION = ("station_security", "certificate_requests", "installed_certificates", "security_upgrades")


def security(db: Database, station_key: str) -> Security | None:
    """Return what is kept of a station's security, None where nothing is."""
    row = db.one("SELECT * FROM station_security WHERE station_key = :key", {"key": station_key})
    return rows.load(Security, row) if row else None


def put_security(db: Database, tenant_id: str, station_key: str, **columns: Any) -> None:
    """Write columns of a station's security."""
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns)
    db.run(
        f"""INSERT INTO station_security (station_key, tenant_id, {names}) VALUES (:station_key, :tenant_id, {values})
            ON CONFLICT (station_key) DO UPDATE SET {sets}""",
        columns | {"station_key": station_key, "tenant_id": tenant_id},
    )


def drop_next_profile(db: Database, station_key: str, profile: int) -> None:
    """Forget a profile that a station was to change to, unless it is another one by now."""
    db.run(
        """UPDATE station_security SET next_profile = NULL
           WHERE station_key = :key AND next_profile = :profile""",
        {"key": station_key, "profile": profile},
    )


def others_with_serial(db: Database, tenant_id: str, station_key: str, serial: str) -> list[str]:
    """Return the ids of other stations of a tenant that are registered, or have booted, with a serial number."""
    found = db.all(
        """SELECT s.station_id FROM stations s LEFT JOIN station_security x ON x.station_key = s.id
           WHERE s.tenant_id = :tenant AND s.id <> :key
             AND COALESCE(x.registered_serial, s.serial_number, s.station_id) = :serial ORDER BY s.station_id""",
        {"tenant": tenant_id, "key": station_key, "serial": serial},
    )
    return [str(row["station_id"]) for row in found]


def insert_request(db: Database, request: CertificateRequest) -> None:
    """Insert a request for a certificate."""
    rows.insert(db, "certificate_requests", rows.dump(request))


def update_request(db: Database, request_id: str, **columns: Any) -> None:
    """Change columns of one request."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    db.run(f"UPDATE certificate_requests SET {sets} WHERE id = :id", columns | {"id": request_id})


def request(db: Database, request_id: str) -> CertificateRequest | None:
    """Return one request."""
    row = db.one("SELECT * FROM certificate_requests WHERE id = :id", {"id": request_id})
    return rows.load(CertificateRequest, row) if row else None


def requests(db: Database, station_key: str, limit: int = 20) -> list[CertificateRequest]:
    """Return the latest requests of a station, newest first."""
    found = db.all(
        """SELECT * FROM certificate_requests WHERE station_key = :key
           ORDER BY requested_at DESC, id LIMIT :limit""",
        {"key": station_key, "limit": limit},
    )
    return [rows.load(CertificateRequest, row) for row in found]


def requests_of_key(db: Database, key_fingerprint: str) -> list[CertificateRequest]:
    """Return the requests for a key, of whatever station, newest first."""
    found = db.all(
        "SELECT * FROM certificate_requests WHERE key_fingerprint = :key ORDER BY requested_at DESC, id",
        {"key": key_fingerprint},
    )
    return [rows.load(CertificateRequest, row) for row in found]


def count_requests(db: Database, station_key: str, since: str) -> int:
    """Return how many keys a station wanted certified since a moment."""
    row = db.one(
        "SELECT count(*) AS n FROM certificate_requests WHERE station_key = :key AND requested_at >= :since",
        {"key": station_key, "since": since},
    )
    return int(row["n"]) if row else 0


def supersede(db: Database, station_key: str, kind: str | None, at: str) -> None:
    """Give up what is open of a kind, because a newer key takes its place."""
    db.run(
        """UPDATE certificate_requests SET state = 'SUPERSEDED', next_try_at = NULL, updated_at = :at
           WHERE station_key = :key AND state IN ('ACCEPTED', 'SIGNED')
             AND COALESCE(kind, '') = COALESCE(CAST(:kind AS TEXT), '')""",
        {"key": station_key, "kind": kind, "at": at},
    )


def due(db: Database, at: str, limit: int) -> list[CertificateRequest]:
    """Return the requests that are to be signed or sent now."""
    found = db.all(
        """SELECT * FROM certificate_requests WHERE next_try_at IS NOT NULL AND next_try_at <= :at
           ORDER BY next_try_at LIMIT :limit""",
        {"at": at, "limit": limit},
    )
    return [rows.load(CertificateRequest, row) for row in found]


def waiting(db: Database) -> list[str]:
    """Return the keys of the stations for which something is to be done."""
    found = db.all("SELECT DISTINCT station_key FROM certificate_requests WHERE next_try_at IS NOT NULL")
    return [str(row["station_key"]) for row in found]


def hurry(db: Database, station_key: str, at: str) -> int:
    """Have what waits for a station done at once, for it is connected; returns how much that is."""
    return db.run(
        """UPDATE certificate_requests SET next_try_at = :at
           WHERE station_key = :key AND next_try_at IS NOT NULL AND next_try_at > :at""",
        {"key": station_key, "at": at},
    )


def installed(db: Database, station_key: str) -> list[InstalledCertificate]:
    """Return the certificates that a station is known to hold."""
    found = db.all(
        "SELECT * FROM installed_certificates WHERE station_key = :key ORDER BY usage, child, serial_number",
        {"key": station_key},
    )
    return [rows.load(InstalledCertificate, row) for row in found]


def put_installed(db: Database, certificate: InstalledCertificate) -> None:
    """Write a certificate that a station holds; what is known of its subject stays known."""
    values = rows.dump(certificate)
    names = ", ".join(values)
    db.run(
        f"""INSERT INTO installed_certificates ({names}) VALUES ({", ".join(":" + name for name in values)})
            ON CONFLICT (station_key, usage, hash_algorithm, issuer_name_hash, issuer_key_hash, serial_number)
            DO UPDATE SET as_reported = excluded.as_reported, child = excluded.child,
              reported_at = excluded.reported_at, subject = COALESCE(excluded.subject, installed_certificates.subject),
              not_after = COALESCE(excluded.not_after, installed_certificates.not_after)""",
        values,
    )


def forget_unreported(db: Database, station_key: str, uses: Sequence[str], before: str) -> None:
    """Drop the certificates of these uses that a station no longer reports."""
    for use in uses:
        db.run(
            """DELETE FROM installed_certificates
               WHERE station_key = :key AND usage = :use AND reported_at < :before""",
            {"key": station_key, "use": use, "before": before},
        )


def remove_installed(
    db: Database, station_key: str, algorithm: str, name_hash: str, key_hash: str, serial: str
) -> None:
    """Drop a certificate that a station has deleted."""
    db.run(
        """DELETE FROM installed_certificates WHERE station_key = :key AND hash_algorithm = :algorithm
             AND issuer_name_hash = :name AND issuer_key_hash = :issuer AND serial_number = :serial""",
        {"key": station_key, "algorithm": algorithm, "name": name_hash, "issuer": key_hash, "serial": serial},
    )


def upgrade(db: Database, station_key: str) -> Upgrade | None:
    """Return a station's way to a higher profile, the latest there was."""
    row = db.one("SELECT * FROM security_upgrades WHERE station_key = :key", {"key": station_key})
    return rows.load(Upgrade, row) if row else None


def put_upgrade(db: Database, upgrade: Upgrade) -> None:
    """Write a station's way to a higher profile."""
    values = rows.dump(upgrade)
    names = ", ".join(values)
    sets = ", ".join(f"{name} = excluded.{name}" for name in values if name != "station_key")
    db.run(
        f"""INSERT INTO security_upgrades ({names}) VALUES ({", ".join(":" + name for name in values)})
            ON CONFLICT (station_key) DO UPDATE SET {sets}""",
        values,
    )


def running_upgrades(db: Database) -> list[Upgrade]:
    """Return the ways that have not ended."""
    found = db.all("SELECT * FROM security_upgrades WHERE state = 'RUNNING' ORDER BY started_at")
    return [rows.load(Upgrade, row) for row in found]


def ocsp_answer(db: Database, question: str, at: str) -> str | None:
    """Return a responder's answer (base64 of DER) that is still fresh, None where there is none."""
    row = db.one(
        "SELECT answer FROM ocsp_answers WHERE question = :question AND fresh_until > :at",
        {"question": question, "at": at},
    )
    return row["answer"] if row else None


def keep_ocsp_answer(db: Database, question: str, answer: str, fresh_until: str, at: str, most: int) -> None:
    """Keep a responder's answer; what is stale, and what is too much, goes."""
    db.run("DELETE FROM ocsp_answers WHERE fresh_until <= :at", {"at": at})
    db.run(
        """INSERT INTO ocsp_answers (question, answer, fresh_until, fetched_at)
           VALUES (:question, :answer, :until, :at)
           ON CONFLICT (question) DO UPDATE SET answer = excluded.answer, fresh_until = excluded.fresh_until,
             fetched_at = excluded.fetched_at""",
        {"question": question, "answer": answer, "until": fresh_until, "at": at},
    )
    db.run(
        """DELETE FROM ocsp_answers WHERE question NOT IN
             (SELECT question FROM ocsp_answers ORDER BY fetched_at DESC, question LIMIT :most)""",
        {"most": most},
    )

"""Authorities and certificates in the database; private keys are written and read encrypted, apart from the rest.

Authorities belong to the operator of the appliance; a station's certificate to its tenant, a server's to none.
"""

from typing import Any

from csms.model.certificate import Certificate, CertificateAuthority, CertificateKind
from csms.store import rows
from csms.store.connection import Database, Row

_AUTHORITY = "a.*, CASE WHEN a.private_key IS NULL THEN 0 ELSE 1 END AS has_key"


def touch(db: Database) -> None:
    """Count a change that listeners must follow."""
    db.run("UPDATE pki_revision SET number = number + 1 WHERE id = 1")


def revision(db: Database) -> int:
    """Return a number that grows with every change that listeners must follow."""
    row = db.one("SELECT number FROM pki_revision WHERE id = 1")
    return int(row["number"]) if row else 0


def insert_authority(
    db: Database, authority: CertificateAuthority, private_key: str | None, crl: str | None
) -> None:
    """Insert an authority with its encrypted key."""
    values = rows.dump(authority)
    del values["has_key"]
    rows.insert(db, "pki_authorities", values | {"private_key": private_key, "crl": crl})


def authorities(db: Database) -> list[CertificateAuthority]:
    """Return every authority, newest generation first, roots before what they signed."""
    found = db.all(
        f"""SELECT {_AUTHORITY} FROM pki_authorities a
            ORDER BY a.generation DESC, a.algorithm, a.issuer_id IS NOT NULL, a.role"""
    )
    return [rows.load(CertificateAuthority, row) for row in found]


def authority(db: Database, authority_id: str) -> CertificateAuthority | None:
    """Return one authority by its id."""
    row = db.one(f"SELECT {_AUTHORITY} FROM pki_authorities a WHERE a.id = :id", {"id": authority_id})
    return rows.load(CertificateAuthority, row) if row else None


def authority_key(db: Database, authority_id: str) -> str | None:
    """Return the encrypted key of an authority, None where it is not on this machine."""
    row = db.one("SELECT private_key FROM pki_authorities WHERE id = :id", {"id": authority_id})
    return row["private_key"] if row else None


def crl(db: Database, authority_id: str) -> str | None:
    """Return the latest certificate revocation list of an authority as PEM."""
    row = db.one("SELECT crl FROM pki_authorities WHERE id = :id", {"id": authority_id})
    return row["crl"] if row else None


def update_authority(db: Database, authority_id: str, **columns: Any) -> None:
    """Change columns of one authority."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    db.run(f"UPDATE pki_authorities SET {sets} WHERE id = :id", columns | {"id": authority_id})


def insert(
    db: Database,
    certificate: Certificate,
    *,
    private_key: str | None = None,
    request_digest: str | None = None,
) -> None:
    """Insert a certificate, with the encrypted key where it is one of our own."""
    extra = {"private_key": private_key, "request_digest": request_digest}
    rows.insert(db, "pki_certificates", rows.dump(certificate) | extra)


def get(db: Database, tenant_id: str | None, name: str) -> list[Certificate]:
    """Return the certificates of a tenant (or all, for None) with this id, serial number or fingerprint."""
    found = db.all(
        """SELECT * FROM pki_certificates WHERE (id = :name OR serial_number = :name OR fingerprint = :name)
             AND (CAST(:tenant AS TEXT) IS NULL OR tenant_id = CAST(:tenant AS TEXT))""",
        {"name": name, "tenant": tenant_id},
    )
    return [rows.load(Certificate, row) for row in found]


def by_fingerprint(db: Database, fingerprint: str) -> Certificate | None:
    """Return a certificate by the SHA-256 of its DER in hex."""
    row = db.one(
        "SELECT * FROM pki_certificates WHERE fingerprint = :fingerprint", {"fingerprint": fingerprint}
    )
    return rows.load(Certificate, row) if row else None


def by_serial(db: Database, issuer_id: str, serial_number: str) -> Certificate | None:
    """Return what an authority issued under a serial number (hex)."""
    row = db.one(
        "SELECT * FROM pki_certificates WHERE issuer_id = :issuer AND serial_number = :serial",
        {"issuer": issuer_id, "serial": serial_number},
    )
    return rows.load(Certificate, row) if row else None


def by_request(db: Database, station_key: str, request_digest: str) -> Certificate | None:
    """Return what a station's request was answered with."""
    row = db.one(
        "SELECT * FROM pki_certificates WHERE station_key = :station AND request_digest = :digest",
        {"station": station_key, "digest": request_digest},
    )
    return rows.load(Certificate, row) if row else None


def forget_request(db: Database, station_key: str, request_digest: str) -> None:
    """Let a request be answered anew."""
    db.run(
        """UPDATE pki_certificates SET request_digest = NULL
           WHERE station_key = :station AND request_digest = :digest""",
        {"station": station_key, "digest": request_digest},
    )


def select(
    db: Database,
    tenant_id: str | None,
    *,
    station_key: str | None = None,
    kind: CertificateKind | None = None,
    every: bool = False,
    limit: int = 10_000,
) -> list[Certificate]:
    """Return the certificates of a tenant (or all, for None) that end first; `every` adds those that do not count."""
    found = db.all(
        """SELECT * FROM pki_certificates
           WHERE (CAST(:tenant AS TEXT) IS NULL OR tenant_id = CAST(:tenant AS TEXT))
             AND (CAST(:station AS TEXT) IS NULL OR station_key = CAST(:station AS TEXT))
             AND (CAST(:kind AS TEXT) IS NULL OR kind = CAST(:kind AS TEXT))
             AND (state = 'ACTIVE' OR CAST(:every AS BIGINT) = 1)
           ORDER BY not_after, id LIMIT :limit""",
        {"tenant": tenant_id, "station": station_key, "kind": kind, "every": int(every), "limit": limit},
    )
    return [rows.load(Certificate, row) for row in found]


def count_of_stations(db: Database, tenant_id: str | None, ends_before: str) -> tuple[int, int]:
    """Return how many certificates of a tenant's stations (None: all) are in force, and how many end before."""
    row = db.one(
        """SELECT count(*) AS n, COALESCE(sum(CASE WHEN not_after <= :before THEN 1 ELSE 0 END), 0) AS ending
           FROM pki_certificates WHERE state = 'ACTIVE' AND station_key IS NOT NULL
             AND (CAST(:tenant AS TEXT) IS NULL OR tenant_id = CAST(:tenant AS TEXT))""",
        {"before": ends_before, "tenant": tenant_id},
    )
    return (int(row["n"]), int(row["ending"])) if row else (0, 0)


def servers(db: Database) -> list[Row]:
    """Return the server certificates in force with their encrypted keys, all columns."""
    return db.all(
        "SELECT * FROM pki_certificates WHERE kind = 'SERVER' AND state = 'ACTIVE' ORDER BY algorithm, issued_at"
    )


def supersede(db: Database, kind: CertificateKind, station_key: str | None, algorithm: str | None) -> None:
    """Let the certificates of a kind count no more: of a station, or the server's with keys of one kind."""
    db.run(
        """UPDATE pki_certificates SET state = 'SUPERSEDED', private_key = NULL
           WHERE state = 'ACTIVE' AND kind = :kind
             AND COALESCE(station_key, '') = COALESCE(CAST(:station AS TEXT), '')
             AND (CAST(:algorithm AS TEXT) IS NULL OR algorithm = CAST(:algorithm AS TEXT))""",
        {"kind": kind.value, "station": station_key, "algorithm": algorithm},
    )


def revoke(db: Database, certificate_id: str, reason: str, at: str) -> None:
    """Revoke a certificate; its key is of no use any more."""
    db.run(
        """UPDATE pki_certificates SET state = 'REVOKED', revoked_at = :at, revocation_reason = :reason,
             private_key = NULL WHERE id = :id""",
        {"id": certificate_id, "reason": reason, "at": at},
    )


def revoked(db: Database, issuer_id: str, at: str) -> list[Row]:
    """Return serial number, time and reason of what an authority revoked and would still be valid."""
    return db.all(
        """SELECT serial_number, revoked_at, revocation_reason FROM pki_certificates
           WHERE issuer_id = :issuer AND state = 'REVOKED' AND not_after > :at
           UNION ALL
           SELECT serial_number, revoked_at, 'unspecified' FROM pki_authorities
           WHERE issuer_id = :issuer AND revoked_at IS NOT NULL AND not_after > :at
           ORDER BY 2, 1""",
        {"issuer": issuer_id, "at": at},
    )


def due_for_renewal(db: Database, ends_before: str, asked_before: str, now: str, limit: int) -> list[Row]:
    """Return stations' certificates that end soon or are to be renewed, and whose station was not asked lately.

    `ends_before` and `asked_before` say what is soon and what is lately.
    """
    return db.all(
        """SELECT c.id, c.tenant_id, c.station_key, c.station_id, c.kind, c.not_after
           FROM pki_certificates c JOIN stations s ON s.id = c.station_key
           WHERE c.state = 'ACTIVE' AND c.station_key IS NOT NULL AND c.not_after > :now
             AND (c.not_after <= :ends OR c.renewal_wanted_at IS NOT NULL)
             AND (c.renewal_asked_at IS NULL OR c.renewal_asked_at <= :asked
               OR c.renewal_asked_at < c.renewal_wanted_at)
           ORDER BY c.not_after, c.id LIMIT :limit""",
        {"ends": ends_before, "asked": asked_before, "now": now, "limit": limit},
    )


def renewal_asked(db: Database, certificate_id: str, at: str) -> None:
    """Note that a station was asked to renew."""
    db.run(
        "UPDATE pki_certificates SET renewal_asked_at = :at WHERE id = :id", {"id": certificate_id, "at": at}
    )


def want_renewal(db: Database, tenant_id: str, station_key: str, at: str) -> int:
    """Note that a station's certificates are to be renewed early; returns how many there are."""
    return db.run(
        """UPDATE pki_certificates SET renewal_wanted_at = :at
           WHERE tenant_id = :tenant AND station_key = :station AND state = 'ACTIVE'""",
        {"tenant": tenant_id, "station": station_key, "at": at},
    )


def ending(db: Database, before: str) -> list[Certificate]:
    """Return the certificates in force that end before a moment, but not those of stations that were removed."""
    found = db.all(
        """SELECT c.* FROM pki_certificates c WHERE c.state = 'ACTIVE' AND c.not_after <= :before
             AND (c.station_key IS NULL OR EXISTS (SELECT 1 FROM stations s WHERE s.id = c.station_key))
           ORDER BY c.not_after, c.id LIMIT 1000""",
        {"before": before},
    )
    return [rows.load(Certificate, row) for row in found]

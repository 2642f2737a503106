"""The public key infrastructure: authorities, certificates, trust stores, and the rollover of the root.

Private keys stand here only encrypted (csms.pki.keys). `generation` counts the roots: a rollover makes the next one.
"""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE pki_authorities (
        id TEXT PRIMARY KEY, role TEXT NOT NULL, algorithm TEXT NOT NULL, generation BIGINT NOT NULL,
        state TEXT NOT NULL, issuer_id TEXT REFERENCES pki_authorities(id), subject TEXT NOT NULL,
        serial_number TEXT NOT NULL, fingerprint TEXT NOT NULL, not_before TEXT NOT NULL, not_after TEXT NOT NULL,
        certificate TEXT NOT NULL, cross_certificate TEXT, private_key TEXT, crl TEXT, crl_number BIGINT NOT NULL,
        crl_at TEXT, created_at TEXT NOT NULL, revoked_at TEXT)""",
    """CREATE TABLE pki_certificates (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, issuer_id TEXT REFERENCES pki_authorities(id),
        tenant_id TEXT REFERENCES tenants(id), station_key TEXT, station_id TEXT, algorithm TEXT NOT NULL,
        serial_number TEXT NOT NULL, fingerprint TEXT NOT NULL UNIQUE, common_name TEXT NOT NULL,
        names TEXT NOT NULL, not_before TEXT NOT NULL, not_after TEXT NOT NULL, chain TEXT NOT NULL,
        private_key TEXT, request_digest TEXT, issued_at TEXT NOT NULL, revoked_at TEXT, revocation_reason TEXT,
        renewal_asked_at TEXT, renewal_wanted_at TEXT)""",
    "CREATE UNIQUE INDEX pki_certificates_by_serial ON pki_certificates (issuer_id, serial_number)",
    "CREATE INDEX pki_certificates_by_station ON pki_certificates (station_key, kind, state)",
    "CREATE INDEX pki_certificates_by_end ON pki_certificates (state, not_after)",
    "CREATE UNIQUE INDEX pki_certificates_by_request ON pki_certificates (station_key, request_digest)",
    """CREATE TABLE trust_anchors (
        id TEXT PRIMARY KEY, tenant_id TEXT REFERENCES tenants(id), store TEXT NOT NULL, fingerprint TEXT NOT NULL,
        subject TEXT NOT NULL, not_before TEXT NOT NULL, not_after TEXT NOT NULL, pem TEXT NOT NULL,
        note TEXT, added_at TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX trust_anchors_once ON trust_anchors (store, fingerprint, COALESCE(tenant_id, ''))",
    """CREATE TABLE pki_rollovers (
        id TEXT PRIMARY KEY, state TEXT NOT NULL, old_generation BIGINT NOT NULL, new_generation BIGINT NOT NULL,
        started_at TEXT NOT NULL, updated_at TEXT NOT NULL, ended_at TEXT)""",
    """CREATE TABLE pki_root_installs (
        authority_id TEXT NOT NULL REFERENCES pki_authorities(id), station_key TEXT NOT NULL,
        tenant_id TEXT NOT NULL REFERENCES tenants(id), state TEXT NOT NULL, detail TEXT, at TEXT NOT NULL,
        PRIMARY KEY (authority_id, station_key))""",
    "CREATE TABLE pki_revision (id BIGINT PRIMARY KEY, number BIGINT NOT NULL)",
    "INSERT INTO pki_revision (id, number) VALUES (1, 0)",
)

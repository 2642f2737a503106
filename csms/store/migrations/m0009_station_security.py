"""Stations' security: profiles reached, certificates asked for and installed, walks to a profile, OCSP answers."""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE station_security (
        station_key TEXT PRIMARY KEY REFERENCES stations(id) ON DELETE CASCADE, tenant_id TEXT NOT NULL,
        registered_serial TEXT, next_profile BIGINT, highest_profile BIGINT NOT NULL DEFAULT 0, restricted TEXT)""",
    """CREATE TABLE certificate_requests (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL,
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, station_id TEXT NOT NULL,
        kind TEXT, key_fingerprint TEXT NOT NULL, csr TEXT NOT NULL, state TEXT NOT NULL,
        requested_at TEXT NOT NULL, updated_at TEXT NOT NULL, attempts BIGINT NOT NULL, next_try_at TEXT, chain TEXT,
        not_after TEXT, reason TEXT)""",
    "CREATE INDEX certificate_requests_by_station ON certificate_requests (station_key, requested_at)",
    "CREATE INDEX certificate_requests_by_key ON certificate_requests (key_fingerprint)",
    "CREATE INDEX certificate_requests_due ON certificate_requests (next_try_at) WHERE next_try_at IS NOT NULL",
    "CREATE INDEX certificate_requests_by_end ON certificate_requests (not_after) WHERE state = 'INSTALLED'",
    """CREATE TABLE installed_certificates (
        station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE, tenant_id TEXT NOT NULL,
        usage TEXT NOT NULL, hash_algorithm TEXT NOT NULL, issuer_name_hash TEXT NOT NULL,
        issuer_key_hash TEXT NOT NULL,
        serial_number TEXT NOT NULL, as_reported TEXT NOT NULL, child BIGINT NOT NULL, reported_at TEXT NOT NULL,
        subject TEXT, not_after TEXT,
        PRIMARY KEY (station_key, usage, hash_algorithm, issuer_name_hash, issuer_key_hash, serial_number))""",
    """CREATE TABLE security_upgrades (
        station_key TEXT PRIMARY KEY REFERENCES stations(id) ON DELETE CASCADE, tenant_id TEXT NOT NULL,
        station_id TEXT NOT NULL, profile BIGINT NOT NULL, url TEXT, state TEXT NOT NULL, step TEXT NOT NULL,
        steps TEXT NOT NULL, asked_by TEXT NOT NULL, started_at TEXT NOT NULL, updated_at TEXT NOT NULL)""",
    "CREATE INDEX security_upgrades_running ON security_upgrades (state) WHERE state = 'RUNNING'",
    """CREATE TABLE ocsp_answers (
        question TEXT PRIMARY KEY, answer TEXT NOT NULL, fresh_until TEXT NOT NULL, fetched_at TEXT NOT NULL)""",
    "CREATE INDEX ocsp_answers_by_age ON ocsp_answers (fresh_until)",
)

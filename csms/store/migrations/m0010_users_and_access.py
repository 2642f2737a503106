"""Users of more than one tenant, their API keys and sign-ins, keys that sign tokens, answers kept for repeats."""

from typing import Final

STATEMENTS: Final = (
    # An e-mail address is somebody's in one tenant: whether another tenant knows it is nobody's business.
    """CREATE TABLE people (
        id TEXT PRIMARY KEY, tenant_id TEXT REFERENCES tenants(id), email TEXT NOT NULL, role TEXT NOT NULL,
        password_hash TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
        last_login_at TEXT, failed_logins BIGINT NOT NULL DEFAULT 0, locked_until TEXT)""",
    """INSERT INTO people (id, tenant_id, email, role, password_hash, status, created_at, updated_at)
        SELECT id, tenant_id, lower(email), role, password_hash, status, created_at, updated_at FROM users""",
    "DROP TABLE users",
    "ALTER TABLE people RENAME TO users",
    "CREATE UNIQUE INDEX users_by_email ON users (email, COALESCE(tenant_id, ''))",
    """CREATE TABLE api_keys (
        id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE, name TEXT NOT NULL,
        digest TEXT NOT NULL, scope TEXT, created_at TEXT NOT NULL, expires_at TEXT, last_used_at TEXT)""",
    "CREATE INDEX api_keys_by_user ON api_keys (user_id)",
    """CREATE TABLE refresh_tokens (
        digest TEXT PRIMARY KEY, family TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        scope TEXT, created_at TEXT NOT NULL, expires_at TEXT NOT NULL, used_at TEXT)""",
    "CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family)",
    "CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id)",
    "CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at)",
    """CREATE TABLE signing_keys (
        id TEXT PRIMARY KEY, public_key TEXT NOT NULL, private_key TEXT NOT NULL, created_at TEXT NOT NULL,
        retires_at TEXT NOT NULL, expires_at TEXT NOT NULL)""",
    """CREATE TABLE idempotency_keys (
        user_id TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, at TEXT NOT NULL, status BIGINT,
        answer TEXT, PRIMARY KEY (user_id, name))""",
    "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at)",
    "ALTER TABLE tenants ADD COLUMN domain TEXT",
    "ALTER TABLE tenants ADD COLUMN company_name TEXT",
    "ALTER TABLE tenants ADD COLUMN status_reason TEXT",
    "ALTER TABLE tenants ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'",
)

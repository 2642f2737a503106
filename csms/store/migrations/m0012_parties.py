"""Roaming partners: connections, the tokens they come with, and which country code and party id is whose."""

from typing import Final

STATEMENTS: Final = (
    # `their_token` and `their_token_before` are what we send: encrypted with the appliance's secret.
    """CREATE TABLE parties (
        id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants(id), name TEXT NOT NULL,
        status TEXT NOT NULL, expected_role TEXT, versions_url TEXT, version TEXT, token_form TEXT NOT NULL,
        roles TEXT NOT NULL DEFAULT '[]', endpoints TEXT NOT NULL DEFAULT '[]', their_token TEXT,
        their_token_before TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_seen_at TEXT,
        problem TEXT)""",
    "CREATE INDEX parties_by_tenant ON parties (tenant_id, status)",
    # What a partner sends: 256 bits of chance, of which only the digest is kept.
    """CREATE TABLE party_tokens (
        digest TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, party_id TEXT NOT NULL REFERENCES parties(id),
        kind TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT, used_at TEXT, redeemed_with TEXT,
        sealed TEXT)""",
    "CREATE INDEX party_tokens_by_party ON party_tokens (party_id)",
    """CREATE TABLE party_roles (
        tenant_id TEXT NOT NULL, role TEXT NOT NULL, country_code TEXT NOT NULL, party_id TEXT NOT NULL,
        party TEXT NOT NULL REFERENCES parties(id), PRIMARY KEY (tenant_id, role, country_code, party_id))""",
    "CREATE INDEX party_roles_by_party ON party_roles (party)",
)

"""The tokens that partners gave us, and what they answered when they were asked about one in real time."""

from typing import Final

STATEMENTS: Final = (
    # A driver shows a uid: that is what is looked for first.
    """CREATE TABLE partner_tokens (
        tenant_id TEXT NOT NULL REFERENCES tenants(id), uid_folded TEXT NOT NULL, country_folded TEXT NOT NULL,
        party_folded TEXT NOT NULL, type TEXT NOT NULL, party TEXT NOT NULL REFERENCES parties(id),
        country_code TEXT NOT NULL, party_id TEXT NOT NULL, uid TEXT NOT NULL, contract_id TEXT NOT NULL,
        language TEXT, valid BIGINT NOT NULL, whitelist TEXT NOT NULL, document TEXT NOT NULL,
        last_updated TEXT NOT NULL, received_at TEXT NOT NULL,
        PRIMARY KEY (tenant_id, uid_folded, country_folded, party_folded, type))""",
    "CREATE INDEX partner_tokens_by_party ON partner_tokens (party)",
    # The last answer about a token at a station; `answer` is NULL where the partner gave none.
    """CREATE TABLE partner_token_answers (
        tenant_id TEXT NOT NULL, station_key TEXT NOT NULL REFERENCES stations(id) ON DELETE CASCADE,
        uid_folded TEXT NOT NULL, country_folded TEXT NOT NULL, party_folded TEXT NOT NULL, type TEXT NOT NULL,
        answer TEXT, reference TEXT, at TEXT NOT NULL,
        PRIMARY KEY (tenant_id, station_key, uid_folded, country_folded, party_folded, type))""",
    "CREATE INDEX partner_token_answers_by_age ON partner_token_answers (at)",
)

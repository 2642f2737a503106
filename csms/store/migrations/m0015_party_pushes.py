"""How far each partner was told what happens here, and what is to be sent to it or could not be."""

from typing import Final

STATEMENTS: Final = (
    # `position` is that of the outbox. `refusals` count for what is sent next, `silences` since the last answer.
    """CREATE TABLE party_pushes (
        party TEXT PRIMARY KEY REFERENCES parties(id), tenant_id TEXT NOT NULL, position BIGINT NOT NULL,
        refusals BIGINT NOT NULL DEFAULT 0, silences BIGINT NOT NULL DEFAULT 0, next_at TEXT,
        created_at TEXT NOT NULL)""",
    # What an operator asked to be sent again (reason is NULL), and what was given up.
    """CREATE TABLE party_deliveries (
        party TEXT NOT NULL REFERENCES parties(id), kind TEXT NOT NULL, subject TEXT NOT NULL,
        tenant_id TEXT NOT NULL, body TEXT NOT NULL DEFAULT '{}', reason TEXT, at TEXT NOT NULL,
        PRIMARY KEY (party, kind, subject))""",
    # Where a partner keeps a CDR of ours: it is sent to it once.
    """CREATE TABLE pushed_cdrs (
        party TEXT NOT NULL REFERENCES parties(id), cdr_id TEXT NOT NULL, tenant_id TEXT NOT NULL, address TEXT,
        at TEXT NOT NULL, PRIMARY KEY (party, cdr_id))""",
)

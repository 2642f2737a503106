"""The audit as a chain: every row bears a digest of itself and of the row before it."""

from typing import Final

STATEMENTS: Final = (
    "ALTER TABLE audit ADD COLUMN digest TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE audit_head (id BIGINT PRIMARY KEY, links BIGINT NOT NULL, digest TEXT NOT NULL)",
    "INSERT INTO audit_head (id, links, digest) VALUES (1, 0, '')",
)

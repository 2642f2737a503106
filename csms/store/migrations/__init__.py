"""The schema, as an ordered list of migrations that both dialects run.

Portable SQL: TEXT, BIGINT, `{serial}` for a growing key (`{rowid}` where nobody remembers
the numbers of rows that are gone). Times are UTC text of fixed width (csms.clock.to_text),
money is Decimal text, energy integer Wh, truth 0/1, JSON text. A migration once released never changes.
"""

from typing import Final

from csms.store.migrations import (
    m0001_foundation,
    m0002_station_commands,
    m0003_connector_history,
    m0004_transaction_events,
    m0005_device,
    m0006_smart_charging,
    m0007_files,
    m0008_pki,
    m0009_station_security,
    m0010_users_and_access,
    m0011_audit_chain,
    m0012_parties,
    m0013_locations,
    m0014_partner_tokens,
    m0015_party_pushes,
    m0016_token_places,
)

MIGRATIONS: Final[list[tuple[str, tuple[str, ...]]]] = [
    ("0001_foundation", m0001_foundation.STATEMENTS),
    ("0002_station_commands", m0002_station_commands.STATEMENTS),
    ("0003_connector_history", m0003_connector_history.STATEMENTS),
    ("0004_transaction_events", m0004_transaction_events.STATEMENTS),
    ("0005_device", m0005_device.STATEMENTS),
    ("0006_smart_charging", m0006_smart_charging.STATEMENTS),
    ("0007_files", m0007_files.STATEMENTS),
    ("0008_pki", m0008_pki.STATEMENTS),
    ("0009_station_security", m0009_station_security.STATEMENTS),
    ("0010_users_and_access", m0010_users_and_access.STATEMENTS),
    ("0011_audit_chain", m0011_audit_chain.STATEMENTS),
    ("0012_parties", m0012_parties.STATEMENTS),
    ("0013_locations", m0013_locations.STATEMENTS),
    ("0014_partner_tokens", m0014_partner_tokens.STATEMENTS),
    ("0015_party_pushes", m0015_party_pushes.STATEMENTS),
    ("0016_token_places", m0016_token_places.STATEMENTS),
]

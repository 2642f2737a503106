"""Roaming partners in the database: connections, their roles and endpoints, and the tokens of both directions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from csms.clock import from_text, to_text
from csms.model.party import (
    Endpoint,
    Interface,
    OcpiRole,
    Party,
    PartyKey,
    PartyRole,
    PartyStatus,
    TokenForm,
)
from csms.store import rows
from csms.store.connection import Database, Row


class TokenKind(StrEnum):
    """What a token that a partner comes with is for."""

    INVITATION = "INVITATION"
    """Token A: good for versions, their details, and one POST of credentials."""
    OFFERED = "OFFERED"
    """Sent to the partner in credentials whose answer we do not have: good for versions and credentials."""
    CREDENTIALS = "CREDENTIALS"
    """Good for everything."""


@dataclass(frozen=True, slots=True)
class PartyToken:
    """A token that a partner comes with; `redeemed_with` is the digest of the token B an invitation was used with."""

    digest: str
    tenant_id: str
    party_id: str
    kind: TokenKind
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    redeemed_with: str | None = None
    sealed: str | None = None


def insert(db: Database, party: Party, their_token: str | None = None) -> None:
    """Insert a connection; `their_token` is sealed."""
    values = {
        "id": party.id,
        "tenant_id": party.tenant_id,
        "name": party.name,
        "status": party.status.value,
        "expected_role": party.expected_role.value if party.expected_role else None,
        "versions_url": party.versions_url,
        "version": party.version,
        "token_form": party.token_form.value,
        "roles": _roles_json(party.roles),
        "endpoints": endpoints_json(party.endpoints),
        "their_token": their_token,
        "created_at": to_text(party.created_at),
        "updated_at": to_text(party.updated_at),
    }
    rows.insert(db, "parties", values)


def get(db: Database, tenant_id: str, party_id: str) -> Party | None:
    """Return one connection of a tenant's."""
    row = db.one(
        "SELECT * FROM parties WHERE id = :id AND tenant_id = :tenant", {"id": party_id, "tenant": tenant_id}
    )
    return _party(row) if row else None


def select(db: Database, tenant_id: str | None, status: PartyStatus | None = None) -> list[Party]:
    """Return the connections of one tenant (or all, for None), those that were removed included, by age."""
    found = db.all(
        """SELECT * FROM parties WHERE tenant_id = COALESCE(:tenant, tenant_id)
             AND status = COALESCE(:status, status) ORDER BY created_at, id""",
        {"tenant": tenant_id, "status": status.value if status else None},
    )
    return [_party(row) for row in found]


def owner(db: Database, tenant_id: str, key: PartyKey, role: OcpiRole | None = None) -> Party | None:
    """Return the connection that registered a country code and party id, in one role or (None) in any."""
    row = db.one(
        """SELECT p.* FROM party_roles r JOIN parties p ON p.id = r.party
           WHERE r.tenant_id = :tenant AND r.country_code = :country AND r.party_id = :party
             AND r.role = COALESCE(:role, r.role) ORDER BY r.role LIMIT 1""",
        {
            "tenant": tenant_id,
            "country": key.country_code,
            "party": key.party_id,
            "role": role.value if role else None,
        },
    )
    return _party(row) if row else None


def update(db: Database, party_id: str, **columns: Any) -> None:
    """Change columns of one connection; values are ready parameters."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    db.run(f"UPDATE parties SET {sets} WHERE id = :id", columns | {"id": party_id})


def write_roles(db: Database, tenant_id: str, party_id: str, roles: tuple[PartyRole, ...]) -> None:
    """Let a connection have these roles and no others; a role that is another's raises ConstraintViolated."""
    db.run("DELETE FROM party_roles WHERE party = :party", {"party": party_id})
    for role in roles:
        values = {
            "tenant_id": tenant_id,
            "role": role.role.value,
            "country_code": role.key.country_code,
            "party_id": role.key.party_id,
            "party": party_id,
        }
        rows.insert(db, "party_roles", values)
    update(db, party_id, roles=_roles_json(roles))


def free_roles(db: Database, party_id: str) -> None:
    """Let others have what a connection's roles occupied; what it said of itself stays."""
    db.run("DELETE FROM party_roles WHERE party = :party", {"party": party_id})


def their_tokens(db: Database, party_id: str) -> tuple[str | None, str | None]:
    """Return the sealed token that we send, and the one before it."""
    row = db.one("SELECT their_token, their_token_before FROM parties WHERE id = :id", {"id": party_id})
    return (row["their_token"], row["their_token_before"]) if row else (None, None)


def seen(db: Database, party_id: str, at: str) -> None:
    """Write that a partner was heard."""
    db.run("UPDATE parties SET last_seen_at = :at WHERE id = :id", {"id": party_id, "at": at})


def insert_token(db: Database, token: PartyToken) -> None:
    """Insert a token that a partner may come with; one that is there already stays as it is."""
    values = rows.dump(token)
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    db.run(f"INSERT INTO party_tokens ({names}) VALUES ({marks}) ON CONFLICT (digest) DO NOTHING", values)


def token(db: Database, digest: str) -> PartyToken | None:
    """Return a token by its digest."""
    row = db.one("SELECT * FROM party_tokens WHERE digest = :digest", {"digest": digest})
    return rows.load(PartyToken, row) if row else None


def tokens(db: Database, party_id: str, kind: TokenKind) -> list[PartyToken]:
    """Return the tokens of one kind that a partner may come with, the newest first."""
    found = db.all(
        "SELECT * FROM party_tokens WHERE party_id = :party AND kind = :kind ORDER BY created_at DESC, digest",
        {"party": party_id, "kind": kind.value},
    )
    return [rows.load(PartyToken, row) for row in found]


def update_token(db: Database, digest: str, **columns: Any) -> None:
    """Change columns of one token; values are ready parameters."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    db.run(f"UPDATE party_tokens SET {sets} WHERE digest = :digest", columns | {"digest": digest})


def end_tokens(db: Database, party_id: str, *, but: str = "", before: str | None = None) -> None:
    """Forget the tokens of a partner except the one with a digest; with `before` none that is newer."""
    db.run(
        """DELETE FROM party_tokens WHERE party_id = :party AND digest <> :but
             AND created_at <= COALESCE(:before, '9999')""",
        {"party": party_id, "but": but, "before": before},
    )


def delete_token(db: Database, digest: str) -> None:
    """Forget one token."""
    db.run("DELETE FROM party_tokens WHERE digest = :digest", {"digest": digest})


def end_expired(db: Database, at: str) -> int:
    """Forget the tokens whose time is over; returns how many."""
    return db.run("DELETE FROM party_tokens WHERE expires_at <= :at", {"at": at})


def endpoints_json(endpoints: tuple[Endpoint, ...]) -> str:
    """Write endpoints as a column has them."""
    return rows.to_json([{"module": e.module, "interface": e.interface, "url": e.url} for e in endpoints])


def _roles_json(roles: tuple[PartyRole, ...]) -> str:
    return rows.to_json([rows.dump(role) for role in roles])


def _party(row: Row) -> Party:
    return Party(
        row["id"],
        row["tenant_id"],
        row["name"],
        PartyStatus(row["status"]),
        OcpiRole(row["expected_role"]) if row["expected_role"] else None,
        row["versions_url"],
        row["version"],
        TokenForm(row["token_form"]),
        from_text(row["created_at"]),
        from_text(row["updated_at"]),
        from_text(row["last_seen_at"]) if row["last_seen_at"] else None,
        row["problem"],
        tuple(_role(each) for each in rows.from_json(row["roles"])),
        tuple(_endpoint(each) for each in rows.from_json(row["endpoints"])),
    )


def _role(found: Mapping[str, Any]) -> PartyRole:
    return PartyRole(**{**found, "role": OcpiRole(found["role"])})


def _endpoint(found: Mapping[str, Any]) -> Endpoint:
    side = found["interface"]
    return Endpoint(found["module"], Interface(side) if side else None, found["url"])

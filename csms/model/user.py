"""People and programs that use the management interfaces, and the API keys they use them with."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class UserStatus(StrEnum):
    """Whether a user may sign in."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"


@dataclass(frozen=True, slots=True)
class User:
    """One user; one without a tenant belongs to all of them. `locked_until` follows too many wrong passwords."""

    id: str
    tenant_id: str | None
    email: str
    role: str
    status: UserStatus
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime | None = None
    failed_logins: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A long-lived secret of a user; with a scope it may do only what the scope lists."""

    id: str
    user_id: str
    name: str
    scope: str | None
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether the key has expired."""
        return self.expires_at is not None and self.expires_at <= now


def normal_email(text: str) -> str:
    """Return an e-mail address in the form in which it is compared and kept."""
    return text.strip().casefold()


def is_email(text: str) -> bool:
    """Whether text looks like an e-mail address; `admin@localhost` does."""
    name, at, host = text.rpartition("@")
    return bool(at and name and host) and len(text) <= 254 and text.isprintable() and not text.count(" ")

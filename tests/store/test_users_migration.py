"""Users of the first version come through the rebuilding of their table."""

from collections.abc import Callable

from csms.clock import SystemClock
from csms.store import rows, tenants, users
from csms.store.direct import open_direct, transaction
from csms.store.migrate import apply, migrate
from csms.store.migrations import MIGRATIONS

AT = "2026-01-01T00:00:00.000000Z"
OLD = {
    "id": "u1", "tenant_id": None, "email": "Admin@Example.com", "role": "SUPER_ADMIN", "password_hash": "$argon2id$x",
    "status": "ACTIVE", "created_at": AT, "updated_at": AT,
}  # fmt: skip


def test_users_keep_everything_and_their_address_is_folded(fresh_database: Callable[[bool], str]) -> None:
    url = fresh_database(False)
    before = [entry for entry in MIGRATIONS if entry[0] < "0010"]
    migrate(url, before)
    with open_direct(url) as direct:
        with transaction(direct, exclusive=True) as db:
            rows.insert(db, "users", OLD)
        apply(direct, MIGRATIONS, SystemClock())
        with transaction(direct, exclusive=True) as db:
            [user] = users.named(db, None, "admin@example.com")
            assert (user.id, user.role, user.failed_logins, user.locked_until) == (
                "u1",
                "SUPER_ADMIN",
                0,
                None,
            )
            assert users.password_hash(db, "u1") == "$argon2id$x"
            assert tenants.count_users(db) == 1

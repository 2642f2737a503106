"""Databases with something in every corner that matters to a backup, and what is in them."""

from datetime import UTC, datetime
from typing import Any

from csms.store import catalog
from csms.store.direct import open_direct, transaction

COUNT = 400


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


class Later(Noon):
    """A clock that stands still an hour later."""

    def now(self) -> datetime:
        return datetime(2026, 1, 31, 13, 0, 0, tzinfo=UTC)


CLOCK = Noon()
TENANT = {
    "id": "t1", "name": "Ünï ☃ \"quoted\" \\ 100% :x", "tenant_type": "CPO", "status": "ACTIVE", "country_code": "DE",
    "party_id": "ABC", "currency": "EUR", "time_zone": "Europe/Berlin", "created_at": "a", "updated_at": "b",
}  # fmt: skip
INSERT_TENANT = (
    f"INSERT INTO tenants ({', '.join(TENANT)}) VALUES ({', '.join(':' + name for name in TENANT)})"
)
INSERT_EVENT = """INSERT INTO outbox (tenant_id, station_id, kind, subject, at, body)
                  VALUES ('t1', NULL, 'station.booted', :subject, 'now', :body)"""


def fill(url: str) -> None:
    """Write a tenant, a station that refers to it, and many events of which the newest are gone again."""
    with open_direct(url) as direct, transaction(direct, exclusive=True) as db:
        db.run(INSERT_TENANT, TENANT)
        db.run(
            """INSERT INTO stations (id, tenant_id, station_id, registration, security_profile, created_at, updated_at)
               VALUES ('k1', 't1', 'CS 1', 'ACCEPTED', 1, 'a', 'b')"""
        )
        db.many(
            INSERT_EVENT, [{"subject": f"{number:05}", "body": "\n\t\x01é" * 10} for number in range(COUNT)]
        )
        db.run("DELETE FROM outbox WHERE id > :last", {"last": COUNT - 10})


def content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, except when migrations were applied."""
    with open_direct(url) as direct, transaction(direct, exclusive=False):
        return {
            table.name: sorted(direct.stream(f'SELECT * FROM "{table.name}"'), key=repr)
            for table in catalog.tables(direct)
            if table.name != "schema_migrations"
        }


def next_event_id(url: str) -> int:
    """Return the key the next outbox row gets."""
    with open_direct(url) as direct, transaction(direct, exclusive=True) as db:
        row = db.one(INSERT_EVENT + " RETURNING id", {"subject": "next", "body": "{}"})
        assert row
        return int(row["id"])

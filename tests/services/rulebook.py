"""The rules on a database in memory, without a network: thousands of charges a minute for property tests."""

import itertools
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from csms.model.station import StationRef
from csms.ocpp import rpc
from csms.ocpp.dispatch import INBOUND
from csms.services import inbox
from csms.services.unit import Tx
from csms.store import outbox
from csms.store.connection import Row
from csms.store.migrate import in_dialect
from csms.store.migrations import MIGRATIONS
from csms.store.sqlite_connection import SqliteDatabase
from tests.wire.appliance import SeededEntropy, SetClock
from tests.wire.furniture import furnish


class Rulebook:
    """What a station says, taken in by the rules; `charge_point` is CP1 of the usual furniture."""

    def __init__(self, version: str = "1.6") -> None:
        self._routes = INBOUND[version]
        connection = sqlite3.connect(":memory:", isolation_level=None)
        self.db = SqliteDatabase(connection, Path(":memory:"))
        for _, statements in MIGRATIONS:
            for statement in statements:
                self.db.run(in_dialect(statement, "sqlite"))
        self.clock = SetClock()
        self.entropy = SeededEntropy()
        furnish(self.tx())
        [row] = self.rows("SELECT * FROM stations")
        self.charge_point = StationRef(row["tenant_id"], row["station_id"], row["id"])
        self._ids = itertools.count()

    def tx(self) -> Tx:
        return Tx(self.db, self.clock.now(), self.entropy)

    def rows(self, sql: str, **params: Any) -> list[Row]:
        return self.db.all(sql, params)

    def say(self, action: str, payload: dict[str, Any], message_id: str | None = None) -> Any:
        """Take in a request as the dispatch does, and return the payload of its answer."""
        route, tx = self._routes[action], self.tx()
        report = route.read(json.loads(json.dumps(payload)), self.clock.now(), [])
        wire = json.dumps(payload).encode()
        message = inbox.Message(self.charge_point, message_id or f"n{next(self._ids)}", action, wire)

        def work() -> bytes:
            return rpc.encode_result(b'"x"', route.write(route.verb(tx, self.charge_point, report)))

        answer = inbox.take(tx, message, work, replay=route.replay)
        outbox.append(self.db, tx.events, tx.at)
        return json.loads(answer)[2]

    @contextmanager
    def page(self) -> Iterator["Rulebook"]:
        """Forget afterwards whatever happened inside."""
        at = self.clock.at
        self.db.run("SAVEPOINT page")
        try:
            yield self
        finally:
            self.db.run("ROLLBACK TO page")
            self.db.run("RELEASE page")
            self.clock.at = at

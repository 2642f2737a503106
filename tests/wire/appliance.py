"""The appliance without its sockets: the real store, rules and OCPP edge in one process, and stations before it.

Time, ids and randomness are the test's. `Appliance.restarted` is a process that died and came up again on the same
database.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import httpx
import trio
import trio.testing
from prometheus_client import CollectorRegistry

from csms import housekeeping
from csms.admin import app as admin_app
from csms.admin import http
from csms.admin.gateway import Gateway, GatewaySettings
from csms.bus import Bus
from csms.config import Retention
from csms.model.user import User, UserStatus
from csms.ocpp.dispatch import Dispatcher
from csms.ocpp.file_door import FileDoor
from csms.ocpp.gate import StationGate
from csms.ocpp.handshake import ConnectionOptions
from csms.ocpp.limits import Limits
from csms.ocpp.link import Stations
from csms.ocpp.listener import Door, StationServer
from csms.ocpp.presence import Roll
from csms.ocpp.registry import Registry
from csms.services import api_keys, present, tenants, token_questions, verbs
from csms.services.access import LOCAL_OPERATOR
from csms.services.file_room import FileRoom
from csms.services.house import House
from csms.services.message_log import MessageLog
from csms.services.partner_tokens import AskFirst
from csms.services.sign_in import SignIn
from csms.services.token_keys import Keyring
from csms.services.unit import Policy, Tx, Unit
from csms.store import users
from csms.store.connection import Row, Store
from tests.wire.station import Station

UNLIMITED = GatewaySettings(client_per_minute=0, tenant_per_minute=0)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class SetClock:
    """A clock that stands where the test puts it."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


class SeededEntropy:
    """Numbers that nobody guesses but the seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = Random(seed)

    def hex(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def below(self, bound: int) -> int:
        return self._random.randrange(bound)


class Rest:
    """A program with an API key before the management listener of one run of the appliance."""

    def __init__(self, url: str, api_key: str, client: httpx.AsyncClient) -> None:
        self.url = url
        self.api_key = api_key
        self.client = client

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Send one request under /api/v1 with the key."""
        sent = {} if body is None else {"json": body}
        return await self.client.request(method, f"/api/v1{path}", **sent, **more)

    async def call(self, action: str, payload: dict[str, Any], station: str = "CP1") -> dict[str, Any]:
        """Send an OCPP action to a station and return how it ended."""
        answer = await self.ask("POST", f"/stations/{station}/calls/{action}", payload)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = json.loads(answer.content, parse_float=Decimal)
        return found


def program(tx: Tx, role: str, tenant: str | None = None, scope: str | None = None) -> str:
    """Register a user without a password and return an API key of it."""
    owner = None if role == "SUPER_ADMIN" else tenants.resolve(tx, LOCAL_OPERATOR, tenant).id
    email = f"{tx.entropy.hex()}@example.com"
    user = User(tx.entropy.hex(), owner, email, role, UserStatus.ACTIVE, tx.now, tx.now)
    users.insert(tx.db, user, "none")
    return api_keys.add(tx, LOCAL_OPERATOR, user=user.id, scope=scope).api_key


class Appliance:
    """One run of the appliance; `verb` is its operator."""

    def __init__(
        self,
        nursery: trio.Nursery,
        store: Store,
        clock: SetClock,
        entropy: SeededEntropy,
        limits: Limits,
        doors: Sequence[Door] = (),
        data_dir: Path = Path("no-data"),
    ) -> None:
        self.nursery = nursery
        self.doors = doors
        self.data_dir = data_dir
        self.store = store
        self.clock = clock
        self.entropy = entropy
        self.limits = limits
        self.unit = Unit(store, Bus(), clock, entropy, Policy())
        self.roll, self.registry = Roll(), Registry()
        self.message_log = MessageLog(self.unit, clock)
        self.house = House(
            self.unit,
            Stations(self.registry, self.roll, self.message_log),
            self.message_log,
            clock.now(),
            list,
            data_dir,
        )
        self.room = FileRoom(data_dir)
        self.sign_in = SignIn(self.unit, Keyring(self.unit, lambda: b"a secret for tests alone"))
        self.server = StationServer(
            StationGate(self.unit, self.roll, clock, ConnectionOptions(ping_interval_s=0)),
            Dispatcher(self.unit, self.roll, clock, self.message_log, ask=self._ask_partner),
            self.registry,
            limits,
            clock=clock,
            new_id=entropy.hex,
            files=FileDoor(self.unit, self.room),
        )

    async def _ask_partner(self, question: AskFirst) -> object:
        return await token_questions.ask(self.house, question)

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            self._life = nursery
            nursery.start_soon(housekeeping.run, self.house, self.roll, Retention())
            await nursery.start(self.server.run, self.doors)
            task_status.started()

    async def restarted(self) -> "Appliance":
        """Die without a word and return the next run, on the same database."""
        self._life.cancel_scope.cancel()
        heir = Appliance(
            self.nursery, self.store, self.clock, self.entropy, self.limits, data_dir=self.data_dir
        )
        await self.nursery.start(heir.run)
        return heir

    def line(self) -> Station:
        """Return a station on a fresh connection on which nothing has been said."""
        return Station(self.stream(), self.nursery)

    def stream(self) -> trio.abc.Stream:
        """Return the station's end of a fresh connection."""
        ours, theirs = trio.testing.memory_stream_pair()
        shared = self.server._shared
        assert shared is not None
        shared.nursery.start_soon(self.server.serve_stream, theirs, "192.0.2.7")  # where accepted ones run
        return ours

    async def station(self, station_id: str = "CP1", **handshake: Any) -> Station:
        """Return a station that is connected but has not booted."""
        station = self.line()
        await station.connect(f"/ocpp/{station_id}", **handshake)
        return station

    async def verb(self, name: str, /, **args: Any) -> Any:
        """Do what an operator does, with the arguments and the result as JSON has them."""
        result = await verbs.perform(name, args, LOCAL_OPERATOR, self.unit, self.house)
        return json.loads(present.encode(result), parse_float=Decimal)

    @asynccontextmanager
    async def rest(
        self, role: str = "SUPER_ADMIN", gateway: GatewaySettings = UNLIMITED, **user: Any
    ) -> AsyncIterator[Rest]:
        """Serve the management listener on loopback (not under a virtual clock), with the API key of a new user."""
        key = await self.unit.run(lambda tx: program(tx, role, **user))
        sock = http.listen("127.0.0.1", 0)
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        stopping = trio.Event()

        async def ready() -> None:
            return None

        async with trio.open_nursery() as nursery:
            app = admin_app.build(self.house, self.sign_in, ready, CollectorRegistry(), Gateway(gateway))
            nursery.start_soon(http.serve, app, [sock], stopping.wait, 1.0)
            bearer = {"Authorization": f"Bearer {key}"}
            async with httpx.AsyncClient(base_url=url, headers=bearer, timeout=30) as client:
                yield Rest(url, key, client)
            stopping.set()

    async def messages(self, **args: Any) -> list[dict[str, Any]]:
        """Return the message log as an operator reads it, oldest first."""
        await self.message_log.flush()
        found: list[dict[str, Any]] = await self.verb("message.list", **args)
        return found

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        """Return what the database holds."""
        return await self.store.read(lambda db: db.all(sql, params))

    async def connectors(self, station_id: str = "CP1", **args: Any) -> dict[int, dict[str, Any]]:
        """Return the connectors of a station by EVSE."""
        shown = await self.verb("station.show", station=station_id, **args)
        return {connector["evseId"]: connector for connector in shown["connectors"]}

    async def transactions(self) -> list[dict[str, Any]]:
        """Return all transactions, with corrections and meter values, in the order they came."""
        found = await self.rows("SELECT id FROM transactions ORDER BY received_at, id")
        return [await self.verb("transaction.show", transaction=row["id"]) for row in found]


@asynccontextmanager
async def appliance(
    store: Store,
    clock: SetClock,
    entropy: SeededEntropy,
    limits: Limits | None = None,
    data_dir: Path = Path("no-data"),
) -> AsyncIterator[Appliance]:
    """Run the appliance on a migrated store until the block ends."""
    async with trio.open_nursery() as nursery:
        made = Appliance(nursery, store, clock, entropy, limits or Limits(), data_dir=data_dir)
        await nursery.start(made.run)
        yield made
        nursery.cancel_scope.cancel()

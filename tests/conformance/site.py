"""A site under test: the appliance behind a real socket, its operator, its stations, and time that stands still."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar, cast

import httpx
import trio
import trio.testing
from prometheus_client import CollectorRegistry

from csms.admin import app as admin_app
from csms.admin.gateway import Gateway
from csms.ocpp.limits import Limits
from csms.ocpp.listener import Door, open_door
from csms.services import tariffs, tenants, tokens
from csms.services.access import LOCAL_OPERATOR
from csms.services.house import House
from csms.services.sign_in import SignIn
from csms.services.unit import Policy, Tx
from csms.store.connection import Store
from tests.conformance.station import CaseStation
from tests.conformance.v16.station import Station16
from tests.conformance.v201.station import Station201
from tests.wire.appliance import UNLIMITED, Appliance, SeededEntropy, SetClock, program
from tests.wire.furniture import TARIFF
from tests.wire.station import Answer, Payload

Kind = TypeVar("Kind", bound=CaseStation)
Some = TypeVar("Some", bound="Site")
_STEP_S = 5.0


class Site:
    """What a case works with; `csms` is the appliance itself for what only its inside knows."""

    def __init__(self, csms: Appliance, port: int, program: httpx.AsyncClient) -> None:
        self.csms = csms
        self.port = port
        self._program = program

    async def station16(self, station_id: str = "CP16", **how: Any) -> Station16:
        """Register and connect an OCPP 1.6 station; [Booted] unless said otherwise."""
        return await self._station(Station16, station_id, **how)

    async def station201(self, station_id: str = "CP201", **how: Any) -> Station201:
        """Register and connect an OCPP 2.0.1 station; [Booted] unless said otherwise."""
        return await self._station(Station201, station_id, **how)

    async def _station(
        self,
        kind: type[Kind],
        station_id: str,
        *,
        connectors: int = 2,
        booted: bool = True,
        profile: int = 0,
        password: str | None = None,
        registration: str | None = None,
        answers: dict[str, Answer] | None = None,
        **handshake: str,
    ) -> Kind:
        await self.verb(
            "station.add", station_id=station_id, security_profile=profile, connectors=connectors,
            password=password,
        )  # fmt: skip
        if registration is not None:
            await self.verb("station.update", station=station_id, registration=registration)
        station = await self.line(kind, station_id, connectors)
        station.answers |= answers or {}
        await station.connect(f"/ocpp/{station_id}", protocols=kind.subprotocol, **handshake)
        if booted:
            await station.booted()
        return station

    async def line(self, kind: type[Kind], station_id: str, connectors: int = 2) -> Kind:
        """Return a station on a fresh TCP connection on which nothing has been said."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        return kind(stream, self.csms.nursery, station_id, connectors, self.csms.clock.now)

    async def reconnected(self, station: Kind, *, booted: bool = True) -> Kind:
        """Return the same station on a new connection, with what it remembers; the old one is gone."""
        if not station.ended.is_set():
            await station.drop()
        again = await self.line(type(station), station.id, station.evses)
        for name in ("keys", "variables", "list_version", "wh", "charges"):
            if hasattr(station, name):
                setattr(again, name, getattr(station, name))
        await again.connect(f"/ocpp/{station.id}", protocols=station.subprotocol)
        if booted:
            await again.booted()
        return again

    async def verb(self, name: str, /, **args: Any) -> Any:
        """Do what an operator does on the command line."""
        return await self.csms.verb(name, **{key: value for key, value in args.items() if value is not None})

    async def call(self, station: CaseStation, action: str, payload: Payload | None = None) -> Payload:
        """Send any action of the standard and return how the exchange ended."""
        sent: Payload = await self.verb(
            "station.call", station=station.id, action=action, payload=payload or {}
        )
        return sent

    async def command(self, station: CaseStation, verb: str, /, **args: Any) -> Payload:
        """Order something in the words that are the same for every version; returns how the exchange ended."""
        done: Payload = await self.verb("station.command", station=station.id, verb=verb, args=args)
        return done

    @asynccontextmanager
    async def calling(
        self, station: CaseStation, action: str, payload: Payload | None = None
    ) -> AsyncIterator[list[Payload]]:
        """Send an action while the block goes on; the list holds how the exchange ended once the block is left."""
        ended: list[Payload] = []

        async def send() -> None:
            ended.append(await self.call(station, action, payload))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            await station.until_asked_for(action)
            yield ended

    async def result(self, sent: Payload) -> Payload:
        """Return what has come of a call or command by now."""
        [row] = await self.csms.rows("SELECT station_key FROM commands WHERE id = :id", id=sent["commandId"])
        [named] = await self.csms.rows(
            "SELECT station_id FROM stations WHERE id = :key", key=row["station_key"]
        )
        found: list[Payload] = await self.verb("station.commands", station=named["station_id"], limit=1000)
        return next(command for command in found if command["id"] == sent["commandId"])

    async def forward(self, **span: float) -> None:
        """Let time pass, a few seconds at a time so that everything that is due has its turn."""
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, trio.testing.MockClock)
        left_s = timedelta(**span).total_seconds()
        step_s = max(_STEP_S, left_s / 24)
        while left_s > 0:
            step = min(step_s, left_s)
            self.csms.clock.forward(seconds=step)
            clock.jump(step)
            left_s -= step
            await self.settled()

    async def settled(self) -> None:
        """Wait until everything that has begun in the appliance has been written."""
        await trio.testing.wait_all_tasks_blocked(0.001)
        await self.csms.unit.run(lambda tx: None)
        await trio.testing.wait_all_tasks_blocked(0.001)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something in the test's own hands is so."""
        while not condition():
            await self.settled()

    async def transactions(self, station: CaseStation) -> list[Payload]:
        """Return the station's transactions in full, in the order they came."""
        return [shown for shown in await self.csms.transactions() if shown["stationId"] == station.id]

    async def connectors(self, station: CaseStation) -> dict[int, Payload]:
        """Return the station's connectors by EVSE."""
        return await self.csms.connectors(station.id)

    async def cdr(self, shown: Payload) -> Payload:
        """Return the CDR of a transaction that has ended."""
        found: Payload = await self.verb("cdr.show", cdr=shown["cdrId"])
        return found

    async def events(self, station: CaseStation, kind: str) -> list[Payload]:
        """Return what the station reported of a kind that has no table of its own."""
        sql = """SELECT e.body FROM station_events e JOIN stations s ON s.id = e.station_key
                 WHERE s.station_id = :id AND e.kind = :kind ORDER BY e.id"""
        rows = await self.csms.rows(sql, id=station.id, kind=kind)
        return [json.loads(row["body"]) for row in rows]


def _furnish(tx: Tx) -> None:
    tenants.add(tx, LOCAL_OPERATOR, name="default")
    tariffs.add(tx, LOCAL_OPERATOR, document=TARIFF)
    tariffs.assign(tx, LOCAL_OPERATOR, tariff="energy")
    tokens.add(tx, LOCAL_OPERATOR, uid="TAG1", group="FLEET")
    tokens.add(tx, LOCAL_OPERATOR, uid="TAG2", group="FLEET")
    tokens.add(tx, LOCAL_OPERATOR, uid="OTHER", group="OTHERS")
    tokens.add(tx, LOCAL_OPERATOR, uid="ALONE")
    tokens.add(tx, LOCAL_OPERATOR, uid="BLOCKED", blocked=True)
    tokens.add(tx, LOCAL_OPERATOR, uid="EXPIRED", expires_at=tx.now - timedelta(days=1))
    tokens.add(tx, LOCAL_OPERATOR, uid="MASTER", group="MASTERS")


class _Present:
    """A part of whichever appliance runs now: the routes are laid once for all cases, for that takes long."""

    def __init__(self) -> None:
        self.part: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.part, name)


_house, _sign_in = _Present(), _Present()


@cache
def _application() -> Any:
    async def ready() -> None:
        return None

    return admin_app.build(
        cast(House, _house), cast(SignIn, _sign_in), ready, CollectorRegistry(), Gateway(UNLIMITED)
    )


@asynccontextmanager
async def _program(csms: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    """Return what a program with an API key has of the management listener, without its sockets."""
    _house.part, _sign_in.part = csms.house, csms.sign_in
    key = await csms.unit.run(lambda tx: program(tx, "SUPER_ADMIN"))
    transport = httpx.ASGITransport(_application(), raise_app_exceptions=True)
    bearer = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://csms.example", headers=bearer, timeout=None
    ) as client:
        yield client


@asynccontextmanager
async def run_appliance(
    kind: type[Some], store: Store, clock: SetClock, doors: Sequence[Door], policy: Policy | None = None
) -> AsyncIterator[Some]:
    """Run the appliance on a migrated store, behind these doors, until the block ends."""
    async with trio.open_nursery() as nursery:
        csms = Appliance(nursery, store, clock, SeededEntropy(), Limits(), doors)
        csms.unit.policy = policy or csms.unit.policy
        await nursery.start(csms.run)
        await csms.unit.run(_furnish)
        async with _program(csms) as client:
            yield kind(csms, doors[0].address[1], client)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_site(store: Store) -> AsyncIterator[Site]:
    """Run the appliance on a migrated store, behind a free port, until the block ends."""
    async with run_appliance(Site, store, SetClock(), [open_door("127.0.0.1", 0)]) as site:
        yield site

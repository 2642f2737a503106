"""The composition root: builds everything, runs every listener in one nursery, stops in order.

The only file that knows all edges. A listener that cannot run ends the process with one clear line, so that the
service manager restarts it.
"""

import gc
import json
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import structlog
import trio
from quart_trio import QuartTrio

from csms import __version__, housekeeping, systemd
from csms import log as log_setup
from csms.admin import app as admin_app
from csms.admin import gateway, http, local_socket, metrics
from csms.admin.gateway import Gateway
from csms.bus import Bus
from csms.clock import Clock, SystemClock
from csms.config import Config
from csms.doors import LISTENERS, Doors, bind
from csms.errors import CsmsError, NotAllowed, NotFound, StoreUnavailable
from csms.ocpi import app as ocpi_app
from csms.ocpi.client import PartnerClient
from csms.ocpp.dispatch import Dispatcher
from csms.ocpp.file_door import FileDoor
from csms.ocpp.gate import StationGate
from csms.ocpp.handshake import ConnectionOptions
from csms.ocpp.limits import Limits
from csms.ocpp.link import Stations
from csms.ocpp.listener import StationServer
from csms.ocpp.presence import Roll
from csms.ocpp.registry import Registry
from csms.services import ocpi_policy, pki_policy, pnc_policy, setup, token_questions, verbs
from csms.services.access import LOCAL_OPERATOR
from csms.services.contract_certificates import ContractCertificates
from csms.services.entropy import SystemEntropy
from csms.services.file_room import FileRoom
from csms.services.house import House
from csms.services.message_log import MessageLog
from csms.services.sign_in import SignIn
from csms.services.unit import Entropy, Policy, Unit
from csms.store import inspection, migrate
from csms.store.connection import Store, open_store

log = structlog.get_logger(__name__)


def run(config: Config) -> int:
    """Run the appliance until SIGTERM or SIGINT and return its exit code; raises CsmsError when it cannot go on."""
    log_setup.configure(cast(log_setup.Format, config.serve.log_format), config.serve.log_level)
    _calm_the_collector()
    try:
        trio.run(serve, config)
    except Exception as error:
        cause = _cause(error)
        if isinstance(cause, CsmsError):
            raise cause from error
        log.exception("crashed")
        raise CsmsError(f"the appliance failed ({type(cause).__name__}); its log has the details") from error
    return 0


def _calm_the_collector() -> None:
    """Spare the cycle collector what never dies: it would walk all code and every connection at each turn."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def _cause(error: BaseException) -> BaseException:
    """Return what went wrong, without the groups that nurseries put around it."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


async def serve(config: Config, clock: Clock | None = None, entropy: Entropy | None = None) -> None:
    """Serve until SIGTERM or SIGINT; raises CsmsError when it cannot begin."""
    _check_data_dir(config.data_dir)
    for name in migrate.migrate(config.store.url):
        log.info("database_migrated", migration=name)
    doors = bind(config, pki=inspection.has_server_certificates(config.store.url))
    try:
        async with open_store(config.store.url) as store:
            await _serve(config, doors, store, clock or SystemClock(), entropy or SystemEntropy())
    finally:
        doors.close()


def _check_data_dir(path: Path) -> None:
    try:
        there = path.is_dir()
        usable = os.access(path, os.R_OK | os.W_OK | os.X_OK)
    except PermissionError:
        there, usable = True, False
    if not there:
        raise NotFound(f"{path} is missing: run csms init")
    if not usable:
        raise NotAllowed(f"{path} belongs to another user: run csms as that user")


async def _serve(config: Config, doors: Doors, store: Store, clock: Clock, entropy: Entropy) -> None:
    """Build the house on an open store and run it."""
    bus, roll, registry = Bus(), Roll(), Registry()
    unit = Unit(store, bus, clock, entropy, _policy(config))
    message_log = MessageLog(unit, clock)
    link, partners = Stations(registry, roll, message_log), PartnerClient(unit.policy.ocpi)
    house = House(unit, link, message_log, clock.now(), doors.describe, config.data_dir, partners)
    if not await unit.read(setup.is_done):
        raise NotFound("this appliance is not set up: run csms init")
    gate = StationGate(unit, roll, clock, _options(config), ContractCertificates(unit).standing)
    files = FileDoor(unit, FileRoom(config.data_dir))
    dispatcher = Dispatcher(unit, roll, clock, message_log, ask=partial(token_questions.ask, house))
    stations = StationServer(gate, dispatcher, registry, _limits(config), clock=clock, files=files)
    sign_in, entry = SignIn.from_config(config, unit), gateway.from_config(config)
    async with trio.open_nursery() as nursery:
        stopping = trio.Event()
        if doors.any_tls:
            await nursery.start(doors.front.run, unit)
        nursery.start_soon(housekeeping.run, house, roll, config.retention)
        await nursery.start(stations.run, doors.stations)
        for name, sockets in doors.http.items():
            app = _application(name, house, sign_in, entry)
            tls = doors.front.web if name.endswith("_tls") else None
            nursery.start_soon(http.serve, app, sockets, stopping.wait, config.serve.grace_s, tls)
        if doors.local is not None:
            nursery.start_soon(local_socket.serve, doors.local, partial(_perform, house))
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            _announce(config.data_dir, doors)  # whoever reads it may ask us to stop at once
            await anext(aiter(signals))
        log.info("stopping", grace_s=config.serve.grace_s)
        systemd.stopping()
        stopping.set()
        await stations.stop(config.serve.grace_s)
        with trio.CancelScope(shield=True), trio.move_on_after(config.serve.grace_s):
            await message_log.flush()
        nursery.cancel_scope.cancel()
    log.info("stopped")


async def _perform(house: House, verb: str, args: dict[str, Any]) -> Any:
    """Do what the command line asks over the local socket."""
    return await verbs.perform(verb, args, LOCAL_OPERATOR, house.unit, house)


def _application(name: str, house: House, sign_in: SignIn, entry: Gateway) -> QuartTrio:
    """Return what a listener serves; all of them count a client's requests together."""
    surface = name.removesuffix("_tls")
    if surface == "ocpi":
        app = ocpi_app.build(house)
        entry.secure(app)
        return app
    if surface != "admin":
        return admin_app.not_yet(surface, entry)
    return admin_app.build(house, sign_in, _readiness(house), metrics.registry(house), entry)


def _readiness(house: House) -> Callable[[], Awaitable[None]]:
    """Return the check that the database can be written; it raises what is wrong.

    One small write may find the last free bytes of a disk on which nothing else fits: what failed last counts too.
    """

    async def ready() -> None:
        problem = house.unit.store.health().problem
        await house.unit.run(setup.touch)
        if problem is not None:
            raise StoreUnavailable(problem)

    return ready


def _announce(data_dir: Path, doors: Doors) -> None:
    """Say where we listen: to the log, to scripts (listeners.json), to systemd."""
    part = data_dir / f"{LISTENERS}.part"
    try:
        part.write_text(json.dumps(doors.bound, indent=2) + "\n")
        part.rename(data_dir / LISTENERS)
    except OSError as error:
        raise StoreUnavailable(f"{part}: {error.strerror}") from error
    log.info("serving", version=__version__, **{name: ", ".join(at) for name, at in doors.bound.items()})
    systemd.ready(f"{len(doors.bound)} listeners")


def _policy(config: Config) -> Policy:
    return Policy(
        config.ocpp.heartbeat_interval_s,
        quiet=config.ocpp.quiet,
        inventory=config.ocpp.inventory,
        offline_alert_s=config.ocpp.offline_alert_s,
        onboarding=config.ocpp.onboarding,
        public_url=config.ocpp.public_url,
        max_upload_bytes=config.ocpp.max_upload_bytes,
        cost_interval_s=config.ocpp.cost_interval_s,
        pki=pki_policy.from_config(config),
        pnc=pnc_policy.from_config(config),
        ocpi=ocpi_policy.from_config(config),
    )


def _options(config: Config) -> ConnectionOptions:
    ocpp = config.ocpp
    return ConnectionOptions(ocpp.max_frame_bytes, float(ocpp.call_timeout_s), float(ocpp.ping_interval_s))


def _limits(config: Config) -> Limits:
    ocpp = config.ocpp
    return Limits(
        max_connections=ocpp.max_connections,
        handshake_timeout_s=float(ocpp.handshake_timeout_s),
        max_pending_calls=ocpp.max_pending_calls,
    )

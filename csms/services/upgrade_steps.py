"""The steps of a station's way to a security profile, each of which may be taken twice (2.0.1 A05, whitepaper A05).

A step says in one line what it did, or raises a CsmsError that ends the way until an operator goes on with it. The
station comes by either profile meanwhile (services.security_profiles), so that no step can lock it out.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
import trio

from csms.bus import SlowReader
from csms.errors import CsmsError, InvalidInput, StationOffline, StoreStopped, Unsupported
from csms.model import security_command as safety
from csms.model import station_command as ask
from csms.model.certificate import CertificateKind
from csms.model.command import Outcome
from csms.model.event import Event
from csms.model.station import ChargingStation
from csms.model.station_command import Trigger
from csms.model.station_security import CertificateUse, RequestState, Upgrade, UpgradeState
from csms.pki import authority, path
from csms.services import (
    authorities,
    certificate_delivery,
    certificate_requests,
    passwords,
    security_upgrades,
    stations,
)
from csms.services.access import Caller, Role
from csms.services.errand import Errand
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import station_security as store

CALLER: Final = Caller("csms", Role.SUPER_ADMIN, None, "security upgrade")
CONNECTED_WITHIN_S: Final = 900.0
CERTIFICATE_WITHIN_S: Final = 300.0
ARRIVES_WITHIN_S: Final = 900.0
LEAVES_WITHIN_S: Final = 10.0
"""How long a station may take to break off and come again by itself, before it is restarted."""
SLOTS_TRIED: Final = 3
DEFAULT_INTERFACE: Final = "Wired0"
_AT_A_TIME: Final = 20

log = structlog.get_logger(__name__)


class Failed(CsmsError):
    """A step that came to nothing; the text says why."""


@dataclass(slots=True)
class Way:
    """One way under way."""

    house: House
    upgrade: Upgrade
    station: ChargingStation
    kept: dict[str, object]

    @property
    def errand(self) -> Errand:
        """Return how the station is asked."""
        return Errand(self.house, CALLER, self.station, "secure")

    async def order(self, command: ask.StationCommand) -> str:
        """Have the station do something; raises Failed unless it agrees."""
        result = await self.errand.carry_out(command)
        if result.outcome in (Outcome.DONE, Outcome.PENDING):
            return result.action
        said = (result.response or {}).get("status")
        why = result.error or (f"the station says {said}" if said else "the station refused")
        raise Failed(f"{result.action}: {why}")

    async def until(self, kinds: tuple[str, ...], met: Callable[[Tx], bool], within_s: float) -> bool:
        """Wait until something is so, looking whenever one of these events comes; returns whether it is."""
        unit = self.house.unit
        with trio.move_on_after(within_s):
            while True:
                async with unit.bus.subscribe(limit=100_000) as events:
                    if await unit.read(met):
                        return True
                    with contextlib.suppress(SlowReader):
                        async for event in events:
                            if event.kind in kinds and self._is_about(event) and await unit.read(met):
                                return True
        return await unit.read(met)

    def _is_about(self, event: Event) -> bool:
        return (event.tenant_id, event.station_id) == (self.station.tenant_id, self.station.station_id)


async def password(way: Way) -> str:
    """Give a station that has never had a password its first one."""
    if way.upgrade.profile == 3 or way.station.security_profile in (1, 2):
        return "the station keeps its password" if way.upgrade.profile != 3 else "no password is needed"
    await way.order(safety.SetPassword(passwords.generate()))
    return "the station has a password of its own"


async def root(way: Way) -> str:
    """Have the station trust the root of our servers, unless it does."""
    if way.upgrade.profile < 2:
        return "no certificate is needed"
    if not await way.house.unit.read(authorities.exists):
        return "our server's certificate is from elsewhere: its root has to be in the station already"
    pem = (await way.house.unit.read(lambda tx: authorities.export(tx, CALLER)))["pem"]
    try:
        await way.errand.carry_out(safety.GetInstalledCertificates(CertificateUse.CSMS_ROOT))
    except Unsupported as error:
        log.info("installed_certificates_not_told", station=way.station.station_id, reason=str(error))
    held = await way.house.unit.read(lambda tx: store.installed(tx.db, way.station.id))
    serials = {each.serial_number for each in held if each.usage is CertificateUse.CSMS_ROOT}
    missing = [each for each in path.read_chain(pem.encode()) if f"{each.serial_number:x}" not in serials]
    for certificate in missing:
        await way.order(
            safety.InstallCertificate(CertificateUse.CSMS_ROOT, authority.to_pem(certificate).decode())
        )
    return "our root is installed" if missing else "the station trusts our root"


async def certificate(way: Way) -> str:
    """Have the station ask for a certificate, and wait until it has it."""
    if way.upgrade.profile < 3:
        return "no certificate of its own is needed"
    since, key = way.upgrade.started_at, way.station.id

    def state(tx: Tx) -> RequestState | None:
        found = certificate_requests.newest(tx, key, CertificateKind.STATION, since)
        return found.state if found else None

    ended = (RequestState.INSTALLED, RequestState.REFUSED, RequestState.FAILED)
    unit = way.house.unit
    if await unit.read(state) is not RequestState.INSTALLED:
        asked = await certificate_delivery.ask_for_request(way.errand, Trigger.SIGN_CERTIFICATE)
        if asked.outcome is not Outcome.DONE:
            raise Failed("the station does not send requests for certificates")
        await way.until(("certificate.changed",), lambda tx: state(tx) in ended, CERTIFICATE_WITHIN_S)
    found = await unit.read(state)
    if found is not RequestState.INSTALLED:
        raise Failed(f"the station has no certificate ({found.value if found else 'it has asked for none'})")
    return "the station has its certificate"


async def profile(way: Way) -> str:
    """Tell the station its new profile: by a network profile where it has those, else by its setting."""
    wanted = way.upgrade.profile
    if not _has_network_profiles(way):
        await way.order(safety.SetSecurityProfile(wanted))
        return f"the station was told to come with profile {wanted}"
    url = way.upgrade.url
    if not url:
        raise InvalidInput("where does the station reach our TLS listener? --url wss://…, or ocpp.tls_url")
    await way.errand.carry_out(safety.GetNetworkPriority())
    used = (await way.errand.bounds()).network_slots
    interface = str(way.kept.get("interface", DEFAULT_INTERFACE))
    reasons = []
    for slot in _free(used, way.kept.get("slot")):
        try:
            await way.order(safety.SetNetworkProfile(slot, wanted, url, interface))
        except Failed as refused:
            reasons.append(f"slot {slot}: {refused}")
            continue
        way.kept |= {"slot": slot, "used": list(used)}
        return f"the new way to us is network profile {slot}"
    raise Failed("; ".join(reasons))


async def priority(way: Way) -> str:
    """Have the station try the new network profile first, and the old ones after it."""
    slot = way.kept.get("slot")
    if not isinstance(slot, int):
        return "the station has no network profiles"
    used = way.kept.get("used")
    others = [each for each in used if each != slot] if isinstance(used, list) else []
    await way.order(safety.SetNetworkPriority((slot, *others)))
    return f"network profile {slot} is tried first"


async def restart(way: Way) -> str:
    """Restart the station, unless it has broken off to come again by itself."""
    began = way.upgrade.updated_at
    if "slot" not in way.kept:

        def left(tx: Tx) -> bool:
            link = way.house.link.link(way.station.id)
            return link is None or link.connected_at > began or _arrived(tx, way)

        kinds = ("station.disconnected", "station.connected", "station.secured")
        if await way.until(kinds, left, LEAVES_WITHIN_S):
            return "the station comes again by itself"
    await way.order(ask.Reset())
    return "the station restarts"


async def arrival(way: Way) -> str:
    """Wait until the station has come with the new profile."""
    kinds = ("station.secured", "station.booted")
    if not await way.until(kinds, lambda tx: _arrived(tx, way), ARRIVES_WITHIN_S):
        minutes = timedelta(seconds=ARRIVES_WITHIN_S) // timedelta(minutes=1)
        raise Failed(f"it has not come with profile {way.upgrade.profile} within {minutes} minutes")
    return f"the station has come with profile {way.upgrade.profile}, and never goes back"


STEPS: Final[dict[str, Callable[[Way], Awaitable[str]]]] = {
    "password": password,
    "root": root,
    "certificate": certificate,
    "profile": profile,
    "priority": priority,
    "restart": restart,
    "arrival": arrival,
}


async def run(house: House) -> None:
    """Walk every way that has not ended, until cancelled; a station's way is walked once at a time."""
    async with trio.open_nursery() as nursery:
        walkers = _Walkers(house, nursery)
        while True:
            try:
                await walkers.follow()
            except StoreStopped:
                raise
            except CsmsError as error:
                log.error("upgrades_not_followed", error=str(error))
                await trio.sleep(1)


class _Walkers:
    """The ways under way, each in a task of its own."""

    def __init__(self, house: House, nursery: trio.Nursery) -> None:
        self._house = house
        self._nursery = nursery
        self._walking: set[str] = set()
        self._limiter = trio.CapacityLimiter(_AT_A_TIME)

    async def follow(self) -> None:
        """Begin the ways that stand in the database, and those that operators begin from now on."""
        async with self._house.unit.bus.subscribe(limit=100_000) as events:
            for upgrade in await self._house.unit.read(lambda tx: store.running_upgrades(tx.db)):
                self._begin(upgrade.station_key)
            async for event in events:
                if event.kind == security_upgrades.EVENT and event.body["state"] == "RUNNING":
                    self._begin(event.subject)

    def _begin(self, key: str) -> None:
        if key not in self._walking:
            self._walking.add(key)
            self._nursery.start_soon(self._walk, key)

    async def _walk(self, key: str) -> None:
        try:
            async with self._limiter:
                await _walk(self._house, key)
        except CsmsError as error:
            log.error("upgrade_stopped", station_key=key, error=str(error))
        finally:
            self._walking.discard(key)


async def _walk(house: House, station_key: str) -> None:
    """Take step after step until the way ends."""
    unit = house.unit
    while True:
        way = await unit.read(partial(_way, house=house, station_key=station_key))
        if way is None:
            return
        try:
            await _connected(way)
            text = await STEPS[way.upgrade.step](way)
        except CsmsError as error:
            await unit.run(partial(_stop, way=way, reason=str(error)))
            return
        await unit.run(partial(_go_on, way=way, text=text))


def _way(tx: Tx, *, house: House, station_key: str) -> Way | None:
    """Return a way that is still to be walked."""
    upgrade, station = store.upgrade(tx.db, station_key), stations.by_key(tx, station_key)
    if upgrade is None or station is None or upgrade.state is not UpgradeState.RUNNING:
        return None
    return Way(house, upgrade, station, {k: v for k, v in upgrade.steps.items() if k != "done"})


def _stop(tx: Tx, *, way: Way, reason: str) -> None:
    security_upgrades.note(tx, way.upgrade, reason, kept=way.kept, state=UpgradeState.FAILED)


async def _connected(way: Way) -> None:
    """Wait for a station that is away, unless it is its arrival that is waited for."""
    if way.upgrade.step == "arrival" or way.house.link.link(way.station.id) is not None:
        return

    def back(_tx: Tx) -> bool:
        return way.house.link.link(way.station.id) is not None

    if not await way.until(("station.connected", "station.booted"), back, CONNECTED_WITHIN_S):
        raise StationOffline("the station is not connected")


def _go_on(tx: Tx, *, way: Way, text: str) -> None:
    names = list(STEPS)
    at = names.index(way.upgrade.step) + 1
    if at == len(names):
        security_upgrades.note(tx, way.upgrade, text, kept=way.kept, state=UpgradeState.DONE)
    else:
        security_upgrades.note(tx, way.upgrade, text, kept=way.kept, step=names[at])


def _arrived(tx: Tx, way: Way) -> bool:
    found = stations.by_key(tx, way.station.id)
    return found is not None and found.security_profile >= way.upgrade.profile


def _has_network_profiles(way: Way) -> bool:
    try:
        way.house.link.translate(way.errand.version, safety.GetNetworkPriority(), ask.Abilities())
    except Unsupported:
        return False
    return True


def _free(used: tuple[int, ...], before: object) -> list[int]:
    """Return the slots to try: the one taken before, else the lowest that are not in use."""
    if isinstance(before, int):
        return [before]
    return [slot for slot in range(1, len(used) + SLOTS_TRIED + 1) if slot not in used][:SLOTS_TRIED]

"""Certificates on their way to stations: signed, sent, sent again, asked to be renewed (OCPP 2.0.1 A02, A03).

What is to be done stands in the database (`certificate_requests.next_try_at`), so that it goes on after a crash. Each
station's work is done apart from the others', a bounded number at a time.
"""

from functools import partial
from typing import Final

import structlog
import trio

from csms.clock import to_text
from csms.errors import CsmsError, FarEndFailed, StoreStopped, StoreUnavailable, Unsupported
from csms.model import quirk
from csms.model import security_command as safety
from csms.model import station_command as ask
from csms.model.certificate import CertificateKind
from csms.model.event import Event
from csms.model.station_command import Trigger
from csms.model.station_security import CertificateRequest, RequestState
from csms.services import certificate_requests, certificates, station_security
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import station_security as store
from csms.store import stations

LOOK_EVERY_S: Final = 15.0
RENEWALS_EVERY_S: Final = 60.0
AFTER_BOOT_S: Final = 1.0
"""How long after its boot a station is asked for a new certificate: it has to read the answer first."""
_AT_A_TIME: Final = 20
_COMES_BACK: Final = ("station.connected", "station.booted")
_TRIGGERS: Final = {
    CertificateKind.STATION: Trigger.SIGN_CERTIFICATE,
    CertificateKind.V2G: Trigger.SIGN_V2G_CERTIFICATE,
}

log = structlog.get_logger(__name__)


async def run(house: House) -> None:
    """Sign, send and renew until cancelled."""
    await _Delivery(house).run()


class _Delivery:
    """The work under way."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._wake = trio.Event()
        self._busy: set[str] = set()
        self._waiting: set[str] = set()
        """The stations that were offline when something was due for them."""
        self._limiter = trio.CapacityLimiter(_AT_A_TIME)

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, nursery)
            nursery.start_soon(self._renew)
            while True:
                self._wake = trio.Event()
                await self._begin_due(nursery)
                with trio.move_on_after(LOOK_EVERY_S):
                    await self._wake.wait()

    async def _begin_due(self, nursery: trio.Nursery) -> None:
        """Begin what is due and not under way already, of connected stations only."""
        unit = self._house.unit
        try:
            found = await unit.read(lambda tx: store.due(tx.db, tx.at, 500))
        except StoreStopped:
            raise
        except CsmsError as error:
            log.error("certificates_not_looked_for", error=str(error))
            return
        absent = []
        for request in found:
            if request.station_key in self._busy:
                continue
            if request.state is RequestState.SIGNED and self._house.link.link(request.station_key) is None:
                absent.append(request)
                continue
            self._busy.add(request.station_key)
            nursery.start_soon(self._deliver, request)
        if absent:
            await self._put_off(absent)

    async def _put_off(self, requests: list[CertificateRequest]) -> None:
        """Let what offline stations wait for be done when they come back, or looked at again in an hour."""
        self._waiting.update(request.station_key for request in requests)

        def work(tx: Tx) -> None:
            for request in requests:
                store.update_request(
                    tx.db, request.id, next_try_at=to_text(tx.now + certificate_requests.LONGEST_WAIT)
                )

        try:
            await self._house.unit.run(work)
        except StoreStopped:
            raise
        except CsmsError as error:
            log.error("certificates_not_put_off", error=str(error))

    async def _deliver(self, request: CertificateRequest) -> None:
        async with self._limiter:
            try:
                await certificate_requests.deliver(self._house, request.id)
            except StoreStopped:
                raise
            except CsmsError as error:
                log.error("certificate_not_delivered", station=request.station_id, error=str(error))
            finally:
                self._busy.discard(request.station_key)
        self._wake.set()

    async def _listen(self, nursery: trio.Nursery) -> None:
        """Notice new requests, stations that come back, and stations that need a new certificate."""
        while True:
            try:
                async with self._house.unit.bus.subscribe(limit=100_000) as events:
                    self._waiting.update(await self._house.unit.read(lambda tx: store.waiting(tx.db)))
                    for link in self._house.link.links():  # who came before we listened
                        if link.station.key in self._waiting:
                            nursery.start_soon(self._hurry, link.station.key)
                    async for event in events:
                        self._take(event, nursery)
            except StoreStopped:
                raise
            except CsmsError as error:  # what was missed is found by the clock
                log.error("certificate_events_missed", error=str(error))
                await trio.sleep(1)

    def _take(self, event: Event, nursery: trio.Nursery) -> None:
        """Begin what follows from an event."""
        if event.kind == "certificate.requested":
            self._wake.set()
        elif event.kind in _COMES_BACK and event.subject in self._waiting:
            nursery.start_soon(self._hurry, event.subject)
        elif event.kind == "certificate.wanted":
            nursery.start_soon(self._ask, event.subject, Trigger.SIGN_CERTIFICATE, AFTER_BOOT_S)
        elif event.kind == "certificate.revoked" and event.subject:
            nursery.start_soon(self._part, event.subject)

    async def _hurry(self, station_key: str) -> None:
        """Send what waits for a station that has come back."""
        unit = self._house.unit
        self._waiting.discard(station_key)
        await trio.sleep(AFTER_BOOT_S)
        try:
            if await unit.run(lambda tx: store.hurry(tx.db, station_key, tx.at)):
                self._wake.set()
        except StoreUnavailable as error:
            log.error("certificate_not_hurried", error=str(error))

    async def _part(self, station_key: str) -> None:
        """Close the connection of a station whose certificate was revoked, if it is how the station came in."""
        try:
            found = await self._house.unit.read(lambda tx: stations.by_key(tx.db, station_key))
        except StoreUnavailable as error:  # it is refused when it comes again
            log.error("revoked_station_not_parted", station_key=station_key, error=str(error))
            return
        if found is not None and found.security_profile == 3:
            await self._house.link.disconnect(station_key, "its certificate was revoked")

    async def _renew(self) -> None:
        """Ask connected stations whose certificates end soon for new requests (A02; 30 days ahead)."""
        while True:
            try:
                due = await self._house.unit.read(certificates.due_for_renewal)
                for row in due:
                    if self._house.link.link(row["station_key"]) is not None:
                        trigger = _TRIGGERS[CertificateKind(row["kind"])]
                        if await self._ask(row["station_key"], trigger, unbidden=True):
                            note = partial(certificates.renewal_asked, certificate_id=row["id"])
                            await self._house.unit.run(note)
            except StoreStopped:
                raise
            except CsmsError as error:
                log.error("renewals_not_asked_for", error=str(error))
            await trio.sleep(RENEWALS_EVERY_S)

    async def _ask(
        self, station_key: str, trigger: Trigger, wait_s: float = 0.0, *, unbidden: bool = False
    ) -> bool:
        """Ask a station for a request, `unbidden` not one that is better left alone; returns whether it was asked."""
        await trio.sleep(wait_s)
        house = self._house
        try:
            found = await house.unit.read(lambda tx: stations.by_key(tx.db, station_key))
            if (
                found is None
                or house.link.link(station_key) is None
                or (unbidden and quirk.is_on(found.quirks, "quiet"))
            ):
                return False
            await ask_for_request(
                Errand(house, certificate_requests.CALLER, found, "certificate.renew"), trigger
            )
        except StoreStopped:
            raise
        except Unsupported as error:
            log.warning("certificate_cannot_be_asked_for", station_key=station_key, reason=str(error))
        except CsmsError as error:
            log.error("certificate_not_asked_for", station_key=station_key, error=str(error))
            return False
        return True


async def ask_for_request(errand: Errand, trigger: Trigger) -> CallResult:
    """Have a station send a request for a certificate, in the operator's name; raises Unsupported."""
    unit, station = errand.house.unit, errand.station
    name = await unit.read(lambda tx: station_security.organization_of(tx, station))
    if name:
        await _name_operator(errand, name)
    return await errand.carry_out(ask.TriggerMessage(trigger))


async def _name_operator(errand: Errand, name: str) -> None:
    """Tell a station whose name its request has to bear, unless it has told that it knows."""
    known = await errand.abilities()
    if name in (known.setting("SecurityCtrlr.OrganizationName"), known.setting("CpoName")):
        return
    try:
        await errand.carry_out(safety.SetOrganization(name))
    except FarEndFailed as error:
        log.info("operators_name_not_taken", station=errand.station.station_id, reason=str(error))

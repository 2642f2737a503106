"""Gives stations the new root while a rollover installs it (services.rollover; OCPP 2.0.1 M05, 1.6 whitepaper §4.9).

A station that refuses the root itself is offered the one that the old root has signed: it may check for that
(AdditionalRootCertificateCheck). What a station has taken stands in the database; an offline one is asked when it is
back.
"""

from typing import Any, Final

import structlog
import trio

from csms.errors import CsmsError, StationOffline, StoreStopped
from csms.model.security_command import InstallCertificate
from csms.model.station_security import CertificateUse
from csms.services import rollover, stations
from csms.services.access import Caller, Role
from csms.services.errand import Errand
from csms.services.house import House

EVERY_S: Final = 60.0
AT_ONCE: Final = 4
CALLER: Final = Caller("the appliance", Role.SUPER_ADMIN, None, "rollover")
_log = structlog.get_logger(__name__)


async def run(house: House) -> None:
    """Deliver until cancelled."""
    while True:
        try:
            await deliver(house)
        except StoreStopped:
            raise
        except CsmsError as error:
            _log.error("roots_not_delivered", error=str(error))
        await trio.sleep(EVERY_S)


async def deliver(house: House) -> None:
    """Ask every connected station that lacks a new root to take it, a few at a time."""
    due = await house.unit.read(rollover.due_installs)
    limiter = trio.CapacityLimiter(AT_ONCE)
    async with trio.open_nursery() as nursery:
        for row in due:
            if house.link.link(row["station_key"]) is not None:
                await limiter.acquire_on_behalf_of(row["station_key"] + row["authority_id"])
                nursery.start_soon(_give, house, row, limiter)


async def _give(house: House, row: dict[str, Any], limiter: trio.CapacityLimiter) -> None:
    try:
        await _install(house, row)
    except StoreStopped:
        raise
    except CsmsError as error:
        _log.error("root_not_delivered", station=row["station_id"], error=str(error))
    finally:
        limiter.release_on_behalf_of(row["station_key"] + row["authority_id"])


async def _install(house: House, row: dict[str, Any]) -> None:
    unit = house.unit
    station = await unit.read(lambda tx: stations.by_key(tx, row["station_key"]))
    if station is None:
        return
    errand = Errand(house, CALLER, station, "certificate.install")
    accepted, detail = False, None
    for pem in (row["root_pem"], row["cross_pem"]):
        if pem is None or accepted:
            continue
        try:
            result = await errand.carry_out(InstallCertificate(CertificateUse.CSMS_ROOT, pem.decode()))
        except StationOffline:
            return
        except CsmsError as error:
            detail = str(error)
        else:
            accepted, detail = result.outcome == "DONE", result.error or str(result.response)
    await unit.run(
        lambda tx: rollover.install_outcome(
            tx, station.ref, row["root_pem"], accepted=accepted, detail=(detail or "")[:200]
        )
    )
    _log.info("root_delivered", station=station.station_id, accepted=accepted)

"""A station's way up to a security profile, step by step: begun by an operator, gone on with after a crash (A05).

The way stands in the database with every step that was done; services.upgrade_steps knows the steps. A way that has
failed is taken up again where it stopped, and no way leads down.
"""

from dataclasses import replace
from typing import Any, Final

import trio

from csms.bus import SlowReader
from csms.clock import to_wire
from csms.errors import Conflict, InvalidInput
from csms.model.station import ChargingStation
from csms.model.station_security import Upgrade, UpgradeState
from csms.services import certificate_ledger, stations
from csms.services.access import Caller
from csms.services.house import House
from csms.services.present import view
from csms.services.unit import Tx
from csms.store import station_security as store

FIRST: Final = "password"
EVENT: Final = "station.upgrade"


async def secure(
    house: House,
    caller: Caller,
    *,
    station: str,
    profile: int,
    tenant: str | None = None,
    url: str | None = None,
    interface: str | None = None,
    anew: bool = False,
    wait_s: float | None = None,
) -> dict[str, Any]:
    """Begin, or go on with, a station's way to a profile, and return how it stands after `wait_s` at most.

    `url` is where the station reaches our TLS listener, and `interface` by which of its interfaces (2.0.1
    OCPPInterfaceEnumType); `anew` begins at the first step again.
    """
    with_tls = any(str(listener["name"]).startswith("ocpp_tls") for listener in house.listeners())
    if profile >= 2 and house.listeners() and not with_tls:
        raise Conflict("there is no TLS listener for stations: csms pki init, and listen.ocpp_tls")
    address = url or house.unit.policy.pnc.tls_url or None
    found = await house.unit.run(
        lambda tx: _begin(tx, caller, station, tenant, profile, address, interface, anew)
    )
    if wait_s:
        await _wait(house, found.id, wait_s)
    return await house.unit.read(lambda tx: shown(tx, found))


def security(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> dict[str, Any]:
    """Return what is known of a station's security: profile, certificates, requests, and the way it is on."""
    return shown(tx, stations.find(tx, caller, station, tenant))


def shown(tx: Tx, station: ChargingStation) -> dict[str, Any]:
    """Return a station's security as operators see it."""
    current = stations.by_key(tx, station.id) or station
    kept = store.security(tx.db, station.id)
    upgrade = store.upgrade(tx.db, station.id)
    return {
        "stationId": station.station_id,
        "securityProfile": current.security_profile,
        "nextProfile": kept.next_profile if kept else None,
        "highestProfile": kept.highest_profile if kept else 0,
        "registeredSerial": kept.registered_serial if kept else None,
        "restricted": kept.restricted if kept else None,
        "certificates": [view(each) for each in store.installed(tx.db, station.id)],
        "requests": [certificate_ledger.request_view(each) for each in store.requests(tx.db, station.id, 5)],
        "upgrade": upgrade_view(upgrade) if upgrade else None,
    }


def upgrade_view(upgrade: Upgrade) -> dict[str, Any]:
    """Return a way as operators see it."""
    return {
        "profile": upgrade.profile,
        "state": upgrade.state.value,
        "step": upgrade.step,
        "steps": upgrade.steps.get("done", []),
        "askedBy": upgrade.asked_by,
        "startedAt": to_wire(upgrade.started_at),
        "updatedAt": to_wire(upgrade.updated_at),
    }


def note(tx: Tx, upgrade: Upgrade, text: str, **changes: Any) -> Upgrade:
    """Keep what came of a step, and where the way goes on."""
    done = [
        *upgrade.steps.get("done", []),
        {"step": upgrade.step, "at": to_wire(tx.now), "text": text},
    ]
    steps = upgrade.steps | changes.pop("kept", {}) | {"done": done}
    after = replace(upgrade, steps=steps, updated_at=tx.now, **changes)
    store.put_upgrade(tx.db, after)
    _tell(tx, after)
    return after


def _begin(
    tx: Tx,
    caller: Caller,
    station: str,
    tenant: str | None,
    profile: int,
    url: str | None,
    interface: str | None,
    anew: bool,
) -> ChargingStation:
    found = stations.find(tx, caller, station, tenant)
    if profile not in (1, 2, 3):
        raise InvalidInput("a station is taken to security profile 1, 2 or 3")
    if profile <= found.security_profile:
        raise Conflict(
            f"{found.station_id} has security profile {found.security_profile} already, and no way leads down"
        )
    before = store.upgrade(tx.db, found.id)
    if before is not None and before.state is UpgradeState.RUNNING and before.profile != profile:
        raise Conflict(f"{found.station_id} is on its way to profile {before.profile}")
    same = before is not None and before.profile == profile and before.state is not UpgradeState.DONE
    if before is not None and same and not anew:
        upgrade = replace(before, state=UpgradeState.RUNNING, url=url or before.url, updated_at=tx.now)
    else:
        upgrade = Upgrade(
            found.id, found.tenant_id, found.station_id, profile, UpgradeState.RUNNING, FIRST, caller.name,
            tx.now, tx.now, url,
        )  # fmt: skip
    if interface is not None:
        upgrade = replace(upgrade, steps=upgrade.steps | {"interface": interface})
    store.put_upgrade(tx.db, upgrade)
    tx.audit(caller, found.tenant_id, "station.secure", found.station_id, {"profile": profile})
    _tell(tx, upgrade)
    return found


def _tell(tx: Tx, upgrade: Upgrade) -> None:
    station = stations.by_key(tx, upgrade.station_key)
    if station is not None:
        body = {"profile": upgrade.profile, "state": upgrade.state, "step": upgrade.step}
        tx.emit(EVENT, station.ref, station.id, body)


async def _wait(house: House, station_key: str, wait_s: float) -> None:
    """Wait until a way has ended, or for `wait_s`."""

    async def over() -> bool:
        found = await house.unit.read(lambda tx: store.upgrade(tx.db, station_key))
        return found is None or found.state is not UpgradeState.RUNNING

    with trio.move_on_after(wait_s):
        while True:
            async with house.unit.bus.subscribe(limit=10_000) as events:
                if await over():
                    return
                try:
                    async for event in events:
                        if event.kind == EVENT and event.subject == station_key and await over():
                            return
                except SlowReader:
                    continue

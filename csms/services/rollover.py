"""The way from one root to the next, one step at a time, kept in the database (csms pki rollover).

1. INSTALLING: the new root and its authorities exist. Stations are given the new root beside the old one; those that
   check that a new root is signed by an old one (AdditionalRootCertificateCheck) get the cross-signed certificate.
2. SWITCHED: servers show certificates of the new root, and stations' requests are signed by its authority. What the
   old root's authorities signed is still trusted, so that no station is locked out.
3. FINISHED: the old root signs nothing any more; its station authority is trusted until it ends.
"""

from datetime import timedelta
from typing import Any, Final

import trio

from csms.clock import to_text, to_wire
from csms.errors import Conflict
from csms.model.certificate import AuthorityState, InstallState, Rollover, RolloverState
from csms.model.station import StationRef
from csms.pki import authority as pki
from csms.pki.pool import KeyPool, for_generation, for_servers
from csms.services import authorities, server_certificates
from csms.services.access import Caller
from csms.services.unit import Tx, Unit
from csms.store import certificates as store
from csms.store import trust as trust_store

TRIED_AGAIN_AFTER: Final = timedelta(hours=1)
CROSS_LIFE: Final = timedelta(days=5 * 365)


async def step(unit: Unit, caller: Caller, *, force: bool = False, abort: bool = False) -> dict[str, Any]:
    """Go one step on, and say what comes next; `abort` goes back where servers have not switched yet.

    Conflict where stations have not taken the new root; `force` switches without them.
    """
    under_way = await unit.read(lambda tx: trust_store.rollover(tx.db))
    if abort:
        return await unit.run(lambda tx: _abort(tx, caller))
    pool = await _prepared(unit, under_way)
    return await unit.run(lambda tx: advance(tx, caller, pool, force=force))


def advance(tx: Tx, caller: Caller, pool: KeyPool, *, force: bool = False) -> dict[str, Any]:
    """Go one step on from where the database says we are."""
    under_way = trust_store.rollover(tx.db)
    if under_way is None:
        _begin(tx, caller, pool)
    elif under_way.state is RolloverState.INSTALLING:
        _switch(tx, caller, under_way, pool, force=force)
    else:
        _finish(tx, caller, under_way)
    return status(tx, caller)


def status(tx: Tx, caller: Caller) -> dict[str, Any]:
    """Return where the rollover stands, how many stations have the new root, and what the next step does."""
    del caller
    under_way = trust_store.rollover(tx.db)
    shown: dict[str, Any] = {"state": None, "next": "make a new root and let stations install it"}
    if under_way is None:
        return shown
    stations, taken = _progress(tx, under_way)
    following = {
        RolloverState.INSTALLING: "let servers show certificates of the new root",
        RolloverState.SWITCHED: "retire the old root",
    }
    return {
        "state": under_way.state,
        "oldGeneration": under_way.old_generation,
        "newGeneration": under_way.new_generation,
        "startedAt": to_wire(under_way.started_at),
        "stations": stations,
        "installed": taken,
        "next": following.get(under_way.state),
    }


def due_installs(tx: Tx, limit: int = 10_000) -> list[dict[str, Any]]:
    """Return the stations with TLS that still lack the new root, while one is being installed.

    Rows have authority_id, station_key, tenant_id, station_id, root_pem and cross_pem (bytes; None without one).
    """
    under_way = trust_store.rollover(tx.db)
    if under_way is None or under_way.state is not RolloverState.INSTALLING:
        return []
    due: list[dict[str, Any]] = []
    for root in _roots(tx, under_way.new_generation):
        pems = {
            "authority_id": root.id,
            "root_pem": root.certificate.encode(),
            "cross_pem": _bytes(root.cross_certificate),
        }
        tried = to_text(tx.now - TRIED_AGAIN_AFTER)
        due += [row | pems for row in trust_store.missing_installs(tx.db, root.id, tried, limit)]
    return due[:limit]


def install_outcome(
    tx: Tx, station: StationRef, root_pem: bytes, *, accepted: bool, detail: str | None = None
) -> None:
    """Note whether a station has taken a root of ours (its answer, or what it lists as installed)."""
    text = root_pem.decode().strip()
    for authority in store.authorities(tx.db):
        if authority.issuer_id is None and text in (
            authority.certificate.strip(),
            (authority.cross_certificate or "").strip(),
        ):
            values = {
                "authority_id": authority.id,
                "state": (InstallState.ACCEPTED if accepted else InstallState.FAILED).value,
                "detail": detail,
                "at": tx.at,
            }
            trust_store.write_install(tx.db, station.tenant_id, station.key, values)


def _begin(tx: Tx, caller: Caller, pool: KeyPool) -> None:

    olds = [a for a in store.authorities(tx.db) if a.state is AuthorityState.CURRENT and a.issuer_id is None]
    if not olds:
        raise Conflict("there is no certificate authority yet: csms pki init")
    opened = {old.algorithm: authorities.unlocked(tx, old) for old in olds}
    rsa = opened.get(authorities.RSA)
    number = max(a.generation for a in store.authorities(tx.db)) + 1
    made = authorities.make_generation(
        tx,
        number,
        authorities.organization(tx),
        AuthorityState.NEXT,
        pool,
        rsa=rsa is not None,
        pss=rsa is None or pki.uses_pss(rsa.certificate),
    )
    for root in (a for a in made if a.issuer_id is None):
        cross = pki.cross_sign(
            opened[root.algorithm],
            pki.load_certificate(root.certificate.encode()),
            authorities.span(tx, tx.now + CROSS_LIFE),
        )
        store.update_authority(tx.db, root.id, cross_certificate=cross.decode())
    rollover = Rollover(
        tx.entropy.hex(), RolloverState.INSTALLING, olds[0].generation, number, tx.now, tx.now
    )
    trust_store.insert_rollover(tx.db, rollover)
    tx.audit(caller, None, "pki.rollover", f"G{number}", {"state": RolloverState.INSTALLING})


def _switch(tx: Tx, caller: Caller, under_way: Rollover, pool: KeyPool, *, force: bool) -> None:
    stations, taken = _progress(tx, under_way)
    if taken < stations and not force:
        raise Conflict(
            f"{stations - taken} of {stations} stations with TLS have not taken the new root, and would be locked "
            "out: wait, or --force"
        )
    for authority in store.authorities(tx.db):
        if authority.generation == under_way.old_generation and authority.state is AuthorityState.CURRENT:
            store.update_authority(tx.db, authority.id, state=AuthorityState.RETIRED.value)
        elif authority.generation == under_way.new_generation:
            store.update_authority(tx.db, authority.id, state=AuthorityState.CURRENT.value)
    server_certificates.renew_servers(tx, caller, pool)
    trust_store.set_rollover(tx.db, under_way.id, RolloverState.SWITCHED.value, tx.at, ended=False)
    detail = {"state": RolloverState.SWITCHED, "stations": stations, "installed": taken, "forced": force}
    tx.audit(caller, None, "pki.rollover", f"G{under_way.new_generation}", detail)


def _finish(tx: Tx, caller: Caller, under_way: Rollover) -> None:
    for authority in store.authorities(tx.db):
        if authority.generation == under_way.old_generation and authority.has_key:
            authorities.refresh_crl(tx, authority)
            if authority.role != authorities.STATION:
                store.update_authority(tx.db, authority.id, private_key=None)
    trust_store.set_rollover(tx.db, under_way.id, RolloverState.FINISHED.value, tx.at, ended=True)
    store.touch(tx.db)
    detail = {"state": RolloverState.FINISHED}
    tx.audit(caller, None, "pki.rollover", f"G{under_way.new_generation}", detail)


def _abort(tx: Tx, caller: Caller) -> dict[str, Any]:
    under_way = trust_store.rollover(tx.db)
    if under_way is None:
        raise Conflict("no rollover is under way")
    if under_way.state is not RolloverState.INSTALLING:
        raise Conflict("servers show certificates of the new root already: finish, then roll over again")
    for authority in store.authorities(tx.db):
        if authority.generation == under_way.new_generation:
            store.update_authority(
                tx.db, authority.id, state=AuthorityState.RETIRED.value, private_key=None, revoked_at=tx.at
            )
    trust_store.set_rollover(tx.db, under_way.id, RolloverState.ABORTED.value, tx.at, ended=True)
    store.touch(tx.db)
    tx.audit(caller, None, "pki.rollover", f"G{under_way.new_generation}", {"state": RolloverState.ABORTED})
    return status(tx, caller)


async def _prepared(unit: Unit, under_way: Rollover | None) -> KeyPool:
    """Make the keys that the next step takes where nobody waits for the database."""

    has_rsa = await unit.read(lambda tx: authorities.current(tx, authorities.ROOT, authorities.RSA))
    wanted = for_generation(rsa=has_rsa is not None) if under_way is None else for_servers()
    return await trio.to_thread.run_sync(lambda: KeyPool(wanted))


def _progress(tx: Tx, under_way: Rollover) -> tuple[int, int]:
    """Return how many stations have TLS, and how many of them have every new root."""
    counts = [trust_store.count_installs(tx.db, root.id) for root in _roots(tx, under_way.new_generation)]
    return counts[0][0] if counts else 0, min((taken for _, taken in counts), default=0)


def _roots(tx: Tx, generation: int) -> list[Any]:
    return [a for a in store.authorities(tx.db) if a.generation == generation and a.issuer_id is None]


def _bytes(pem: str | None) -> bytes | None:
    return pem.encode() if pem else None

"""The public key infrastructure as a whole: made in one transaction, and shown (csms pki init, csms pki status)."""

from typing import Any, Final

import trio

from csms.clock import to_text, to_wire
from csms.errors import Conflict, CsmsError, InvalidInput
from csms.model.certificate import AuthorityState, CertificateAuthority, CertificateKind, RolloverState
from csms.pki.pool import KeyPool, for_generation
from csms.services import authorities, certificates, server_certificates, tenants
from csms.services.access import Caller
from csms.services.unit import Tx, Unit
from csms.store import certificates as store
from csms.store import trust as trust_store

ALREADY: Final = "there is a certificate authority already: csms pki status shows it"


async def init(
    unit: Unit,
    caller: Caller,
    *,
    hosts: list[str],
    organization: str | None = None,
    rsa: bool = False,
    pkcs1: bool = False,
    anew: bool = False,
) -> dict[str, Any]:
    """Make the infrastructure; `rsa` adds a root for stations that know only RSA, which signs PSS unless `pkcs1`.

    `anew` gives up the one there is, whose secret is lost: its authorities sign nothing more, and are still trusted.
    """
    if not anew and await unit.read(authorities.exists):
        raise Conflict(ALREADY)

    keys = await trio.to_thread.run_sync(lambda: KeyPool(for_generation(rsa=rsa)))

    def work(tx: Tx) -> dict[str, Any]:
        if anew:
            _give_up(tx)
        found(tx, caller, organization, hosts, keys, rsa=rsa, pss=not pkcs1)
        return status(tx, caller)

    return await unit.run(work)


async def renew_authorities(unit: Unit, caller: Caller) -> dict[str, Any]:
    """Make new authorities below the root, and server certificates of them; stations need nothing new."""
    has_rsa = await unit.read(lambda tx: authorities.current(tx, authorities.ROOT, authorities.RSA))
    wanted = for_generation(rsa=has_rsa is not None)
    keys = await trio.to_thread.run_sync(lambda: KeyPool(wanted))

    def work(tx: Tx) -> dict[str, Any]:
        authorities.renew_below(tx, caller, keys)
        server_certificates.renew_servers(tx, caller, keys)
        return status(tx, caller)

    return await unit.run(work)


def found(
    tx: Tx,
    caller: Caller,
    organization: str | None,
    hosts: list[str],
    pool: KeyPool,
    *,
    rsa: bool = False,
    pss: bool = True,
) -> None:
    """Make a root, its authorities and the server certificates, all or nothing."""
    if authorities.current(tx, authorities.ROOT) is not None:
        raise Conflict(ALREADY)
    number = max((each.generation for each in store.authorities(tx.db)), default=0) + 1
    name = authorities.check_organization(organization or _only_tenant(tx, caller))
    made = authorities.make_generation(tx, number, name, AuthorityState.CURRENT, pool, rsa=rsa, pss=pss)
    server_certificates.issue_servers(tx, caller, hosts, pool)
    roots = [authority.fingerprint for authority in made if authority.issuer_id is None]
    tx.audit(caller, None, "pki.init", name, {"roots": roots})


def _give_up(tx: Tx) -> None:
    """Let no authority sign any more; what they signed is believed until it ends."""
    for each in store.authorities(tx.db):
        store.update_authority(tx.db, each.id, state=AuthorityState.RETIRED.value, private_key=None)
    under_way = trust_store.rollover(tx.db)
    if under_way is not None:
        trust_store.set_rollover(tx.db, under_way.id, RolloverState.ABORTED.value, tx.at, ended=True)


def status(tx: Tx, caller: Caller) -> dict[str, Any]:
    """Return the authorities, the server certificates, how many stations have one, and the rollover under way.

    Who belongs to a tenant sees the numbers of that tenant.
    """
    every = store.authorities(tx.db)
    rollover = trust_store.rollover(tx.db)
    soon = to_text(tx.now + tx.policy.pki.renew_ahead)
    servers = store.select(tx.db, None, kind=CertificateKind.SERVER)
    count, ending = store.count_of_stations(tx.db, caller.tenant_id, soon)
    return {
        "organization": authorities.organization(tx) or None,
        "signer": tx.policy.pki.signer_url or "local",
        "secret": _secret_state(tx),
        "authorities": [_authority(authority) for authority in every],
        "servers": [certificates.shown(one) for one in servers],
        "stationCertificates": count,
        "stationCertificatesEnding": ending,
        "trustAnchors": len(trust_store.select(tx.db, caller.tenant_id)),
        "rollover": rollover.state.value if rollover else None,
    }


def _authority(authority: CertificateAuthority) -> dict[str, Any]:
    return {
        "id": authority.id,
        "role": authority.role,
        "algorithm": authority.algorithm,
        "generation": authority.generation,
        "state": authority.state,
        "subject": authority.subject,
        "serialNumber": authority.serial_number,
        "fingerprint": authority.fingerprint,
        "notBefore": to_wire(authority.not_before),
        "notAfter": to_wire(authority.not_after),
        "hasKey": authority.has_key,
        "crlNumber": authority.crl_number,
        "crlAt": to_wire(authority.crl_at) if authority.crl_at else None,
    }


def _secret_state(tx: Tx) -> str:
    """Say whether the keys can be opened here."""
    if not authorities.exists(tx):
        return "not needed yet"
    try:
        tx.policy.pki.secret()
    except CsmsError as error:
        return str(error)
    return "ok"


def _only_tenant(tx: Tx, caller: Caller) -> str:
    known = tenants.list_tenants(tx, caller)
    if len(known) != 1:
        raise InvalidInput("name the operator as certificates shall bear it: --organization NAME")
    return known[0].name

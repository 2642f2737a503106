"""The certificates our listeners show: in pairs, an elliptic curve key and an RSA key (OCPP 2.0.1 A00.FR.301–329).

Stations speak one or the other; OpenSSL picks by the suite that is agreed on. They live for a short time and are
renewed by themselves; listeners follow without closing a connection.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

import trio

from csms.errors import Conflict, InvalidInput
from csms.model.certificate import Certificate, CertificateAuthority, CertificateKind
from csms.pki import authority as pki
from csms.pki import keys
from csms.pki.pool import KeyPool, for_servers
from csms.services import authorities
from csms.services.access import Caller, Role
from csms.services.certificates import current_authority, record_of, shown
from csms.services.unit import Tx, Unit
from csms.store import certificates as store

MOST_HOSTS: Final = 50
_HOST: Final = re.compile(
    r"(\*\.)?([a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?", re.I
)
_HOUSE: Final = Caller("the appliance", Role.SUPER_ADMIN, None, "renewal")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a listener shows: chain and encrypted key as PEM."""

    chain: bytes
    sealed_key: bytes


async def issue(unit: Unit, caller: Caller, *, hosts: list[str]) -> list[dict[str, Any]]:
    """Issue server certificates for these hosts; the listeners show them from now on."""
    pool = await prepared_keys()
    return await unit.run(lambda tx: [shown(one) for one in issue_servers(tx, caller, hosts, pool)])


async def renew(unit: Unit, caller: Caller) -> list[dict[str, Any]]:
    """Renew the server certificates now."""
    pool = await prepared_keys()
    return await unit.run(lambda tx: [shown(one) for one in renew_servers(tx, caller, pool)])


async def renew_when_due(unit: Unit) -> bool:
    """Renew the server certificates where their end is near; returns whether they were."""
    if not await unit.read(servers_due):
        return False
    pool = await prepared_keys()

    def work(tx: Tx) -> bool:
        return servers_due(tx) and bool(renew_servers(tx, _HOUSE, pool))  # another node may have been faster

    return await unit.run(work)


async def prepared_keys() -> KeyPool:
    """Return keys for a pair of server certificates, made where nobody waits for the database."""

    return await trio.to_thread.run_sync(lambda: KeyPool(for_servers()))


def identities(tx: Tx) -> list[Identity]:
    """Return what listeners show."""
    found = store.servers(tx.db)
    return [
        Identity(row["chain"].encode(), row["private_key"].encode()) for row in found if row["private_key"]
    ]


def revision(tx: Tx) -> int:
    """Return a number that grows with every change listeners must follow."""
    return store.revision(tx.db)


def issue_servers(tx: Tx, caller: Caller, hosts: Sequence[str], pool: KeyPool) -> list[Certificate]:
    """Issue a pair of server certificates for these hosts and let listeners use them from now on."""
    hosts = check_hosts(hosts)
    issued = []
    for algorithm in (authorities.EC, authorities.RSA):
        issuer = authorities.current(tx, authorities.SERVER, algorithm) or current_authority(
            tx, authorities.SERVER
        )
        store.supersede(tx.db, CertificateKind.SERVER, None, algorithm)
        issued.append(_issue_server(tx, issuer, algorithm, hosts, pool))
    store.touch(tx.db)
    tx.audit(caller, None, "pki.issue", hosts[0], {"hosts": hosts, "until": issued[0].not_after.isoformat()})
    return issued


def renew_servers(tx: Tx, caller: Caller, pool: KeyPool) -> list[Certificate]:
    """Replace the server certificates by new ones with new keys for the same hosts."""
    before = store.select(tx.db, None, kind=CertificateKind.SERVER)
    if not before:
        raise Conflict("there is no server certificate to renew: csms pki issue --host NAME")
    return issue_servers(tx, caller, before[-1].names.split(","), pool)


def servers_due(tx: Tx) -> bool:
    """Whether our own server certificates are to be renewed now."""
    ahead = tx.policy.pki.renew_ahead
    found = store.select(tx.db, None, kind=CertificateKind.SERVER)
    return any(c.not_after - min(ahead, (c.not_after - c.not_before) / 3) <= tx.now for c in found)


def check_hosts(hosts: Sequence[str]) -> list[str]:
    """Return DNS names in lower case and IP addresses, each once, in their order; raises InvalidInput."""
    checked: list[str] = []
    for given in hosts:
        host = given.strip().strip("[]").rstrip(".").lower()
        if not _is_address(host) and (len(host) > 253 or not _HOST.fullmatch(host)):
            raise InvalidInput(f"{given!r} is neither a host name nor an IP address")
        if host not in checked:
            checked.append(host)
    if not 0 < len(checked) <= MOST_HOSTS:
        raise InvalidInput(f"a server certificate has 1 to {MOST_HOSTS} names")
    return checked


def _issue_server(
    tx: Tx, issuer: CertificateAuthority, algorithm: str, hosts: Sequence[str], pool: KeyPool
) -> Certificate:

    key = pool.take(keys.Algorithm(algorithm))
    span = authorities.span(tx, tx.now + tx.policy.pki.server_life)
    links = tx.policy.pki.links(issuer.id)
    leaf = pki.issue_server(authorities.unlocked(tx, issuer), keys.public_of(key), hosts, span, links)
    chain = leaf + issuer.certificate.encode()
    certificate = record_of(tx, chain, CertificateKind.SERVER, issuer.id, names=hosts)
    sealed = keys.seal(key, tx.policy.pki.secret()).decode()
    store.insert(tx.db, certificate, private_key=sealed)
    return certificate


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

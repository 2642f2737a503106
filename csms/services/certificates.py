"""Certificates of charging stations, and what became of every certificate we issued (OCPP 2.0.1 A02–A04).

A station's request is signed once: the same request gets the same certificate again, as long as that counts.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from csms.clock import to_text, to_wire
from csms.errors import Conflict, InvalidInput, NotFound
from csms.model.certificate import (
    Certificate,
    CertificateAuthority,
    CertificateKind,
    CertificateState,
    RevocationReason,
)
from csms.model.event import Event
from csms.model.station import StationRef
from csms.pki import authority as pki
from csms.pki import facts, keys
from csms.services import authorities, security_profiles, stations, tenants
from csms.services.access import Caller
from csms.services.pki_policy import PkiPolicy
from csms.services.unit import Tx, Unit
from csms.store import certificates as store

ASKED_AGAIN_AFTER: Final = timedelta(days=1)
"""A station that was asked to renew and did not is asked again."""
SENT_AGAIN_WITHIN: Final = timedelta(days=1)
"""A request that comes again so soon was not answered, whatever is left of the certificate."""


def sign_station_csr(
    tx: Tx, station: StationRef, csr_pem: bytes, kind: CertificateKind = CertificateKind.STATION
) -> bytes:
    """Return the chain for a station's request as PEM, leaf first, without the root.

    Raises InvalidInput for a request that cannot be signed, Conflict where there is no authority. What the request
    must say is checked before (csms.pki.csr).
    """
    digest = _digest(csr_pem, kind)
    before = store.by_request(tx.db, station.key, digest)
    if before is not None and _answers_still(before, tx.now, tx.policy.pki):
        return before.chain.encode()
    try:
        key = pki.read_request(csr_pem).public_key()
        issuer = _issuer_for_station(tx, key)
        span = authorities.span(tx, tx.now + tx.policy.pki.station_life)
        links = tx.policy.pki.links(issuer.id)
        leaf = pki.sign_station(authorities.unlocked(tx, issuer), csr_pem, span, links)
    except pki.UnusableRequestError as error:
        raise InvalidInput(str(error)) from None
    chain = leaf + issuer.certificate.encode()
    record_station(tx, station, chain, kind, issuer.id, digest)
    return chain


async def sign_for_station(
    unit: Unit, station: StationRef, csr_pem: bytes, kind: CertificateKind = CertificateKind.STATION
) -> bytes:
    """Have a station's request signed by our own authority, or by the external signer that is configured.

    Raises InvalidInput, Conflict, or FarEndFailed where the external signer does not answer as it should.
    """
    if not unit.policy.pki.signer_url:
        return await unit.run(lambda tx: sign_station_csr(tx, station, csr_pem, kind))
    from csms.services.signing import HttpSigner

    digest = _digest(csr_pem, kind)
    before = await unit.read(lambda tx: store.by_request(tx.db, station.key, digest))
    if before is not None and _answers_still(before, unit.clock.now(), unit.policy.pki):
        return before.chain.encode()
    chain = await HttpSigner(unit.policy.pki).sign(station, csr_pem, kind, unit.clock.now())
    await unit.run(lambda tx: record_station(tx, station, chain, kind, None, digest))
    return chain


def _answers_still(before: Certificate, now: datetime, policy: PkiPolicy) -> bool:
    """Whether a request that came before gets what it got: one sent again does, one for renewal a new certificate.

    A station that renews with the key it has sends the very request it sent a year ago.
    """
    if before.state is not CertificateState.ACTIVE or before.not_after <= now:
        return False
    return before.not_after > now + policy.renew_ahead or before.issued_at > now - SENT_AGAIN_WITHIN


def record_station(
    tx: Tx,
    station: StationRef,
    chain: bytes,
    kind: CertificateKind,
    issuer_id: str | None,
    digest: str | None,
) -> Certificate:
    """Keep a certificate that was signed for a station; what it had before counts no more."""
    store.supersede(tx.db, kind, station.key, None)
    if digest is not None:
        store.forget_request(tx.db, station.key, digest)
    certificate = record_of(tx, chain, kind, issuer_id, station=station)
    store.insert(tx.db, certificate, request_digest=digest)
    return certificate


def issue_station(
    tx: Tx, caller: Caller, *, station: str, tenant: str | None = None, common_name: str | None = None
) -> dict[str, Any]:
    """Make key and certificate for a station that cannot make its own; the key is returned and not kept."""

    found = stations.find(tx, caller, station, tenant)
    issuer = current_authority(tx, authorities.STATION)
    key = keys.make(keys.Algorithm.EC)
    leaf = pki.certify(
        authorities.unlocked(tx, issuer),
        common_name or security_profiles.serial_of(tx, found),
        keys.public_of(key),
        authorities.span(tx, tx.now + tx.policy.pki.station_life),
        tx.policy.pki.links(issuer.id),
    )
    chain = leaf + issuer.certificate.encode()
    made = record_station(tx, found.ref, chain, CertificateKind.STATION, issuer.id, None)
    tx.audit(caller, found.tenant_id, "pki.issue", found.station_id, {"serialNumber": made.serial_number})
    return shown(made) | {"chain": chain.decode(), "privateKey": keys.bare(key).decode()}


def sign_request(
    tx: Tx, caller: Caller, *, csr: str, station: str, tenant: str | None = None
) -> dict[str, Any]:
    """Sign a request that an operator brings, for one station, with our own authority."""
    found = stations.find(tx, caller, station, tenant)
    chain = sign_station_csr(tx, found.ref, csr.encode())
    made = store.select(tx.db, found.tenant_id, station_key=found.id, kind=CertificateKind.STATION)[-1]
    tx.audit(caller, found.tenant_id, "pki.sign", found.station_id, {"serialNumber": made.serial_number})
    return shown(made) | {"chain": chain.decode()}


def list_certificates(
    tx: Tx,
    caller: Caller,
    *,
    station: str | None = None,
    tenant: str | None = None,
    kind: CertificateKind | None = None,
    every: bool = False,
    limit: int = 1000,
) -> list[dict[str, Any]]:
    """Return certificates by their end; `every` includes those that were replaced or revoked."""
    scope = tenants.scope(tx, caller, tenant)
    key = stations.find(tx, caller, station, tenant).id if station else None
    limit = max(1, min(limit, 10_000))
    found = store.select(tx.db, scope, station_key=key, kind=kind, every=every, limit=limit)
    return [shown(certificate) for certificate in found]


def revoke(
    tx: Tx,
    caller: Caller,
    *,
    certificate: str,
    reason: RevocationReason = RevocationReason.UNSPECIFIED,
) -> dict[str, Any]:
    """Revoke a certificate of our own by id, serial number or fingerprint; its authority says so at once."""
    name = certificate.replace(":", "").lower()
    found = store.get(tx.db, caller.tenant_id, name) or store.get(tx.db, caller.tenant_id, name.lstrip("0"))
    if len(found) != 1:
        raise NotFound(f"{'no' if not found else 'more than one'} certificate {certificate}: csms pki list")
    one = found[0]
    issuer = store.authority(tx.db, one.issuer_id) if one.issuer_id else None
    if one.state is CertificateState.REVOKED or issuer is None:
        why = "is revoked already" if issuer else "is of an external signer: revoke it there"
        raise Conflict(f"certificate {one.serial_number} {why}")
    store.revoke(tx.db, one.id, reason.value, tx.at)
    authorities.refresh_crl(tx, issuer)
    store.touch(tx.db)
    tx.audit(caller, one.tenant_id, "pki.revoke", one.serial_number, {"reason": reason, "kind": one.kind})
    if one.tenant_id is not None:
        body = {"serialNumber": one.serial_number, "reason": reason, "fingerprint": one.fingerprint}
        tx.events.append(
            Event("certificate.revoked", one.tenant_id, one.station_id, one.station_key or "", tx.now, body)
        )
    return shown(store.get(tx.db, None, one.id)[0])


def want_renewal(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> dict[str, Any]:
    """Have a station asked to renew its certificates as soon as it is connected."""
    found = stations.find(tx, caller, station, tenant)
    count = store.want_renewal(tx.db, found.tenant_id, found.id, tx.at)
    if not count:
        raise Conflict(f"{found.station_id} has no certificate that this appliance knows of")
    tx.audit(caller, found.tenant_id, "pki.renew", found.station_id, {"certificates": count})
    return {"station": found.station_id, "certificates": count}


def due_for_renewal(tx: Tx, limit: int = 1000) -> list[dict[str, Any]]:
    """Return the stations' certificates whose station is to be asked for a new request now.

    Rows have id, tenant_id, station_key, station_id, kind and not_after.
    """
    ends = to_text(tx.now + tx.policy.pki.renew_ahead)
    return store.due_for_renewal(tx.db, ends, to_text(tx.now - ASKED_AGAIN_AFTER), tx.at, limit)


def renewal_asked(tx: Tx, certificate_id: str) -> None:
    """Note that the station was asked; it is asked again after a day if nothing comes of it."""
    store.renewal_asked(tx.db, certificate_id, tx.at)


def by_fingerprint(tx: Tx, fingerprint: str) -> Certificate | None:
    """Return what we issued, by the SHA-256 of its DER in hex."""
    return store.by_fingerprint(tx.db, fingerprint)


def is_authority_revoked(tx: Tx, authority_id: str) -> bool:
    """Whether one of our authorities counts no more, and with it whatever it has signed."""
    found = store.authority(tx.db, authority_id)
    return found is None or found.revoked_at is not None


def organization(tx: Tx) -> str:
    """Return the operator's name as our certificates bear it; "" without an authority."""
    return authorities.organization(tx)


def record_of(
    tx: Tx,
    chain: bytes,
    kind: CertificateKind,
    issuer_id: str | None,
    *,
    station: StationRef | None = None,
    names: Sequence[str] = (),
) -> Certificate:
    """Return a chain that was just signed as we keep it; `names` are a server's hosts."""

    leaf = facts.read(chain)[0]
    return Certificate(
        id=tx.entropy.hex(),
        kind=kind,
        state=CertificateState.ACTIVE,
        issuer_id=issuer_id,
        tenant_id=station.tenant_id if station else None,
        station_key=station.key if station else None,
        station_id=station.station_id if station else None,
        algorithm=leaf.algorithm,
        serial_number=leaf.serial_number,
        fingerprint=leaf.fingerprint,
        common_name=leaf.common_name,
        names=",".join(names),
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        chain=chain.decode(),
        issued_at=tx.now,
    )


def _issuer_for_station(tx: Tx, public_key: object) -> CertificateAuthority:
    """Return the authority that speaks the station's kind of key, for stations that know only one."""
    own_kind = authorities.RSA if keys.is_rsa(public_key) else authorities.EC
    return authorities.current(tx, authorities.STATION, own_kind) or current_authority(
        tx, authorities.STATION
    )


def current_authority(tx: Tx, role: str) -> CertificateAuthority:
    """Return the authority that signs for a role; Conflict where there is none."""
    found = authorities.current(tx, role)
    if found is None:
        raise Conflict("there is no certificate authority yet: csms pki init")
    return found


def _digest(csr_pem: bytes, kind: CertificateKind) -> str:
    return hashlib.sha256(kind.value.encode() + b"\0" + b"".join(csr_pem.split())).hexdigest()


def shown(certificate: Certificate) -> dict[str, Any]:
    """Return a certificate as operators see it."""
    return {
        "id": certificate.id,
        "kind": certificate.kind,
        "state": certificate.state,
        "stationId": certificate.station_id,
        "tenantId": certificate.tenant_id,
        "commonName": certificate.common_name,
        "names": certificate.names.split(",") if certificate.names else [],
        "algorithm": certificate.algorithm,
        "serialNumber": certificate.serial_number,
        "fingerprint": certificate.fingerprint,
        "notBefore": _wire(certificate.not_before),
        "notAfter": _wire(certificate.not_after),
        "external": certificate.issuer_id is None,
        "revokedAt": _wire(certificate.revoked_at),
        "revocationReason": certificate.revocation_reason,
    }


def _wire(moment: datetime | None) -> str | None:
    return to_wire(moment) if moment else None

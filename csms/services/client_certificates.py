"""The certificate that a station comes with: whose it is, and whether it still counts (OCPP 2.0.1 A00.FR.401–429, 705).

TLS has proven that the peer holds the key, and checked the chain against everybody's authorities; whether it leads to
one that the station's own tenant trusts, and everything else, is decided here, by reading only.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from csms.model import quirk
from csms.model.certificate import CertificateKind, CertificateState, TrustStore
from csms.model.station import ChargingStation
from csms.model.station_security import RequestState
from csms.pki import hash_data, ocsp_client, path
from csms.pki.contract import Question
from csms.pki.path import Broken, Fault, Path
from csms.services import certificates, security_profiles, station_security, trust
from csms.services.unit import Tx
from csms.store import rows
from csms.store import station_security as store

EXPIRED_QUIRK: Final = "expired_certificate"
"""Lets a station come with an expired certificate, only to renew it (A00.FR.429)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a certificate is worth: why it is refused, why it only serves for a renewal, or what is left to ask."""

    refusal: str | None = None
    restricted: str | None = None
    question: Question | None = None
    issuers: tuple[x509.Certificate, ...] = ()


def judge(tx: Tx, row: dict[str, Any], chain: Sequence[bytes]) -> Verdict:
    """Decide about the certificates (DER, leaf first) that a peer presents as the station of a row."""
    if not chain:
        return Verdict("security profile 3 wants a client certificate, and the station presented none")
    station = rows.load(ChargingStation, row)
    if _is_as_issued(tx, station, chain[0]):
        return Verdict()
    try:
        leaf, *others = [x509.load_der_x509_certificate(der) for der in chain[: path.MOST_CERTIFICATES]]
    except ValueError:
        return Verdict("the client certificate cannot be read")
    verdict = _by_operator(tx, station, leaf, others)
    if verdict is None:
        verdict = _by_manufacturer(tx, station, leaf, others)
    refusal = verdict.refusal or _not_its_own(tx, station, leaf)
    if refusal is not None:
        return Verdict(refusal)
    ours = verdict.question is not None and _is_ours(tx, chain[0])
    return Verdict(restricted=verdict.restricted) if ours else verdict


def _is_as_issued(tx: Tx, station: ChargingStation, der: bytes) -> bool:
    """Whether a certificate is, bit for bit, one that we issued to this station and that still counts.

    Then nothing is left to check, so that a fleet that reconnects costs little. Anything else is looked at in full.
    """
    known = certificates.by_fingerprint(tx, hashlib.sha256(der).hexdigest())
    return (
        known is not None
        and known.issuer_id is not None
        and known.kind is CertificateKind.STATION
        and known.state is not CertificateState.REVOKED
        and known.station_key == station.id
        and known.not_before <= tx.now <= known.not_after
        and known.common_name == security_profiles.serial_of(tx, station)
        and not certificates.is_authority_revoked(tx, known.issuer_id)
    )


def _by_operator(
    tx: Tx, station: ChargingStation, leaf: x509.Certificate, others: list[x509.Certificate]
) -> Verdict | None:
    """Judge the chain against the authorities for stations; None where it leads to none of them."""
    anchors = _anchors(tx, station.tenant_id, TrustStore.STATION_CA)
    found = path.find(leaf, others, anchors, tx.now)
    if isinstance(found, Broken) and found.fault is Fault.UNTRUSTED:
        return None
    organization = station_security.organization_of(tx, station)
    said = _attribute(leaf, NameOID.ORGANIZATION_NAME)
    if organization and organization not in said:
        return Verdict(f"the client certificate is of {said or 'no organization'}, not of {organization}")
    if isinstance(found, Broken):
        return _expired(tx, station, found)
    return _with_question(found)


def _by_manufacturer(
    tx: Tx, station: ChargingStation, leaf: x509.Certificate, others: list[x509.Certificate]
) -> Verdict:
    """Judge the chain against the makers of stations: good only to get the first certificate of ours."""
    anchors = _anchors(tx, station.tenant_id, TrustStore.MANUFACTURER)
    found = path.find(leaf, others, anchors, tx.now)
    if isinstance(found, Broken):
        return Verdict(f"the client certificate is not trusted: {found.reason}")
    if any(request.state is RequestState.INSTALLED for request in store.requests(tx.db, station.id)):
        return Verdict("the factory certificate does not count any more: the station has one of ours")
    return Verdict(restricted="it has come with its factory certificate")


def _expired(tx: Tx, station: ChargingStation, broken: Broken) -> Verdict:
    """Refuse an expired certificate, unless the operator lets this station renew it."""
    leaf, *authorities = broken.path
    over = leaf.not_valid_after_utc < tx.now
    rest_holds = all(each.not_valid_before_utc <= tx.now <= each.not_valid_after_utc for each in authorities)
    if over and rest_holds and quirk.is_on(station.quirks, EXPIRED_QUIRK):
        return Verdict(restricted=f"its certificate has expired on {leaf.not_valid_after_utc.date()}")
    hint = (
        f"; csms station update {station.station_id} --quirk {EXPIRED_QUIRK}=true lets it renew it"
        if over
        else ""
    )
    return Verdict(f"the client certificate does not count: {broken.reason}{hint}")


def _with_question(found: Path) -> Verdict:
    """Accept a chain; where its issuer names a responder, whoever decides may ask it."""
    url = ocsp_client.responder_url(found.leaf)
    if url is None or len(found.certificates) < 2:
        return Verdict()
    question = Question(hash_data.of(found.leaf, found.certificates[1]), url)
    return Verdict(question=question, issuers=found.certificates[1:])


def _not_its_own(tx: Tx, station: ChargingStation, leaf: x509.Certificate) -> str | None:
    """Return why a trusted certificate is not this station's, or not any more (A00.FR.405, FR.705)."""
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    said = str(names[0].value) if len(names) == 1 else ""
    serial = security_profiles.serial_of(tx, station)
    if said != serial:
        return (
            f"the client certificate is for {said[:64] or 'nobody'}, but the station's serial number is {serial}: "
            f"csms station update {station.station_id} --serial registers another"
        )
    fingerprint = hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest()
    known = certificates.by_fingerprint(tx, fingerprint)
    if known is None:
        return None
    if known.state is CertificateState.REVOKED:
        return "the client certificate was revoked"
    if known.station_key != station.id or known.kind is not CertificateKind.STATION:
        return "the client certificate was issued for something else"
    return None


def _is_ours(tx: Tx, der: bytes) -> bool:
    """Whether we issued a certificate, so that our own ledger is all there is to ask."""
    return certificates.by_fingerprint(tx, hashlib.sha256(der).hexdigest()) is not None


def _anchors(tx: Tx, tenant_id: str, name: TrustStore) -> list[x509.Certificate]:
    return [_load(pem) for pem in trust.anchors(tx, tenant_id, name)]


@lru_cache(maxsize=512)
def _load(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""

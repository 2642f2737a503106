"""OCSP as a client: the bytes to ask with, and what an answer proves (RFC 6960; OCPP 2.0.1 M06, C07.FR.05).

Pure: who fetches the bytes, and from where, is services.outward's matter. An answer counts only when it is about the
certificate asked for, is not stale, and is signed by its issuer or by a responder that the issuer has named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from csms.pki import hash_data
from csms.pki.hash_data import ALGORITHMS, HashData

LARGEST_ANSWER: Final = 65_536
"""Bytes of an OCSP answer that are read."""
CLOCKS_DIFFER: Final = timedelta(minutes=5)
FRESH_FOR: Final = timedelta(hours=1)
"""How long an answer that names no next update is taken for true."""
_LONGEST_FRESH: Final = timedelta(days=7)


class Standing(StrEnum):
    """What a responder says of a certificate; FAILED where nothing can be believed."""

    GOOD = "GOOD"
    REVOKED = "REVOKED"
    UNKNOWN = "UNKNOWN"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found out: until when it may be believed, and whether its signature was proven."""

    standing: Standing
    reason: str = ""
    fresh_until: datetime | None = None
    der: bytes = b""
    proven: bool = False


def request(data: HashData) -> bytes:
    """Return the DER of an OCSP request for a certificate named by its hashes."""
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        bytes.fromhex(data.issuer_name_hash),
        bytes.fromhex(data.issuer_key_hash),
        data.serial,
        ALGORITHMS[data.algorithm](),
    )
    return builder.build().public_bytes(serialization.Encoding.DER)


def responder_url(certificate: x509.Certificate) -> str | None:
    """Return where a certificate says that its standing can be asked for."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    for description in access:
        location = description.access_location
        if description.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            return str(location.value)
    return None


def read(der: bytes, data: HashData, issuers: Sequence[x509.Certificate], at: datetime) -> Answer:
    """Return what an answer proves about a certificate at a moment; never raises for what a responder sent.

    `issuers` are certificates that are trusted already; without the issuer among them the answer is not `proven`.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Answer(Standing.FAILED, f"the responder says {response.response_status.name}")
        return _judged(response, der, data, issuers, at)
    except Exception as error:  # whatever the parser thinks of what a responder sent
        return Answer(Standing.FAILED, f"not an OCSP answer: {str(error)[:150]}")


def _judged(
    response: ocsp.OCSPResponse, der: bytes, data: HashData, issuers: Sequence[x509.Certificate], at: datetime
) -> Answer:
    single = next((each for each in response.responses if _is_about(each, data)), None)
    if single is None:
        return Answer(Standing.FAILED, "the answer is about another certificate")
    until = _fresh_until(single, at)
    if until is None:
        return Answer(Standing.FAILED, "the answer is stale")
    issuer = next((each for each in issuers if hash_data.is_issuer(data, each)), None)
    if issuer is not None and not _is_signed_for(response, issuer, at):
        return Answer(Standing.FAILED, "the answer is not signed by the issuer or for it")
    return Answer(Standing[single.certificate_status.name], "", until, der, proven=issuer is not None)


def _is_about(single: ocsp.OCSPSingleResponse, data: HashData) -> bool:
    named = (single.issuer_name_hash.hex(), single.issuer_key_hash.hex(), single.serial_number)
    same_hash = single.hash_algorithm.name.replace("-", "").upper() == data.algorithm
    return same_hash and named == (data.issuer_name_hash, data.issuer_key_hash, data.serial)


def _fresh_until(single: ocsp.OCSPSingleResponse, at: datetime) -> datetime | None:
    begin, end = single.this_update_utc, single.next_update_utc
    if begin > at + CLOCKS_DIFFER:
        return None
    if end is None:
        end = begin + FRESH_FOR
    return min(end, at + _LONGEST_FRESH) if end >= at - CLOCKS_DIFFER else None


def _is_signed_for(response: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> bool:
    """Whether the issuer itself signed, or a responder that it has certified for OCSP (RFC 6960 §4.2.2.2)."""
    if _verified(response, issuer):
        return True
    for delegate in response.certificates:
        if not delegate.not_valid_before_utc <= at <= delegate.not_valid_after_utc:
            continue
        if _may_answer(delegate, issuer) and _verified(response, delegate):
            return True
    return False


def _may_answer(delegate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        delegate.verify_directly_issued_by(issuer)
        usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _verified(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), response.signature_hash_algorithm
    signed, signature = response.tbs_response_bytes, response.signature
    try:
        if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        elif algorithm is None or isinstance(algorithm, hashes.MD5 | hashes.SHA1):
            return False
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True

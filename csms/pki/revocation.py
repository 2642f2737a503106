"""Revocation as we publish it: lists (RFC 5280 §5) and answers to OCSP requests (RFC 6960).

The authority that issued a certificate also answers for it, so that nobody needs another certificate to check us.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp

from csms.clock import from_text
from csms.pki.authority import Authority, hash_for, uses_pss

CRL_LIFE: Final = timedelta(days=7)
ROOT_CRL_LIFE: Final = timedelta(days=365)
"""The root's key may be away from the machine for long."""
OCSP_LIFE: Final = timedelta(hours=24)
LONGEST_REQUEST_BYTES: Final = 4096
LONGEST_NONCE_BYTES: Final = 32
_HASHES: Final = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)


@dataclass(frozen=True, slots=True)
class Revoked:
    """One revoked certificate: serial number, time as the database writes it, reason in the words of RFC 5280."""

    serial: int
    at: str
    reason: str


class Verdict(Enum):
    """What is known of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Question:
    """An OCSP request for one certificate; `key` tells equal questions apart from others, None with a nonce."""

    serial: int
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    algorithm: hashes.HashAlgorithm
    nonce: bytes | None

    @property
    def key(self) -> tuple[bytes, int, str] | None:
        """What an answer may be kept under."""
        return None if self.nonce else (self.issuer_key_hash, self.serial, self.algorithm.name)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say of a certificate, and until when that holds."""

    verdict: Verdict
    revoked: Revoked | None = None


def sign_crl(
    authority: Authority, revoked: Sequence[Revoked], number: int, now: datetime, life: timedelta
) -> bytes:
    """Return a revocation list as PEM; `number` must grow with every list of an authority."""
    issued = now.replace(microsecond=0)
    identifier = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(issued)
        .next_update(issued + life)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
    )
    for entry in revoked:
        one = x509.RevokedCertificateBuilder().serial_number(entry.serial)
        one = one.revocation_date(from_text(entry.at).replace(microsecond=0))
        if entry.reason != x509.ReasonFlags.unspecified.value:
            one = one.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason)), critical=False)
        builder = builder.add_revoked_certificate(one.build())
    algorithm = hash_for(authority.key)
    signed = builder.sign(authority.key, algorithm, rsa_padding=_padding(authority))
    return signed.public_bytes(serialization.Encoding.PEM)


def read_question(der: bytes) -> Question | None:
    """Return what an OCSP request asks, None when it is malformed or asks for several certificates."""
    if len(der) > LONGEST_REQUEST_BYTES:
        return None
    try:
        request = ocsp.load_der_ocsp_request(der)
        nonces = [e.value.nonce for e in request.extensions if isinstance(e.value, x509.OCSPNonce)]
        question = Question(
            request.serial_number,
            request.issuer_name_hash,
            request.issuer_key_hash,
            request.hash_algorithm,
            nonces[0][:LONGEST_NONCE_BYTES] if nonces else None,
        )
    except Exception:  # whatever the parser thinks of what a stranger sent
        return None
    return question if isinstance(question.algorithm, _HASHES) else None


def asks_about(question: Question, issuer: x509.Certificate) -> bool:
    """Whether a question is about a certificate of this issuer."""
    return (question.issuer_name_hash, question.issuer_key_hash) == issuer_hashes(issuer, question.algorithm)


def issuer_hashes(issuer: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Return the hashes of an issuer's name and key as OCSP has them (RFC 6960 §4.1.1)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(issuer, issuer, algorithm)
    name = hashes.Hash(algorithm)
    name.update(issuer.subject.public_bytes())
    return name.finalize(), builder.build().issuer_key_hash


def sign_answer(authority: Authority, question: Question, answer: Answer, now: datetime) -> bytes:
    """Return the OCSP response, signed by the authority in question."""
    issued = now.replace(microsecond=0)
    revoked = answer.revoked
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=question.issuer_name_hash,
        issuer_key_hash=question.issuer_key_hash,
        serial_number=question.serial,
        algorithm=question.algorithm,
        cert_status=ocsp.OCSPCertStatus[answer.verdict.name],
        this_update=issued,
        next_update=issued + OCSP_LIFE,
        revocation_time=from_text(revoked.at).replace(microsecond=0) if revoked else None,
        revocation_reason=x509.ReasonFlags(revoked.reason) if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority.certificate)
    if question.nonce:
        builder = builder.add_extension(x509.OCSPNonce(question.nonce), critical=False)
    signed = builder.sign(authority.key, hash_for(authority.key))
    return signed.public_bytes(serialization.Encoding.DER)


class Refusal(Enum):
    """Why a request gets no answer (RFC 6960 §2.3)."""

    MALFORMED = ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    NOT_OURS = ocsp.OCSPResponseStatus.UNAUTHORIZED
    TRY_LATER = ocsp.OCSPResponseStatus.TRY_LATER


def refusal(reason: Refusal) -> bytes:
    """Return the response to a request that gets no answer."""
    status = reason.value
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)


def _padding(authority: Authority) -> padding.PSS | padding.PKCS1v15 | None:
    if not isinstance(authority.key, rsa.RSAPrivateKey):
        return None
    algorithm = hash_for(authority.key)
    pss = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
    return pss if uses_pss(authority.certificate) else padding.PKCS1v15()
